/**
 * A case's code as a program, and the profile of the machine that runs it.
 *
 * @module
 */
import {
  assemble,
  csrByName,
  csrNames,
  deriveProfile,
  LA464,
  type Profile,
  PROFILES,
  type Program,
} from "../core/mod.ts";
import type { AnyCase } from "./any_case.ts";

/** The address at which the code of every case starts. */
export const CODE = 0x10000n;

/** Label of the place behind the code. */
export const END_LABEL = "__end_of_code";

/** More code than this does not fit the memory of any case. */
const MOST_BYTES = 0x100000;

/**
 * Assembles text of a case.
 *
 * @param name what to call the text in errors
 * @throws {AssemblyErrors} with line and column
 */
export function assembleText(text: string, name: string): Program {
  return assemble(text, {
    name,
    origin: CODE,
    maximumSize: MOST_BYTES,
    csrNumber: (csr) => csrByName(csr)?.number,
    csrNames: csrNames(),
  });
}

/**
 * Assembles a case's code and marks its end.
 *
 * @param afterwards what to put there
 * @throws {AssemblyErrors} with line and column
 */
export function assembleCase(code: string, afterwards: string): Program {
  const back = MAY_LEAVE_TEXT.test(code) ? ".text" : "     ";
  const text = `${code}\n${back}\n${END_LABEL}: ${afterwards}\n`;
  let program = programs.get(text);
  if (program === undefined) {
    program = assembleText(text, "code");
    if (programs.size >= MOST_PROGRAMS) programs = new Map();
    programs.set(text, program);
  }
  return program;
}

/** A point that is not within a name may begin a directive, as no code of most cases does. */
const MAY_LEAVE_TEXT = /(?:^|[^\w.$])\./;

/**
 * Programs by their text, a memo of a pure function: rows of cases often share their code. It is small and never old, because what outlives
 * a case, and all that an old map ever held, costs every garbage collection from there to the next major one.
 */
let programs = new Map<string, Program>();
const MOST_PROGRAMS = 16;

/** Profiles by name; a memo of a pure function, so that machines with the same choices have the same profile. */
const DERIVED = new Map<string, Profile>();

/** The profile that a case asks for. */
export function profileOf(c: Pick<AnyCase, "profile" | "choices">): Profile {
  const base = PROFILES.find((p) => p.name === c.profile) ?? LA464;
  if (c.choices === undefined) return base;
  const choices = Object.entries(c.choices).map(([name, reading]) => `${name} = ${reading}`).join(", ");
  const name = `${base.name} with ${choices}`;
  let derived = DERIVED.get(name);
  if (derived === undefined) DERIVED.set(name, derived = deriveProfile(base, { name, lvz: c.choices }));
  return derived;
}
