/**
 * A state as a case of the DSL, ready to paste into a file of `specs/host/`.
 *
 * @module
 */
import { hex } from "../core/hex.ts";
import { exceptionByCode } from "../core/exception_codes.ts";
import { assemble } from "../core/asm/assemble.ts";
import { AssemblyErrors } from "../core/asm/errors.ts";
import { csrByName, csrByNumber } from "../core/csr/table.ts";
import { disassemble } from "../core/isa/disassemble.ts";
import { registerName } from "../core/isa/registers.ts";
import { LA464 } from "../core/profile.ts";
import type { Ending, Result, State } from "../drivers/state.ts";
import { STOP, word } from "./scene.ts";

/** What a case starts with: direct mode at PLV0. */
const CRMD_AT_START = 8n;
const PHYSICAL = (1n << 48n) - 1n;
/** CSRs that an expected exception records without being named. */
const RECORDED = /^(CRMD|PRMD|ESTAT|ERA|BADI|TLBEHI|TLBR(ERA|EHI|PRMD)|PGD)$/;

/** Why a state is no case. */
export interface Inexpressible {
  readonly reason: string;
}

const bare = (n: number) => registerName(n).slice(1);

function obstacle(state: State): string | undefined {
  if (state.mode !== "host") return "it starts in guest mode";
  if (state.end !== undefined) return "it has handlers of its own";
  if (state.host.csr.get("CRMD") !== CRMD_AT_START) return "cases start in direct mode at PLV0";
  if (state.memory.length !== 1) return "cases have no memory but their code";
  return undefined;
}

const csrNumber = (name: string) => csrByName(name)?.number;

/** An instruction as the assembler takes it; a word where it refuses to make it, as one with reserved operands. */
function sourceOf(w: number): string {
  const text = disassemble(w, { csrNames: (number) => csrByNumber(number)?.name });
  try {
    const { bytes } = assemble(text, { origin: 0n, csrNumber }).segments[0] ?? {};
    if (bytes !== undefined && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === w) {
      return text;
    }
  } catch (error) {
    if (!(error instanceof AssemblyErrors)) throw error;
  }
  return `.word ${hex(w)}`;
}

/** Code with what it needs before and behind it, and registers for that. */
class Program {
  readonly lines: string[] = [];
  readonly set = new Map<number, bigint>();
  readonly #free: number[];

  constructor({ host }: State, words: readonly number[]) {
    this.set = new Map(host.gpr);
    const named = new Set(words.flatMap((w) => [w & 31, (w >>> 5) & 31, (w >>> 10) & 31]));
    this.#free = Array.from({ length: 31 }, (_, n) => 31 - n).filter((n) =>
      !named.has(n) && !host.gpr.has(n)
    );
  }

  /** A register that nothing else uses. @throws {RangeError} if all are in use */
  free(): number {
    const found = this.#free.pop();
    if (found === undefined) throw new RangeError("Cannot write a case: all registers are in use");
    return found;
  }

  emit(w: number, label = ""): void {
    this.lines.push(`${label === "" ? "" : `${label}:`}`.padEnd(8) + sourceOf(w));
  }

  /** Gives the floating-point unit its state. */
  prepare({ fp }: State): void {
    const load = (v: bigint, move: (register: number) => number) => {
      const register = this.free();
      this.set.set(register, v);
      this.emit(move(register));
    };
    for (const [n, v] of fp.fpr) load(v, (r) => word("movgr2fr.d", n, r));
    for (const [n, v] of fp.fcc) load(BigInt(v), (r) => word("movgr2cf", n, r));
    if (fp.fcsr !== 0) load(BigInt(fp.fcsr), (r) => word("movgr2fcsr", 0, r));
  }
}

/** What the floating-point unit holds afterwards, in general registers. */
function collect(program: Program, result: Result): Map<number, bigint> {
  const expected = new Map<number, bigint>();
  const read = (v: bigint, move: (register: number) => number) => {
    const register = program.free();
    expected.set(register, v);
    program.emit(move(register));
  };
  for (const [n, v] of result.fpr) read(v, (r) => word("movfr2gr.d", r, n));
  for (const [n, v] of result.fcc) read(BigInt(v), (r) => word("movcf2gr", r, n));
  if (result.fcsr !== undefined) {
    read(BigInt.asUintN(64, BigInt(result.fcsr | 0)), (r) => word("movfcsr2gr", r, 0));
  }
  return expected;
}

function endsText(ending: Ending): string | undefined {
  if (ending.kind !== "exception") return undefined;
  if (ending.entry !== "general") return ending.entry;
  return exceptionByCode(ending.ecode, ending.esubcode)?.name;
}

function object(entries: readonly (readonly [string, bigint])[]): string {
  return entries.length === 0 ? "{}" : `{ ${entries.map(([n, v]) => `${n}: ${hex(v)}n`).join(", ")} }`;
}

/**
 * A state as a `Deno.test` with a case.
 *
 * @param result what the case expects
 * @param source who said so, for a comment
 */
export function hostText(
  title: string,
  state: State,
  result: Result,
  source: string,
): string | Inexpressible {
  const reason = obstacle(state);
  if (reason !== undefined) return { reason };
  const { ending } = result;
  const ends = endsText(ending);
  if (ending.kind !== "exception" || ends === undefined) return { reason: "it ends in no exception" };
  const [block] = state.memory;
  const words = block?.words ?? [];
  const start = Number(state.host.pc & PHYSICAL) - (block?.at ?? 0);
  const stopped = Number(ending.at & PHYSICAL) - (block?.at ?? 0);
  if (start !== 0) return { reason: "it starts in the middle of its memory" };
  const program = new Program(state, words);
  program.prepare(state);
  let read = new Map<number, bigint>();
  words.forEach((w, i) => {
    if (4 * i === stopped && w === STOP) read = collect(program, result);
    program.emit(w, 4 * i === stopped ? "stop" : i === 0 ? "start" : "");
  });
  const csrs = [...state.host.csr].filter(([name]) => name !== "CRMD");
  const changed = [...result.csr].filter(([name]) => !RECORDED.test(name));
  const regs = [...result.gpr, ...read].map(([n, v]) => [bare(n), v] as const);
  const lines = [
    `Deno.test("${title}", host({`,
    `  rule: "?", // expected is what ${source} answers: what does the manual say?`,
    ...(state.profile === LA464.name ? [] : [`  profile: "${state.profile}",`]),
    ...(program.set.size === 0 ? [] : [`  set: ${object([...program.set].map(([n, v]) => [bare(n), v]))},`]),
    ...(csrs.length === 0 ? [] : [`  csr: ${object(csrs)},`]),
    "  code: `",
    ...program.lines.map((line) => `    ${line}`),
    "  `,",
    `  expect: { ends: "${ends}", at: "stop"${regs.length === 0 ? "" : `, regs: ${object(regs)}`}${
      changed.length === 0 ? "" : `, csr: ${object(changed)}`
    } },`,
    "}));",
  ];
  return stopped >= 0 && stopped < 4 * words.length ? lines.join("\n") : { reason: "it ends elsewhere" };
}
