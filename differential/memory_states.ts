/**
 * States of instructions that access memory: every alignment, across pages, outside of the windows, beyond the address width, with bounds.
 *
 * @module
 */
import type { Maker, Order } from "./maker.ts";
import { chooseRegisters, immediate, related, value, wordOf } from "./operands.ts";
import { oneIn, type Random } from "./random.ts";
import { anyMode, DATA_BYTES, type Mode, Scene, STOP, UNCACHED, word } from "./scene.ts";

const SIZES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, s: 4, d: 8, q: 16 };

/** Bytes that an instruction accesses, by the end of its name. */
export function accessSize(name: string): number {
  const [, letter = "d"] = /\.([bhwdsq])u?$/.exec(name) ?? [];
  return SIZES[letter] ?? 8;
}

const BOUNDED = /^f?(ld|st)(gt|le)\./;
/** Accesses that must be aligned in every implementation. */
const ALIGNED = /^(am|ll|sc|f?(ld|st)(gt|le)\.)/;

/** An address that no window covers. */
function unmapped(random: Random): bigint {
  const HALF = 1n << 47n;
  const near = random.pick([0n, HALF - 8n, HALF - 1n, -HALF, -8n, -1n]);
  const canonical = oneIn(random, 2) ? near : BigInt.asIntN(48, random.bits64());
  return BigInt.asUintN(64, canonical);
}

/** An address with bits beyond the address width, outside of the windows. */
function beyond(random: Random): bigint {
  const HALF = 1n << 47n;
  const near = random.pick([HALF, HALF + 8n, -HALF - 1n, -HALF - 8n, (1n << 63n) - 8n, 1n << 62n]);
  const any = random.bits64() & ~(1n << 63n) | (1n << 60n);
  return BigInt.asUintN(64, oneIn(random, 2) ? near : any);
}

/** Where the data are reached. */
function toData(random: Random, scene: Scene, size: number, aligned: boolean): bigint {
  const step = aligned ? size : 1;
  const room = Math.floor((DATA_BYTES - size) / step) + 1;
  const at = scene.dataAt + step * random.below(room);
  const { mapped, plv } = scene.mode;
  const uncached = mapped && plv === 0 && oneIn(random, 8);
  return uncached ? UNCACHED + BigInt(at) : scene.address(at);
}

/** The address of an access. */
export function chooseAddress(random: Random, scene: Scene, name: string): bigint {
  const size = accessSize(name);
  const aligned = ALIGNED.test(name) ? !oneIn(random, 10) : oneIn(random, 2);
  const place = random.below(16);
  if (scene.mode.mapped && place === 0) return unmapped(random);
  if (scene.mode.mapped && place === 1) return beyond(random);
  if (scene.mode.plv !== 0 && scene.mode.mapped && place === 2) return UNCACHED + BigInt(scene.dataAt);
  return toData(random, scene, size, aligned);
}

/** A bound for an address: the address, around it, or anything. */
function bound(random: Random, address: bigint): bigint {
  return BigInt.asUintN(64, random.pick([address, address + 1n, address - 1n, 0n, -1n, random.bits64()]));
}

/** Sets the registers so that the access goes to an address. */
function aim(scene: Scene, order: Order, chosen: ReadonlyMap<string, number>, address: bigint): void {
  const { random, instruction } = order;
  const rj = chosen.get("rj") ?? 0;
  const rk = chosen.get("rk");
  const { name, immediates } = instruction;
  const offset = immediates.find((o) => o.name.startsWith("si"));
  if (offset !== undefined) return scene.gpr.set(rj, address - BigInt(chosen.get(offset.name) ?? 0));
  if (rk === undefined || !/^(f?(ld|st)x|preldx)/.test(name)) {
    scene.gpr.set(rj, address);
    if (rk !== undefined && BOUNDED.test(name) && rk !== rj) scene.gpr.set(rk, bound(random, address));
    return;
  }
  if (rk === rj) return scene.gpr.set(rj, address / 2n);
  const index = rk === 0 ? 0n : rj === 0 ? address : related(random, 0n);
  scene.gpr.set(rk, index);
  scene.gpr.set(rj, address - index);
}

/** The address that the registers give in the end: they may be the same, or `zero`. */
function reachedBy(scene: Scene, { instruction }: Order, chosen: ReadonlyMap<string, number>): bigint {
  const { name, immediates } = instruction;
  const offset = immediates.find((o) => o.name.startsWith("si"));
  const base = scene.gpr.get(chosen.get("rj") ?? 0);
  const indexed = /^(f?(ld|st)x|preldx)/.test(name) ? scene.gpr.get(chosen.get("rk") ?? 0) : 0n;
  return BigInt.asUintN(64, base + indexed + BigInt(chosen.get(offset?.name ?? "") ?? 0));
}

/** `zero` as an address is only good where nothing answers there. */
function mayBeZero({ mapped }: Mode): readonly string[] {
  return mapped ? [] : ["rj", "rk"];
}

/** Chooses the operands of an access and places its data. */
export function prepareAccess(scene: Scene, order: Order): { tested: number; address: bigint } {
  const { random, instruction } = order;
  const { name } = instruction;
  const chosen = chooseRegisters(random, instruction, { nonzero: mayBeZero(scene.mode) });
  for (const operand of instruction.immediates) chosen.set(operand.name, immediate(random, operand));
  const address = chooseAddress(random, scene, name);
  for (const { name: operand, file } of instruction.operands) {
    if (file === "general") scene.gpr.set(chosen.get(operand) ?? 0, value(random));
    if (file === "float") scene.fpr.set(chosen.get(operand) ?? 0, random.bits64());
  }
  aim(scene, order, chosen, address);
  scene.placeData(value);
  return { tested: wordOf(instruction, chosen), address: reachedBy(scene, order, chosen) };
}

export const memoryState: Maker = (order) => {
  const { random, instruction } = order;
  const scene = new Scene(random, anyMode(random));
  const { tested } = prepareAccess(scene, order);
  if (instruction.unit === "FPE" && !oneIn(random, 24)) scene.setCsr("EUEN", 1n);
  const compares = instruction.name.startsWith("amcas") && oneIn(random, 2);
  if (compares) return expectedValue(scene, order, tested);
  scene.place(scene.codeAt, [tested, STOP]);
  return { scene, tested };
};

/** An amcas that finds what it expects: what it loads first. */
function expectedValue(scene: Scene, { instruction }: Order, tested: number): ReturnType<Maker> {
  const [rd, rj] = [tested & 31, (tested >>> 5) & 31];
  const letter = /\.([bhwd])$/.exec(instruction.name)?.[1] ?? "d";
  const load = rd === rj ? [] : [word(`ld.${letter}`, rd, rj, 0)];
  scene.place(scene.codeAt, [...load, tested, STOP]);
  return { scene, tested };
}

const LINKED: Readonly<Record<string, string>> = {
  "sc.w": "ll.w",
  "sc.d": "ll.d",
  "sc.q": "ll.d",
  "screl.w": "llacq.w",
  "screl.d": "llacq.d",
};

/** Loads and links: into a register, from the address in another. */
function link(name: string, into: number, from: number): number {
  return name.startsWith("llacq") ? word(name, into, from) : word(name, into, from, 0);
}

/** A conditional store: mostly behind a load-linked of the same address, else behind one of another, or behind none. */
export const conditionalState: Maker = (order) => {
  const { random, instruction } = order;
  const scene = new Scene(random, anyMode(random));
  const { tested, address } = prepareAccess(scene, order);
  const [base, loaded] = freeRegisters(random, tested);
  const far = scene.address(scene.dataAt + random.pick([0, 16, 32, 48]));
  const code = [tested, STOP];
  const plan = random.below(8);
  // What happens at an address that is neither linked nor mapped is open.
  const isData = address >> 6n === far >> 6n || (address ^ far) < 0x1000n;
  const elsewhere = plan === 1 && isData && (far ^ address) >> 4n !== 0n;
  scene.gpr.set(base, elsewhere ? far : address);
  if (plan !== 0) code.unshift(link(elsewhere ? "ll.d" : LINKED[instruction.name] ?? "ll.d", loaded, base));
  scene.place(scene.codeAt, code);
  return { scene, tested, budget: 8 };
};

/** Two registers that a word does not name. */
function freeRegisters(random: Random, tested: number): readonly [number, number] {
  const used = [tested & 31, (tested >>> 5) & 31, (tested >>> 10) & 31];
  const free = Array.from({ length: 31 }, (_, n) => n + 1).filter((n) => !used.includes(n));
  const first = random.pick(free);
  return [first, random.pick(free.filter((n) => n !== first))];
}
