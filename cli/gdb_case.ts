/**
 * A case under a debugger. The case runs in a thread of its own, since it waits for the debugger in the midst of its work.
 *
 * @module
 */
import { type ChannelMemory, channelMemory, ChannelWriter } from "../gdb/mod.ts";
import { UsageError } from "./io.ts";

/** Which case, for the thread that runs it. */
export interface CaseOrder {
  readonly memory: ChannelMemory;
  /** Module URL of the spec. */
  readonly file: string;
  /** Its title, or a part of it that no other title has. */
  readonly title: string;
  /** The world switch to run it on; the case's first by default. */
  readonly worldSwitch: string | undefined;
  /** Stop at the first instruction of all instead of the guest's first. */
  readonly isFirst: boolean;
}

/** What the thread says. */
export type CaseNews =
  /** The case is there and runs. */
  | { readonly kind: "found" }
  | { readonly kind: "output"; readonly bytes: Uint8Array }
  /** The request cannot be carried out. */
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "ended"; readonly passed: boolean; readonly text: string };

/** The end of a case. */
export type CaseEnd = Extract<CaseNews, { readonly kind: "ended" }>;

/** How long to wait for room in the channel, in milliseconds. */
const NAP = 5;

/** A case in its thread. */
export class CaseThread {
  /** @throws {UsageError} if there is no such case */
  readonly found: Promise<void>;
  readonly #worker: Worker;
  readonly #channel: ChannelWriter;
  readonly #ended = Promise.withResolvers<CaseEnd>();
  #send: (bytes: Uint8Array) => void = () => {};

  constructor(order: Omit<CaseOrder, "memory">) {
    const memory = channelMemory();
    const found = Promise.withResolvers<void>();
    this.found = found.promise;
    this.#channel = new ChannelWriter(memory);
    this.#worker = new Worker(new URL("./gdb_case_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const error = new Error(`The thread of the case failed: ${event.message}`);
      found.reject(error);
      this.#ended.reject(error);
    };
    this.#worker.onmessage = ({ data }: MessageEvent<CaseNews>) => {
      if (data.kind === "output") this.#send(data.bytes);
      else if (data.kind === "ended") this.#ended.resolve(data);
      else if (data.kind === "found") found.resolve();
      else found.reject(new UsageError(data.message));
    };
    // Whoever waits for one of them hears of a failure; nobody waits for both at once.
    this.#ended.promise.catch(() => {});
    this.#worker.postMessage({ ...order, memory } satisfies CaseOrder);
  }

  /** Carries bytes between the client and the case until the case has ended. */
  async serve(connection: Deno.TcpConn): Promise<CaseEnd> {
    const writer = connection.writable.getWriter();
    // A client that hung up is noticed where its bytes are read.
    this.#send = (bytes) => void writer.write(bytes).catch(() => {});
    const listening = this.#listen(connection);
    try {
      return await this.#ended.promise;
    } finally {
      await writer.close().catch(() => {});
      await listening;
      this.stop();
    }
  }

  /** Ends the thread. */
  stop(): void {
    this.#worker.terminate();
  }

  async #listen(connection: Deno.TcpConn): Promise<void> {
    try {
      for await (const bytes of connection.readable) await this.#pass(bytes);
    } catch {
      // A connection that broke is one that was closed.
    }
    this.#channel.close();
  }

  async #pass(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += this.#channel.write(bytes.subarray(done));
      if (done < bytes.length) await new Promise((resolve) => setTimeout(resolve, NAP));
    }
  }
}
