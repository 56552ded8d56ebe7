/**
 * A sequence as text that can be pasted into a test file.
 *
 * @module
 */
import { csrName, disassemble, registerName } from "../core/mod.ts";
import type { Finding } from "./check.ts";
import type { Action, Sequence } from "./sequence.ts";
import { INVARIANTS } from "./violation.ts";

function wordLines(words: readonly number[], indent: string): string {
  if (words.length === 0) return "[]";
  const lines = words.map((word) => {
    return `${indent}  0x${word.toString(16).padStart(8, "0")}, // ${
      disassemble(word, { csrNames: csrName })
    }`;
  });
  return `[\n${lines.join("\n")}\n${indent}]`;
}

function registers(gpr: Readonly<Record<string, string>>): string {
  const names = Object.keys(gpr).map((r) => registerName(Number(r)));
  return names.length === 0 ? "" : ` // ${names.join(", ")}`;
}

function actionText(action: Action): string {
  if (action.kind !== "run") return `      ${JSON.stringify(action)},`;
  const { code, gpr, ...rest } = action;
  const fields = Object.entries(rest).map(([k, v]) => `        ${k}: ${JSON.stringify(v)},`);
  return [
    "      {",
    ...fields,
    `        gpr: ${JSON.stringify(gpr)},${registers(gpr)}`,
    `        code: ${wordLines(code, "        ")},`,
    "      },",
  ].join("\n");
}

/** A test that fails as long as the sequence breaks its invariant. */
export function testText({ seed, timed, handlers, actions }: Sequence, { invariant, text }: Finding): string {
  const first = text.split("\n")[0];
  const handlerText = handlers.map((h) =>
    `      {\n        general: ${wordLines(h.general, "        ")},\n        refill: ${
      wordLines(h.refill, "        ")
    },\n      },`
  );
  return `// ${first}
Deno.test(${JSON.stringify(INVARIANTS[invariant])}, () => {
  const { finding } = checkSequence({
    seed: ${JSON.stringify(seed)},
    timed: ${timed},
    handlers: [
${handlerText.join("\n")}
    ],
    actions: [
${actions.map(actionText).join("\n")}
    ],
  });
  assertEquals(finding, undefined);
});`;
}

/** Where code of a case starts (`CODE_GPA` of dsl/bench.ts), for the reader of {@linkcode caseText}. */
const NOTE = "addresses move: a case's code starts at 0x10000, its memory at GPA 0 has 256 KiB";

/**
 * The same as a case of `specs/`, where one guest and one block of code are all that it takes; undefined otherwise.
 */
export function caseText({ actions }: Sequence, { invariant, text }: Finding): string | undefined {
  const [run, ...more] = actions;
  if (run?.kind !== "run" || more.length > 0 || run.code.length === 0) return undefined;
  const set = Object.entries(run.gpr).map(([r, v]) => `${registerName(Number(r)).slice(1)}: ${v}n`);
  const csr = Object.entries(run.csr).map(([name, v]) => `${name}: ${v}n`);
  const code = run.code.map((word) => `      ${disassemble(word, { csrNames: csrName })}`);
  return `Deno.test(${JSON.stringify(`${INVARIANTS[invariant]} (choose a title and a rule)`)}, guest({
  rule: "…", // ${text.split("\n")[0]}; ${NOTE}
  set: { ${set.join(", ")} },
  csr: { ${csr.join(", ")} },
  code: \`
${code.join("\n")}
  \`,
  exits: [],
}));`;
}
