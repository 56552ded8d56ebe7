/**
 * Asking both: lines and words in batches.
 *
 * @module
 */
import { type Instruction, ISA } from "../../core/isa/mod.ts";
import { type Answer, wordsText } from "./answers.ts";
import type { Asked } from "./compare.ts";
import type { Line } from "./lines.ts";
import type { LlvmMc } from "./llvm_mc.ts";
import { assembleLine, disassembleWord, encodeValues } from "./ours.ts";

/** Statements, assembled by both; and those with operand values, encoded by us. */
export async function askLines(lines: readonly Line[], llvm: LlvmMc): Promise<Asked[]> {
  const answers = await llvm.assemble(lines.map(({ text }) => text));
  return lines.flatMap(({ form, text, values }, index): Asked[] => {
    const theirs = answerAt(answers, index);
    const assembled: Asked = { check: "assemble", form, question: text, ours: assembleLine(text), theirs };
    if (values === undefined) return [assembled];
    return [assembled, { ...assembled, check: "encode", ours: encodeValues(form, values) }];
  });
}

function answerAt(answers: readonly Answer[], index: number): Answer {
  const answer = answers[index];
  if (answer === undefined) throw new RangeError(`Cannot compare: answer ${index} is missing`);
  return answer;
}

/** What a word is about: the row that it matches, or else LLVM's mnemonic. */
function formOf(word: number, theirs: Answer): string {
  const ours = ISA.decode(word)?.name;
  if (ours !== undefined) return ours;
  return "value" in theirs ? theirs.value.split(" ", 1)[0] ?? "" : "no instruction";
}

/** Words, disassembled by both, and each text given to the other's assembler. */
export async function askWords(given: Iterable<number>, llvm: LlvmMc): Promise<Asked[]> {
  const words = [...new Set(given)];
  const answers = await llvm.disassemble(words);
  const asked = words.map((word, index): Asked => {
    const theirs = answerAt(answers, index);
    return {
      check: "disassemble",
      form: formOf(word, theirs),
      question: wordsText([word]),
      ours: disassembleWord(word),
      theirs,
    };
  });
  const ourTexts = asked.flatMap(({ form, question, ours }) =>
    "value" in ours ? [{ form, word: question, text: ours.value }] : []
  );
  const reassembled = await llvm.assemble(ourTexts.map(({ text }) => text));
  return [
    ...asked,
    ...ourTexts.map(({ form, word, text }, index): Asked => ({
      check: "our text",
      form,
      question: text,
      ours: { value: word },
      theirs: answerAt(reassembled, index),
    })),
    // A word that only LLVM knows is a difference already.
    ...asked.flatMap(({ form, question, ours, theirs }): Asked[] => {
      if (!("value" in theirs && "value" in ours)) return [];
      return [{
        check: "their text",
        form,
        question: theirs.value,
        ours: assembleLine(theirs.value),
        theirs: { value: question },
      }];
    }),
  ];
}

/** The words that LLVM made of statements: single instructions only. */
export function wordsOf(asked: readonly Asked[]): number[] {
  return asked.flatMap(({ theirs }) =>
    "value" in theirs && theirs.value.length === 10 ? [Number(theirs.value)] : []
  );
}

/** The rows to ask about. @throws {RangeError} if no row has the name */
export function rowsNamed(form: string | undefined): readonly Instruction[] {
  return form === undefined ? ISA.all : ISA.all.filter(({ name }) => name === form);
}
