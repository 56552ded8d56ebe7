/**
 * Expected against actual, after one exit: what was named, and the frame around it that must not have moved.
 *
 * @module
 */
import {
  assemble,
  csrByName,
  type CsrDeclaration,
  exceptionByCode,
  EXCEPTIONS,
  registerName,
} from "../core/mod.ts";
import { BADI, BADV, CRMD, ECFG, EENTRY, ERA, ESTAT, PRMD } from "../core/csr/basic.ts";
import type { Entered, HardwareExit, VCpu } from "../vcpu/mod.ts";
import type { Bench } from "./bench.ts";
import type { ExpectedExit } from "./case.ts";
import { interruptNames } from "./decode.ts";
import { CaseError } from "./errors.ts";
import type { MaskedValue } from "./names.ts";
import type { RegisterSnapshot, StayObserver } from "./observe.ts";

/** One thing that is not as expected. */
export interface Difference {
  /** What: a register, a field, a place. */
  readonly what: string;
  /** The register's declaration, where values can be decoded. */
  readonly csr?: CsrDeclaration;
  readonly got: bigint | string;
  readonly expected: bigint | string;
  /** Why that was expected, where the case does not say so itself. */
  readonly why?: string;
}

/** The name of what happened: `GSPR`, `HVC`, `refill`, `running`. */
export function kindOf(entered: Entered): string {
  if (entered.kind === "budget") return "running";
  const { exit } = entered;
  if (exit.via === "refill") return "refill";
  const [ecode, esubcode] = [ESTAT.Ecode, ESTAT.EsubCode].map((f) => Number(f.get(exit.estat)));
  return exceptionByCode(ecode!, esubcode!)?.name ?? `Ecode 0x${ecode!.toString(16)}/${esubcode}`;
}

/** The guest as it was before it ran. */
export interface Before {
  readonly gprs: readonly bigint[];
}

/** True if an exit is of the expected kind and at the expected place: the same exit, whatever its details. */
export function sameExit(bench: Bench, expected: ExpectedExit, entered: Entered): boolean {
  if (kindOf(entered) !== expected.kind) return false;
  if (entered.kind === "budget") return true;
  const { exit } = entered;
  if (expected.at !== undefined && exit.pc !== bench.names.value(expected.at, "at")) return false;
  return expected.code === undefined || Number(exit.badi & 0x7fffn) === expected.code;
}

/** Compares one exit with its expectation. */
export class Comparison {
  readonly differences: Difference[] = [];
  readonly #bench: Bench;
  readonly #expected: ExpectedExit;
  readonly #where: string;

  constructor(bench: Bench, expected: ExpectedExit, where: string) {
    this.#bench = bench;
    this.#expected = expected;
    this.#where = where;
  }

  /** Everything that holds whether or not the guest left. */
  guest(before: Before, observer: StayObserver): void {
    this.#registers(before);
    this.#guestCsrs(observer);
    this.#memory();
  }

  /** What the hardware recorded and left alone. */
  exit(exit: HardwareExit, observer: StayObserver): void {
    this.#recorded(exit);
    this.#vector(exit, observer);
    this.#hostFrame(exit, observer);
  }

  #different(difference: Difference): void {
    this.differences.push(difference);
  }

  // The guest ----------------------------------------------------------------------------------------------------------

  #registers(before: Before): void {
    const { vcpu, names } = this.#bench;
    const named = names.registers(this.#expected.regs, `${this.#where}.regs`);
    for (let r = 1; r < 32; r++) {
      const got = vcpu.gpr(r);
      const expected = named.get(r) ?? (this.#expected.otherRegs === "any" ? got : before.gprs[r]!);
      if (got === expected) continue;
      const why = named.has(r) ? undefined : "unchanged: the case does not name it";
      this.#different({ what: registerName(r), got, expected, ...(why && { why }) });
    }
  }

  #guestCsrs(observer: StayObserver): void {
    const { vcpu, names } = this.#bench;
    const named = new Map([
      ...this.#taken(observer),
      ...names.csrs(this.#expected.csr, `${this.#where}.csr`),
    ]);
    for (const [csr, wanted] of named) this.#masked(`guest ${csr.name}`, csr, vcpu.guestCsr(csr), wanted);
    const [before, now] = [observer.first?.guest, observer.exit?.guest];
    if (this.#expected.otherCsrs === "any" || before === undefined || now === undefined) return;
    for (const csr of before.differing(now)) {
      // TVAL counts by itself.
      if (named.has(csr) || csr.name === "TVAL") continue;
      const [got, old] = [now.get(csr)!, before.get(csr)!];
      const why = "unchanged: the case does not name it";
      this.#different({ what: `guest ${csr.name}`, csr, got, expected: old, why });
    }
  }

  /** LVZ-EXIT-28: what an exception that the guest took itself does to its copies. */
  #taken({ first }: StayObserver): ReadonlyMap<CsrDeclaration, MaskedValue> {
    const { took } = this.#expected;
    if (took === undefined || first === undefined) return new Map();
    const { names } = this.#bench;
    const kind = EXCEPTIONS[took.kind];
    const at = names.value(took.at, `${this.#where}.took.at`);
    const badv = took.badv === undefined ? undefined : names.value(took.badv, `${this.#where}.took.badv`);
    const mode = first.guest.get(CRMD) ?? 0n;
    const previous = PRMD.PPLV.of(CRMD.PLV.get(mode)) | PRMD.PIE.of(CRMD.IE.get(mode)) |
      PRMD.PWE.of(CRMD.WE.get(mode));
    const changed = CRMD.PLV.mask | CRMD.IE.mask | CRMD.WE.mask;
    return new Map<CsrDeclaration, MaskedValue>([
      [CRMD, { value: mode & ~changed, mask: ALL_BITS }],
      [PRMD, { value: previous, mask: PRMD.PPLV.mask | PRMD.PIE.mask | PRMD.PWE.mask }],
      [ESTAT, {
        value: ESTAT.Ecode.of(BigInt(kind.ecode)) | ESTAT.EsubCode.of(BigInt(kind.esubcode)),
        mask: ESTAT.Ecode.mask | ESTAT.EsubCode.mask,
      }],
      [ERA, { value: at, mask: ALL_BITS }],
      ...this.#takenBadi(took.kind, at),
      ...(badv === undefined ? [] : [[BADV, { value: badv, mask: ALL_BITS }] as const]),
    ]);
  }

  /** BADI of an exception that the guest took; what a failed fetch or an unreadable place leaves there is not compared. */
  #takenBadi(kind: string, at: bigint): readonly (readonly [CsrDeclaration, MaskedValue])[] {
    if (kind === "INT") return [];
    const word = NO_INSTRUCTION.has(kind) ? undefined : this.#bench.readGuest(at, 4);
    return [[BADI, word === undefined ? { value: 0n, mask: 0n } : { value: word, mask: ALL_BITS }]];
  }

  #masked(what: string, csr: CsrDeclaration, got: bigint, { value, mask }: MaskedValue): void {
    const full = csr.width === 32 ? BigInt.asUintN(32, mask) : mask;
    if ((got & full) !== (value & full)) {
      this.#different({ what, csr, got, expected: (got & ~full) | (value & full) });
    }
  }

  #memory(): void {
    const { names } = this.#bench;
    this.#expected.memory?.forEach(({ at, value }, i) => {
      const where = `${this.#where}.memory[${i}]`;
      const gpa = names.value(at, `${where}.at`);
      const expected = names.value(value, `${where}.value`);
      const got = this.#bench.readGuest(gpa, 8);
      if (got === undefined) {
        throw new CaseError(`Cannot use ${where}.at: no guest memory at GPA 0x${gpa.toString(16)}`);
      }
      if (got !== expected) this.#different({ what: `memory at ${at}`, got, expected });
    });
  }

  // The exit -----------------------------------------------------------------------------------------------------------

  #recorded(exit: HardwareExit): void {
    const { names } = this.#bench;
    const { at, gpa, pending, refills } = this.#expected;
    if (at !== undefined) this.#equal("guest PC", exit.pc, names.value(at, `${this.#where}.at`));
    if (gpa !== undefined) {
      this.#equal("bad address (GPA)", exit.badv, names.value(gpa, `${this.#where}.gpa`));
    }
    if (pending !== undefined) this.#pending(exit, pending);
    if (exit.via === "general") this.#badi(exit);
    if (refills !== undefined) {
      this.#refills(refills.map((r, i) => names.value(r, `${this.#where}.refills[${i}]`)));
    }
  }

  #equal(what: string, got: bigint, expected: bigint, why?: string): void {
    if (got !== expected) this.#different({ what, got, expected, ...(why && { why }) });
  }

  #pending(exit: HardwareExit, names: readonly string[]): void {
    const positions = this.#bench.names.interrupts(names, `${this.#where}.pending`);
    const mask = positions.reduce((m, p) => m | 1n << BigInt(p), 0n);
    const got = ESTAT.IS.get(exit.estat);
    if ((got & mask) !== mask) {
      this.#different({
        what: "pending interrupts",
        got: interruptNames(got),
        expected: interruptNames(mask),
      });
    }
  }

  /** BADI holds the instruction of every synchronous exit but a failed fetch. */
  #badi(exit: HardwareExit): void {
    const expected = this.#expectedBadi(exit);
    if (expected !== undefined) this.#equal("BADI", exit.badi, expected, "the instruction at the guest's PC");
  }

  #expectedBadi(exit: HardwareExit): bigint | undefined {
    const { badi, kind } = this.#expected;
    if (typeof badi === "string") return BigInt(this.#word(badi));
    if (badi !== undefined) return this.#bench.names.value(badi, `${this.#where}.badi`);
    if (NO_INSTRUCTION.has(kind)) return undefined;
    return this.#bench.readGuest(exit.pc, 4);
  }

  #word(text: string): number {
    try {
      const program = assemble(text, { name: "badi", csrNumber: (name) => csrByName(name)?.number });
      return new DataView(program.segments[0]!.bytes.buffer).getUint32(
        program.segments[0]!.bytes.byteOffset,
        true,
      );
    } catch (error) {
      throw new CaseError(`Cannot use ${this.#where}.badi: ${(error as Error).message}`);
    }
  }

  #refills(expected: readonly bigint[]): void {
    const got = this.#refillsSeen;
    const text = (list: readonly bigint[]) => list.map((a) => `0x${a.toString(16)}`).join(", ") || "none";
    if (text(got) !== text(expected)) {
      this.#different({ what: "stage-2 refills", got: text(got), expected: text(expected) });
    }
  }

  #refillsSeen: readonly bigint[] = [];

  /** Tells which GPAs the hypervisor refilled. */
  refilled(gpas: readonly bigint[]): void {
    this.#refillsSeen = gpas;
  }

  /** LVZ-EXIT-06: where the exit must arrive. */
  #vector(exit: HardwareExit, { entry }: StayObserver): void {
    if (exit.via === "refill" || entry === undefined) return;
    const spacing = ECFG.VS.get(entry.host.get(ECFG)!);
    const ecode = Number(ESTAT.Ecode.get(exit.estat));
    const number = ecode === EXCEPTIONS.INT.ecode ? 64 + highestEnabled(exit, entry.host) : ecode;
    const base = entry.host.get(EENTRY)!;
    const expected = spacing === 0n ? base : base | BigInt(number) << (spacing + 2n);
    this.#equal(
      "exit vector",
      exit.vector,
      expected,
      `EENTRY | offset for ECFG.VS = ${spacing} (LVZ-EXIT-06)`,
    );
  }

  /** LVZ-EXIT-05: what an exit may change of the host, and nothing else. */
  #hostFrame(exit: HardwareExit, { entry, exit: after }: StayObserver): void {
    if (entry === undefined || after === undefined) return;
    const named = this.#bench.names.csrs(this.#expected.host, `${this.#where}.host`);
    for (const [csr, wanted] of named) {
      // Lines are no storage: what software reads shows them.
      const got = csr === ESTAT ? exit.estat : after.host.get(csr) ?? 0n;
      this.#masked(`host ${csr.name}`, csr, got, wanted);
    }
    const mayChange = new Set([...changedBy(exit), ...(this.#expected.hostMayChange ?? [])]);
    for (const csr of entry.host.differing(after.host)) {
      if (mayChange.has(csr.name) || named.has(csr)) continue;
      this.#different({
        what: `host ${csr.name}`,
        csr,
        got: after.host.get(csr)!,
        expected: entry.host.get(csr)!,
        why: "unchanged by this exit (LVZ-EXIT-05)",
      });
    }
  }
}

const ALL_BITS = (1n << 64n) - 1n;

/** Exceptions for which BADI says nothing about the guest's instruction. */
const NO_INSTRUCTION: ReadonlySet<string> = new Set([
  ...["INT", "PIF", "PNX", "ADEF", "GCHC", "refill", "running"],
]);

function highestEnabled(exit: HardwareExit, host: RegisterSnapshot): number {
  return 31 - Math.clz32(Number(ESTAT.IS.get(exit.estat) & ECFG.LIE.get(host.get(ECFG)!)));
}

/** The host registers that the hardware changes at an exit. TVAL and ESTAT.TI follow the timer. */
function changedBy(exit: HardwareExit): readonly string[] {
  if (exit.via === "refill") return ["TLBRERA", "TLBRBADV", "TLBREHI", "TLBRPRMD", "CRMD", "ESTAT", "TVAL"];
  const ecode = Number(ESTAT.Ecode.get(exit.estat));
  const always = ["ESTAT", "ERA", "TVAL"];
  if (ecode === EXCEPTIONS.INT.ecode) return always;
  const isPageFault = ecode >= EXCEPTIONS.PIL.ecode && ecode <= EXCEPTIONS.PPI.ecode;
  return [...always, "BADI", ...(isPageFault ? ["BADV", "TLBEHI"] : [])];
}

/** The registers of the host that a world switch promised to put back, compared. */
export function brokenPromises(
  what: string,
  promised: readonly CsrDeclaration[],
  before: RegisterSnapshot,
  after: RegisterSnapshot,
): Difference[] {
  return before.differing(after).filter((csr) => promised.includes(csr)).map((csr) => ({
    what: `host ${csr.name}`,
    csr,
    got: after.get(csr) ?? 0n,
    expected: before.get(csr) ?? 0n,
    why: what,
  }));
}

/** The guest's general registers now. */
export function guestRegisters(vcpu: VCpu): readonly bigint[] {
  return Array.from({ length: 32 }, (_, r) => vcpu.gpr(r));
}
