/**
 * What somebody's world switch has to hold at moments that nobody else sees: at the ertn, when it calls, after it returned.
 *
 * @module
 */
import { type CsrBank, type CsrDeclaration, type Machine, registerName } from "../../core/mod.ts";
import { ECFG, EENTRY, ERA, PRMD } from "../../core/csr/basic.ts";
import { TLBRERA } from "../../core/csr/translation.ts";
import type { CodeRunner } from "../../vcpu/assembly/runner.ts";
import type { HostStep } from "../../vcpu/assembly/trace.ts";
import { HypervisorError } from "../../vcpu/mod.ts";
import { hex } from "../../core/hex.ts";
import { blameCsr, blameEntry, blameGuestCsr, blameGuestCsrSave, blameLoad, blameSave } from "./blame.ts";
import type { SwitchPlan } from "./plan.ts";

/** More findings of one kind are told in number only. */
const SHOWN = 3;
/** Registers whose values move by themselves. */
const MOVING: ReadonlySet<string> = new Set(["ESTAT", "TVAL", "TICLR", "PGD"]);

/** The code and the context of one call. */
export interface Switching {
  readonly plan: SwitchPlan;
  readonly runner: CodeRunner;
  /** Address of the context. */
  readonly context: bigint;
  /** A word of the context. */
  readonly read: (offset: number) => bigint;
}

function refuse(what: string, findings: readonly string[]): void {
  if (findings.length === 0) return;
  const more = findings.length > SHOWN ? `; and ${findings.length - SHOWN} more` : "";
  throw new HypervisorError(`${what}: ${findings.slice(0, SHOWN).join("; ")}${more}`);
}

/** The processor at the ertn into the guest: the guest's state is the context's, and exits will arrive. */
export function checkEntry({ plan, runner, context, read }: Switching, m: Machine): void {
  const { places, vector, description: { exits } } = plan;
  const findings: string[] = [];
  const expect = (what: string, got: bigint, wanted: bigint, blame: () => string) => {
    if (got !== wanted) findings.push(`${what} is ${hex(got)}, expected ${hex(wanted)}: ${blame()}`);
  };
  const isRefill = (m.host.read(TLBRERA) & TLBRERA.IsTLBR.mask) !== 0n;
  const returnTo = isRefill ? TLBRERA : ERA;
  expect("ECFG.VS", ECFG.VS.get(m.host.read(ECFG)), BigInt(exits.vs), () => blameEntry(runner, ECFG));
  expect("EENTRY", m.host.read(EENTRY), vector, () => blameEntry(runner, EENTRY));
  expect("PRMD.PIE", PRMD.PIE.get(m.host.read(PRMD)), 1n, () => blameEntry(runner, PRMD));
  expect(
    `${returnTo.name}, the guest's PC,`,
    m.host.read(returnTo) & ~3n,
    read(places.pc),
    () => blameEntry(runner, returnTo),
  );
  places.gprs.forEach((offset, r) => {
    if (r > 0) {
      expect(registerName(r), m.gpr[r] ?? 0n, read(offset), () => blameLoad(runner, r, context, offset));
    }
  });
  for (const [csr, offset] of places.csrs) {
    if (MOVING.has(csr.name)) continue;
    const mask = m.guest.writeMask(csr, "host");
    expect(
      `guest ${csr.name}`,
      m.guest.read(csr) & mask,
      read(offset) & mask,
      () => blameGuestCsr(runner, csr),
    );
  }
  refuse("Cannot enter the guest: at the ertn", findings);
}

/** The context after the code returned: what the guest had when it left. */
export function checkExit(
  { plan, runner, context, read }: Switching,
  m: Machine,
  gprs: ArrayLike<bigint>,
): void {
  const findings: string[] = [];
  plan.places.gprs.forEach((offset, r) => {
    const [got, wanted] = [read(offset), gprs[r] ?? 0n];
    if (r === 0 || got === wanted) return;
    const blame = blameSave(runner, r, context, offset);
    findings.push(
      `the guest's ${registerName(r)} is ${hex(got)} in the context, was ${hex(wanted)}: ${blame}`,
    );
  });
  for (const [csr, offset] of plan.places.csrs) {
    const [got, wanted] = [read(offset), m.guest.read(csr)];
    if (MOVING.has(csr.name) || csr.options.guest !== "copy" || BigInt.asUintN(csr.width, got) === wanted) {
      continue;
    }
    const blame = blameGuestCsrSave(runner, csr, context + BigInt(offset));
    findings.push(`guest ${csr.name} is ${hex(got)} in the context, was ${hex(wanted)}: ${blame}`);
  }
  refuse("Cannot go on with what the code saved", findings);
}

/** CSRs that were not restored when the code called a function. */
export interface LateRestore {
  readonly call: Pick<HostStep, "pc" | "word">;
  /** How many instructions were executed before it. */
  readonly at: number;
  readonly csrs: readonly {
    readonly what: string;
    readonly csr: CsrDeclaration;
    readonly got: bigint;
    readonly wanted: bigint;
  }[];
}

/** What has to be restored before a call, and is not; undefined if all is well. */
export function lateRestores(
  { plan, runner }: Switching,
  call: LateRestore["call"],
  before: CsrBank,
  now: CsrBank,
): LateRestore | undefined {
  if (runner.trace.exits === 0) return undefined;
  const csrs = plan.restoresBeforeCalls.flatMap(({ csr, field }) => {
    const mask = field?.mask ?? (1n << 64n) - 1n;
    const [got, wanted] = [now.read(csr) & mask, before.read(csr) & mask];
    const what = field === undefined ? csr.name : `${csr.name}.${field.name}`;
    return got === wanted ? [] : [{ what, csr, got, wanted }];
  });
  return csrs.length === 0 ? undefined : { call, at: runner.trace.steps.length, csrs };
}

/** To be called when the code has returned: whether it restored them later, or never. */
export function checkLateRestores(late: readonly LateRestore[], runner: CodeRunner): void {
  const [first] = late;
  if (first === undefined) return;
  const findings = first.csrs.map(({ what, csr, got, wanted }) => {
    const later = runner.trace.steps.slice(first.at).find((s) => s.csr?.csr === csr && !s.csr.isGuest);
    const blame = later === undefined
      ? blameCsr(runner, csr)
      : `it is written too late, by ${runner.textOf(later)}`;
    return `${what} is still ${hex(got)} then, expected ${hex(wanted)}: ${blame}`;
  });
  refuse(`The code calls too early, by ${runner.textOf(first.call)}`, findings);
}

/** The order of restores. */
export function checkOrder({ order }: SwitchPlan, runner: CodeRunner): void {
  const back = runner.trace.steps.filter((s) => s.exits > 0);
  const findings = order.flatMap((list) => {
    const writes = list.map((csr) => back.findIndex((s) => s.csr?.csr === csr && !s.csr.isGuest));
    return list.flatMap((csr, i) => {
      const [at, previous] = [writes[i] ?? -1, i === 0 ? -1 : writes[i - 1] ?? -1];
      const step = back[at];
      if (step === undefined) return [blameCsr(runner, csr)];
      if (at >= previous) return [];
      const other = back[previous];
      const behind = other === undefined ? "" : `, ${list[i - 1]?.name} only by ${runner.textOf(other)}`;
      return [`${csr.name} is written by ${runner.textOf(step)}${behind}`];
    });
  });
  const lists = order.map((list) => list.map((csr) => csr.name).join(", ")).join("; ");
  refuse(`The code does not keep the order ${lists} after an exit`, findings);
}
