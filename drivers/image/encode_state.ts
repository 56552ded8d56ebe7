/**
 * A state as the monitor reads it.
 *
 * @module
 */
import { hex } from "../../core/hex.ts";
import { CRMD, ECFG, EENTRY, PRMD } from "../../core/csr/basic.ts";
import { GSTAT } from "../../core/csr/lvz.ts";
import { DMW, TLBELO0, TLBRENTRY } from "../../core/csr/translation.ts";
import { csrByName } from "../../core/csr/table.ts";
import { encode } from "../../core/isa/encode.ts";
import { ISA } from "../../core/isa/table.ts";
import { keptValue } from "../csr_values.ts";
import type { MemoryBlock, Stage2Range, State, WorldState } from "../state.ts";
import type { EntryLeftovers } from "./decode_result.ts";
import { jump, type Monitor, monitorFor, type MonitorLabel } from "./monitor.ts";
import { maskWords } from "./monitor_enter.ts";
import { FLAG, RANGE, RECORD } from "./monitor_text.ts";
import { isStateMemory, STATE_MEMORY, WINDOW } from "./places.ts";
import { CRMD_SLOT, FCC_SLOT, FCSR_SLOT, FPR_SLOT, type Slots } from "./slots.ts";

/** A state that no image can hold. */
export class ImageError extends RangeError {
  override readonly name = "ImageError";
  /** The state. */
  readonly id: string;

  constructor({ id }: State, reason: string) {
    super(`Cannot put state ${id} into an image: ${reason}`);
    this.id = id;
  }
}

const PHYSICAL = (1n << 48n) - 1n;
const UPPER = ~PHYSICAL & ((1n << 64n) - 1n);
const T0 = 12;
/** Bytes that `b` reaches in either direction. */
const REACH = 1 << 27;

/** A guest that does not say which one it is: guest 1, which ertn just entered. */
const ENTERED = GSTAT.PVM.of(1n) | GSTAT.GID.of(1n);

/** What the state says of the host's address translation. */
class Reach {
  readonly crmd: bigint;
  readonly #windows: readonly bigint[];

  constructor({ host }: State) {
    this.crmd = host.csr.get("CRMD") ?? CRMD.DA.mask;
    this.#windows = DMW.map((csr) => host.csr.get(csr.name) ?? 0n);
  }

  /** True if the address is its own lower 48 bits in physical memory at this privilege level. */
  isDirect(address: bigint, plv: number): boolean {
    if (CRMD.PG.get(this.crmd) === 0n) return true;
    if (((address & UPPER) << 4n & UPPER) !== 0n) return false;
    return this.#windows.some((w) => w >> 60n === address >> 60n && (w >> BigInt(plv)) & 1n);
  }
}

/** How the monitor enters a state. */
interface Entrance {
  readonly viaErtn: boolean;
  /** Upper bits of the addresses at which the last steps are executed. */
  readonly window: bigint;
}

/**
 * A jump is the entrance that changes nothing. ertn is needed where an interrupt is due at once, for guests, below PLV0, and for a pc
 * that no jump reaches; then ERA and PRMD are what ertn needs.
 */
function entranceOf(state: State, pc: bigint, reach: Reach, monitor: Monitor): Entrance {
  const plv = CRMD.PLV.number(reach.crmd);
  const offset = (pc & PHYSICAL) - BigInt(monitor.at("stub"));
  const isNear = pc % 4n === 0n && offset > -REACH && offset < REACH;
  const isDue = CRMD.IE.get(reach.crmd) === 1n && (state.host.csr.get("ESTAT") ?? 0n) !== 0n;
  const canJump = isNear && plv === 0 && reach.isDirect(pc, 0);
  if (state.mode === "host" && canJump && !isDue) return { viaErtn: false, window: pc & UPPER };
  return { viaErtn: true, window: WINDOW };
}

const NEEDS_WINDOW = "needs a direct mapping window at PLV0 as CRMD.PG is 1";
const PLACES = STATE_MEMORY.map(({ start, end }) => `${hex(start)} to ${hex(end - 1)}`).join(" or ");

function check(state: State, reach: Reach, entrance: Entrance): void {
  for (const { at, words } of state.memory) {
    if (isStateMemory(at, 4 * words.length)) continue;
    const last = at + 4 * words.length - 1;
    throw new ImageError(state, `its memory at ${hex(at)} to ${hex(last)} is not in ${PLACES}`);
  }
  const needsMonitor = entrance.viaErtn || !state.host.csr.has("EENTRY");
  if (needsMonitor && !reach.isDirect(WINDOW, 0)) {
    throw new ImageError(state, `the monitor is at ${hex(WINDOW)}, which ${NEEDS_WINDOW}`);
  }
}

/** Loads a value into t0 without using memory or another register. */
function loadT0(value: bigint): number[] {
  const signed = (v: bigint, bits: number) => BigInt.asIntN(bits, v);
  return [
    word("lu12i.w", T0, signed(value >> 12n, 20)),
    word("ori", T0, T0, value & 0xfffn),
    word("lu32i.d", T0, signed(value >> 32n, 20)),
    word("lu52i.d", T0, T0, signed(value >> 52n, 12)),
  ];
}

function word(name: string, ...operands: readonly (number | bigint)[]): number {
  const instruction = ISA.get(name);
  if (instruction === undefined) throw new TypeError(`Cannot encode ${name}: it is no row`);
  return encode(instruction, operands.map(BigInt));
}

const ERTN = word("ertn");

/** The named slots and their values. */
function namedSlots(state: State, slots: Slots, reach: Reach): [slot: number, value: bigint][] {
  const named: [number, bigint][] = [];
  const { fp, host, guest, mode } = state;
  const world = worldOf(state);
  named.push([CRMD_SLOT, keptValue(CRMD, slots.profile, reach.crmd, "host")]);
  for (const [n, value] of world.gpr) named.push([n, value]);
  for (const [n, value] of fp.fpr) named.push([FPR_SLOT + n, value]);
  if (fp.fcsr !== 0) named.push([FCSR_SLOT, BigInt(fp.fcsr)]);
  const flags = [...fp.fcc].reduce((sum, [n, value]) => sum | (value << n), 0);
  if (flags !== 0) named.push([FCC_SLOT, BigInt(flags)]);
  for (const [name, value] of host.csr) nameCsr(state, slots, { name, value, isGuest: false }, named);
  for (const [name, value] of guest?.csr ?? []) nameCsr(state, slots, { name, value, isGuest: true }, named);
  const gstat = slots.named("GSTAT", false);
  if (mode === "guest" && gstat !== undefined && !host.csr.has("GSTAT")) named.push([gstat.slot, ENTERED]);
  return named;
}

function nameCsr(
  state: State,
  slots: Slots,
  { name, value, isGuest }: { name: string; value: bigint; isGuest: boolean },
  named: [number, bigint][],
): void {
  const csr = csrByName(name);
  if (csr === undefined) throw new ImageError(state, `there is no CSR ${name}`);
  if (csr.name === "CRMD" && !isGuest) return;
  const slot = slots.named(name, isGuest);
  // What no write changes cannot be named with an effect.
  if (slot !== undefined && slot.mask !== 0n) named.push([slot.slot, BigInt.asUintN(64, value)]);
}

/** Whose general registers and pc a state starts with. */
function worldOf(state: State): WorldState {
  if (state.mode === "host") return state.host;
  if (state.guest === undefined) {
    throw new ImageError(state, "it starts in a guest that it does not describe");
  }
  return state.guest;
}

/** A word that leads to the monitor. */
interface Patch {
  readonly at: number;
  readonly word: number;
}

/** Where a state reaches the monitor: at its end, or, if it has none, at the entries that it names. */
function patchesOf(state: State, reach: Reach, monitor: Monitor): Patch[] {
  const { host, end } = state;
  const patch = (what: string, address: bigint, label: MonitorLabel): Patch => {
    const at = Number(address & PHYSICAL);
    if (at % 4 !== 0 || !isStateMemory(at, 4)) {
      throw new ImageError(state, `${what} is at physical ${hex(at)}, must be a word in ${PLACES}`);
    }
    if (at - monitor.at(label) >= REACH) {
      throw new ImageError(
        state,
        `${what} is at physical ${hex(at)}, from where no branch reaches the monitor`,
      );
    }
    return { at, word: jump(at, monitor.at(label)) };
  };
  const direct = (what: string, address: bigint, label: MonitorLabel) => {
    if (reach.isDirect(address, 0)) return patch(what, address, label);
    throw new ImageError(state, `${what} is at ${hex(address)}, which ${NEEDS_WINDOW}`);
  };
  if (end !== undefined) return [direct("its end", end, "ended")];
  const general = host.csr.get(EENTRY.name);
  const refill = host.csr.get(TLBRENTRY.name);
  const spacing = ECFG.VS.get(host.csr.get(ECFG.name) ?? 0n);
  if (general !== undefined && spacing !== 0n) {
    throw new ImageError(state, `its own EENTRY ends it, which needs ECFG.VS = 0, and that is ${spacing}`);
  }
  return [
    ...(general === undefined ? [] : [direct(EENTRY.name, general, "general")]),
    ...(refill === undefined ? [] : [patch(TLBRENTRY.name, refill, "refill")]),
  ];
}

const align8 = (bytes: number) => (bytes + 7) & ~7;

/**
 * The record of a state.
 *
 * @throws {ImageError} if an image cannot hold it
 */
export function encodeState(state: State, index: number, slots: Slots, monitor: Monitor): Uint8Array {
  const reach = new Reach(state);
  const { pc } = worldOf(state);
  const entrance = entranceOf(state, pc, reach, monitor);
  check(state, reach, entrance);
  const named = namedSlots(state, slots, reach).sort(([a], [b]) => a - b);
  const values = RECORD.mask + 8 * maskWords(slots);
  const blocks = values + 8 * named.length;
  const ranges = state.memory.reduce((sum, { words }) => align8(sum + 8 + 4 * words.length), blocks);
  const stage2 = servedRanges(state);
  const size = ranges + RANGE.bytes * stage2.length;
  const view = new DataView(new ArrayBuffer(size));
  const patches = patchesOf(state, reach, monitor);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: bigint) => view.setBigUint64(at, value, true);
  u32(RECORD.index, index);
  u32(RECORD.flags, (entrance.viaErtn ? FLAG.ertn : 0) | (state.mode === "guest" ? FLAG.guest : 0));
  u32(RECORD.size, size);
  u32(RECORD.blocks, state.memory.length);
  patches.forEach((patch, i) => {
    u32(RECORD.patches + 8 * i, patch.at);
    u32(RECORD.patches + 8 * i + 4, patch.word);
  });
  writeEntrance(view, { pc, reach, entrance, monitor, t0: worldOf(state).gpr.get(T0) ?? 0n });
  const mask = new BigUint64Array(maskWords(slots));
  named.forEach(([slot, value], i) => {
    mask[slot >> 6] = (mask[slot >> 6] ?? 0n) | 1n << BigInt(slot & 63);
    u64(values + 8 * i, value);
  });
  mask.forEach((bits, i) => u64(RECORD.mask + 8 * i, bits));
  let at = blocks;
  for (const block of state.memory) at = writeBlock(view, at, block);
  u32(RECORD.ranges, ranges);
  u32(RECORD.rangeCount, stage2.length);
  stage2.forEach((range, i) => writeRange(view, ranges + RANGE.bytes * i, range));
  return new Uint8Array(view.buffer);
}

/** PRMD with which ertn enters this mode. */
function previousMode(crmd: bigint): bigint {
  return PRMD.PPLV.of(CRMD.PLV.get(crmd)) | PRMD.PIE.of(CRMD.IE.get(crmd)) | PRMD.PWE.of(CRMD.WE.get(crmd));
}

interface Steps {
  readonly pc: bigint;
  readonly reach: Reach;
  readonly entrance: Entrance;
  readonly monitor: Monitor;
  readonly t0: bigint;
}

function writeEntrance(view: DataView, { pc, reach, entrance, monitor, t0 }: Steps): void {
  const { crmd } = reach;
  const modes = CRMD.PLV.mask | CRMD.IE.mask | CRMD.WE.mask;
  const stub = monitor.at("stub");
  const last = stub + 4 * (RECORD.stubWords - 1);
  const leave = entrance.viaErtn ? ERTN : jump(last, Number(pc & PHYSICAL));
  view.setBigUint64(RECORD.restore, entrance.window | BigInt(monitor.at("restore")), true);
  view.setBigUint64(RECORD.crmd, entrance.viaErtn ? crmd & ~modes : crmd, true);
  view.setBigUint64(RECORD.era, pc, true);
  view.setBigUint64(RECORD.prmd, previousMode(crmd), true);
  [...loadT0(t0), leave].forEach((w, i) => view.setUint32(RECORD.stub + 4 * i, w, true));
}

function writeBlock(view: DataView, at: number, block: MemoryBlock): number {
  view.setUint32(at, block.at, true);
  view.setUint32(at + 4, block.words.length, true);
  block.words.forEach((w, i) => view.setUint32(at + 8 + 4 * i, w, true));
  return align8(at + 8 + 4 * block.words.length);
}

/** What entering this state leaves in ERA and PRMD; undefined if it changes nothing. */
export function ertnLeftovers(state: State, slots: Slots): EntryLeftovers | undefined {
  const reach = new Reach(state);
  const { pc } = worldOf(state);
  if (!entranceOf(state, pc, reach, monitorFor(slots)).viaErtn) return undefined;
  if (state.stage2.length > 0) return { era: undefined, prmd: undefined };
  return { era: pc, prmd: previousMode(reach.crmd) };
}

/** The ranges of stage 2, if the monitor handles its refills: a state that names TLBRENTRY has a handler of its own, or ends there. */
function servedRanges({ host, stage2 }: State): readonly Stage2Range[] {
  return host.csr.has("TLBRENTRY") ? [] : stage2;
}

function writeRange(view: DataView, at: number, { gpa, hpa, size, perm }: Stage2Range): void {
  const bits = TLBELO0.V.mask | TLBELO0.MAT.of(1n) | (perm.includes("w") ? TLBELO0.D.mask : 0n) |
    (perm.includes("r") ? 0n : TLBELO0.NR.mask) | (perm.includes("x") ? 0n : TLBELO0.NX.mask);
  view.setBigUint64(at + RANGE.start, gpa, true);
  view.setBigUint64(at + RANGE.end, gpa + size, true);
  view.setBigUint64(at + RANGE.toEntry, BigInt.asUintN(64, hpa - gpa + bits), true);
}
