/**
 * KVM's world switch as machine code: what stands between the C code in `vcpu.ts` and the assembly text in `switch_text.ts`.
 *
 * @module
 */
import {
  assembleCode,
  constantOf,
  joinCode,
  loadCode,
  type MachineCode,
  symbolOf,
} from "../assembly/code.ts";
import { servedRefills } from "../assembly/exits.ts";
import { type CodeRun, CodeRunner } from "../assembly/runner.ts";
import type { Entered, HostLayout } from "../contract.ts";
import type { FrameMemory } from "../context_frame.ts";
import { type HostCpu, HypervisorError } from "../host_cpu.ts";
import { HOST_REFILL_TEXT, KVM_SWITCH_TEXT } from "./switch_text.ts";
import { hostRefillEntry } from "./vcpu.ts";

/** What the C code puts into the context before it calls. */
export interface KvmContext {
  readonly pc: bigint;
  /** Stage-2 root; physical. */
  readonly root: bigint;
  readonly hostVs: bigint;
  readonly hostEentry: bigint;
  readonly hostPgdl: bigint;
}

/** Stands for the pointer to what user space shares with the vCPU. */
const RUN = 0x9000_0000_0011_0000n;
/** RESUME_HOST: the handler's work is the VMM's here, after the switch is over. */
const RETURN_TO_HOST = 0n;
/** BADI holds an instruction word. */
const WORD = 0xffff_ffffn;
/** Words of a context: ARCH_BYTES of the text. */
export const CONTEXT_WORDS = 46;

/** Assembled text by the layout that it is for; a memo of a pure function. */
const ASSEMBLED = new Map<string, MachineCode>();

function codeFor(layout: HostLayout): MachineCode {
  const { text, exitEntry } = layout;
  const refillEntry = hostRefillEntry(layout);
  const key = [text, exitEntry, refillEntry].join();
  let code = ASSEMBLED.get(key);
  if (code === undefined) {
    const own = assembleCode(KVM_SWITCH_TEXT, "switch.S", {
      origin: text,
      sections: { ".exit.text": exitEntry },
    });
    code = joinCode(own, assembleCode(HOST_REFILL_TEXT, "tlbex.S", { origin: refillEntry }));
    ASSEMBLED.set(key, code);
  }
  return code;
}

/** One vCPU's way into the guest and back. */
export class KvmMachineCode {
  readonly #runner: CodeRunner;
  readonly #address: bigint;
  readonly #words: BigUint64Array;
  readonly #code: MachineCode;

  /** @param context its memory */
  constructor(cpu: HostCpu, layout: HostLayout, { address, words }: FrameMemory) {
    const code = codeFor(layout);
    this.#code = code;
    this.#runner = new CodeRunner(cpu, code);
    this.#address = address;
    loadCode(cpu, code);
    this.#words = words.fill(0n);
    this.#set("ARCH_EXIT_ENTRY", symbolOf(code, "kvm_exc_entry"));
    this.#set(
      "ARCH_HANDLER",
      this.#runner.provide({ name: "kvm_handle_exit", call: (args) => this.#handler(args) }),
    );
  }

  /** r0 to r31 of the guest while it does not run. */
  get gprs(): BigUint64Array {
    return this.#words.subarray(0, 32);
  }

  get runner(): CodeRunner {
    return this.#runner;
  }

  #get(offset: string): bigint {
    return this.#words[constantOf(this.#code, offset) / 8] ?? 0n;
  }

  #set(offset: string, value: bigint): void {
    this.#words[constantOf(this.#code, offset) / 8] = value;
  }

  #handler([run, context]: readonly bigint[]): bigint {
    if (run === RUN && context === this.#address) return RETURN_TO_HOST;
    throw new HypervisorError(
      `Cannot handle the exit: the handler was called with 0x${run?.toString(16)} and 0x${
        context?.toString(16)
      }, ` +
        `not with the run and the context of the vCPU`,
    );
  }

  /** kvm_enter_guest. */
  enter(context: KvmContext, budget: number): Entered {
    this.#set("ARCH_PC", context.pc);
    this.#set("ARCH_ROOT", context.root);
    this.#set("ARCH_HOST_VS", context.hostVs);
    this.#set("ARCH_HOST_EENTRY", context.hostEentry);
    this.#set("ARCH_HOST_PGDL", context.hostPgdl);
    const run = this.#runner.call(symbolOf(this.#code, "kvm_enter_guest"), [RUN, this.#address], budget);
    return this.#entered(run);
  }

  #entered({ returned, arrivals }: CodeRun): Entered {
    const refills = servedRefills(arrivals, returned);
    const last = arrivals.at(-1);
    if (!returned || last === undefined) return { kind: "budget", refills };
    const [pc, estat, badv] = ["ARCH_PC", "ARCH_ESTAT", "ARCH_BADV"].map((name) => this.#get(name));
    return {
      kind: "exit",
      refills,
      exit: {
        via: last.via,
        vector: last.vector,
        estat: estat ?? 0n,
        pc: pc ?? 0n,
        badv: badv ?? 0n,
        badi: this.#get("ARCH_BADI") & WORD,
      },
    };
  }
}
