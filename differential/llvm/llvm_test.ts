import {
  assert,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { ISA } from "../../core/isa/mod.ts";
import { Random } from "../../sequences/random.ts";
import { type Answer, assemblyInput, disassemblyInput, readAssembly, readDisassembly } from "./answers.ts";
import { type Asked, type Check, compare, kindOf, type KnownDifference } from "./compare.ts";
import { KNOWN } from "./known.ts";
import { type Line, rowLines } from "./lines.ts";
import { assembleLine, disassembleWord, encodeValues } from "./ours.ts";
import { pseudoLines } from "./pseudo_lines.ts";
import { randomSources } from "./random_sources.ts";
import { isClean, reportText } from "./report.ts";
import { randomWords } from "./words.ts";

// What llvm-mc prints --------------------------------------------------------------------------------------------------

Deno.test("readAssembly() gives each line its words or its refusal", () => {
  assertEquals(assemblyInput(["nop", "bad"]), "line_0: nop\nline_1: bad\n");
  const out = [
    "\t.text",
    "line_0:",
    "\tlu12i.w\t$a0, 1                        # encoding: [0x24,0x00,0x00,0x14]",
    "\tori\t$a0, $a0, 2                    # encoding: [0x84,0x08,0x80,0x03]",
    "line_1:",
    "line_2:",
    "line_3:",
    "\tnop                                     # encoding: [0x00,0x00,0x40,0x03]",
  ].join("\n");
  const err = "<stdin>:2:9: error: invalid operand\nline_1: bad\n        ^\n<stdin>:2:9: error: second\n";
  assertEquals(readAssembly({ out, err }, 4), [
    { value: "0x14000024 0x03800884" },
    { refused: "invalid operand" },
    { value: "" },
    { value: "0x03400000" },
  ]);
});

Deno.test("readAssembly() refuses output that leaves lines out, or words whose bits are not all known", () => {
  const out = "line_0:\n\tb\tx  # encoding: [A,A,A,0b010100AA]\n";
  assertThrows(() => readAssembly({ out, err: "" }, 1), Error, "this line has no word of four bytes: b");
  assertThrows(
    () => readAssembly({ out: "line_0:\n", err: "" }, 2),
    Error,
    "Cannot read LLVM's answer: 2 lines were asked about, 1 were answered",
  );
});

Deno.test("readDisassembly() gives each word its text or its refusal", () => {
  assertEquals(disassemblyInput([0x02c00404, 1]), "0x4 0x4 0xc0 0x2\n0x1 0x0 0x0 0x0\n");
  const out = "\t.text\n\taddi.d\t$a0, $zero, 1\n\tnop\n";
  const err = "<stdin>:2:1: warning: invalid instruction encoding\n0x1 0x0 0x0 0x0\n^\n";
  assertEquals(readDisassembly({ out, err }, 3), [
    { value: "addi.d $a0, $zero, 1" },
    { refused: "invalid instruction encoding" },
    { value: "nop" },
  ]);
  assertThrows(
    () => readDisassembly({ out, err }, 4),
    Error,
    "Cannot read LLVM's answer: 4 words were asked about, 2 were read, 1 refused",
  );
});

// Comparing -----------------------------------------------------------------------------------------------------------

const refused: Answer = { refused: "no" };

function asked(
  ours: Answer,
  theirs: Answer,
  question = "add.d $a0, $a1, $a2",
  check: Check = "assemble",
): Asked {
  return { check, form: question.split(" ", 1)[0] ?? "", question, ours, theirs };
}

/** Lines with our own answers on both sides. */
function agreeing(lines: readonly Line[]): Asked[] {
  return lines.flatMap(({ form, text, values }): Asked[] => {
    const ours = assembleLine(text);
    const question: Asked = { check: "assemble", form, question: text, ours, theirs: ours };
    return values === undefined || "refused" in ours
      ? [question]
      : [question, { ...question, check: "encode", ours: encodeValues(form, values) }];
  });
}

Deno.test("compare() reports another word, a refusal of one side only, and nothing else", () => {
  const cases: readonly (readonly [Answer, Answer, string | undefined])[] = [
    [{ value: "0x1" }, { value: "0x1" }, undefined],
    [{ value: "0x1" }, { value: "0x2" }, "both take it"],
    [{ value: "0x1" }, { value: "0x1 0x1" }, "both take it"],
    [{ value: "" }, { value: "0x1" }, "both take it"],
    [{ value: "0x1" }, refused, "only we take it"],
    [refused, { value: "0x1" }, "only LLVM takes it"],
    [refused, { refused: "another reason" }, undefined],
  ];
  for (const [ours, theirs, kind] of cases) {
    const question = asked(ours, theirs);
    assertEquals(kindOf(question), kind);
    const comparison = compare([question], []);
    assertEquals(comparison.differences, kind === undefined ? [] : [question]);
    assertEquals(isClean(comparison, true), kind === undefined);
  }
});

Deno.test("compare() finds one wrong bit among the answers about a row", () => {
  for (const name of ["add.d", "beqz", "csrxchg", "fsel", "bstrpick.d", "hvcl"]) {
    const instruction = ISA.get(name);
    assert(instruction !== undefined, name);
    const questions = agreeing(rowLines(instruction));
    assertEquals(compare(questions, []).differences, [], name);
    const at = questions.findIndex(({ ours }) => "value" in ours);
    const wrong = questions.map((question, index): Asked => {
      if (index !== at || !("value" in question.theirs)) return question;
      const word = (Number(question.theirs.value) ^ 0x20) >>> 0;
      return { ...question, theirs: { value: `0x${word.toString(16).padStart(8, "0")}` } };
    });
    assertEquals(compare(wrong, KNOWN).differences, wrong.slice(at, at + 1), name);
  }
});

const ONLY_OURS: KnownDifference = {
  check: "assemble",
  kind: "only we take it",
  form: /^add\.d$/,
  question: /\$a2$/,
  reason: "of this test",
};

Deno.test("a known difference explains its check, kind, form and question alone", () => {
  const known = asked({ value: "0x1" }, refused);
  assertEquals(compare([known], [ONLY_OURS]), { differences: [], explained: 1, unused: [] });
  const others = [
    asked({ value: "0x1" }, { value: "0x2" }),
    asked(refused, { value: "0x2" }),
    asked({ value: "0x1" }, refused, "add.w $a0, $a1, $a2"),
    asked({ value: "0x1" }, refused, "add.d $a0, $a1, $a3"),
    asked({ value: "0x1" }, refused, "add.d $a0, $a1, $a2", "our text"),
  ];
  for (const other of others) {
    assertEquals(compare([other], [ONLY_OURS]), { differences: [other], explained: 0, unused: [ONLY_OURS] });
  }
  const byFunction = { ...ONLY_OURS, question: (text: string) => text.includes("$a1") };
  assertEquals(compare([known], [byFunction]).explained, 1);
});

Deno.test("a known difference that explains nothing is a failure, unless only some forms were asked about", () => {
  const same = asked({ value: "0x1" }, { value: "0x1" });
  const comparison = compare([same], [ONLY_OURS]);
  assertFalse(isClean(comparison, true));
  assert(isClean(comparison, false));
  const text =
    'unused: the known difference "of this test" (assemble, only we take it, /^add\\.d$/ /\\$a2$/) explains nothing';
  assertStringIncludes(reportText([same], comparison, true), text);
  assertFalse(reportText([same], comparison, false).includes("unused"));
});

Deno.test("the known atomics and bit ranges are those that name a register twice or are empty", () => {
  const explained = (question: string) =>
    compare([asked({ value: "0x1" }, refused, question, "our text")], KNOWN).explained;
  const rows: readonly (readonly [string, number])[] = [
    ["amadd.w $a0, $a0, $a1", 1],
    ["amadd.w $a0, $a1, $a0", 1],
    ["amadd.w $a1, $a0, $a0", 0],
    ["amadd.w $a1, $a10, $a11", 0],
    ["add.d $a0, $a0, $a1", 0],
    ["bstrpick.w $a0, $a1, 3, 5", 1],
    ["bstrpick.w $a0, $a1, 5, 5", 0],
    ["bstrins.d $a0, $a1, 33, 4", 0],
  ];
  for (const [question, count] of rows) assertEquals(explained(question), count, question);
});

Deno.test("reportText() shows both answers, and of long ones the first line that differs", () => {
  const source: Asked = {
    ...asked(
      { value: ".text: 4 bytes\nsymbol a = 0x1" },
      { value: ".text: 4 bytes\nsymbol a = 0x2" },
      "a source",
      "source",
    ),
    source: "a: nop\n",
  };
  const questions = [asked({ value: "0x1" }, refused), source];
  assertEquals(reportText(questions, compare(questions, []), true).split("\n"), [
    "differs: add.d $a0, $a1, $a2",
    "  form add.d; a statement to words, by both; only we take it",
    "  ours  0x1",
    "  LLVM  refused: no",
    "differs: a source",
    "  form a; a whole source to sections and symbols, by both; both take it",
    "  ours  symbol a = 0x1",
    "  LLVM  symbol a = 0x2",
    "    a: nop",
    "      1 of 1 forms: a statement to words, by both; 0 refused by both",
    "      1: a whole source to sections and symbols, by both; 0 refused by both",
    "2 compared, 0 differences known, 2 unexplained",
  ]);
});

// What is asked -------------------------------------------------------------------------------------------------------

Deno.test("rowLines() has every register of every operand, every end, and one beyond each, for every row", () => {
  for (const instruction of ISA.all) {
    const lines = rowLines(instruction);
    assertEquals(new Set(lines.map(({ text }) => text)).size, lines.length, instruction.name);
    instruction.operands.forEach(({ kind, min, max, shift }, at) => {
      const tried = new Set(lines.flatMap(({ values }) => values === undefined ? [] : [Number(values[at])]));
      const unit = kind === "register" ? 1 : 2 ** shift;
      const wanted = kind === "register"
        ? Array.from({ length: max + 2 }, (_, number) => number)
        : [min - unit, min - 1, min, min + unit, max - unit, max, max + 1, max + unit, 0, 1, -1];
      for (const value of wanted) assert(tried.has(value), `${instruction.name}, operand ${at}, ${value}`);
    });
  }
});

Deno.test("the same seed gives the same questions, another seed others", () => {
  const all = (seed: string) => [
    pseudoLines(new Random(seed), 20),
    randomWords(ISA.all, new Random(seed), 200),
    randomSources(new Random(seed), 3),
  ];
  assertEquals(all("a"), all("a"));
  const others = all("b");
  all("a").forEach((part, index) => assertNotEquals<unknown>(part, others[index]));
});

Deno.test("our answers are words, texts, or refusals with their reason", () => {
  assertEquals(assembleLine("li.d $a0, 0x1001"), { value: "0x14000024 0x03800484" });
  assertEquals(assembleLine("addi.d $a0, $a1, 5000"), {
    refused: "guest.s:1:18: Cannot encode addi.d: si12 is 5000, range is -2048 to 2047",
  });
  assertEquals(encodeValues("add.d", [4n, 5n, 32n]), {
    refused: "Cannot encode add.d: rk is 32, range is 0 to 31",
  });
  assertEquals(disassembleWord(0x02c00404), { value: "addi.d $a0, $zero, 1" });
  assertEquals(disassembleWord(0), { refused: "it encodes no instruction" });
});
