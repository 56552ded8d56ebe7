/**
 * Numbers and bytes as the protocol writes them.
 *
 * @module
 */
import { Refusal } from "./refusal.ts";

/** Bytes as pairs of digits. */
export function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Text, in UTF-8, as pairs of digits. */
export function hexOfText(text: string): string {
  return hexOfBytes(new TextEncoder().encode(text));
}

/**
 * The bytes of pairs of digits.
 *
 * @throws {Refusal} if it is something else
 */
export function bytesOfHex(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw Refusal.malformed(`${quoted(text)} is no sequence of bytes`);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** A value as the bytes that the target has in its memory: the lowest first. */
export function hexOfValue(value: bigint, bytes: number): string {
  const digits = BigInt.asUintN(8 * bytes, value).toString(16).padStart(2 * bytes, "0");
  return (digits.match(/../g) ?? []).reverse().join("");
}

/** As {@linkcode hexOfValue}; a value that there is none of is written in x. */
export function hexOfRegister(value: bigint | undefined, bytes: number): string {
  return value === undefined ? "xx".repeat(bytes) : hexOfValue(value, bytes);
}

/**
 * The value of so many bytes, the lowest first.
 *
 * @throws {Refusal} if it is something else
 */
export function valueOfHex(text: string, bytes: number): bigint {
  const read = bytesOfHex(text);
  if (read.length !== bytes) {
    throw Refusal.malformed(`${quoted(text)} has ${read.length} bytes, the register has ${bytes}`);
  }
  return read.reduceRight((value, byte) => value << 8n | BigInt(byte), 0n);
}

/**
 * A number in hexadecimal, the highest digit first, of at most 64 bits.
 *
 * @throws {Refusal} if it is something else
 */
export function parseHex(text: string): bigint {
  if (!/^0*[0-9a-f]{1,16}$/i.test(text)) throw Refusal.malformed(`${quoted(text)} is no number of 64 bits`);
  return BigInt(`0x${text}`);
}

/** What somebody sent, for messages. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
