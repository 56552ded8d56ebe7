/**
 * Directives that say into which section bytes go.
 *
 * @module
 */
import type { Cursor } from "./cursor.ts";
import type { Directive } from "./directives.ts";
import { SourceFault, type Span } from "./errors.ts";
import type { SectionKind } from "./section.ts";
import type { Unit } from "./unit.ts";

/** No subsection beyond this, as in LLVM. */
const MAXIMUM_SUBSECTION = 8192n;

/** The number of a subsection, where there is one, else 0. */
function subsectionNumber(unit: Unit, cursor: Cursor, name: string): number {
  if (cursor.done) return 0;
  const { n, span } = unit.knownNumber(cursor, `Cannot read ${name}`);
  if (n >= 0n && n <= MAXIMUM_SUBSECTION) return Number(n);
  throw new SourceFault(
    `Cannot read ${name}: the subsection is ${n}, range is 0 to ${MAXIMUM_SUBSECTION}`,
    span,
  );
}

/** `.text [subsection]` and its kin. */
function enter(section: string, kind: SectionKind): Directive {
  return (unit, cursor, name) => {
    const subsection = subsectionNumber(unit, cursor, name);
    unit.enter({ name: section, kind, subsection }, unit.statement);
  };
}

const KINDS_BY_PREFIX: ReadonlyMap<string, SectionKind> = new Map<string, SectionKind>([
  ["text", "text"],
  ["rodata", "rodata"],
  ["data", "data"],
  ["bss", "bss"],
]);

/** Sections that have a kind only if no flags are given. */
const DEFAULT_KINDS: readonly (readonly [name: RegExp, kind: SectionKind])[] = [
  [/^\.(init|fini)$/, "text"],
  [/^\.(init|fini|preinit)_array(\.|$)/, "data"],
  [/^\.(note|comment|debug|discard|stab)/, "unloaded"],
];

/** The flags of a section that mean something here, or whose meaning changes nothing. */
const SECTION_FLAGS = /^[awxeoMSGR?]*$/;
/** Types whose sections have contents. */
const TYPES_WITH_CONTENTS: ReadonlySet<string> = new Set([
  ...["progbits", "note", "unwind", "init_array", "fini_array", "preinit_array"],
]);

function kindByFlags(flags: string, type: string): SectionKind {
  // A linker leaves excluded sections out.
  if (!flags.includes("a") || flags.includes("e")) return "unloaded";
  if (flags.includes("x")) return "text";
  if (type === "nobits") return "bss";
  return flags.includes("w") ? "data" : "rodata";
}

interface SectionName {
  readonly text: string;
  readonly span: Span;
}

/** A section's name: a word, a string, or words joined by `-`, as in `.note.GNU-stack`. */
function sectionName(unit: Unit, cursor: Cursor, name: string): SectionName {
  const span = cursor.span;
  const first = cursor.next();
  if (first?.kind === "string") return { text: first.text.slice(1, -1), span };
  if (first?.kind !== "identifier" || first.text === ".") {
    throw new SourceFault(`Cannot read ${name}: the name of a section is missing`, span);
  }
  while (
    cursor.at("-") || (cursor.peek()?.kind === "identifier" && cursor.lastSpan.end === cursor.span.start)
  ) {
    cursor.next();
  }
  const whole = { ...span, end: cursor.lastSpan.end };
  return { text: unit.text(whole), span: whole };
}

/** A section's type, with its `@` or `%` or in quotes. */
function sectionType(cursor: Cursor, name: string): string {
  if (!cursor.accept("@")) cursor.accept("%");
  const token = cursor.next();
  const type = token?.text.replaceAll('"', "") ?? "";
  if (type === "nobits" || TYPES_WITH_CONTENTS.has(type)) return type;
  const span = token ?? cursor.span;
  throw new SourceFault(`Cannot read ${name}: the type is not @progbits, @nobits or @note`, span);
}

/** What follows a type: the size of entries, a group, a section that this one belongs to. */
function skipFlagArguments(unit: Unit, cursor: Cursor, name: string, flags: string): void {
  const task = `Cannot read ${name}`;
  if (flags.includes("M")) {
    cursor.expect(",", task);
    unit.knownNumber(cursor, task);
  }
  for (const flag of ["o", "G"]) {
    if (!flags.includes(flag)) continue;
    cursor.expect(",", task);
    sectionName(unit, cursor, name);
  }
  if (flags.includes("G") && cursor.accept(",") && !cursor.accept("comdat")) {
    throw new SourceFault(`${task}: \`comdat\` is missing before ${cursor.found}`, cursor.span);
  }
}

/** Flags and type of a section, undefined where there are no flags. */
function sectionFlags(unit: Unit, cursor: Cursor, name: string): { flags: string; type: string } | undefined {
  if (cursor.done) return undefined;
  const token = cursor.peek();
  if (token?.kind !== "string") {
    throw new SourceFault(`Cannot read ${name}: a string is missing before ${cursor.found}`, cursor.span);
  }
  cursor.next();
  const flags = token.text.slice(1, -1);
  if (!SECTION_FLAGS.test(flags)) {
    const reason = `of the flags ${token.text} one is not of a, w, x, e, o, M, S, G, R, ?`;
    throw new SourceFault(`Cannot read ${name}: ${reason}`, token);
  }
  if (!cursor.accept(",")) return { flags, type: "progbits" };
  const type = sectionType(cursor, name);
  skipFlagArguments(unit, cursor, name, flags);
  return { flags, type };
}

/** Enters the section that is named at the cursor. */
function enterNamed(unit: Unit, cursor: Cursor, name: string, takesSubsection: boolean): void {
  const { text, span } = sectionName(unit, cursor, name);
  let subsection = 0;
  let more = cursor.accept(",");
  if (more && takesSubsection && cursor.peek()?.kind !== "string") {
    subsection = subsectionNumber(unit, cursor, name);
    more = cursor.accept(",");
  }
  if (more && cursor.done) cursor.expect('"', `Cannot read ${name}`);
  const given = more ? sectionFlags(unit, cursor, name) : undefined;
  const byName = KINDS_BY_PREFIX.get(/^\.([a-z]+)(?:\.|$)/.exec(text)?.[1] ?? "") ??
    unit.sections.get(text)?.kind;
  const kind = given === undefined
    ? byName ?? DEFAULT_KINDS.find(([pattern]) => pattern.test(text))?.[1]
    : kindByFlags(given.flags, given.type);
  if (kind === undefined) {
    const example = `\`.section ${text}, "aw"\``;
    throw new SourceFault(`Cannot enter ${text}: its flags are missing, as in ${example}`, span);
  }
  if (byName !== undefined && byName !== kind) {
    throw new SourceFault(`Cannot enter ${text}: its flags make it ${kind}, its name ${byName}`, span);
  }
  cursor.expectEnd(`Cannot read ${name}`);
  unit.enter({ name: text, kind, subsection }, span);
}

/** `.section name[, "flags"[, @type[, size of entries]]]`. */
const section: Directive = (unit, cursor, name) => enterNamed(unit, cursor, name, false);

/** `.pushsection name[, subsection][, "flags"[, …]]`. */
const pushSection: Directive = (unit, cursor, name) => {
  unit.pushSection();
  try {
    enterNamed(unit, cursor, name, true);
  } catch (error) {
    // So that the end of this section is no mistake too.
    if (error instanceof SourceFault) unit.diagnostics.report(error);
    else throw error;
    while (!cursor.done) cursor.next();
  }
};

const popSection: Directive = (unit, _cursor, name) => {
  if (!unit.popSection()) {
    throw new SourceFault(`Cannot use ${name}: no .pushsection stands before it`, unit.statement);
  }
};

const previous: Directive = (unit, _cursor, name) => {
  if (!unit.previousSection()) {
    throw new SourceFault(`Cannot use ${name}: no other section stands before it`, unit.statement);
  }
};

const subsection: Directive = (unit, cursor, name) => {
  const { name: section, kind } = unit.section;
  unit.enter({ name: section, kind, subsection: subsectionNumber(unit, cursor, name) }, unit.statement);
};

/** The directives of this module by name. */
export const SECTION_DIRECTIVES: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  [".text", enter(".text", "text")],
  [".rodata", enter(".rodata", "rodata")],
  [".data", enter(".data", "data")],
  [".bss", enter(".bss", "bss")],
  [".section", section],
  [".pushsection", pushSection],
  [".popsection", popSection],
  [".previous", previous],
  [".subsection", subsection],
]);
