/**
 * A case with every name looked up, before anything runs: whatever a machine does, a case that names what does not exist is broken.
 *
 * @module
 */
import { AssemblyErrors, type CsrDeclaration, type Profile, type Program } from "../core/mod.ts";
import type {
  Actions,
  Case,
  ExpectedExit,
  ExpectedHandling,
  GuestExceptionName,
  Lines,
  Mapping,
  TimedEvent,
  Value,
} from "./case.ts";
import { hex } from "../core/hex.ts";
import { CaseError } from "./errors.ts";
import { type CsrValues, interruptPosition, Names, type RegisterValues } from "./names.ts";
import { assembleText } from "./program.ts";

/** Levels of interrupt lines by position in ESTAT.IS. */
export type LineLevels = ReadonlyMap<number, boolean>;

/** Lines that change a number of ticks after an entry. */
export interface ResolvedEvent {
  readonly at: number;
  readonly lines: LineLevels;
}

/** {@linkcode Actions} with names looked up. */
export interface ResolvedActions {
  /** The PC at which the guest goes on, if the case says so. */
  readonly resumeAt: bigint | undefined;
  readonly resumeRegisters: RegisterValues;
  readonly skip: boolean | undefined;
  readonly handle: ExpectedHandling | undefined;
  readonly setGuest: CsrValues;
  readonly setHost: CsrValues;
  readonly inject: readonly number[];
  readonly withdraw: readonly number[];
  readonly advance: number;
  readonly lines: LineLevels;
  readonly events: readonly ResolvedEvent[];
  readonly map: readonly Mapping[];
  readonly flush: boolean;
  readonly service: boolean;
  readonly rebind: boolean;
}

/** One 64-bit value of memory. */
export interface MemoryExpectation {
  /** The place as the case names it. */
  readonly name: string;
  readonly address: bigint;
  readonly value: bigint;
}

/** An exception that the guest took itself. */
export interface ResolvedException {
  readonly kind: GuestExceptionName;
  readonly at: bigint;
  readonly badv: bigint | undefined;
}

/** {@linkcode ExpectedExit} with names looked up. */
export interface ResolvedExit extends ResolvedActions {
  readonly kind: ExpectedExit["kind"];
  readonly code: number | undefined;
  /** The place as the case names it. */
  readonly place: string | undefined;
  readonly at: bigint | undefined;
  readonly gpa: bigint | undefined;
  /** Interrupts that must be pending, as bits of ESTAT.IS; 0 where the case names none. */
  readonly pending: bigint;
  readonly badi: bigint | undefined;
  readonly regs: RegisterValues;
  readonly otherRegs: "unchanged" | "any";
  readonly csr: CsrValues;
  readonly otherCsrs: "unchanged" | "any";
  readonly took: ResolvedException | undefined;
  readonly host: CsrValues;
  readonly hostMayChange: ReadonlySet<CsrDeclaration>;
  readonly memory: readonly MemoryExpectation[];
  readonly refills: readonly bigint[] | undefined;
}

/** {@linkcode Case} with names looked up. */
export interface ResolvedCase {
  readonly program: Program;
  readonly profile: Profile;
  readonly set: RegisterValues;
  readonly csr: CsrValues;
  readonly host: CsrValues;
  readonly lines: LineLevels;
  readonly inject: readonly number[];
  readonly map: readonly Mapping[];
  readonly events: readonly ResolvedEvent[];
  readonly exits: readonly ResolvedExit[];
  readonly runsOn: boolean;
  readonly budget: number;
}

const DEFAULT_BUDGET = 10_000;
const NOTHING: ReadonlySet<CsrDeclaration> = new Set();

/**
 * Looks up every name of a case.
 *
 * @throws {CaseError} with the place in the case
 */
export function resolveCase(c: Case, program: Program, profile: Profile): ResolvedCase {
  const names = new Names(program, profile);
  return {
    program,
    profile,
    set: names.registers(c.set, "set"),
    csr: names.csrs(c.csr, "csr"),
    host: names.csrs(c.host, "host"),
    lines: resolveLines(c.lines, "lines"),
    inject: names.interrupts(c.inject, "inject"),
    map: c.map ?? [],
    events: resolveEvents(c.events, "events"),
    exits: c.exits.map((e, i) => resolveExit(e, names, `exits[${i}]`)),
    runsOn: c.runsOn ?? true,
    budget: c.budget ?? DEFAULT_BUDGET,
  };
}

function resolveExit(e: ExpectedExit, names: Names, where: string): ResolvedExit {
  // A guest that still runs was stopped in the middle of its work.
  const others = e.kind === "running" ? "any" : "unchanged";
  const pending = names.interrupts(e.pending, `${where}.pending`);
  return {
    ...resolveActions(e, names, where),
    kind: e.kind,
    code: e.code,
    place: e.at === undefined ? undefined : placeName(e.at),
    at: optionalValue(e.at, names, `${where}.at`),
    gpa: optionalValue(e.gpa, names, `${where}.gpa`),
    pending: pending.reduce((bits, n) => bits | 1n << BigInt(n), 0n),
    badi: resolveWord(e.badi, names, `${where}.badi`),
    regs: names.registers(e.regs, `${where}.regs`),
    otherRegs: e.otherRegs ?? others,
    csr: names.csrs(e.csr, `${where}.csr`),
    otherCsrs: e.otherCsrs ?? others,
    took: e.took && {
      kind: e.took.kind,
      at: names.value(e.took.at, `${where}.took.at`),
      badv: optionalValue(e.took.badv, names, `${where}.took.badv`),
    },
    host: names.csrs(e.host, `${where}.host`),
    hostMayChange: e.hostMayChange === undefined
      ? NOTHING
      : new Set(e.hostMayChange.map((name) => names.csr(name, `${where}.hostMayChange`))),
    memory: resolveMemory(e.memory, names, `${where}.memory`),
    refills: e.refills?.map((r, i) => names.value(r, `${where}.refills[${i}]`)),
  };
}

function resolveActions(a: Actions, names: Names, where: string): ResolvedActions {
  const { pc, ...registers } = a.resume ?? {};
  return {
    resumeAt: optionalValue(pc, names, `${where}.resume.pc`),
    resumeRegisters: names.registers(registers as Readonly<Record<string, Value>>, `${where}.resume`),
    skip: a.skip,
    handle: a.handle,
    setGuest: names.csrs(a.set?.csr, `${where}.set.csr`),
    setHost: names.csrs(a.set?.host, `${where}.set.host`),
    inject: names.interrupts(a.inject, `${where}.inject`),
    withdraw: names.interrupts(a.withdraw, `${where}.withdraw`),
    advance: a.advance ?? 0,
    lines: resolveLines(a.lines, `${where}.lines`),
    events: resolveEvents(a.events, `${where}.events`),
    map: a.map ?? [],
    flush: a.flush ?? true,
    service: a.service ?? true,
    rebind: a.rebind ?? false,
  };
}

/** A value, if the case gives one. */
export function optionalValue(value: Value | undefined, names: Names, where: string): bigint | undefined {
  return value === undefined ? undefined : names.value(value, where);
}

/** How a message names a place of the case. */
function placeName(at: Value): string {
  if (typeof at === "string") return `\`${at}\``;
  return hex(BigInt.asUintN(64, BigInt(at)));
}

/** Looks up the places and values of memory. */
export function resolveMemory(
  memory: ExpectedExit["memory"],
  names: Names,
  where: string,
): readonly MemoryExpectation[] {
  return (memory ?? []).map(({ at, value }, i) => ({
    name: placeName(at),
    address: names.value(at, `${where}[${i}].at`),
    value: names.value(value, `${where}[${i}].value`),
  }));
}

const NO_LINES: LineLevels = new Map();

/** Looks up interrupt lines. */
export function resolveLines(lines: Lines | undefined, where: string): LineLevels {
  if (lines === undefined) return NO_LINES;
  const found = new Map<number, boolean>();
  for (const [name, level] of Object.entries(lines)) {
    const position = interruptPosition(name, `${where}.${name}`);
    if (!/^(HWI\d|IPI)$/.test(name)) {
      throw new CaseError(`Cannot use ${where}.${name}: only HWI0 to HWI7 and IPI are lines`);
    }
    found.set(position, level);
  }
  return found;
}

function resolveEvents(events: readonly TimedEvent[] | undefined, where: string): readonly ResolvedEvent[] {
  return (events ?? []).map(({ at, lines }, i) => ({
    at,
    lines: resolveLines(lines, `${where}[${i}].lines`),
  }));
}

/** An instruction word, or the instruction as text. */
function resolveWord(text: ExpectedExit["badi"], names: Names, where: string): bigint | undefined {
  if (typeof text !== "string") return optionalValue(text, names, where);
  const bytes = assembleBadi(text, where);
  if (bytes.length === 4) return BigInt(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
  throw new CaseError(`Cannot use ${where}: ${JSON.stringify(text)} is not one instruction`);
}

function assembleBadi(text: string, where: string): Uint8Array {
  try {
    const { segments } = assembleText(text, "badi");
    const [only] = segments;
    return segments.length === 1 && only !== undefined ? only.bytes : new Uint8Array();
  } catch (error) {
    if (!(error instanceof AssemblyErrors)) throw error;
    throw new CaseError(`Cannot use ${where}: ${error.message}`);
  }
}
