/**
 * Expected against actual, after one exit: what the case names, and what it does not name of the guest.
 *
 * @module
 */
import { type CsrDeclaration, exceptionByCode, EXCEPTIONS, readCsr, registerName } from "../core/mod.ts";
import { BADI, BADV, CRMD, ERA, ESTAT, PRMD } from "../core/csr/basic.ts";
import { hypercallCode } from "../vcpu/guest_access.ts";
import type { Entered, HardwareExit, VCpu } from "../vcpu/mod.ts";
import type { Bench } from "./bench.ts";
import { hex } from "../core/hex.ts";
import { interruptNames } from "./decode.ts";
import { type Difference, type DifferenceDetails, unequal } from "./difference.ts";
import { CaseError } from "./errors.ts";
import { type CsrValues, type MaskedValue, NO_CSRS, type RegisterValues, wholeValue } from "./names.ts";
import { RegisterSnapshot, type Stay, ValueSnapshot } from "./observe.ts";
import type { ResolvedException, ResolvedExit } from "./resolve.ts";

/** One exit as the case expects it and as it came. */
export interface Transition {
  readonly bench: Bench;
  readonly expected: ResolvedExit;
  readonly entered: Entered;
  /** What the bench saw from the entry to this exit. */
  readonly stays: readonly Stay[];
  /** The guest's general registers before the entry. */
  readonly gprs: ValueSnapshot;
}

/** Why something was expected not to change. */
export const UNNAMED = "unchanged: the case does not name it";

/** The name of what happened: `GSPR`, `HVC`, `refill`, `running`. */
export function kindOf(entered: Entered): string {
  if (entered.kind === "budget") return "running";
  const { via, estat } = entered.exit;
  return via === "refill" ? "refill" : exceptionName(estat);
}

/** The name of the exception in ESTAT. */
export function exceptionName(estat: bigint): string {
  const ecode = ESTAT.Ecode.number(estat);
  const esubcode = ESTAT.EsubCode.number(estat);
  return exceptionByCode(ecode, esubcode)?.name ?? `Ecode ${ecode}/${esubcode}`;
}

/** True if an exit is of the expected kind and at the expected place: the same exit, whatever its details. */
export function sameExit(expected: ResolvedExit, entered: Entered): boolean {
  if (kindOf(entered) !== expected.kind) return false;
  if (entered.kind === "budget") return true;
  const { exit } = entered;
  if (expected.at !== undefined && exit.pc !== expected.at) return false;
  return expected.code === undefined || hypercallCode(Number(exit.badi)) === expected.code;
}

/** What differs from what the case names, and what it does not name but changed of the guest. */
export function compareGuest(t: Transition): Difference[] {
  const { bench, expected, entered, gprs } = t;
  return [
    ...(entered.kind === "exit" ? compareRecorded(t, entered.exit) : comparePlace(t)),
    ...compareRefills(t),
    ...compareRegisters(guestRegisters(bench, entered), gprs, expected.regs, expected.otherRegs),
    ...compareGuestCsrs(t),
    ...compareMemory(t),
  ];
}

/** A register of which some bits are expected. */
export function compareMasked(
  what: string,
  got: bigint,
  { value, mask }: MaskedValue,
  details: DifferenceDetails,
): readonly Difference[] {
  return unequal(what, got, (got & ~mask) | (value & mask), details);
}

/** Registers of a world that had to stay as they were. */
export function compareUnchanged(
  world: "host" | "guest",
  csrs: readonly CsrDeclaration[],
  before: RegisterSnapshot | undefined,
  after: RegisterSnapshot | undefined,
  why: string,
): Difference[] {
  if (csrs.length === 0) return [];
  return csrs.flatMap((csr) =>
    unequal(`${world} ${csr.name}`, after?.get(csr) ?? 0n, before?.get(csr) ?? 0n, { csr, why })
  );
}

/** General registers, by number, against those named and, unless others may change, against their values before. */
export function compareRegisters(
  now: ValueSnapshot,
  before: ValueSnapshot,
  named: RegisterValues,
  others: "unchanged" | "any",
): Difference[] {
  const found: Difference[] = [];
  for (let r = 0; r < GPRS; r++) {
    const expected = named.get(r);
    if (expected === undefined && (others === "any" || !now.differsAt(r, before))) continue;
    const details = expected === undefined ? { why: UNNAMED } : {};
    found.push(...unequal(registerName(r), now.at(r), expected ?? before.at(r), details));
  }
  return found;
}

const GPRS = 32;
/** To collect values in, which a snapshot then copies. */
const COLLECTED = new BigUint64Array(GPRS);

/** The guest's general registers as the world switch holds them. */
export function registersOf(vcpu: VCpu): ValueSnapshot {
  for (let r = 0; r < GPRS; r++) COLLECTED[r] = vcpu.gpr(r);
  return new ValueSnapshot(COLLECTED);
}

/** A guest that is still running has its registers in the processor, where the vCPU cannot see them. */
function guestRegisters({ vcpu, machine }: Bench, entered: Entered): ValueSnapshot {
  return entered.kind === "budget" ? new ValueSnapshot(machine.gpr) : registersOf(vcpu);
}

// What the hardware recorded -------------------------------------------------------------------------------------------

function compareRecorded({ bench, expected, stays }: Transition, exit: HardwareExit): Difference[] {
  const { gpa, pending } = expected;
  const seen = ESTAT.IS.get(exit.estat);
  const missing = pending & ~seen;
  return [
    ...(gpa === undefined ? [] : unequal("bad address (GPA)", exit.badv, gpa)),
    ...(missing === 0n
      ? []
      : unequal("pending interrupts", interruptNames(seen), interruptNames(seen | missing))),
    ...compareBadi(bench, expected, exit, stays.at(-1)),
  ];
}

/** Exceptions after which BADI does not hold the instruction: there is none, or it could not be fetched. */
const NO_INSTRUCTION: ReadonlySet<string> = new Set(["INT", "PIF", "PNX", "ADEF", "GCHC", "refill"]);

function compareBadi(
  bench: Bench,
  { kind, badi }: ResolvedExit,
  exit: HardwareExit,
  stay: Stay | undefined,
): readonly Difference[] {
  if (badi !== undefined) return unequal("BADI", exit.badi, badi, { isInstruction: true });
  const word = NO_INSTRUCTION.has(kind) ? undefined : bench.instructionAt(exit.pc, stay?.exit?.guest);
  const why = "the instruction at the guest's PC";
  return word === undefined ? [] : unequal("BADI", exit.badi, word, { isInstruction: true, why });
}

/** Where a guest is that was not expected to leave. */
function comparePlace({ bench, expected }: Transition): readonly Difference[] {
  return expected.at === undefined ? [] : unequal("guest PC", bench.machine.pc, expected.at);
}

function compareRefills({ expected, entered }: Transition): readonly Difference[] {
  if (expected.refills === undefined) return [];
  const text = (gpas: readonly bigint[]) => gpas.map(hex).join(", ") || "none";
  return unequal("stage-2 refills", text(entered.refills.map((r) => r.gpa)), text(expected.refills));
}

// The guest ------------------------------------------------------------------------------------------------------------

function compareGuestCsrs(t: Transition): Difference[] {
  const { bench, expected, entered, stays } = t;
  const taken = takenException(t);
  const wanted = taken.size === 0 ? expected.csr : new Map([...taken, ...expected.csr]);
  const named = [...wanted].flatMap(([csr, value]) => {
    const got = entered.kind === "exit" ? bench.vcpu.guestCsr(csr) : readCsr(bench.machine, true, csr);
    return compareMasked(`guest ${csr.name}`, got, value, { csr });
  });
  if (expected.otherCsrs === "any") return named;
  const before = stays[0]?.entry.guest;
  const after = stays.at(-1)?.exit?.guest ?? new RegisterSnapshot(bench.machine.guest);
  // TVAL counts by itself.
  const others = before?.differing(after).filter((csr) => !wanted.has(csr) && csr.name !== "TVAL") ?? [];
  return [...named, ...compareUnchanged("guest", others, before, after, UNNAMED)];
}

/** LVZ-EXIT-28: what an exception that the guest took itself does to its copies. */
function takenException({ bench, expected, stays }: Transition): CsrValues {
  const { took } = expected;
  const entry = stays[0]?.entry.guest;
  if (took === undefined || entry === undefined) return NO_CSRS;
  const { ecode, esubcode } = EXCEPTIONS[took.kind];
  const mode = entry.get(CRMD) ?? 0n;
  const cleared = CRMD.PLV.mask | CRMD.IE.mask | CRMD.WE.mask;
  const previous = PRMD.PPLV.of(CRMD.PLV.get(mode)) | PRMD.PIE.of(CRMD.IE.get(mode)) |
    PRMD.PWE.of(CRMD.WE.get(mode));
  return new Map<CsrDeclaration, MaskedValue>([
    [CRMD, wholeValue(CRMD, mode & ~cleared)],
    [PRMD, { value: previous, mask: PRMD.PPLV.mask | PRMD.PIE.mask | PRMD.PWE.mask }],
    [ESTAT, {
      value: ESTAT.Ecode.of(BigInt(ecode)) | ESTAT.EsubCode.of(BigInt(esubcode)),
      mask: ESTAT.Ecode.mask | ESTAT.EsubCode.mask,
    }],
    [ERA, wholeValue(ERA, took.at)],
    ...takenBadi(bench, took),
    ...(took.badv === undefined ? [] : [[BADV, wholeValue(BADV, took.badv)] as const]),
  ]);
}

/** BADI of an exception that the guest took; what a failed fetch or an unreadable place leaves there is not compared. */
function takenBadi(
  bench: Bench,
  { kind, at }: ResolvedException,
): readonly (readonly [CsrDeclaration, MaskedValue])[] {
  if (kind === "INT") return [];
  const word = NO_INSTRUCTION.has(kind) ? undefined : bench.readGuest(at, 4);
  return [[BADI, word === undefined ? { value: 0n, mask: 0n } : wholeValue(BADI, word)]];
}

function compareMemory({ bench, expected }: Transition): Difference[] {
  return expected.memory.flatMap(({ name, address, value }) => {
    const got = bench.readGuest(address, 8);
    if (got === undefined) {
      throw new CaseError(`Cannot compare memory at ${name}: no guest memory at GPA ${hex(address)}`);
    }
    return unequal(`memory at ${name}`, got, value);
  });
}
