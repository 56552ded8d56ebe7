/**
 * From a state to JSON: the order of keys is fixed, only what is set is there, and what fits a line stands on one.
 *
 * @module
 */
import { hex } from "../core/hex.ts";
import { csrByName, LA464, registerName } from "../core/mod.ts";
import type { Ending, FpState, Result, State, WorldState } from "./state.ts";
import { DEFAULT_BUDGET } from "./state_read.ts";

/** What JSON has, but for null. */
type Json = string | number | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Longer lines are broken. */
const WIDTH = 110;

/** One state as JSON text that ends with its closing brace. */
export function stateText(state: State, indent = ""): string {
  return layOut(stateJson(state), indent, 0);
}

function wordText(word: number): string {
  return `0x${word.toString(16).padStart(8, "0")}`;
}

function stateJson(s: State): Json {
  return {
    id: s.id,
    profile: s.profile === LA464.name ? undefined : s.profile,
    mode: s.mode,
    memory: list(s.memory.map(({ at, words }) => ({ at: hex(at), words: words.map(wordText) }))),
    host: worldJson(s.host, s.mode === "host"),
    guest: s.guest && worldJson(s.guest, s.mode === "guest"),
    fp: fpJson(s.fp),
    stage2: list(
      s.stage2.map(({ gpa, hpa, size, perm }) => ({ gpa: hex(gpa), hpa: hex(hpa), size: hex(size), perm })),
    ),
    end: s.end === undefined ? undefined : hex(s.end),
    budget: s.budget === DEFAULT_BUDGET ? undefined : s.budget,
    result: s.result && resultJson(s.result),
  };
}

function list(items: readonly Json[]): Json | undefined {
  return items.length === 0 ? undefined : items;
}

/** A world's registers; a world at rest that has none is left out, unless it is the guest, which may be there all the same. */
function worldJson({ pc, gpr, csr }: WorldState, runs: boolean): Json | undefined {
  if (!runs) return csr.size === 0 ? undefined : { csr: csrJson(csr) };
  return { pc: hex(pc), gpr: gprJson(gpr), csr: csrJson(csr) };
}

/** An object of a map's entries in the order of numbers; undefined for an empty one. */
function object<K extends number | string, V>(
  map: ReadonlyMap<K, V>,
  number: (key: K) => number,
  name: (key: K) => string,
  text: (value: V) => Json,
): Json | undefined {
  if (map.size === 0) return undefined;
  const sorted = [...map].sort(([a], [b]) => number(a) - number(b));
  return Object.fromEntries(sorted.map(([key, value]) => [name(key), text(value)]));
}

const same = (n: number) => n;

function gprJson(gpr: ReadonlyMap<number, bigint>): Json | undefined {
  return object(gpr, same, (n) => registerName(n).slice(1), hex);
}

function csrJson(csr: ReadonlyMap<string, bigint>): Json | undefined {
  return object(csr, (name) => csrByName(name)?.number ?? 0, (name) => name, hex);
}

function fpJson({ fpr, fcc, fcsr }: FpState): Json | undefined {
  const parts = [fprJson(fpr), fccJson(fcc), fcsr === 0 ? undefined : hex(fcsr)];
  if (parts.every((part) => part === undefined)) return undefined;
  return { fpr: parts[0], fcc: parts[1], fcsr: parts[2] };
}

function fprJson(fpr: ReadonlyMap<number, bigint>): Json | undefined {
  return object(fpr, same, (n) => registerName(n, "float").slice(1), hex);
}

function fccJson(fcc: ReadonlyMap<number, 0 | 1>): Json | undefined {
  return object(fcc, same, (n) => registerName(n, "flag").slice(1), (v) => v);
}

function resultJson(r: Result): Json {
  return {
    ...endingJson(r.ending),
    changed: {
      gpr: gprJson(r.gpr),
      fpr: fprJson(r.fpr),
      fcc: fccJson(r.fcc),
      fcsr: r.fcsr === undefined ? undefined : hex(r.fcsr),
      csr: csrJson(r.csr),
      gcsr: csrJson(r.gcsr),
      memory: object(r.memory, same, hex, wordText),
    },
  };
}

function endingJson(ending: Ending): { readonly [key: string]: Json | undefined } {
  if (ending.kind === "device") return { ended: ending.reason };
  if (ending.kind !== "exception") return { ended: ending.kind };
  const { entry, ecode, esubcode, at } = ending;
  return { exit: { ecode, esubcode, at: hex(at), entry: entry === "general" ? undefined : entry } };
}

// Layout ---------------------------------------------------------------------------------------------------------------

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

/** @param used characters on the line before the value, indentation included */
function layOut(json: Json, indent: string, used: number): string {
  if (typeof json !== "object") return JSON.stringify(json);
  const line = oneLine(json);
  if (used + line.length < WIDTH) return line;
  const inner = `${indent}  `;
  if (isList(json)) {
    const items = json.map((item) => layOut(item, inner, inner.length));
    return `[\n${packed(items, inner)}\n${indent}]`;
  }
  const members = present(json).map(([key, value]) => {
    const name = `${JSON.stringify(key)}: `;
    return `${name}${layOut(value, inner, inner.length + name.length)}`;
  });
  const plain = present(json).every(([, value]) => typeof value !== "object");
  const lines = plain ? packed(members, inner) : members.map((member) => inner + member).join(",\n");
  return `{\n${lines}\n${indent}}`;
}

function present(json: { readonly [key: string]: Json | undefined }): readonly (readonly [string, Json])[] {
  return Object.entries(json).flatMap(([key, value]) => value === undefined ? [] : [[key, value] as const]);
}

function oneLine(json: Json): string {
  if (typeof json !== "object") return JSON.stringify(json);
  if (isList(json)) return `[${json.map(oneLine).join(", ")}]`;
  const members = present(json).map(([key, value]) => `${JSON.stringify(key)}: ${oneLine(value)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

/** As many items a line as fit, or one a line where one of them has several lines itself. */
function packed(items: readonly string[], indent: string): string {
  if (items.some((item) => item.includes("\n"))) return items.map((item) => indent + item).join(",\n");
  const lines: string[] = [];
  let line = "";
  for (const item of items) {
    if (line !== "" && indent.length + line.length + item.length + 2 >= WIDTH) {
      lines.push(`${indent}${line}`);
      line = "";
    }
    line = line === "" ? item : `${line}, ${item}`;
  }
  return [...lines, `${indent}${line}`].join(",\n");
}
