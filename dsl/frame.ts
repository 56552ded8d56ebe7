/**
 * The frame around a case: what must hold though no case says so. An exit changes of the host what the architecture says and no more;
 * a world switch gives back what it promised and carries the guest's state. All of it is compared at every exit of every case.
 *
 * @module
 */
import { type CsrBank, type CsrDeclaration, EXCEPTIONS, registerName } from "../core/mod.ts";
import { BADI, BADV, CRMD, ECFG, EENTRY, ERA, ESTAT } from "../core/csr/basic.ts";
import { TVAL } from "../core/csr/timer.ts";
import { TLBEHI, TLBRBADV, TLBREHI, TLBRERA, TLBRPRMD } from "../core/csr/translation.ts";
import { type HardwareExit, promised, type Promises, type VCpu } from "../vcpu/mod.ts";
import { compareMasked, compareUnchanged, type Transition } from "./compare.ts";
import { type Difference, unequal } from "./difference.ts";
import { ALL_BITS, type CsrValues, NO_CSRS } from "./names.ts";
import type { RegisterSnapshot, Stay, ValueSnapshot } from "./observe.ts";

// What an exit changes -------------------------------------------------------------------------------------------------

/** LVZ-EXIT-05: what each exit since the entry changed of the host, beyond what it may. */
export function compareHostFrame({ expected, entered, stays }: Transition): Difference[] {
  if (entered.kind === "budget") return [];
  const { exit } = entered;
  const last = stays.length - 1;
  const mayChange = (csr: CsrDeclaration) => expected.hostMayChange.has(csr) || expected.host.has(csr);
  return stays.flatMap((stay, i) => {
    if (i < last) {
      const isAllowed = (csr: CsrDeclaration) => REFILL_CHANGES.has(csr) || mayChange(csr);
      return unchangedHost(stay, isAllowed, `at stage-2 refill ${i + 1}, LVZ-EXIT-05`);
    }
    const named = [...expected.host].flatMap(([csr, wanted]) => {
      // Lines are no storage: what software reads of ESTAT shows them.
      const got = csr === ESTAT ? exit.estat : stay.exit?.host.get(csr) ?? 0n;
      return compareMasked(`host ${csr.name}`, got, wanted, { csr });
    });
    const changed = changedBy(exit);
    const isAllowed = (csr: CsrDeclaration) => changed.has(csr) || mayChange(csr);
    return [
      ...named,
      ...compareVector(stay, exit),
      ...unchangedHost(stay, isAllowed, "by this exit, LVZ-EXIT-05"),
    ];
  });
}

function unchangedHost(
  { entry, exit }: Stay,
  mayChange: (csr: CsrDeclaration) => boolean,
  when: string,
): readonly Difference[] {
  if (exit === undefined) return [];
  const changed = entry.host.differing(exit.host).filter((csr) => !mayChange(csr));
  return compareUnchanged("host", changed, entry.host, exit.host, `unchanged ${when}`);
}

/** TVAL and ESTAT.IS follow the timer and the lines. */
const ALWAYS_CHANGED = [ESTAT, TVAL] as const;
const REFILL_CHANGES: ReadonlySet<CsrDeclaration> = new Set<CsrDeclaration>([
  ...[...ALWAYS_CHANGED, TLBRERA, TLBRBADV, TLBREHI, TLBRPRMD, CRMD],
]);
const INTERRUPT_CHANGES: ReadonlySet<CsrDeclaration> = new Set<CsrDeclaration>([...ALWAYS_CHANGED, ERA]);
const INSTRUCTION_CHANGES: ReadonlySet<CsrDeclaration> = new Set([...INTERRUPT_CHANGES, BADI]);
const PAGE_FAULT_CHANGES: ReadonlySet<CsrDeclaration> = new Set([...INSTRUCTION_CHANGES, BADV, TLBEHI]);

/** The host registers that the hardware changes at an exit. */
function changedBy(exit: HardwareExit): ReadonlySet<CsrDeclaration> {
  if (exit.via === "refill") return REFILL_CHANGES;
  const ecode = ESTAT.Ecode.number(exit.estat);
  if (ecode === EXCEPTIONS.INT.ecode) return INTERRUPT_CHANGES;
  const isPageFault = ecode >= EXCEPTIONS.PIL.ecode && ecode <= EXCEPTIONS.PPI.ecode;
  return isPageFault ? PAGE_FAULT_CHANGES : INSTRUCTION_CHANGES;
}

/** LVZ-EXIT-06: where the exit must arrive. */
function compareVector({ entry, vector }: Stay, exit: HardwareExit): readonly Difference[] {
  if (exit.via === "refill" || vector === undefined) return [];
  const configuration = entry.host.get(ECFG) ?? 0n;
  const base = entry.host.get(EENTRY) ?? 0n;
  const spacing = ECFG.VS.get(configuration);
  const slot = BigInt(slotOf(exit, ECFG.LIE.get(configuration)));
  const expected = spacing === 0n ? base : base | slot << (spacing + 2n);
  const why = `EENTRY | offset for ECFG.VS = ${spacing}, LVZ-EXIT-06`;
  return unequal("exit vector", vector, expected, { why });
}

/** The vector's number: the exception code, or 64 and the highest interrupt that is pending and enabled. */
function slotOf({ estat }: HardwareExit, enabled: bigint): number {
  const ecode = ESTAT.Ecode.number(estat);
  if (ecode !== EXCEPTIONS.INT.ecode) return ecode;
  return 64 + 31 - Math.clz32(Number(ESTAT.IS.get(estat) & enabled));
}

// What a world switch promises -----------------------------------------------------------------------------------------

/** The host at one moment. */
export interface HostState {
  readonly csrs: RegisterSnapshot;
  readonly gprs: ValueSnapshot;
}

/** What the world switch promised of the host from entry to exit. */
export function compareRunPromises(vcpu: VCpu, before: HostState, after: HostState): Difference[] {
  const { restoredByRun, savedGprs } = vcpu.promises;
  const changed = restoredByRun.filter((promise) => !after.csrs.isSame(registerOf(promise), before.csrs));
  const lost = savedGprs.filter((r) => after.gprs.differsAt(r, before.gprs));
  if (changed.length + lost.length === 0) return [];
  const why = `the ${vcpu.name} world switch restores it`;
  const registers = lost.flatMap((r) =>
    unequal(`host ${registerName(r)}`, after.gprs.at(r), before.gprs.at(r), { why })
  );
  const csrs = changed.map(promised).flatMap(({ csr, mask }) => {
    const [got, value] = [after.csrs.get(csr) ?? 0n, before.csrs.get(csr) ?? 0n];
    return compareMasked(`host ${csr.name}`, got, { value, mask }, { csr, why });
  });
  return [...csrs, ...registers];
}

function registerOf(promise: Promises["restoredByRun"][number]): CsrDeclaration {
  return "number" in promise ? promise : promise[0];
}

/**
 * What the world switch promised of the host from bind to unbind.
 *
 * @param isOwn tells the registers that the case itself wrote meanwhile
 */
export function compareUnbindPromises(
  vcpu: VCpu,
  before: RegisterSnapshot,
  after: RegisterSnapshot,
  isOwn: (csr: CsrDeclaration) => boolean,
): Difference[] {
  const changed = vcpu.promises.restoredByUnbind.filter((csr) => !after.isSame(csr, before) && !isOwn(csr));
  const why = `the ${vcpu.name} world switch restores it when it gives the processor back`;
  return compareUnchanged("host", changed, before, after, why);
}

// What a world switch carries ------------------------------------------------------------------------------------------

/** Registers whose values move while the guest does not run: time passes, interrupts come and go. */
const MOVING: readonly string[] = ["ESTAT", "TVAL", "TICLR"];

/** The guest's CSRs as it left them, which it must find when it is entered again, but for what the hypervisor changed. */
export class CarriedState {
  #left: RegisterSnapshot | undefined;
  #written = NO_CSRS;

  /** The guest left with these values. */
  left(guest: RegisterSnapshot | undefined): void {
    this.#left = guest;
    this.#written = NO_CSRS;
  }

  /** The hypervisor wrote these values. */
  wrote(values: CsrValues): void {
    this.#written = values;
  }

  /** What the guest found at an entry, against what it should have found. */
  compare(entry: RegisterSnapshot, bank: CsrBank, vcpu: VCpu): Difference[] {
    const changed = this.#left?.differing(entry) ?? [];
    if (changed.length === 0 && this.#written.size === 0) return [];
    const candidates = new Set([...changed, ...this.#written.keys()]);
    const why = `at the entry: the ${vcpu.name} world switch carries it`;
    return [...candidates].flatMap((csr) => {
      const written = this.#written.get(csr);
      // What becomes of a write to a register with rules of its own, or without a copy, is for cases about it to say.
      const isOwn = csr.options.guest !== "copy" ||
        (written !== undefined && csr.options.legalise !== undefined);
      if (isOwn || MOVING.includes(csr.name)) return [];
      const { value, mask } = written ?? { value: 0n, mask: 0n };
      const left = this.#left?.get(csr);
      const known = left === undefined ? mask : ALL_BITS;
      const carried = ((left ?? 0n) & ~mask) | (value & mask);
      const wanted = { value: carried, mask: known & bank.writeMask(csr, "host") };
      return compareMasked(`guest ${csr.name}`, entry.get(csr) ?? 0n, wanted, { csr, why });
    });
  }
}
