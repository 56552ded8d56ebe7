/**
 * Prints `failure_reports.ts` as the bench would now write it:
 *
 *     deno run dsl/record_failure_reports.ts > reports.ts && mv reports.ts dsl/failure_reports.ts && deno fmt dsl/failure_reports.ts
 *
 * Read the difference before you keep it: the recorded texts say what a maintainer gets to see.
 *
 * @module
 */
import { FAILING_CASES, FAILING_HOST_CASES } from "./failure_cases.ts";
import { hostReportOf, reportOf } from "./failure_text.ts";

const rows = [
  ...FAILING_CASES.map((failing) => [failing.title, reportOf(failing)] as const),
  ...FAILING_HOST_CASES.map((failing) => [failing.title, hostReportOf(failing)] as const),
];

console.log(`/**
 * What the bench says about the cases in \`failure_cases.ts\`, each read by a person. Recorded by \`record_failure_reports.ts\`.
 *
 * @module
 */

/** The report of each failing case by title, a line an element. */
export const FAILURE_REPORTS: Readonly<Record<string, readonly string[]>> = {`);
for (const [title, text] of rows) {
  const lines = text.split("\n").map((line) => `    ${JSON.stringify(line)},`);
  console.log(`  ${JSON.stringify(title)}: [\n${lines.join("\n")}\n  ],`);
}
console.log("};");
