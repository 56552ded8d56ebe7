/**
 * Random sources with macros, loops and conditions, for tests and for comparison with LLVM.
 *
 * @module
 */

import type { Random } from "../../random.ts";

/** What is known where a statement is made. */
interface Surroundings {
  readonly random: Random;
  /** How deep it may still go. */
  readonly depth: number;
  /** Parameters in sight, without `\`; those that begin with n stand for numbers, r for the rest. */
  readonly parameters: readonly string[];
  /** There is a macro or loop to leave. */
  readonly inside: boolean;
  /** Macros defined so far by name, with their parameters. */
  readonly macros: Map<string, readonly string[]>;
  /** Counts names. */
  readonly names: { count: number };
}

const NUMBERS = ["0", "1", "2", "3", "-1", "7", "0x10", "1 + 2", "(4 - 1)", "(2 * 3)", "-(1)", "~1", "5 % 3"];
const WORDS = ["a", "b", "$a0", "$t1", "x1", '"s"', '"a b"', "1", "2", "", "(1 + 2)", "(a, b)"];
const COMPARISONS = ["==", "!=", "<", ">", "<=", ">="];
const NUMERIC = [".if", ".ifeq", ".ifne", ".iflt", ".ifle", ".ifgt", ".ifge"];

function number({ random, parameters }: Surroundings): string {
  const numbers = parameters.filter((name) => name.startsWith("n"));
  return numbers.length > 0 && random.below(3) > 0 ? `(\\${random.pick(numbers)} + 0)` : random.pick(NUMBERS);
}

function word({ random, parameters }: Surroundings): string {
  if (parameters.length > 0 && random.below(2) === 0) return `\\${random.pick(parameters)}`;
  return random.pick(WORDS);
}

/** A value for a parameter. */
function valueFor(at: Surroundings, parameter: string): string {
  return parameter.startsWith("n") ? number(at) : word(at);
}

/** A name for a parameter. */
function newParameter({ random, names }: Surroundings): string {
  return `${random.pick(["n", "w"])}${names.count++}`;
}

function condition(at: Surroundings): string {
  const { random } = at;
  switch (random.below(6)) {
    case 0:
      return `${random.pick([".ifb", ".ifnb"])} ${word(at)}`;
    case 1:
      return `${random.pick([".ifc", ".ifnc"])} ${word(at)}, ${word(at)}`;
    case 2:
      return `${random.pick([".ifdef", ".ifndef"])} ${random.pick(["counter", "nothing"])}`;
    case 3:
      return `.if counter ${random.pick(COMPARISONS)} ${random.below(20)}`;
    default:
      return `${random.pick(NUMERIC)} ${random.pick(NUMBERS)}`;
  }
}

function block(at: Surroundings): string[] {
  const count = 1 + at.random.below(4);
  const inner: Surroundings = { ...at, depth: at.depth - 1, macros: new Map(at.macros) };
  const lines = Array.from({ length: count }, () => statement(inner)).flat();
  // A block may be read again.
  const own = [...inner.macros.keys()].filter((name) => !at.macros.has(name));
  return [...lines, ...own.map((name) => `.purgem ${name}`)];
}

function conditional(at: Surroundings): string[] {
  const lines = [condition(at), ...block(at)];
  if (at.random.below(3) === 0) lines.push(`.elseif ${at.random.pick(NUMBERS)}`, ...block(at));
  if (at.random.below(2) === 0) lines.push(".else", ...block(at));
  return [...lines, ".endif"];
}

function loop(at: Surroundings): string[] {
  const { random } = at;
  if (random.below(3) === 0) return [`.rept ${random.below(4)}`, ...block({ ...at, inside: true }), ".endr"];
  const isIrpc = random.below(4) === 0;
  const parameter = isIrpc ? `w${at.names.count++}` : newParameter(at);
  const inner = block({ ...at, inside: true, parameters: [...at.parameters, parameter] });
  if (isIrpc) return [`.irpc ${parameter}, ${random.pick(["ab", "123", "x"])}`, ...inner, ".endr"];
  const values = Array.from({ length: 1 + random.below(3) }, () => valueFor(at, parameter) || "z");
  return [`.irp ${parameter}, ${values.join(random.pick([", ", " ", ","]))}`, ...inner, ".endr"];
}

const WORD_ENDS = ["", "", "=x", ":req", '="q r"', "=$a0"];
const NUMBER_ENDS = ["=5", "=(1+2)", "=0x10", "=-1"];

function definition(at: Surroundings): string[] {
  const { random } = at;
  const name = `m${at.names.count++}`;
  const parameters = Array.from({ length: random.below(4) }, () => newParameter(at));
  const hasRest = parameters.length > 0 && random.below(3) === 0;
  if (hasRest) parameters.splice(-1, 1, `r${at.names.count++}`);
  const list = parameters.map((parameter, index) => {
    if (index < parameters.length - 1 || !hasRest) {
      return parameter + random.pick(parameter.startsWith("n") ? NUMBER_ENDS : WORD_ENDS);
    }
    return `${parameter}:vararg`;
  });
  const body = block({ ...at, parameters, inside: true });
  at.macros.set(name, parameters);
  return [`.macro ${name} ${list.join(random.pick([", ", " "]))}`, ...body, ".endm"];
}

function call(at: Surroundings): string[] {
  const { random, macros } = at;
  if (macros.size === 0) return data(at);
  const [name, parameters] = random.pick([...macros]);
  const given = parameters.map((parameter) => valueFor(at, parameter));
  if (random.below(20) === 0) given.push("1");
  if (given.length > 1 && random.below(4) === 0) given.pop();
  // LLVM cuts the value of another parameter that is named where the rest would be.
  const named = random.below(5) === 0 && !parameters.some((parameter) => parameter.startsWith("r"));
  const texts = given.map((value, index) => named ? `${parameters[index] ?? ""}=${value || "u"}` : value);
  return [`${name} ${(named ? texts.reverse() : texts).join(random.pick([", ", ",", " , ", " "]))}`];
}

function data(at: Surroundings): string[] {
  const { random, parameters } = at;
  switch (random.below(7)) {
    case 0:
      return [`.ascii "<${word(at).replaceAll('"', "")}>"`];
    case 1:
      return [".byte counter"];
    case 2:
      return ["counter = counter + 1"];
    case 3:
      return at.inside && parameters.length > 0 ? [".half 7\\@"] : [];
    case 4:
      return at.inside && random.below(6) === 0
        ? [".exitm"]
        : [`.ascii "${parameters.map((p) => `\\${p}\\()`).join(",")}"`];
    default:
      return [`.byte ${number(at)}${random.below(3) === 0 ? ` ; .byte ${number(at)} # end` : ""}`];
  }
}

function statement(at: Surroundings): string[] {
  if (at.depth <= 0) return at.random.below(3) === 0 ? call(at) : data(at);
  switch (at.random.below(6)) {
    case 0:
      return conditional(at);
    case 1:
      return loop(at);
    case 2:
      return definition(at);
    case 3:
      return call(at);
    default:
      return data(at);
  }
}

/** A random source, most of which make sense. */
export function randomSource(random: Random): string {
  const at: Surroundings = {
    random,
    depth: 4,
    parameters: [],
    inside: false,
    macros: new Map(),
    names: { count: 0 },
  };
  const lines = [".data", "counter = 1"];
  for (let count = 3 + random.below(8); count > 0; count--) lines.push(...statement(at));
  return `${lines.join("\n")}\n`;
}
