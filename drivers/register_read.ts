/**
 * Registers in state files, by their names.
 *
 * @module
 */
import { didYouMean } from "../core/asm/suggest.ts";
import { FCSR_MASKS } from "../core/fp/fcsr.ts";
import { ALL_REGISTER_NAMES, csrByName, csrNames, parseAnyRegister, type RegisterFile } from "../core/mod.ts";
import type { JsonPlace } from "./json_place.ts";

const FILE_NAMES: Readonly<Record<RegisterFile, string>> = {
  general: "general register",
  float: "floating-point register",
  flag: "condition flag",
  fcsr: "FCSR",
};

/** Registers of one kind by number. */
export function readRegisters<T>(
  place: JsonPlace,
  file: RegisterFile,
  read: (value: JsonPlace) => T,
): ReadonlyMap<number, T> {
  const found = new Map<number, T>();
  for (const [name, value] of place.members()) {
    const register = parseAnyRegister(`$${name.replace(/^\$/, "")}`);
    if (register?.file !== file) {
      return value.fail(`no such ${FILE_NAMES[file]}${didYouMean(name, NAMES[file])}`);
    }
    if (file === "general" && register.number === 0) return value.fail("register 0 is always 0");
    if (found.has(register.number)) return value.fail("the register is named twice");
    found.set(register.number, read(value));
  }
  return found;
}

/** The names by which registers of a kind are called here, as suggestions. */
const NAMES: Readonly<Record<RegisterFile, readonly string[]>> = {
  general: namesOf("general"),
  float: namesOf("float"),
  flag: namesOf("flag"),
  fcsr: namesOf("fcsr"),
};

function namesOf(file: RegisterFile): readonly string[] {
  return ALL_REGISTER_NAMES.filter((n) => parseAnyRegister(n)?.file === file).map((n) => n.slice(1));
}

/** The name by which the manual calls a CSR, from any of its names. */
export function readCsrName(name: string, place: JsonPlace): string {
  const csr = csrByName(name);
  return csr?.name ?? place.fail(`no such CSR${didYouMean(name, csrNames())}`);
}

/** Floating-point registers by number. */
export function readFpr(place: JsonPlace): ReadonlyMap<number, bigint> {
  return readRegisters(place, "float", (value) => value.hex(64));
}

/** Condition flags by number. */
export function readFcc(place: JsonPlace): ReadonlyMap<number, 0 | 1> {
  return readRegisters(place, "flag", (value) => value.integer(0, 1) === 1 ? 1 : 0);
}

/** FCSR0, of which some bits always read 0. */
export function readFcsr(place: JsonPlace): number {
  const value = Number(place.hex(32));
  const kept = (value & FCSR_MASKS[0]) >>> 0;
  if (kept === value) return value;
  return place.fail(`FCSR0 cannot hold 0x${value.toString(16)}, it would keep 0x${kept.toString(16)}`);
}
