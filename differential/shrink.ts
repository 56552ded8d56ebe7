/**
 * Makes the state of a difference as small as it can be while the difference stays. Every round tries all single simplifications of a
 * state, then as many of the good ones together as possible; the oracle is asked about many states at a time.
 *
 * @module
 */
import { ISA } from "../core/isa/table.ts";
import type { MemoryBlock, State } from "../drivers/state.ts";
import { STOP, word } from "./scene.ts";

/** A simplification; undefined where there is nothing to simplify. */
type Change = (state: State) => State | undefined;

/** Asks which of some states still show the difference. */
export type Ask = Generator<readonly State[], State, readonly boolean[]>;

const NOP = word("andi", 0, 0, 0);
const ROUNDS = 16;
/** CSRs without which a state of its mode cannot run. */
const NEEDED: ReadonlySet<string> = new Set(["CRMD", "DMW0", "DMW1", "EENTRY", "TLBRENTRY"]);

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

function withValue<K, V>(map: ReadonlyMap<K, V>, key: K, v: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, v);
}

function bitCount(v: bigint): number {
  return v.toString(2).replaceAll("0", "").length;
}

/** Values simpler than one: 1, fewer bits. */
function simpler(v: bigint): readonly bigint[] {
  const tries = [1n, v & 0xffn, v & 0xffff_ffffn, v & ~0xffffn, v & ~0xffff_ffffn];
  const bits = Array.from({ length: 64 }, (_, n) => v & ~(1n << BigInt(n)));
  const rank = (x: bigint) => x === 1n ? 0 : bitCount(x);
  return [...new Set([...tries, ...bits])].filter((x) => x !== v && rank(x) < rank(v));
}

type Numbers = "gpr" | "csr";

function setHost(
  state: State,
  of: Numbers,
  map: ReadonlyMap<number, bigint> | ReadonlyMap<string, bigint>,
): State {
  return { ...state, host: { ...state.host, [of]: map } };
}

function hostChanges(state: State): Change[] {
  const changes: Change[] = [];
  for (const [n, v] of state.host.gpr) {
    changes.push((s) => s.host.gpr.has(n) ? setHost(s, "gpr", without(s.host.gpr, n)) : undefined);
    for (const x of simpler(v)) {
      changes.push((s) =>
        s.host.gpr.get(n) === v ? setHost(s, "gpr", withValue(s.host.gpr, n, x)) : undefined
      );
    }
  }
  for (const [name, v] of state.host.csr) {
    if (NEEDED.has(name)) continue;
    changes.push((s) => s.host.csr.has(name) ? setHost(s, "csr", without(s.host.csr, name)) : undefined);
    for (const x of simpler(v).filter((x) => (x & ~v) === 0n)) {
      changes.push((s) =>
        s.host.csr.get(name) === v ? setHost(s, "csr", withValue(s.host.csr, name, x)) : undefined
      );
    }
  }
  return changes;
}

function fpChanges(state: State): Change[] {
  const changes: Change[] = [];
  const set = (s: State, fp: Partial<State["fp"]>) => ({ ...s, fp: { ...s.fp, ...fp } });
  for (const [n, v] of state.fp.fpr) {
    changes.push((s) => s.fp.fpr.has(n) ? set(s, { fpr: without(s.fp.fpr, n) }) : undefined);
    for (const x of simpler(v)) {
      changes.push((s) => s.fp.fpr.get(n) === v ? set(s, { fpr: withValue(s.fp.fpr, n, x) }) : undefined);
    }
  }
  for (const n of state.fp.fcc.keys()) {
    changes.push((s) => s.fp.fcc.has(n) ? set(s, { fcc: without(s.fp.fcc, n) }) : undefined);
  }
  for (let n = 0; n < 32; n++) {
    const bit = 2 ** n;
    changes.push((s) => (s.fp.fcsr & bit) !== 0 ? set(s, { fcsr: (s.fp.fcsr & ~bit) >>> 0 }) : undefined);
  }
  return changes;
}

/** Replaces a block, found by its address. */
function setBlock(state: State, at: number, block: MemoryBlock | undefined): State {
  const memory = state.memory.flatMap((b) => b.at !== at ? [b] : block === undefined ? [] : [block]);
  return { ...state, memory };
}

/** Words are cleared one by one; data also as a whole and from their end. What ends the run stays. */
function blockChanges(block: MemoryBlock, isCode: boolean): Change[] {
  const { at } = block;
  const found = (s: State) => s.memory.find((b) => b.at === at);
  const changes: Change[] = [];
  if (!isCode) {
    changes.push((s) => found(s) === undefined ? undefined : setBlock(s, at, undefined));
    changes.push((s) => {
      const words = found(s)?.words ?? [];
      return words.length > 1 ? setBlock(s, at, { at, words: words.slice(0, -1) }) : undefined;
    });
  }
  block.words.forEach((old, i) => {
    for (const simple of isCode ? [NOP] : [NOP, 0]) {
      if (old === simple || old === 0 || old === STOP) continue;
      changes.push((s) => {
        const words = found(s)?.words ?? [];
        return words[i] === old ? setBlock(s, at, { at, words: words.with(i, simple) }) : undefined;
      });
    }
  });
  return isCode ? [...changes, ...removals(block, found)] : changes;
}

/** Without an instruction that does nothing: those behind it move up. The first stays, where the run starts. */
function removals({ at, words }: MemoryBlock, found: (s: State) => MemoryBlock | undefined): Change[] {
  if (words.some((w) => /^(b|j)/.test(ISA.decode(w)?.name ?? "") && w !== STOP)) return [];
  return words.flatMap((old, i) => {
    if (old !== NOP) return [];
    return [(s: State) => {
      const now = found(s)?.words ?? [];
      return now[i] === NOP && now.length > 1
        ? setBlock(s, at, { at, words: now.toSpliced(i, 1) })
        : undefined;
    }];
  });
}

const PHYSICAL = (1n << 48n) - 1n;

function changesOf(state: State): Change[] {
  const pc = Number(state.host.pc & PHYSICAL);
  const blocks = state.memory.flatMap((b) => blockChanges(b, pc >= b.at && pc < b.at + 4 * b.words.length));
  return [...blocks, ...hostChanges(state), ...fpChanges(state)];
}

function applyAll(state: State, changes: readonly Change[]): State {
  return changes.reduce((s, change) => change(s) ?? s, state);
}

/** Counts that halve: all of them, half of them, …, one. */
function halves(count: number): number[] {
  const sizes: number[] = [];
  for (let n = count; n >= 1; n = Math.floor(n / 2)) sizes.push(n);
  return sizes;
}

/**
 * Shrinks a state. It yields states and is told which of them still show the difference, until it returns the smallest found.
 */
export function* shrink(start: State): Ask {
  let state = start;
  for (let round = 0; round < ROUNDS; round++) {
    const singles = changesOf(state).filter((change) => change(state) !== undefined);
    const states = singles.map((change) => change(state) ?? state);
    const good = yield states;
    const useful = singles.filter((_, i) => good[i] === true);
    if (useful.length === 0) return state;
    const current = state;
    const together = halves(useful.length).map((n) => applyAll(current, useful.slice(0, n)));
    const verdicts = yield together;
    const best = verdicts.indexOf(true);
    state = together[best < 0 ? together.length - 1 : best] ?? state;
  }
  return state;
}

/**
 * Shrinks several states at a time, so that the oracle is asked as seldom as possible.
 *
 * @param ask which of some states still show the difference of the state at an index of `starts`
 */
export async function shrinkAll(
  starts: readonly State[],
  ask: (asked: readonly { readonly of: number; readonly state: State }[]) => Promise<readonly boolean[]>,
): Promise<readonly State[]> {
  const results = [...starts];
  const runs = starts.map((start, of) => {
    const run = shrink(start);
    return { of, run, step: run.next() };
  });
  for (;;) {
    const open = runs.filter(({ step }) => step.done !== true);
    if (open.length === 0) return results;
    const asked = open.flatMap(({ of, step }) =>
      step.done === true ? [] : step.value.map((state) => ({ of, state }))
    );
    const verdicts = await ask(asked);
    for (const one of open) {
      const mine = verdicts.filter((_, i) => asked[i]?.of === one.of);
      one.step = one.run.next(mine);
      if (one.step.done === true) results[one.of] = one.step.value;
    }
  }
}
