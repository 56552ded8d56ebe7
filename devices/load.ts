/**
 * Putting a program into a machine.
 *
 * @module
 */
import type { VirtMachine } from "./virt.ts";

/** Bytes to be put at a physical address. */
export interface LoadableSegment {
  readonly name: string;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** Bytes in memory; those behind `bytes` become 0. The length of `bytes` by default. */
  readonly size?: bigint;
}

/** What can be loaded: an ELF file, an assembled source, a flat binary. */
export interface LoadableProgram {
  readonly segments: readonly LoadableSegment[];
  /** Physical address of the first instruction. */
  readonly entry: bigint;
}

/** A segment that does not fit into the machine's RAM. */
export class LoadError extends RangeError {
  override readonly name = "LoadError";
  readonly address: bigint;
  readonly size: bigint;

  constructor({ name, address, bytes, size = BigInt(bytes.length) }: LoadableSegment) {
    super(
      `Cannot load ${name}: there is no RAM for all of its ${size} bytes at 0x${address.toString(16)}`,
    );
    this.address = address;
    this.size = size;
  }
}

/**
 * Copies the segments into RAM and makes the processor start at the entry, in direct address mode as after reset.
 *
 * @throws {LoadError} if a segment is not inside RAM; nothing is loaded then
 */
export function loadProgram({ machine, bus }: VirtMachine, program: LoadableProgram): void {
  const places = program.segments.map((segment) => {
    const { address, bytes, size = BigInt(bytes.length) } = segment;
    const fits = address + size <= 1n << 48n;
    const target = fits ? bus.ramBytes(Number(address), Number(size)) : undefined;
    if (target === undefined) throw new LoadError(segment);
    return { target, bytes };
  });
  for (const { target, bytes } of places) {
    target.set(bytes);
    target.fill(0, bytes.length);
  }
  machine.pc = machine.nextPc = program.entry;
}
