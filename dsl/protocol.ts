/**
 * Cases about a hypervisor's own software.
 *
 * @module
 */
import { WORLD_SWITCHES } from "../vcpu/mod.ts";
import { attempt } from "./attempt.ts";
import { executionOf, runCase } from "./execution.ts";
import type { Outcome } from "./outcome.ts";
import type { ProtocolCase } from "./protocol_case.ts";
import { ProtocolRun } from "./protocol_run.ts";
import { type CaseTest, caseTest, type RunOptions } from "./test_function.ts";
import { validateProtocol } from "./validate.ts";

/**
 * Makes a test function of a case about a protocol.
 *
 * @example
 * ```ts
 * import { protocol } from "./mod.ts";
 *
 * Deno.test("KVM leaves a processor with LVZ off", protocol({
 *   rule: "PROTO-KVM-02",
 *   switches: ["kvm"],
 *   calls: [
 *     { call: "enable" },
 *     {
 *       call: "disable",
 *       executes: [["GCFG", 0], ["GSTAT", 0], ["GINTC", 0], ["GTLBC", { USETGID: 0, TOTI: 0 }], "invtlb 0x12"],
 *     },
 *   ],
 * }));
 * ```
 */
export function protocol(c: ProtocolCase, options: RunOptions = {}): CaseTest<ProtocolCase> {
  return caseTest(c, (more) => runProtocol(c, { ...options, ...more }), options.place ?? protocol);
}

/** Runs a case on each of its world switches; whatever goes wrong becomes part of an outcome. */
export function runProtocol(c: ProtocolCase, options: RunOptions = {}): readonly Outcome[] {
  const how = executionOf(options);
  const all = options.worldSwitches ?? WORLD_SWITCHES;
  // Nobody has looked at the case yet.
  const names: unknown = (c as Partial<ProtocolCase> | null | undefined)?.switches;
  const chosen = all.filter((s) =>
    Array.isArray(names) && (names.includes(s.name) || names.includes(s.protocol))
  );
  if (chosen.length === 0) return [attempt("none", () => refuse(c))];
  return chosen.map((s) =>
    runCase(s.name, how, (execution) => {
      validateProtocol(c);
      return new ProtocolRun(c, s, execution);
    })
  );
}

function refuse(c: ProtocolCase): never {
  validateProtocol(c);
  throw new RangeError("Cannot run the case: its world switches are not among those there are");
}
