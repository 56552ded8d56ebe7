/**
 * Our answers, in the form in which they are compared.
 *
 * @module
 */
import { assemble, AssemblyErrors, type Program } from "../../core/asm/mod.ts";
import { disassemble, encode, ISA } from "../../core/isa/mod.ts";
import { type Answer, wordsText } from "./answers.ts";

/** Our answer, where a mistake of the source is a refusal; any other error is ours and goes on. */
export function refusable(question: string, answer: () => string): Answer {
  try {
    return { value: answer() };
  } catch (error) {
    if (error instanceof AssemblyErrors || error instanceof RangeError) {
      return { refused: error.message.split("\n", 1)[0] ?? "" };
    }
    throw new Error(`Cannot compare: our answer to "${question}" is an unexpected error`, { cause: error });
  }
}

/** The words of all statements of a program that has no more than code. */
function programWords({ segments }: Program): number[] {
  return segments.flatMap(({ bytes }) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4, true));
  });
}

/** The words of a statement. */
export function assembleLine(text: string): Answer {
  return refusable(text, () => wordsText(programWords(assemble(text))));
}

/** The word of a row for operand values. */
export function encodeValues(form: string, values: readonly bigint[]): Answer {
  const instruction = ISA.get(form);
  if (instruction === undefined) throw new TypeError(`Cannot encode ${form}: it is no row`);
  return refusable(`${form} ${values}`, () => wordsText([encode(instruction, values)]));
}

/** The text of a word. */
export function disassembleWord(word: number): Answer {
  if (ISA.decode(word) === undefined) return { refused: "it encodes no instruction" };
  return { value: disassemble(word) };
}
