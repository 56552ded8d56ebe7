/**
 * Packets about registers, memory, breakpoints and watchpoints.
 *
 * @module
 */
import { type Conversation, type Handlers, OK, UNKNOWN } from "./conversation.ts";
import { bytesOfHex, hexOfBytes, hexOfRegister, parseHex, quoted, valueOfHex } from "./hex_text.ts";
import { readMemory, writeMemory } from "./memory.ts";
import { PACKET_LIMIT, unescaped } from "./packet.ts";
import { Refusal } from "./refusal.ts";
import type { DebugRegister } from "./registers.ts";
import type { StopPoint, WatchKind } from "./stop_points.ts";
import type { WorldContext } from "./world_contexts.ts";

const LONGEST_READ = BigInt(PACKET_LIMIT / 2);
/** The kinds of points by their numbers. */
const WATCH_KINDS: Readonly<Record<string, WatchKind>> = { 2: "write", 3: "read", 4: "access" };

function bytesOf({ bits }: DebugRegister): number {
  return bits / 8;
}

function registerAt(c: Conversation, number: string): DebugRegister {
  const found = c.registers[Number(parseHex(number))];
  if (found === undefined) throw new Refusal("invalid", `Cannot find register number ${quoted(number)}`);
  return found;
}

function requireCurrent({ isCurrent, world }: WorldContext): void {
  if (!isCurrent) {
    throw new Refusal("invalid", `Cannot write registers of the ${world}: the processor is not there`);
  }
}

function readRegister(c: Conversation, args: string): string {
  const { rest, context } = c.threadOf(args);
  const register = registerAt(c, rest);
  return hexOfRegister(register.read(c.debuggee.machine, context), bytesOf(register));
}

function writeRegister(c: Conversation, args: string): string {
  const { rest, context } = c.threadOf(args);
  const [number = "", value = "", ...more] = rest.split("=");
  if (more.length > 0) throw Refusal.malformed(`${quoted(rest)} is no register and value`);
  const register = registerAt(c, number);
  requireCurrent(context);
  if (register.read(c.debuggee.machine, context) === undefined) {
    throw new Refusal("invalid", `Cannot write ${register.name}: this processor has none`);
  }
  register.write(c.debuggee.machine, valueOfHex(value, bytesOf(register)));
  return OK;
}

function readRegisters(c: Conversation, args: string): string {
  const { rest, context } = c.threadOf(args);
  if (rest !== "") throw Refusal.malformed(`${quoted(rest)} follows g`);
  const { machine } = c.debuggee;
  return c.generalRegisters.map((r) => hexOfRegister(r.read(machine, context), bytesOf(r))).join("");
}

/** A client may send fewer registers than there are; these are the first ones. */
function writeRegisters(c: Conversation, args: string): string {
  const { rest, context } = c.threadOf(args);
  const all = bytesOfHex(rest);
  requireCurrent(context);
  const writes: (() => void)[] = [];
  let at = 0;
  for (const r of c.generalRegisters) {
    if (at === all.length) break;
    const value = valueOfHex(hexOfBytes(all.subarray(at, at + bytesOf(r))), bytesOf(r));
    writes.push(() => r.write(c.debuggee.machine, value));
    at += bytesOf(r);
  }
  if (at !== all.length) throw Refusal.malformed(`G has ${all.length} bytes, the registers ${at}`);
  for (const write of writes) write();
  return OK;
}

interface Range {
  readonly address: bigint;
  readonly length: bigint;
}

function parseRange(text: string): Range {
  const [address = "", length = "", ...more] = text.split(",");
  if (more.length > 0) throw Refusal.malformed(`${quoted(text)} is no address and length`);
  return { address: parseHex(address), length: parseHex(length) };
}

function read(c: Conversation, args: string): string {
  const { rest, context } = c.threadOf(args);
  const { address, length } = parseRange(rest);
  // The answer may be shorter than asked for.
  const bytes = Number(length < LONGEST_READ ? length : LONGEST_READ);
  const given = givenBytes(c, context, address, bytes);
  if (given !== undefined) return given;
  return hexOfBytes(readMemory(c.debuggee.machine, context, address, bytes));
}

/** Of an instruction that is not in memory; gdb looks at the one that it steps. */
function givenBytes(
  c: Conversation,
  context: WorldContext,
  address: bigint,
  bytes: number,
): string | undefined {
  const { given } = c.debuggee;
  const offset = address - context.pc;
  if (given === undefined || !context.isCurrent || offset < 0n || offset + BigInt(bytes) > 4n) {
    return undefined;
  }
  return hexOfRegister(BigInt(given), 4).slice(2 * Number(offset), 2 * (Number(offset) + bytes));
}

/** The two parts of a write: where, and the data. */
function splitWrite(args: string): { readonly range: Range; readonly data: string } {
  const colon = args.indexOf(":");
  if (colon < 0) throw Refusal.malformed("a write to memory has no data");
  return { range: parseRange(args.slice(0, colon)), data: args.slice(colon + 1) };
}

function write(c: Conversation, { address, length }: Range, bytes: Uint8Array): string {
  if (BigInt(bytes.length) !== length) {
    throw Refusal.malformed(`a write of ${length} bytes to memory has ${bytes.length}`);
  }
  writeMemory(c.debuggee.machine, c.selected, address, bytes);
  return OK;
}

function writeHex(c: Conversation, args: string): string {
  const { range, data } = splitWrite(args);
  return write(c, range, bytesOfHex(data));
}

function writeBinary(c: Conversation, args: string): string {
  const { range, data } = splitWrite(args);
  const bytes = unescaped(data);
  if (bytes === undefined) throw Refusal.malformed("the data ends in the midst of an escape");
  return write(c, range, bytes);
}

/** The point of a Z or z packet; undefined for kinds that the stub does not know. */
function parsePoint(args: string): StopPoint | undefined {
  const [, kind = "", address = "", length = ""] = /^([^,]*),([^,]*),([^,;]*)(;.*)?$/.exec(args) ?? [];
  if (!/^[0-4]$/.test(kind)) {
    if (/^\d+$/.test(kind)) return undefined;
    throw Refusal.malformed(`${quoted(args)} is no breakpoint`);
  }
  const at = parseHex(address);
  const size = parseHex(length);
  const watch = WATCH_KINDS[kind];
  if (watch === undefined) return { kind: "breakpoint", hardware: kind === "1", address: at };
  if (size === 0n) throw new Refusal("invalid", "Cannot set a watchpoint: it has no bytes");
  return { kind: watch, address: at, length: size };
}

function setPoint(c: Conversation, args: string): string {
  const point = parsePoint(args);
  if (point === undefined) return UNKNOWN;
  c.debuggee.points.add(point);
  return OK;
}

function removePoint(c: Conversation, args: string): string {
  const point = parsePoint(args);
  if (point === undefined) return UNKNOWN;
  c.debuggee.points.remove(point);
  return OK;
}

/** The packets of this file. */
export const STATE_PACKETS: Handlers = {
  g: readRegisters,
  G: writeRegisters,
  p: readRegister,
  P: writeRegister,
  m: read,
  M: writeHex,
  X: writeBinary,
  Z: setPoint,
  z: removePoint,
};
