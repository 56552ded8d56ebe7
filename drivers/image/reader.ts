/**
 * Follows what an image prints: which state each line belongs to, and what is to be thought of everything else.
 *
 * @module
 */
import { type FirstLine, readLine, type ResultLine } from "./line.ts";

/** Learns what the lines say. States have the numbers of their records, from 0. */
export interface ReaderEvents {
  first(line: FirstLine): void;
  result(line: ResultLine): void;
  /** The state's line is missing, damaged or doubtful. Overrides an earlier result. */
  broken(index: number, reason: string): void;
}

/** The longest line; an image prints no longer ones. */
const LONGEST = 1 << 20;

/** Reads text as it comes. */
export class LineReader {
  readonly #events: ReaderEvents;
  readonly #count: number;
  #text = "";
  #rubbish: string | undefined;
  #sawFirst = false;
  #last = false;
  #next = 0;
  #lines = 0;

  /** @param count of the states in the image */
  constructor(count: number, events: ReaderEvents) {
    this.#count = count;
    this.#events = events;
  }

  /** The number of the state whose line comes next. */
  get next(): number {
    return this.#next;
  }

  /** Sound lines so far. */
  get lines(): number {
    return this.#lines;
  }

  /** True after the first line. */
  get hasBegun(): boolean {
    return this.#sawFirst;
  }

  /** True after the last line: the image has nothing more to say. */
  get isDone(): boolean {
    return this.#last;
  }

  /** What is no line of an image, since the last that is one. */
  get rubbish(): string | undefined {
    const rest = this.#text === "" ? undefined : JSON.stringify(this.#text.slice(0, 160));
    return this.#rubbish ?? rest;
  }

  /** Takes text, of which lines may begin in one part and end in another. */
  feed(text: string): void {
    const lines = (this.#text + text).split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) this.#line(line.replace(/\r$/, ""));
    if (this.#text.length > LONGEST) {
      this.#line(this.#text);
      this.#text = "";
    }
  }

  #line(text: string): void {
    const line = readLine(text);
    if (line.kind !== "rubbish") this.#lines++;
    if (line.kind === "rubbish") this.#rubbish ??= line.text;
    else if (this.#last) this.#rubbish ??= `${JSON.stringify(text.slice(0, 160))} behind the last line`;
    else if (line.kind === "first") this.#first(line, text);
    else if (line.kind === "last") this.#end(line.count, text);
    else this.#result(line, text);
  }

  #first(line: FirstLine, text: string): void {
    if (this.#sawFirst || line.count !== this.#count) {
      this.#rubbish ??= `${
        JSON.stringify(text.slice(0, 160))
      }, which begins an image of ${line.count} states`;
      return;
    }
    // Firmware may have printed before.
    this.#rubbish = undefined;
    this.#sawFirst = true;
    this.#events.first(line);
  }

  #result(line: ResultLine, text: string): void {
    const { index } = line;
    if (!this.#sawFirst || index >= this.#count) {
      this.#rubbish ??= `a line of state ${index}, which is not expected: ${JSON.stringify(text)}`;
      return;
    }
    if (index < this.#next) {
      return this.#events.broken(index, `it was answered twice: ${JSON.stringify(text)}`);
    }
    this.#skipTo(index);
    this.#next = index + 1;
    if (this.#rubbish === undefined) return this.#events.result(line);
    this.#events.broken(index, `rubbish was printed before its line: ${this.#rubbish}`);
    this.#rubbish = undefined;
  }

  #end(count: number, text: string): void {
    if (!this.#sawFirst || count !== this.#count) {
      this.#rubbish ??= `${JSON.stringify(text)}, which ends an image of ${count} states`;
      return;
    }
    this.#skipTo(this.#count);
    this.#next = this.#count;
    this.#last = true;
  }

  /** The states between the last line and this one have none. */
  #skipTo(index: number): void {
    if (this.#next >= index) return;
    const seen = this.#rubbish === undefined ? "" : `, this was printed: ${this.#rubbish}`;
    for (; this.#next < index; this.#next++) this.#events.broken(this.#next, `its line is missing${seen}`);
    this.#rubbish = undefined;
  }
}
