/**
 * One client of the remote serial protocol: bytes in, bytes out. Whoever owns the connection carries the bytes, and lets the machine
 * run while {@linkcode Session.isRunning}.
 *
 * @module
 */
import { Conversation, type Handler, UNKNOWN } from "./conversation.ts";
import type { Debuggee } from "./debuggee.ts";
import { hexOfText } from "./hex_text.ts";
import { framed, latin1, PACKET_LIMIT, PacketReader, type Received } from "./packet.ts";
import { QUERY_PACKETS } from "./query_packets.ts";
import { Refusal } from "./refusal.ts";
import { RUN_PACKETS, stopExplanation, stopReport } from "./run_packets.ts";
import { STATE_PACKETS } from "./state_packets.ts";

const HANDLERS: ReadonlyMap<string, Handler> = new Map(
  Object.entries({ ...STATE_PACKETS, ...RUN_PACKETS, ...QUERY_PACKETS }),
);

/**
 * A conversation with one debugger.
 *
 * @example
 * ```ts
 * import { ReferenceEngine } from "../core/mod.ts";
 * import { createVirtMachine } from "../devices/mod.ts";
 * import { Debuggee } from "./debuggee.ts";
 * import { Session } from "./session.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { machine } = createVirtMachine({ memory: 0x10000 });
 * const debuggee = new Debuggee({ machine });
 * const session = new Session(debuggee);
 * session.receive(new TextEncoder().encode("$m0,4#fd"));
 * assertEquals(new TextDecoder().decode(session.takeOutput()), "+$00000000#80");
 * ```
 */
export class Session {
  readonly #conversation: Conversation;
  readonly #reader = new PacketReader();
  #output: Uint8Array[] = [];
  /** Sent last, for a client that did not understand it. */
  #last: Uint8Array = new Uint8Array();
  /** The client waits for the report of a stop. */
  #owesReport = false;

  constructor(debuggee: Debuggee) {
    this.#conversation = new Conversation(debuggee);
  }

  /** True while the machine shall run; false also once the client is gone. */
  get isRunning(): boolean {
    return this.#conversation.debuggee.isRunning && !this.isOver;
  }

  /** True once the client has detached or killed the program. */
  get isOver(): boolean {
    return this.parting !== undefined;
  }

  /** How the client left. */
  get parting(): Conversation["parting"] {
    return this.#conversation.parting;
  }

  /** Takes bytes of the client, in whatever pieces. */
  receive(bytes: Uint8Array): void {
    for (const received of this.#reader.read(bytes)) {
      if (this.isOver) return;
      this.#take(received);
    }
  }

  /** The bytes for the client since the last call. */
  takeOutput(): Uint8Array {
    this.#report();
    const all = new Uint8Array(this.#output.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.#output) {
      all.set(piece, at);
      at += piece.length;
    }
    this.#output = [];
    return all;
  }

  #take(received: Received): void {
    switch (received.kind) {
      case "ack":
        return;
      case "nak":
        this.#output.push(this.#last);
        return;
      case "interrupt":
        // One that comes when the machine has just stopped by itself means nothing any more.
        this.#conversation.debuggee.stop({ kind: "interrupt" });
        return;
      case "broken":
        return this.#refuseBroken(received.reason);
      case "packet":
        if (this.#conversation.acknowledges) this.#output.push(latin1("+"));
        this.#answer(received.body);
    }
  }

  /** The client sends it again, if it listens to acknowledgements. */
  #refuseBroken(reason: string): void {
    if (this.#conversation.acknowledges) this.#output.push(latin1("-"));
    else this.#send(this.#errorText(Refusal.malformed(reason)));
  }

  #answer(body: string): void {
    // A report that is due comes before anything newer.
    this.#report();
    const answer = this.#tryAnswer(body);
    for (const text of this.#conversation.texts.splice(0)) this.#print(text);
    if (answer !== undefined) this.#send(answer);
    else if (!this.isOver) this.#owesReport = true;
  }

  #tryAnswer(body: string): string | undefined {
    const [name, args] = split(body);
    try {
      const handler = HANDLERS.get(name);
      return handler === undefined ? UNKNOWN : handler(this.#conversation, args);
    } catch (error) {
      if (error instanceof Refusal) return this.#errorText(error);
      throw error;
    }
  }

  #errorText({ errno, message }: Refusal): string {
    const number = `E${errno.toString(16).padStart(2, "0")}`;
    const { errorTexts } = this.#conversation;
    if (errorTexts === "gdb") return `E.${message}`;
    return errorTexts === "lldb" ? `${number};${hexOfText(message)}` : number;
  }

  #send(body: string): void {
    this.#last = framed(body);
    this.#output.push(this.#last);
  }

  /** Shows text to the client's user. Clients take such packets only while they wait for an answer or a report. */
  #print(text: string): void {
    const digits = hexOfText(text);
    for (let at = 0; at < digits.length; at += PACKET_LIMIT / 2) {
      this.#send(`O${digits.slice(at, at + PACKET_LIMIT / 2)}`);
    }
  }

  /** Says why the machine stopped, once it has. */
  #report(): void {
    const { debuggee } = this.#conversation;
    if (!this.#owesReport || debuggee.isRunning) return;
    this.#owesReport = false;
    const explanation = stopExplanation(debuggee.reason);
    if (explanation !== undefined) this.#print(explanation);
    this.#send(stopReport(this.#conversation));
  }
}

/** The name of a packet and what follows it: letters up to a separator for q, Q and v, else one character. */
function split(body: string): readonly [name: string, args: string] {
  if (body === "vCont?") return [body, ""];
  const [name = body.slice(0, 1)] = /^[qQv][A-Za-z]+/.exec(body) ?? [];
  return [name, body.slice(name.length)];
}
