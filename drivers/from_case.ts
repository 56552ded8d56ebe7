/**
 * Cases of the DSL in host mode as states, so that other drivers can run them. What a case expects is not carried over: it names a few
 * things and leaves others open, a result is complete. A driver that is trusted can answer the states and so record their results.
 *
 * @module
 */
import {
  AssemblyErrors,
  type CsrDeclaration,
  Machine,
  type Profile,
  type Program,
  readCsr,
  writeCsr,
} from "../core/mod.ts";
import type { AnyCase } from "../dsl/any_case.ts";
import { CaseError } from "../dsl/errors.ts";
import type { HostCase } from "../dsl/host_case.ts";
import { type CsrValues, Names } from "../dsl/names.ts";
import { assembleCase, END_LABEL, profileOf } from "../dsl/program.ts";
import { resolveMemory } from "../dsl/resolve.ts";
import { validateHost } from "../dsl/validate.ts";
import { type CsrOwner, csrValueShown, whyNotHeld } from "./csr_values.ts";
import type { MemoryBlock, State } from "./state.ts";
import { DEFAULT_BUDGET } from "./state_read.ts";

/** A case as a state, or why it is none. */
export type FromCase =
  | { readonly kind: "state"; readonly state: State }
  | { readonly kind: "inexpressible"; readonly reason: string };

/**
 * Where exceptions lead out of a case, as `dsl/host_run.ts` has it. If a case that ends with an exception names one, the state leaves the
 * entry to its driver.
 */
const WAYS_OUT: ReadonlyMap<string, bigint> = new Map([
  ["EENTRY", 0x8000n],
  ["TLBRENTRY", 0x4000n],
  ["MERRENTRY", 0x6000n],
]);

/** What a register holds that the case does not set, and `dsl/host_run.ts` as well. */
const UNSET_REGISTER = 0x9000_0000_0bad_0000n;

/**
 * Turns a case into a state.
 *
 * @param id names the state
 */
export function stateOfCase(id: string, c: AnyCase): FromCase {
  if (!isHostCase(c)) return inexpressible("its guest needs a hypervisor, which a state does not have");
  if (Object.keys(c.choices ?? {}).length > 0) {
    return inexpressible("it runs under readings of its own (choices)");
  }
  if (c.lines !== undefined) return inexpressible("it drives interrupt lines (lines)");
  if (c.machineErrorAt !== undefined) return inexpressible("a machine error arrives (machineErrorAt)");
  try {
    return { kind: "state", state: makeState(id, c) };
  } catch (error) {
    if (!(error instanceof CaseError || error instanceof AssemblyErrors)) throw error;
    return inexpressible(error.message);
  }
}

function inexpressible(reason: string): FromCase {
  return { kind: "inexpressible", reason };
}

function isHostCase(c: AnyCase): c is HostCase {
  return "code" in c && "expect" in c;
}

function makeState(id: string, c: HostCase): State {
  validateHost(c);
  const program = assembleCase(c.code, "");
  const profile = profileOf(c);
  const names = new Names(program, profile);
  const gpr = new Map<number, bigint>();
  for (let r = 1; r < 32; r++) gpr.set(r, UNSET_REGISTER + BigInt(r));
  for (const [r, value] of names.registers(c.set, "set")) gpr.set(r, value);
  const guest = heldValues(names.csrs(c.gcsr, "gcsr"), profile, "guest");
  const end = program.symbols.get("end") ?? program.symbols.get(END_LABEL);
  const named = heldValues(names.csrs(c.csr, "csr"), profile, "host");
  const endsItself = (c.expect.ends ?? "end") === "end";
  const csr = endsItself ? named : withoutWaysOut(named);
  const seen = resolveMemory(c.expect.memory, names, "expect.memory");
  return {
    id,
    profile: profile.name,
    mode: "host",
    memory: blocksOf(program, seen.map(({ address }) => address)),
    host: { pc: program.entry, gpr, csr },
    ...(guest.size === 0 ? {} : { guest: { pc: 0n, gpr: new Map(), csr: guest } }),
    fp: { fpr: new Map(), fcc: new Map(), fcsr: 0 },
    stage2: [],
    ...(end === undefined ? {} : { end }),
    budget: c.budget ?? DEFAULT_BUDGET,
  };
}

/** What the registers hold after the case's writes: a case may name single fields, and write what does not stick. */
function heldValues(values: CsrValues, profile: Profile, owner: CsrOwner): ReadonlyMap<string, bigint> {
  const isGuest = owner === "guest";
  const machine = new Machine({ bus: NOTHING, iocsr: NOTHING, profile });
  for (const [csr, { value, mask }] of values) {
    const old = readCsr(machine, isGuest, csr);
    writeCsr(machine, isGuest, csr, (old & ~mask) | (value & mask), isGuest ? "host" : "own");
  }
  const held = new Map<string, bigint>();
  for (const csr of values.keys()) {
    const value = readCsr(machine, isGuest, csr);
    if (whyNotHeld(csr, profile, value, owner) === undefined) held.set(csr.name, value);
    else if (value !== resetShown(csr, profile)) {
      throw new CaseError(`${csr.name} comes to hold 0x${value.toString(16)}, which no write gives it`);
    }
  }
  return held;
}

function withoutWaysOut(csrs: ReadonlyMap<string, bigint>): ReadonlyMap<string, bigint> {
  return new Map([...csrs].filter(([name, value]) => WAYS_OUT.get(name) !== value));
}

const NOTHING = { ramAt: () => undefined, read: () => undefined, write: () => false };

function resetShown(csr: CsrDeclaration, profile: Profile): bigint {
  return csrValueShown(csr, csr.resetValue(profile));
}

/** The program's words, and those 64 bits at a time that the case looks at afterwards. */
function blocksOf(program: Program, seen: readonly bigint[]): readonly MemoryBlock[] {
  const words = new Map<number, number>();
  for (const address of seen) {
    const at = Number(address - address % 4n);
    for (const word of [at, at + 4, ...(address % 4n === 0n ? [] : [at + 8])]) words.set(word, 0);
  }
  for (const { address, bytes } of program.segments) {
    bytes.forEach((byte, i) => {
      const at = Number(address) + i;
      const word = at - at % 4;
      words.set(word, ((words.get(word) ?? 0) | (byte << (8 * (at % 4)))) >>> 0);
    });
  }
  return consecutive([...words].sort(([a], [b]) => a - b));
}

function consecutive(words: readonly (readonly [at: number, word: number])[]): readonly MemoryBlock[] {
  const blocks: { at: number; words: number[] }[] = [];
  for (const [at, word] of words) {
    const last = blocks[blocks.length - 1];
    if (last !== undefined && last.at + 4 * last.words.length === at) last.words.push(word);
    else blocks.push({ at, words: [word] });
  }
  return blocks;
}
