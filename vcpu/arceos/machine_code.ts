/**
 * The world switch of loongarch_vcpu as machine code: what stands between the Rust code in `vcpu.ts` and the assembly text in
 * `switch_text.ts`.
 *
 * @module
 */
import { assembleCode, loadCode, type MachineCode, PHYSICAL, symbolOf } from "../assembly/code.ts";
import { servedRefills } from "../assembly/exits.ts";
import { CodeRunner } from "../assembly/runner.ts";
import type { HostLayout, Refill } from "../contract.ts";
import type { HostCpu } from "../host_cpu.ts";
import { ARCEOS_SWITCH_TEXT } from "./switch_text.ts";

/** Assembled text by the layout that it is for; a memo of a pure function. */
const ASSEMBLED = new Map<string, MachineCode>();

function codeFor({ text, exitEntry, refillEntry }: HostLayout): MachineCode {
  const key = [text, exitEntry, refillEntry].join();
  let code = ASSEMBLED.get(key);
  if (code === undefined) {
    // The refill entry is physical, and the code that it jumps to is named by a window: only the distance counts.
    const sections = { ".vectors": exitEntry, ".refill": (text & ~PHYSICAL) | refillEntry };
    code = assembleCode(ARCEOS_SWITCH_TEXT, "exception.S", { origin: text, sections });
    ASSEMBLED.set(key, code);
  }
  return code;
}

/** How an entry ended, beside what the code left in the frame. */
export type ArceosEntered =
  | {
    readonly kind: "exit";
    readonly via: "general" | "refill";
    readonly vector: bigint;
    readonly refills: readonly Refill[];
  }
  | { readonly kind: "budget"; readonly refills: readonly Refill[] };

/** One processor's way into a guest and back. */
export class ArceosMachineCode {
  readonly runner: CodeRunner;
  /** EENTRY while the guest runs; virtual. */
  readonly exitEntry: bigint;
  /** TLBRENTRY while the guest runs; physical. */
  readonly refillEntry: bigint;
  readonly #entry: bigint;

  constructor(cpu: HostCpu, layout: HostLayout) {
    const code = codeFor(layout);
    this.runner = new CodeRunner(cpu, code);
    this.exitEntry = symbolOf(code, "exit_vectors");
    this.refillEntry = symbolOf(code, "stage2_refill") & PHYSICAL;
    this.#entry = symbolOf(code, "run_guest");
    loadCode(cpu, code);
  }

  /** @param frameEnd address behind the frame, where the host's stack pointer is kept */
  enter(frameEnd: bigint, budget: number): ArceosEntered {
    const { returned, arrivals } = this.runner.call(this.#entry, [frameEnd], budget);
    const refills = servedRefills(arrivals, returned);
    const last = arrivals.at(-1);
    if (!returned || last === undefined) return { kind: "budget", refills };
    return { kind: "exit", via: last.via, vector: last.vector, refills };
  }
}
