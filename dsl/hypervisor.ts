/**
 * What the hypervisor of a case does after an exit, before it enters the guest again.
 *
 * @module
 */
import { type Entered, type Exit, type HardwareExit, serviceInterrupts } from "../vcpu/mod.ts";
import type { Bench } from "./bench.ts";
import type { ExpectedHandling } from "./case.ts";
import { kindOf } from "./compare.ts";
import { hex } from "../core/hex.ts";
import { type Difference, unequal } from "./difference.ts";
import type { ResolvedActions } from "./resolve.ts";

/**
 * Does what a case says, but for what concerns time and the possession of the processor.
 *
 * @returns what the world switch's handler reported otherwise than expected
 */
export function act(
  bench: Bench,
  actions: ResolvedActions,
  entered: Extract<Entered, { kind: "exit" }>,
): readonly Difference[] {
  const { vcpu, cpu } = bench;
  const { exit } = entered;
  const kind = kindOf(entered);
  if (kind === "INT" && actions.service) serviceInterrupts(cpu);
  const differences = actions.handle === undefined ? [] : handle(bench, exit, actions.handle);
  if (differences.length > 0) return differences;
  if (actions.skip ?? skipsByDefault(actions, kind)) vcpu.pc = BigInt.asUintN(64, exit.pc + 4n);
  if (actions.resumeAt !== undefined) vcpu.pc = actions.resumeAt;
  for (const [r, value] of actions.resumeRegisters) vcpu.setGpr(r, value);
  bench.setGuestCsrs(actions.setGuest);
  bench.setHostCsrs(actions.setHost);
  for (const n of actions.withdraw) vcpu.withdrawInterrupt(n);
  for (const n of actions.inject) vcpu.injectInterrupt(n);
  bench.setLines(actions.lines);
  for (const m of actions.map) bench.map(m);
  if (actions.map.length > 0 && actions.flush) bench.flush();
  return [];
}

/** Hypercalls and sensitive instructions are over once the hypervisor has seen them. */
function skipsByDefault(actions: ResolvedActions, kind: string): boolean {
  const isOver = kind === "HVC" || kind === "GSPR";
  return isOver && actions.handle === undefined && actions.resumeAt === undefined;
}

function handle(bench: Bench, exit: HardwareExit, expected: ExpectedHandling): readonly Difference[] {
  return reportedOtherwise(bench.vcpu.handle(exit), expected);
}

/** What a world switch's handler reported otherwise than expected. */
export function reportedOtherwise(exit: Exit, expected: ExpectedHandling): readonly Difference[] {
  const got: Readonly<Record<string, unknown>> = { ...exit };
  return Object.entries(expected).flatMap(([name, wanted]) =>
    unequal(`handler's ${name}`, show(got[name]), show(wanted))
  );
}

function show(value: unknown): string {
  if (typeof value === "bigint" || typeof value === "number") return hex(BigInt(value));
  return Array.isArray(value) ? `[${value.map(show).join(", ")}]` : String(value);
}
