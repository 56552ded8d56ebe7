/**
 * The conformance suite on one world switch.
 *
 * @module
 */
import type { CaseTest } from "../dsl/mod.ts";
import type { Case } from "../dsl/case.ts";
import { CaseError, CaseFailure } from "../dsl/errors.ts";
import { report, shellQuoted } from "../dsl/report.ts";
import type { WorldSwitch } from "../vcpu/mod.ts";

/** A case of guest code with its title. */
export interface SuiteCase {
  readonly title: string;
  readonly test: CaseTest<Case>;
}

/** True for a case that is about any world switch, or about the protocol that this one implements. */
export function concerns(test: CaseTest, { name, protocol }: WorldSwitch): test is CaseTest<Case> {
  if (!("exits" in test.case)) return false;
  const { switches } = test.case as Case;
  return switches === undefined || switches.includes(name) ||
    (protocol !== undefined && switches.includes(protocol));
}

/**
 * Runs a case on a world switch.
 *
 * @param command what runs cases again, up to the case's title
 * @throws {CaseFailure} if the world switch, or the machine below it, broke the rule
 * @throws {CaseError} if the case or the bench is broken
 */
export function runCase({ title, test }: SuiteCase, worldSwitch: WorldSwitch, command: string): void {
  const { switches: _own, ...c } = test.case;
  const outcomes = test.run({ worldSwitches: [worldSwitch] });
  const [problem] = outcomes.flatMap((o) => o.problem ?? []);
  if (problem === undefined) return;
  const repeat = `${command} ${shellQuoted(title)}`;
  const text = report(c, { title, place: test.place, repeat }, outcomes);
  throw problem.result === "fail" ? new CaseFailure(text) : new CaseError(text);
}
