/**
 * The forms that random states are made of: every row of the instruction table, the moves to and from FCSR0 to FCSR3 one by one, words
 * that encode nothing, and short sequences.
 *
 * @module
 */
import { didYouMean } from "../core/asm/suggest.ts";
import { type Instruction, ISA } from "../core/isa/table.ts";

/** Something to make states of. */
export interface Form {
  /** The mnemonic; of the moves to and from FCSR0 to FCSR3 with the register's number; or `undefined`, `sequence`. */
  readonly name: string;
  /** None where words that encode nothing, or sequences, are meant. */
  readonly instruction?: Instruction;
  /** Of the moves to and from FCSR0 to FCSR3: which one. */
  readonly fcsr?: number;
}

/** Words that encode nothing. */
export const UNDEFINED: Form = { name: "undefined" };
/** Short sequences that take their own exceptions. */
export const SEQUENCE: Form = { name: "sequence" };

function formsOf(instruction: Instruction): readonly Form[] {
  const { name } = instruction;
  if (!instruction.operands.some((o) => o.file === "fcsr")) return [{ name, instruction }];
  return [0, 1, 2, 3].map((fcsr) => ({ name: `${name} ${fcsr}`, instruction, fcsr }));
}

/** All of them. */
export const FORMS: readonly Form[] = [...ISA.all.flatMap(formsOf), UNDEFINED, SEQUENCE];

/** A name with `*` for any characters, as a condition. */
function glob(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

/**
 * The forms that a text names: names and patterns such as `f*.d`, separated by commas.
 *
 * @throws {RangeError} if a part of it names none
 */
export function selectForms(text: string): readonly Form[] {
  const patterns = text.split(",").map((part) => ({ part, condition: glob(part.trim()) }));
  for (const { part, condition } of patterns) {
    if (FORMS.some(({ name }) => condition.test(name))) continue;
    const near = didYouMean(part, FORMS.map(({ name }) => name));
    throw new RangeError(`Cannot select forms: none is called ${part}${near}`);
  }
  return FORMS.filter(({ name }) => patterns.some(({ condition }) => condition.test(name)));
}
