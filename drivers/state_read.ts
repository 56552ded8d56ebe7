/**
 * From JSON to a state.
 *
 * @module
 */
import { didYouMean } from "../core/asm/suggest.ts";
import { csrByName, LA464, type Profile, PROFILES } from "../core/mod.ts";
import { type CsrOwner, whyNotHeld } from "./csr_values.ts";
import type { JsonPlace } from "./json_place.ts";
import { type Labels, readMemory } from "./memory_read.ts";
import { readCsrName, readFcc, readFcsr, readFpr, readRegisters } from "./register_read.ts";
import { readResult } from "./result_read.ts";
import type { FpState, Stage2Range, State, WorldState } from "./state.ts";

/** The budget of a state that names none. */
export const DEFAULT_BUDGET = 10_000;
const LARGEST_BUDGET = 1_000_000_000;
const LONGEST_ID = 200;
const MOST_RANGES = 1024;
/** Guest-physical memory is mapped in pages of this size. */
const PAGE = 0x1000n;
const KEYS = [
  ...["id", "profile", "mode", "memory", "host", "guest", "fp", "stage2", "end", "budget", "result"],
] as const;

/** What the names and numbers of a state are looked up in. */
interface Context {
  readonly profile: Profile;
  readonly labels: Labels;
}

/**
 * Reads one state.
 *
 * @throws {StateFileError} with the place of whatever is wrong
 */
export function readState(place: JsonPlace): State {
  const f = place.fields(KEYS);
  const id = readId(f.id ?? place.fail('"id" is missing'));
  const profile = f.profile === undefined ? LA464 : readProfile(f.profile);
  const mode = f.mode?.oneOf(["host", "guest"]) ?? "host";
  if (mode === "guest" && !profile.features.has("LVZ")) {
    return (f.mode ?? place).fail(`profile ${profile.name} has no guest mode`);
  }
  const { blocks, labels } = f.memory === undefined
    ? { blocks: [], labels: new Map<string, bigint>() }
    : readMemory(f.memory);
  const context = { profile, labels };
  const runs = f[mode] ?? place.fail(`"${mode}" is missing: the run starts at its pc`);
  const running = readWorld(runs, mode, context, true);
  const other = mode === "host" ? "guest" : "host";
  const resting = f[other] && readWorld(f[other], other, context, false);
  const host = mode === "host" ? running : resting ?? EMPTY_WORLD;
  const guest = mode === "guest" ? running : resting;
  if (f.stage2 !== undefined && host.csr.has("TLBRENTRY")) {
    f.stage2.fail("the host has a refill handler of its own (host.csr.TLBRENTRY), which would not see it");
  }
  return {
    id,
    profile: profile.name,
    mode,
    memory: blocks,
    host,
    ...(guest === undefined || (mode === "host" && guest.csr.size === 0) ? {} : { guest }),
    fp: readFp(f.fp),
    stage2: f.stage2 === undefined ? [] : readStage2(f.stage2, profile),
    ...(f.end === undefined ? {} : { end: readEnd(f.end, labels) }),
    budget: f.budget?.integer(0, LARGEST_BUDGET) ?? DEFAULT_BUDGET,
    ...(f.result === undefined ? {} : { result: readResult(f.result, profile) }),
  };
}

const EMPTY_WORLD: WorldState = { pc: 0n, gpr: new Map(), csr: new Map() };

function readId(place: JsonPlace): string {
  const id = place.text(LONGEST_ID);
  // Reports are lines, and an id is typed behind --only.
  if (/\p{Cc}/u.test(id)) place.fail("it has a control character");
  return id;
}

function readProfile(place: JsonPlace): Profile {
  const name = place.text(LONGEST_ID);
  const names = PROFILES.map((p) => p.name);
  const found = PROFILES.find((p) => p.name === name);
  const near = didYouMean(name, names) || ` (there are ${names.join(", ")})`;
  return found ?? place.fail(`no such profile ${JSON.stringify(name)}${near}`);
}

function readEnd(place: JsonPlace, labels: Labels): bigint {
  const end = place.hex(64, labels);
  if (end % 4n !== 0n) place.fail(`0x${end.toString(16)} is no multiple of 4: no instruction is there`);
  return end;
}

function readWorld(place: JsonPlace, world: CsrOwner, context: Context, runs: boolean): WorldState {
  const f = place.fields(["pc", "gpr", "csr"]);
  if (!runs) {
    const odd = f.pc ?? f.gpr;
    odd?.fail(`the run starts in the ${world === "host" ? "guest" : "host"}, whose registers these are`);
  }
  const pc = f.pc ?? (runs ? place.fail('"pc" is missing') : undefined);
  return {
    pc: pc?.hex(64, context.labels) ?? 0n,
    gpr: f.gpr === undefined ? new Map() : readRegisters(f.gpr, "general", (p) => p.hex(64, context.labels)),
    csr: f.csr === undefined ? new Map() : readCsrs(f.csr, world, context),
  };
}

function readCsrs(place: JsonPlace, owner: CsrOwner, context: Context): ReadonlyMap<string, bigint> {
  const found = new Map<string, bigint>();
  for (const [key, value] of place.members()) {
    const name = readCsrName(key, value);
    if (found.has(name)) return value.fail(`${name} is named twice`);
    const number = value.hex(64, context.labels);
    const csr = csrByName(name);
    const problem = csr && whyNotHeld(csr, context.profile, number, owner);
    if (problem !== undefined) return value.fail(problem);
    found.set(name, number);
  }
  return found;
}

function readFp(place: JsonPlace | undefined): FpState {
  const f = place?.fields(["fpr", "fcc", "fcsr"]);
  return {
    fpr: f?.fpr === undefined ? new Map() : readFpr(f.fpr),
    fcc: f?.fcc === undefined ? new Map() : readFcc(f.fcc),
    fcsr: f?.fcsr === undefined ? 0 : readFcsr(f.fcsr),
  };
}

function readStage2(place: JsonPlace, profile: Profile): readonly Stage2Range[] {
  if (!profile.features.has("LVZ")) place.fail(`profile ${profile.name} has no guest mode`);
  const ranges: Stage2Range[] = [];
  for (const element of place.elements(MOST_RANGES)) {
    const range = readRange(element);
    const other = ranges.find((r) => range.gpa < r.gpa + r.size && r.gpa < range.gpa + range.size);
    if (other !== undefined) {
      element.fail(`it overlaps the range at 0x${other.gpa.toString(16)}`);
    }
    ranges.push(range);
  }
  return ranges;
}

function readRange(place: JsonPlace): Stage2Range {
  const f = place.fields(["gpa", "hpa", "size", "perm"]);
  const page = (name: "gpa" | "hpa" | "size"): bigint => {
    const member = f[name] ?? place.fail(`"${name}" is missing`);
    const value = member.hex(48);
    if (value % PAGE !== 0n) {
      member.fail(`0x${value.toString(16)} is no multiple of the page size 0x${PAGE.toString(16)}`);
    }
    return value;
  };
  const range = { gpa: page("gpa"), hpa: page("hpa"), size: page("size"), perm: readPermission(f.perm) };
  if (range.size === 0n) place.fail("its size is 0");
  for (const start of [range.gpa, range.hpa]) {
    if (start + range.size > 1n << 48n) place.fail("it ends above the highest address, 0xffffffffffff");
  }
  return range;
}

function readPermission(place: JsonPlace | undefined): string {
  if (place === undefined) return "rwx";
  const { value } = place;
  const isPermission = typeof value === "string" && /^(?!.*(.).*\1)[rwx]*$/.test(value);
  return isPermission ? value : place.fail('expected some of the letters r, w and x, as in "rx"');
}
