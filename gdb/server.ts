/**
 * The connection of a debugger: a socket on this computer, for one client.
 *
 * @module
 */
import type { Session } from "./session.ts";

/** A place where a client can connect. */
export interface Server {
  readonly port: number;
  /** Waits for the client; no other is let in. */
  accept(): Promise<Deno.TcpConn>;
}

/**
 * Opens a port.
 *
 * @param port 0 for any that is free
 * @throws {Deno.errors.NotCapable} without `--allow-net=127.0.0.1`
 * @throws {Deno.errors.AddrInUse} if somebody else has the port
 */
export function listen(port: number): Server {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  return {
    port: listener.addr.port,
    async accept() {
      const connection = await listener.accept();
      listener.close();
      // Packets are small and each waits for its answer.
      connection.setNoDelay(true);
      return connection;
    },
  };
}

/** The bytes of a client as they come, without waiting for them. */
class Inbox {
  #bytes: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  /** True once the client has hung up. */
  isClosed = false;

  constructor(connection: Deno.TcpConn) {
    this.#fill(connection);
  }

  async #fill(connection: Deno.TcpConn): Promise<void> {
    try {
      for await (const bytes of connection.readable) {
        this.#bytes.push(bytes);
        this.#wake?.();
      }
    } catch {
      // A connection that broke is one that was closed.
    }
    this.isClosed = true;
    this.#wake?.();
  }

  take(): readonly Uint8Array[] {
    const all = this.#bytes;
    this.#bytes = [];
    return all;
  }

  /** Waits until there is something to take, or nothing will come any more. */
  async wait(): Promise<void> {
    if (this.#bytes.length > 0 || this.isClosed) return;
    await new Promise<void>((resolve) => this.#wake = resolve);
    this.#wake = undefined;
  }
}

/** Lets the event loop deal with the socket. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/**
 * Serves a client until it detaches, kills the program or hangs up.
 *
 * @param slice runs the machine for a little while
 */
export async function serve(connection: Deno.TcpConn, session: Session, slice: () => void): Promise<void> {
  const inbox = new Inbox(connection);
  const writer = connection.writable.getWriter();
  try {
    for (;;) {
      for (const bytes of inbox.take()) session.receive(bytes);
      await writer.write(session.takeOutput());
      if (session.isOver || inbox.isClosed) break;
      if (!session.isRunning) await inbox.wait();
      else {
        slice();
        await breathe();
      }
    }
  } catch (error) {
    // The client may hang up at any moment.
    if (!isHangUp(error)) throw error;
  } finally {
    await writer.close().catch(() => {});
  }
}

function isHangUp(error: unknown): boolean {
  return [Deno.errors.BrokenPipe, Deno.errors.ConnectionReset, Deno.errors.ConnectionAborted].some((kind) =>
    error instanceof kind
  );
}
