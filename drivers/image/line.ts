/**
 * The lines that an image prints.
 *
 * @module
 */
import { KIND_LETTERS, KINDS } from "./monitor_exit.ts";
import { CHECKSUM } from "./monitor_print.ts";

/** What a line says. */
export type Line =
  | FirstLine
  | ResultLine
  /** The last one, with the number of states. */
  | { readonly kind: "last"; readonly count: number }
  /** Not of an image, or damaged. */
  | { readonly kind: "rubbish"; readonly text: string };

/** The first line: which machine answers. */
export interface FirstLine {
  readonly kind: "first";
  /** States in the image. */
  readonly count: number;
  /** CPUCFG words by index; word 0 is the processor's identity. */
  readonly cpucfg: ReadonlyMap<number, number>;
  /** Slots of CSRs that cannot be read. */
  readonly absent: ReadonlySet<number>;
  /** Slots of CSRs that cannot be written, but should. */
  readonly constant: ReadonlySet<number>;
  /** The machine takes no interrupts, and so ESTAT keeps the codes of an earlier state until an exception sets them. */
  readonly keepsCodes: boolean;
}

/** The line of a state. */
export interface ResultLine {
  readonly kind: "result";
  /** The number of the state. */
  readonly index: number;
  readonly ending: typeof KINDS[number];
  /** Values by slot: those that changed, and those that say how it ended. */
  readonly slots: ReadonlyMap<number, bigint>;
  /** Those among them that did not change. */
  readonly same: ReadonlySet<number>;
  readonly memory: ReadonlyMap<number, number>;
}

/** The version of the format. */
const VERSION = "1";
/** Characters of a line that a report shows. */
const SHOWN = 160;

/** The checksum of a line's text. */
export function checksum(text: string): number {
  let sum = CHECKSUM.start | 0;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), CHECKSUM.factor);
  return sum & ((1 << CHECKSUM.bits) - 1);
}

/** Reads a line without its line end. */
export function readLine(text: string): Line {
  const at = text.lastIndexOf("*");
  const body = text.slice(0, Math.max(0, at));
  const isSound = at > 1 && /^[0-9a-f]+$/.test(text.slice(at + 1)) &&
    checksum(body) === parseInt(text.slice(at + 1), 16);
  return (isSound ? readBody(body.trimEnd()) : undefined) ?? { kind: "rubbish", text: shown(text) };
}

function shown(text: string): string {
  const cut = text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} characters)` : text;
  return JSON.stringify(cut);
}

function readBody(body: string): Line | undefined {
  const [head = "", ...rest] = body.split(" ");
  const number = parseInt(head.slice(1), 16);
  switch (head[0]) {
    case "V":
      return head.slice(1) === VERSION ? readFirst(rest) : undefined;
    case "E":
      return { kind: "last", count: number };
    case "R":
      return readResult(number, rest);
    default:
      return undefined;
  }
}

function readFirst([count = "", ...rest]: readonly string[]): FirstLine {
  const cpucfg = new Map<number, number>();
  const absent = new Set<number>();
  const constant = new Set<number>();
  for (const token of rest) {
    const [index = "", value] = token.split("=");
    if (value !== undefined) cpucfg.set(parseInt(index, 16), parseInt(value, 16));
    else if (token[0] === "-") absent.add(parseInt(token.slice(1), 16));
    else if (token[0] === "~") constant.add(parseInt(token.slice(1), 16));
  }
  const keepsCodes = rest.includes("!");
  return { kind: "first", count: parseInt(count, 16), cpucfg, absent, constant, keepsCodes };
}

function readResult(index: number, [letter = "", ...rest]: readonly string[]): ResultLine | undefined {
  const ending = KINDS[KIND_LETTERS.indexOf(letter)];
  if (ending === undefined || letter === "") return undefined;
  const slots = new Map<number, bigint>();
  const same = new Set<number>();
  const memory = new Map<number, number>();
  for (const token of rest) {
    const at = token.search(/[=:]/);
    const value = token.slice(at + 1);
    if (token[0] === "@") {
      memory.set(parseInt(token.slice(1, at), 16), parseInt(value, 16));
      continue;
    }
    const slot = parseInt(token.slice(0, at), 16);
    slots.set(slot, BigInt(`0x${value}`));
    if (token[at] === ":") same.add(slot);
  }
  return { kind: "result", index, ending, slots, same, memory };
}
