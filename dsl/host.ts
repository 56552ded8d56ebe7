/**
 * Cases in host mode: the same bench without a guest.
 *
 * @module
 */
import {
  assemble,
  AssemblyErrors,
  csrByName,
  type CsrDeclaration,
  CSRS,
  type Engine,
  exceptionByCode,
  type Machine,
  MachineError,
  PROFILES,
  type Program,
  readCsr,
  ReferenceEngine,
  registerName,
  writeCsr,
} from "../core/mod.ts";
import { EENTRY, ERA, ESTAT, MERRENTRY } from "../core/csr/basic.ts";
import { TLBRENTRY, TLBRERA } from "../core/csr/translation.ts";
import { createVirtMachine } from "../devices/mod.ts";
import { profileOf } from "./bench.ts";
import type { Difference } from "./compare.ts";
import { CaseError } from "./errors.ts";
import type { HostCase } from "./host_case.ts";
import { interruptPosition, type MaskedValue, Names } from "./names.ts";
import type { Outcome, Problem } from "./run.ts";
import { isRuleId } from "./rules/mod.ts";
import { type CaseTest, caseTest, rulesOf, type RunOptions } from "./test_function.ts";

const CODE = 0x10000n;
const MEMORY = 0x40000;
const DEFAULT_BUDGET = 10_000;
const HISTORY = 8;
const DEFAULT_ENGINE: Engine = new ReferenceEngine();
const END = "__end_of_code";
/** Where vectors lead that the code did not set. */
const UNHANDLED_REFILL = 0x4000n;
const UNHANDLED_ERROR = 0x6000n;
/** With the largest ECFG.VS its vectors stay below {@linkcode CODE}. */
const UNHANDLED = 0x8000n;
/** What an exception records in its world's registers. */
const RECORDED: readonly string[] = ["CRMD", "PRMD", "ESTAT", "ERA", "BADI", "BADV", "TLBEHI", "GSTAT"];
const RECORDED_BY_REFILL: readonly string[] = ["CRMD", "TLBRERA", "TLBRBADV", "TLBREHI", "TLBRPRMD"];

/**
 * Makes a test function of a case in host mode.
 *
 * @example
 * ```ts
 * import { host } from "./mod.ts";
 *
 * Deno.test("hvcl in host mode is not defined", host({
 *   rule: "LVZ-INSN-10",
 *   code: `call: hvcl 0`,
 *   expect: { ends: "INE", at: "call" },
 * }));
 * ```
 */
export function host(c: HostCase): CaseTest<HostCase> {
  return caseTest(c, (options) => [runHostCase(c, options)], host);
}

/** Runs a case in host mode; whatever goes wrong becomes part of the outcome. */
export function runHostCase(c: HostCase, options: RunOptions = {}): Outcome {
  const outcome = { worldSwitch: "none (host mode)", profile: profileOf(c).name };
  let run: HostRun | undefined;
  try {
    validate(c);
    run = new HostRun(c, options.engine ?? DEFAULT_ENGINE);
    const problem = run.execute();
    return problem === undefined ? outcome : { ...outcome, problem };
  } catch (error) {
    const expected = error instanceof CaseError || error instanceof AssemblyErrors ||
      error instanceof MachineError;
    if (!expected) throw error;
    const problem: Problem = {
      result: "error",
      headline: error.message,
      differences: [],
      history: run?.history() ?? [],
    };
    return { ...outcome, problem };
  }
}

function validate(c: HostCase): void {
  for (const id of rulesOf(c)) {
    if (!isRuleId(id)) {
      throw new CaseError(
        `Cannot run the case: rule names ${JSON.stringify(id)}, which is not in the rule list`,
      );
    }
  }
  if (c.code.trim() === "") throw new CaseError("Cannot run the case: code is empty");
  if (c.profile !== undefined && !PROFILES.some((p) => p.name === c.profile)) {
    throw new CaseError(
      `Cannot run the case: profile names "${c.profile}"; there are ${
        PROFILES.map((p) => p.name).join(", ")
      }`,
    );
  }
}

type Values = ReadonlyMap<CsrDeclaration, bigint>;

class HostRun {
  readonly #case: HostCase;
  readonly #engine: Engine;
  readonly #machine: Machine;
  readonly #program: Program;
  readonly #names: Names;

  constructor(c: HostCase, engine: Engine) {
    this.#case = c;
    this.#engine = engine;
    this.#program = assemble(`${c.code}\n.text\n${END}:\n`, {
      name: "code",
      origin: CODE,
      csrNumber: (name) => csrByName(name)?.number,
      csrNames: CSRS.map((csr) => csr.name),
    });
    this.#names = new Names(this.#program);
    this.#machine = createVirtMachine({ memory: MEMORY, profile: profileOf(c) }).machine;
    this.#load();
  }

  #load(): void {
    const m = this.#machine;
    for (const { address, bytes } of this.#program.segments) {
      bytes.forEach((byte, i) => m.writePhysical(Number(address) + i, 1, BigInt(byte)));
    }
    for (let r = 1; r < 32; r++) m.gpr[r] = 0x9000_0000_0bad_0000n + BigInt(r);
    for (const [r, value] of this.#names.registers(this.#case.set, "set")) m.gpr[r] = value;
    m.host.write(EENTRY, UNHANDLED);
    m.host.write(TLBRENTRY, UNHANDLED_REFILL);
    m.host.write(MERRENTRY, UNHANDLED_ERROR);
    this.#writeCsrs(this.#names.csrs(this.#case.csr, "csr"), false);
    this.#writeCsrs(this.#names.csrs(this.#case.gcsr, "gcsr"), true);
    for (const [name, level] of Object.entries(this.#case.lines ?? {})) {
      m.setLine(interruptPosition(name, "lines"), level);
    }
    m.pc = m.nextPc = this.#program.entry;
  }

  #writeCsrs(values: ReadonlyMap<CsrDeclaration, MaskedValue>, isGuest: boolean): void {
    for (const [csr, { value, mask }] of values) {
      const old = readCsr(this.#machine, isGuest, csr);
      writeCsr(this.#machine, isGuest, csr, (old & ~mask) | (value & mask), isGuest ? "host" : "own");
    }
  }

  /** The last instructions, oldest first. */
  history(): Problem["history"] {
    return this.#machine.history.last(HISTORY);
  }

  execute(): Problem | undefined {
    const m = this.#machine;
    const before = { gprs: m.gpr.slice(), host: this.#values(false), guest: this.#values(true) };
    const end = this.#end();
    const budget = this.#case.budget ?? DEFAULT_BUDGET;
    // A guest that the code enters has addresses of its own.
    const stop = this.#engine.run(m, {
      budget,
      onInstruction: ({ pc, inGuest }) => !inGuest && (pc === end || (pc >= UNHANDLED_REFILL && pc < CODE)),
    });
    if (stop.kind !== "requested") {
      return this.#problem(
        `the code did not end: ${
          stop.kind === "budget" ? `it was still running after ${budget} instructions` : stop.kind
        }`,
        [],
      );
    }
    const ended = this.#ended();
    const expected = this.#case.expect.ends ?? "end";
    if (ended !== expected) {
      return this.#problem(`expected ${this.#wanted(expected)}, got ${this.#got(ended)}`, []);
    }
    const differences = [
      ...this.#place(ended),
      ...this.#registers(before.gprs),
      ...this.#csrs(before.host, false, ended),
      ...this.#csrs(before.guest, true, ended),
      ...this.#memory(),
    ];
    return differences.length === 0 ? undefined : this.#problem("the state afterwards differs", differences);
  }

  #end(): bigint {
    return this.#program.symbols.get("end") ?? this.#program.symbols.get(END)!;
  }

  #values(isGuest: boolean): Values {
    const bank = isGuest ? this.#machine.guest : this.#machine.host;
    const present = CSRS.filter((csr) => bank.has(csr.number) && (!isGuest || csr.options.guest === "copy"));
    return new Map(present.map((csr) => [csr, readCsr(this.#machine, isGuest, csr)]));
  }

  #ended(): string {
    const m = this.#machine;
    if (m.pc === this.#end()) return "end";
    if (m.pc === UNHANDLED_REFILL) return "refill";
    if (m.pc === UNHANDLED_ERROR) return "machine error";
    const estat = m.host.read(ESTAT);
    const [ecode, esubcode] = [ESTAT.Ecode, ESTAT.EsubCode].map((f) => Number(f.get(estat)));
    return exceptionByCode(ecode!, esubcode!)?.name ?? `Ecode ${ecode}`;
  }

  #returnAddress(ended: string): bigint {
    const { host, pc } = this.#machine;
    if (ended === "end") return pc;
    return ended === "refill" ? host.read(TLBRERA) & ~3n : host.read(ERA);
  }

  #wanted(expected: string): string {
    return expected === "end" ? "the end of the code" : expected;
  }

  #got(ended: string): string {
    if (ended === "end") return "the end of the code";
    const at = this.#returnAddress(ended);
    const label = this.#program.symbolAt(at);
    const place = label === undefined
      ? `0x${at.toString(16)}`
      : `\`${label.name}${label.offset === 0n ? "" : `+0x${label.offset.toString(16)}`}\``;
    return `${ended} at ${place}`;
  }

  #place(ended: string): Difference[] {
    const { at } = this.#case.expect;
    if (at === undefined) return [];
    const [got, expected] = [this.#returnAddress(ended), this.#names.value(at, "expect.at")];
    return got === expected ? [] : [{ what: "return address", got, expected }];
  }

  #registers(before: BigUint64Array): Difference[] {
    const { regs, otherRegs } = this.#case.expect;
    const named = this.#names.registers(regs, "expect.regs");
    return Array.from({ length: 32 }, (_, r) => r).flatMap((r): Difference[] => {
      const got = this.#machine.gpr[r]!;
      const expected = named.get(r) ?? (otherRegs === "any" ? got : before[r]!);
      if (got === expected) return [];
      const why = named.has(r) ? undefined : "unchanged: the case does not name it";
      return [{ what: registerName(r), got, expected, ...(why && { why }) }];
    });
  }

  #csrs(before: Values, isGuest: boolean, ended: string): Difference[] {
    const { csr, gcsr, otherCsrs, otherGcsrs } = this.#case.expect;
    const named = this.#names.csrs(isGuest ? gcsr : csr, isGuest ? "expect.gcsr" : "expect.csr");
    const free = (isGuest ? otherGcsrs : otherCsrs) === "any";
    const recorded = isGuest || ended === "end" ? [] : ended === "refill" ? RECORDED_BY_REFILL : RECORDED;
    return [...new Set([...before.keys(), ...named.keys()])].flatMap((declaration): Difference[] => {
      const got = readCsr(this.#machine, isGuest, declaration);
      const wanted = named.get(declaration);
      const old = before.get(declaration) ?? 0n;
      const what = `${isGuest ? "guest" : "host"} ${declaration.name}`;
      if (wanted !== undefined) return masked(what, declaration, got, wanted);
      // TVAL and the addresses derived from others move by themselves.
      if (free || got === old || recorded.includes(declaration.name) || MOVING.includes(declaration.name)) {
        return [];
      }
      return [{ what, csr: declaration, got, expected: old, why: "unchanged: the case does not name it" }];
    });
  }

  #memory(): Difference[] {
    return (this.#case.expect.memory ?? []).flatMap(({ at, value }, i): Difference[] => {
      const address = this.#names.value(at, `expect.memory[${i}].at`);
      const expected = this.#names.value(value, `expect.memory[${i}].value`);
      const got = this.#machine.readPhysical(Number(address), 8);
      return got === expected ? [] : [{ what: `memory at ${at}`, got, expected }];
    });
  }

  #problem(headline: string, differences: readonly Difference[]): Problem {
    const ended = this.#ended();
    return {
      result: "fail",
      headline,
      differences,
      history: this.history(),
      program: this.#program,
      actualAt: this.#returnAddress(ended),
    };
  }
}

const MOVING: readonly string[] = ["TVAL", "PGD"];

function masked(what: string, csr: CsrDeclaration, got: bigint, { value, mask }: MaskedValue): Difference[] {
  const full = csr.width === 32 && mask === (1n << 64n) - 1n ? 0xffffffffn : mask;
  if ((got & full) === (value & full)) return [];
  return [{ what, csr, got, expected: (got & ~full) | (value & full) }];
}
