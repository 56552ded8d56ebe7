/**
 * Memory as a debugger reads and writes it: RAM only, since looking at a device would change it.
 *
 * @module
 */
import type { Machine, RamWindow } from "../core/mod.ts";
import { Refusal } from "./refusal.ts";
import { physicalAddress } from "./translation.ts";
import type { WorldContext } from "./world_contexts.ts";

const ADDRESS_MASK = (1n << 64n) - 1n;
/** The smallest page: below it one translation holds. */
const PAGE = 0x1000n;

/** A run of bytes within one page. */
interface Piece {
  readonly ram: RamWindow;
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads memory; fewer bytes where the rest is not there.
 *
 * @throws {Refusal} if there is nothing at the first byte
 */
export function readMemory(m: Machine, context: WorldContext, address: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const piece = pieceAt(m, context, address + BigInt(done), length - done);
    if (piece === undefined) break;
    bytes.set(bytesOf(piece), done);
    done += piece.length;
  }
  if (done === 0 && length > 0) throw nothingAt("read", context, address);
  return bytes.subarray(0, done);
}

/**
 * Writes memory, whatever its pages allow to programs.
 *
 * @throws {Refusal} if a byte has no memory; nothing is written then
 */
export function writeMemory(m: Machine, context: WorldContext, address: bigint, bytes: Uint8Array): void {
  const pieces: Piece[] = [];
  for (let done = 0; done < bytes.length;) {
    const piece = pieceAt(m, context, address + BigInt(done), bytes.length - done);
    if (piece === undefined) throw nothingAt("write", context, address + BigInt(done));
    pieces.push(piece);
    done += piece.length;
  }
  let done = 0;
  for (const piece of pieces) {
    piece.ram.history?.touchAll(piece.offset, piece.length);
    bytesOf(piece).set(bytes.subarray(done, done + piece.length));
    done += piece.length;
  }
}

function pieceAt(m: Machine, context: WorldContext, address: bigint, length: number): Piece | undefined {
  const at = address & ADDRESS_MASK;
  const physical = physicalAddress(m, context, at);
  if (physical === undefined) return undefined;
  const ram = m.bus.ramAt(Number(physical));
  if (ram === undefined) return undefined;
  const left = Number(PAGE - at % PAGE);
  return { ram, offset: Number(physical) - ram.base, length: Math.min(length, left) };
}

function bytesOf({ ram, offset, length }: Piece): Uint8Array {
  return new Uint8Array(ram.view.buffer, ram.view.byteOffset + offset, length);
}

function nothingAt(what: string, { world }: WorldContext, address: bigint): Refusal {
  const at = `0x${(address & ADDRESS_MASK).toString(16)}`;
  return new Refusal("fault", `Cannot ${what} memory at ${at}: the ${world} has no RAM there`);
}
