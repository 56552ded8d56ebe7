/**
 * Images: a bare-metal program that takes a machine through a list of states and prints what becomes of each.
 *
 * @module
 */
import { elfFile } from "./elf_file.ts";
import { monitorFor } from "./monitor.ts";
import { MONITOR, RECORDS } from "./places.ts";
import type { Slots } from "./slots.ts";

/** Bytes that the records of one image may have. */
export const CAPACITY = RECORDS.end - RECORDS.start;

/**
 * The ELF file of an image. Its lines have the numbers that the records were given.
 *
 * @param records made by {@linkcode encodeState} for the same slots
 * @throws {RangeError} if they are too many
 */
export function makeImage(records: readonly Uint8Array[], slots: Slots): Uint8Array {
  const monitor = monitorFor(slots);
  const bytes = joined(records);
  if (bytes.length > CAPACITY) {
    throw new RangeError(
      `Cannot make an image: the states take ${bytes.length} bytes, there are ${CAPACITY}`,
    );
  }
  const code = monitor.bytes.slice();
  const view = new DataView(code.buffer);
  const set = (label: "count" | "left" | "record", value: number) =>
    view.setBigUint64(monitor.at(label) - MONITOR.start, BigInt(value), true);
  set("count", records.length);
  set("left", records.length);
  set("record", RECORDS.start);
  return elfFile(monitor.at("_start"), [
    { address: MONITOR.start, bytes: code },
    ...(bytes.length === 0 ? [] : [{ address: RECORDS.start, bytes }]),
  ]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
