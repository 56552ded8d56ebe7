/**
 * A hypervisor's machine code: what the bench has to know of it, whatever made it.
 *
 * @module
 */
import { assemble, csrByName, csrNames } from "../../core/mod.ts";
import type { HostCpu } from "../host_cpu.ts";

/** Bits of a physical address; direct mapping windows differ above. */
export const PHYSICAL = (1n << 48n) - 1n;

/** Bytes at an address. */
export interface CodeSegment {
  /** Physical, or in a direct mapping window. */
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** Bytes in memory; those behind `bytes` are 0. */
  readonly size: bigint;
}

/** What an address is to the author of the code. */
export interface CodePlace {
  /** `exit_entry+0x24`, or the address itself where no symbol is near. */
  readonly name: string;
  /** `switch.S:12`, if that is known. */
  readonly source?: string;
}

/** Code that is placed: linked for the addresses at which it will lie. */
export interface MachineCode {
  readonly segments: readonly CodeSegment[];
  /** The address of a symbol, as the code itself would name it; undefined if there is none. */
  symbol(name: string): bigint | undefined;
  /** The value of a symbol that is no place, as `.equ` makes them; undefined if there is none. */
  constant(name: string): bigint | undefined;
  place(address: bigint): CodePlace;
}

/** The address of a symbol that must be there. */
export function symbolOf(code: MachineCode, name: string): bigint {
  const address = code.symbol(name);
  if (address === undefined) throw new RangeError(`Cannot find symbol ${name} in the world switch's code`);
  return address;
}

/** The value of a constant that must be there. */
export function constantOf(code: MachineCode, name: string): number {
  const value = code.constant(name);
  if (value === undefined) throw new RangeError(`Cannot find constant ${name} in the world switch's code`);
  return Number(value);
}

/** Where the sections of a text go: the first one to `origin`, those that are named to addresses of their own. */
export interface CodeAddresses {
  readonly origin: bigint;
  readonly sections?: Readonly<Record<string, bigint>>;
}

/**
 * Assembles text.
 *
 * @param name of the text, for places and messages
 * @throws {AssemblyErrors} with line and column
 */
export function assembleCode(text: string, name: string, addresses: CodeAddresses): MachineCode {
  const { origin, sections = {} } = addresses;
  const program = assemble(text, {
    name,
    origin,
    sections,
    csrNumber: (csr) => csrByName(csr)?.number,
    csrNames: csrNames(),
  });
  return {
    segments: program.segments.map((s) => ({ ...s, size: BigInt(s.bytes.length) })),
    symbol: (symbol) => program.symbols.get(symbol),
    constant: (symbol) => program.symbols.get(symbol),
    place(address) {
      const at = program.symbolAt(address) === undefined ? windowed(address, origin) : address;
      const symbol = program.symbolAt(at);
      const line = program.lineAt(at);
      return {
        name: placeName(symbol, address),
        ...(line !== undefined &&
          { source: `${line.file ?? name}:${line.calls?.at(-1)?.line ?? line.line}` }),
      };
    },
  };
}

/** Two pieces of code as one; a name of both means that of the first. */
export function joinCode(first: MachineCode, second: MachineCode): MachineCode {
  return {
    segments: [...first.segments, ...second.segments],
    symbol: (name) => first.symbol(name) ?? second.symbol(name),
    constant: (name) => first.constant(name) ?? second.constant(name),
    place: (address) => (hasAddress(second, address) ? second : first).place(address),
  };
}

/** True for an address, in whatever window, of the code. */
function hasAddress({ segments }: MachineCode, address: bigint): boolean {
  const at = address & PHYSICAL;
  return segments.some((s) => at >= (s.address & PHYSICAL) && at < (s.address & PHYSICAL) + s.size);
}

/** An address in the window of another. */
function windowed(address: bigint, like: bigint): bigint {
  return (address & PHYSICAL) | (like & ~PHYSICAL);
}

/** `symbol+0x10`. */
export function placeName(
  symbol: { readonly name: string; readonly offset: bigint } | undefined,
  address: bigint,
): string {
  if (symbol === undefined) return `0x${address.toString(16)}`;
  return symbol.offset === 0n ? symbol.name : `${symbol.name}+0x${symbol.offset.toString(16)}`;
}

/**
 * Puts code into the machine's memory. Where it is there already nothing is written, so that a restored machine keeps what engines know of it.
 *
 * @throws {RangeError} where the machine has no memory for it
 */
export function loadCode(cpu: HostCpu, code: MachineCode): void {
  for (const { address, bytes, size } of code.segments) {
    const physical = Number(address & PHYSICAL);
    const ram = cpu.machine.bus.ramAt(physical);
    const offset = ram === undefined ? 0 : physical - ram.base;
    if (ram === undefined || offset + Number(size) > ram.view.byteLength) {
      throw new RangeError(
        `Cannot load the world switch's code: there is no RAM for its ${size} bytes at 0x${
          address.toString(16)
        }`,
      );
    }
    const target = new Uint8Array(ram.view.buffer, ram.view.byteOffset + offset, Number(size));
    if (holds(target, bytes)) continue;
    ram.history?.touchAll(offset, Number(size));
    target.set(bytes);
    target.fill(0, bytes.length);
  }
}

/** True if memory is some bytes, and 0 behind them. A loop, because there is much of it and each case asks. */
function holds(memory: Uint8Array, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (memory[i] !== bytes[i]) return false;
  for (let i = bytes.length; i < memory.length; i++) if (memory[i] !== 0) return false;
  return true;
}
