/**
 * What `llvm-mc` prints, read: the answer to each line or word that it was given. Nothing here runs it.
 *
 * @module
 */

/** What an assembler or a disassembler makes of one question: a text in a form that can be compared, or a refusal. */
export type Answer = { readonly value: string } | { readonly refused: string };

/** Words as an answer shows them. */
export function wordsText(words: readonly number[]): string {
  return words.map((word) => `0x${word.toString(16).padStart(8, "0")}`).join(" ");
}

/** Standard output and standard error of one run. */
export interface Output {
  readonly out: string;
  readonly err: string;
}

/** Each line gets a label, behind which LLVM prints what it made of the line. */
const LABEL = "line_";
const LABEL_LINE = new RegExp(`^${LABEL}(\\d+):$`);
const ENCODING = /# encoding: \[(0x\w\w),(0x\w\w),(0x\w\w),(0x\w\w)\]$/;

/** The text that asks about statements, one a line. */
export function assemblyInput(lines: readonly string[]): string {
  return lines.map((line, index) => `${LABEL}${index}: ${line}\n`).join("");
}

/** The first message about each line of the input, by its index; `kind` is `error` or `warning`. */
function messages(err: string, kind: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const [, line, text] of err.matchAll(new RegExp(`^<stdin>:(\\d+):\\d+: ${kind}: (.*)$`, "gm"))) {
    const index = Number(line) - 1;
    if (!found.has(index)) found.set(index, text ?? "");
  }
  return found;
}

/** The words that an output has behind each label. */
function wordsByLine(out: string, count: number): number[][] {
  const words: number[][] = Array.from({ length: count }, () => []);
  let current: number[] | undefined;
  let seen = 0;
  for (const line of out.split("\n")) {
    const label = LABEL_LINE.exec(line);
    if (label !== null) {
      current = words[Number(label[1])];
      seen++;
      continue;
    }
    const bytes = ENCODING.exec(line);
    if (bytes === null && !line.includes("# encoding:")) continue;
    if (bytes === null || current === undefined) {
      throw new Error(`Cannot read LLVM's answer: this line has no word of four bytes: ${line.trim()}`);
    }
    current.push(bytes.slice(1).reduce((word, byte, index) => word + Number(byte) * 2 ** (8 * index), 0));
  }
  if (seen !== count) {
    throw new Error(`Cannot read LLVM's answer: ${count} lines were asked about, ${seen} were answered`);
  }
  return words;
}

/**
 * The words of each statement that {@linkcode assemblyInput} asked about.
 *
 * @throws {Error} if the output does not answer every line, or has bytes that are not known before linking
 */
export function readAssembly({ out, err }: Output, count: number): Answer[] {
  const errors = messages(err, "error");
  return wordsByLine(out, count).map((words, index): Answer => {
    const refused = errors.get(index);
    if (refused !== undefined) return { refused };
    return { value: wordsText(words) };
  });
}

/** The text that asks about words, one a line. */
export function disassemblyInput(words: readonly number[]): string {
  const bytes = (word: number) => [0, 8, 16, 24].map((at) => `0x${((word >>> at) & 255).toString(16)}`);
  return words.map((word) => `${bytes(word).join(" ")}\n`).join("");
}

/**
 * The text of each word that {@linkcode disassemblyInput} asked about.
 *
 * @throws {Error} if the output does not answer every word
 */
export function readDisassembly({ out, err }: Output, count: number): Answer[] {
  const refusals = messages(err, "warning");
  const texts = out.split("\n").map((line) => line.trim().replaceAll(/\s+/g, " "))
    .filter((line) => line !== "" && line !== ".text");
  if (texts.length + refusals.size !== count) {
    const answered = `${texts.length} were read, ${refusals.size} refused`;
    throw new Error(`Cannot read LLVM's answer: ${count} words were asked about, ${answered}`);
  }
  const rest = texts.values();
  return Array.from({ length: count }, (_, index): Answer => {
    const refused = refusals.get(index);
    return refused === undefined ? { value: rest.next().value ?? "" } : { refused };
  });
}
