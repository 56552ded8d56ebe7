/**
 * One entry and exit of a described world switch, for looking at.
 *
 * @module
 */
import { LA464, ReferenceEngine } from "../../core/mod.ts";
import type { HostStep } from "../../vcpu/assembly/trace.ts";
import { HypervisorError } from "../../vcpu/mod.ts";
import { Bench } from "../bench.ts";
import { prepareCase } from "../run.ts";
import type { SwitchDescription } from "./description.ts";
import { describedSwitch } from "./world_switch.ts";

const GUEST = { rule: "LVZ-EXIT-08", code: "start: hvcl 0", exits: [{ kind: "HVC" }] } as const;
const BUDGET = 1_000;

/** What one call executed. */
export interface SwitchTrace {
  readonly steps: readonly HostStep[];
  place(address: bigint): string;
  /** The promise that it broke, which ended it. */
  readonly problem?: string;
}

/** Calls a world switch once: it enters a guest, which makes a hypercall. */
export function traceSwitch(description: SwitchDescription): SwitchTrace {
  const prepared = { ...prepareCase(GUEST), profile: LA464 };
  const bench = new Bench(prepared, describedSwitch(description), {
    engine: new ReferenceEngine(),
    traced: true,
  });
  const { runner } = bench.vcpu;
  if (runner === undefined) throw new TypeError(`Cannot trace ${description.name}: it is no machine code`);
  const problem = problemOf(() => {
    bench.bind();
    bench.vcpu.enter(BUDGET);
  });
  const place = (address: bigint) => runner.code.place(address).name;
  return { steps: runner.trace.steps, place, ...(problem !== undefined && { problem }) };
}

function problemOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof HypervisorError) return error.message;
    throw error;
  }
}
