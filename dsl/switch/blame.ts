/**
 * Which instruction of a world switch broke a promise, or which one is missing: read off the trace of its last call.
 *
 * @module
 */
import { type CsrDeclaration, registerName } from "../../core/mod.ts";
import type { CodeRunner } from "../../vcpu/assembly/runner.ts";
import { promised, type VCpu } from "../../vcpu/mod.ts";
import type { HostStep } from "../../vcpu/assembly/trace.ts";
import { hex } from "../../core/hex.ts";

const SP = 3;

/** The way into the guest, and the way back: what was executed before and behind its exits. */
function sides(
  { trace }: CodeRunner,
): { readonly way: readonly HostStep[]; readonly back: readonly HostStep[] } {
  return { way: trace.steps.filter((s) => s.exits === 0), back: trace.steps.filter((s) => s.exits > 0) };
}

function isStoreTo(step: HostStep, address: bigint): boolean {
  return step.memory?.isStore === true && step.memory.address === address;
}

function storesOf(steps: readonly HostStep[], register: number): readonly HostStep[] {
  return steps.filter((s) => s.memory?.isStore === true && s.memory.register === register);
}

/** Why a general register of the host does not hold what it held before the call. */
export function blameRegister(runner: CodeRunner, register: number): string {
  const { way, back } = sides(runner);
  const name = registerName(register);
  const last = back.findLast((s) => s.register === register);
  if (last === undefined) return `nothing writes ${name} after the exit${missingSave(runner, way, register)}`;
  if (last.memory === undefined) return `${name} was last written by ${runner.textOf(last)}`;
  const { address } = last.memory;
  const saves = storesOf(way, register);
  const own = saves.find((s) => s.memory?.address === address);
  const text = `${name} was loaded by ${runner.textOf(last)}`;
  if (own !== undefined) return text + changedSince(runner, own, address, register);
  const other = runner.trace.steps.findLast((s) => isStoreTo(s, address));
  const from = other === undefined
    ? `, from ${hex(address)}, where nothing was stored`
    : `, from where ${runner.textOf(other)} stored ${registerName(other.memory?.register ?? 0)}`;
  const [save] = saves;
  if (save === undefined) return `${text}${from}; nothing stores ${name} on the way in`;
  return `${text}${from}; ${name} itself was stored by ${runner.textOf(save)}`;
}

/** Says that a register is not saved either, and where its neighbours are. */
function missingSave(runner: CodeRunner, way: readonly HostStep[], register: number): string {
  const name = registerName(register);
  const [own] = storesOf(way, register);
  if (own !== undefined) {
    return `; ${runner.textOf(own)} stored it on the way in: its load is missing${nextTo(runner, register)}`;
  }
  const near = [register - 1, register + 1].flatMap((r) => storesOf(way, r).slice(0, 1));
  const places = near.map((s) => runner.textOf(s)).join(" and ");
  return `, and nothing stores ${name} on the way in${
    places === "" ? "" : `; its neighbours are stored by ${places}`
  }`;
}

/** Where the loads of the registers beside one are. */
function nextTo(runner: CodeRunner, register: number): string {
  const { back } = sides(runner);
  const near = [register - 1, register + 1].flatMap((r) => {
    const load = back.findLast((s) => s.register === r && s.memory !== undefined);
    return load === undefined ? [] : [runner.textOf(load)];
  });
  return near.length === 0 ? "" : `, beside ${near.join(" and ")}`;
}

/** What happened to a stored value before it was loaded again. */
function changedSince(runner: CodeRunner, own: HostStep, address: bigint, register: number): string {
  const { steps } = runner.trace;
  const at = steps.indexOf(own);
  const overwritten = steps.slice(at + 1).find((s) => isStoreTo(s, address));
  if (overwritten !== undefined) return `, and ${runner.textOf(overwritten)} had overwritten it`;
  const before = steps.slice(0, at).findLast((s) => s.register === register);
  return before === undefined ? "" : `, and ${runner.textOf(before)} had changed it before it was stored`;
}

/** Why a CSR of the host does not hold what it held before the call. */
export function blameCsr(runner: CodeRunner, csr: CsrDeclaration): string {
  const { way, back } = sides(runner);
  const isOfIt = (s: HostStep) => s.csr?.csr === csr && !s.csr.isGuest;
  const last = back.findLast(isOfIt);
  if (last !== undefined) {
    return `${csr.name} was last written by ${runner.textOf(last)}${change(last)}${source(runner, last)}`;
  }
  const first = way.findLast(isOfIt);
  if (first === undefined) return `nothing in the code writes ${csr.name}`;
  return `nothing writes ${csr.name} after the exit; on the way in it was written by ${runner.textOf(first)}${
    change(first)
  }`;
}

/** Why a CSR of the host does not hold what a guest needs, at the ertn into it. */
export function blameEntry(runner: CodeRunner, csr: CsrDeclaration): string {
  const last = runner.trace.steps.findLast((s) => s.csr?.csr === csr && !s.csr.isGuest);
  if (last === undefined) return `nothing writes ${csr.name} on the way in`;
  return `${csr.name} was last written by ${runner.textOf(last)}${change(last)}${source(runner, last)}`;
}

function change({ csr }: HostStep): string {
  return csr === undefined ? "" : ` (${hex(csr.old)} -> ${hex(csr.value)})`;
}

/** Where the value that a CSR was given came from. */
function source(runner: CodeRunner, step: HostStep): string {
  const { steps } = runner.trace;
  const from = steps.slice(0, steps.indexOf(step)).findLast((s) =>
    s.register === step.register && s.register !== 0
  );
  return from === undefined ? "" : `, with ${registerName(step.register)} from ${runner.textOf(from)}`;
}

/** Why the context does not hold what the guest had in a register when it left. */
export function blameSave(runner: CodeRunner, register: number, context: bigint, offset: number): string {
  const { back } = sides(runner);
  const name = registerName(register);
  const store = back.find((s) => isStoreTo(s, context + BigInt(offset)));
  const elsewhere = storesOf(back, register)[0];
  if (store === undefined) {
    const hint = elsewhere?.memory === undefined
      ? nearStores(runner, back, register)
      : `; ${runner.textOf(elsewhere)} stores ${name} at ${placeIn(elsewhere.memory.address, context)}`;
    return `nothing stores into the place of ${name} (context+${hex(BigInt(offset))}) after the exit${hint}`;
  }
  const stored = store.memory?.register ?? 0;
  const overwriting = back.findLast((s) => isStoreTo(s, context + BigInt(offset)));
  if (overwriting !== undefined && overwriting !== store) {
    return `${runner.textOf(overwriting)} overwrote the place of ${name} (context+${hex(BigInt(offset))})`;
  }
  const changed = back.slice(0, back.indexOf(store)).findLast((s) => s.register === stored);
  const how = changed === undefined ? "" : `, which ${runner.textOf(changed)} had written`;
  return `${runner.textOf(store)} stored ${registerName(stored)} in the place of ${name}${how}`;
}

function nearStores(runner: CodeRunner, back: readonly HostStep[], register: number): string {
  const near = [register - 1, register + 1].flatMap((r) => storesOf(back, r).slice(0, 1));
  return near.length === 0
    ? ""
    : `; its neighbours are stored by ${near.map((s) => runner.textOf(s)).join(" and ")}`;
}

/** An address as a place of the context. */
function placeIn(address: bigint, context: bigint): string {
  const distance = address - context;
  return distance >= 0n && distance < 0x1000n ? `context+${hex(distance)}` : hex(address);
}

/** Why the guest does not start with what the context has for a register. */
export function blameLoad(runner: CodeRunner, register: number, context: bigint, offset: number): string {
  const { way } = sides(runner);
  const name = registerName(register);
  const last = way.findLast((s) => s.register === register);
  if (last === undefined) {
    const near = [register - 1, register + 1].flatMap((r) => way.findLast((s) => s.register === r) ?? []);
    const places = near.map((s) => runner.textOf(s)).join(" and ");
    return `nothing loads ${name}${places === "" ? "" : `; its neighbours are loaded by ${places}`}`;
  }
  if (last.memory === undefined) return `${name} was last written by ${runner.textOf(last)}`;
  const from = placeIn(last.memory.address, context);
  return `${name} was loaded by ${runner.textOf(last)} from ${from}; its place is context+${
    hex(BigInt(offset))
  }`;
}

/** Why a guest CSR is not at an entry what the context has for it. */
export function blameGuestCsr(runner: CodeRunner, csr: CsrDeclaration): string {
  const last = sides(runner).way.findLast((s) => s.csr?.csr === csr && s.csr.isGuest);
  if (last === undefined) return `nothing writes guest ${csr.name} on the way in`;
  return `guest ${csr.name} was last written by ${runner.textOf(last)}${change(last)}${source(runner, last)}`;
}

/** Why the context does not hold what the guest had in a CSR when it left. */
export function blameGuestCsrSave(runner: CodeRunner, csr: CsrDeclaration, address: bigint): string {
  const { back } = sides(runner);
  const store = back.findLast((s) => isStoreTo(s, address));
  if (store === undefined) return `nothing stores into the place of guest ${csr.name} after the exit`;
  return `its place was last written by ${runner.textOf(store)}${
    source(runner, { ...store, register: store.memory?.register ?? SP })
  }`;
}

/** The host at one moment. */
interface HostState {
  readonly csrs: { get(csr: CsrDeclaration): bigint | undefined };
  readonly gprs: { at(register: number): bigint };
}

/** Why a world switch did not keep what it promised of the host; empty for one that is no machine code. */
export function blamePromises(vcpu: VCpu, before: HostState, after: HostState): readonly string[] {
  const { runner, promises } = vcpu;
  if (runner === undefined) return [];
  const csrs = promises.restoredByRun.map(promised).filter(({ csr, mask }) =>
    (((before.csrs.get(csr) ?? 0n) ^ (after.csrs.get(csr) ?? 0n)) & mask) !== 0n
  );
  const registers = promises.savedGprs.filter((r) => before.gprs.at(r) !== after.gprs.at(r));
  return [
    ...csrs.map(({ csr }) => blameCsr(runner, csr)),
    ...registers.map((r) => blameRegister(runner, r)),
  ];
}
