/**
 * The frames of the remote serial protocol: `$body#checksum`, acknowledgements and the interrupt byte.
 *
 * @module
 */

/** Characters of a packet's body that this side takes, announced as PacketSize. */
export const PACKET_LIMIT = 0x4000;

/** What a stream of bytes holds. Bodies are text of one character a byte. */
export type Received =
  | { readonly kind: "packet"; readonly body: string }
  /** A packet whose checksum is wrong, or which is too long. */
  | { readonly kind: "broken"; readonly reason: string }
  | { readonly kind: "ack" }
  | { readonly kind: "nak" }
  /** Ctrl-C. */
  | { readonly kind: "interrupt" };

const START = 0x24;
const END = 0x23;
const ESCAPE = "}";
const ESCAPE_BIT = 0x20;
const SINGLE: ReadonlyMap<number, Received> = new Map<number, Received>([
  [0x2b, { kind: "ack" }],
  [0x2d, { kind: "nak" }],
  [0x03, { kind: "interrupt" }],
]);

/** Finds frames in bytes, however these are cut into pieces. Keeps at most {@linkcode PACKET_LIMIT} characters. */
export class PacketReader {
  #body: string | undefined;
  #length = 0;
  #sum = 0;
  /** The first digit of the checksum; empty while it has not come, undefined within the body. */
  #digits: string | undefined;

  /** The frames that are complete with these bytes. */
  read(bytes: Uint8Array): readonly Received[] {
    const found: Received[] = [];
    for (const byte of bytes) {
      const received = this.#take(byte);
      if (received !== undefined) found.push(received);
    }
    return found;
  }

  #take(byte: number): Received | undefined {
    if (this.#digits !== undefined) return this.#takeDigit(byte);
    // A body has no such byte: the rest of the packet before was lost.
    if (byte === START) return this.#start();
    if (this.#body === undefined) return SINGLE.get(byte);
    if (byte === END) this.#digits = "";
    else this.#append(byte);
    return undefined;
  }

  #start(): undefined {
    this.#body = "";
    this.#length = 0;
    this.#sum = 0;
  }

  #append(byte: number): void {
    this.#sum = (this.#sum + byte) & 0xff;
    this.#length++;
    if (this.#length <= PACKET_LIMIT) this.#body += String.fromCharCode(byte);
  }

  #takeDigit(byte: number): Received | undefined {
    this.#digits += String.fromCharCode(byte);
    if (this.#digits === undefined || this.#digits.length < 2) return undefined;
    const given = this.#digits;
    const body = this.#body ?? "";
    this.#body = undefined;
    this.#digits = undefined;
    const wanted = checksum(this.#sum);
    if (given.toLowerCase() !== wanted) {
      return { kind: "broken", reason: `its checksum is ${printable(given)}, not ${wanted}` };
    }
    if (this.#length > PACKET_LIMIT) {
      return { kind: "broken", reason: `it has ${this.#length} characters, at most ${PACKET_LIMIT} fit` };
    }
    return { kind: "packet", body };
  }
}

function checksum(sum: number): string {
  return (sum & 0xff).toString(16).padStart(2, "0");
}

function printable(text: string): string {
  return JSON.stringify(text);
}

/** A frame around a body, whose characters that mean something to the frame are escaped. */
export function framed(body: string): Uint8Array {
  const escaped = body.replace(
    /[#$}*]/g,
    (c) => ESCAPE + String.fromCharCode(c.charCodeAt(0) ^ ESCAPE_BIT),
  );
  let sum = 0;
  for (let i = 0; i < escaped.length; i++) sum += escaped.charCodeAt(i);
  return latin1(`$${escaped}#${checksum(sum)}`);
}

/** Text of one character a byte, as bytes. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** The bytes of binary data in a body; undefined if it ends in the midst of an escape. */
export function unescaped(data: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== ESCAPE) {
      bytes.push(data.charCodeAt(i));
      continue;
    }
    i++;
    if (i === data.length) return undefined;
    bytes.push(data.charCodeAt(i) ^ ESCAPE_BIT);
  }
  return Uint8Array.from(bytes);
}
