/**
 * States of CSR accesses: every number, every field walked with ones and zeros, and what the register holds then.
 *
 * @module
 */
import type { CsrDeclaration } from "../core/csr/define.ts";
import { CSRS } from "../core/csr/table.ts";
import type { Profile } from "../core/profile.ts";
import type { Made, Maker, Order } from "./maker.ts";
import { value } from "./operands.ts";
import { oneIn, type Random } from "./random.ts";
import { HANDLERS, type Mode, Scene, unprivileged, word } from "./scene.ts";

const wrap = (v: bigint) => BigInt.asUintN(64, v);
const ALL = wrap(-1n);
const DIRECT: Mode = { mapped: false, plv: 0 };
const MAPPED: Mode = { mapped: true, plv: 0 };

/** Registers whose start a state does not choose: they hold what the run needs. */
const FIXED: ReadonlySet<string> = new Set([
  "CRMD",
  "EENTRY",
  "TLBRENTRY",
  "MERRENTRY",
  "TCFG",
  "EUEN",
  "ESTAT",
  "ECFG",
]);
/** Registers that must not change under code that runs from a window. */
const OF_TRANSLATION = /^(CRMD|DMW[01]|EENTRY|TLBRENTRY)$/;
const FIRST_UNKNOWN = 0x600;

/** Accesses of one state. */
const ACCESSES = 6;

/** What is written to a register one after the other: ones and zeros by field, by bit, and all. */
function walkOf(csr: CsrDeclaration | undefined): readonly bigint[] {
  const fields = csr?.fields.flatMap(({ mask }) => [mask, wrap(~mask)]) ?? [];
  const high = Math.max(0, ...csr?.fields.map((f) => f.spec.high) ?? [63]);
  const bits = Array.from({ length: Math.min(64, high + 2) }, (_, n) => 1n << BigInt(n));
  return [...fields, ALL, 0n, ...bits.flatMap((bit) => [bit, wrap(~bit)])];
}

/** The value of a walk at a step; behind its end mostly others. */
function walked(random: Random, walk: readonly bigint[], step: number): bigint {
  const again = step >= walk.length && oneIn(random, 4);
  return again ? value(random) : walk[step % walk.length] ?? 0n;
}

/** Cuts what would make the run hang on time, or leave the two legal combinations of DA and PG. */
function tame(name: string, random: Random, v: bigint): bigint {
  // A timer that expires within the run would tell machines apart by their speed.
  if (name === "TCFG" && (v & 1n) === 1n) return v | (1n << 40n);
  // Neither both nor none of DA and PG; no interrupts; PLV0 or PLV3.
  if (name === "CRMD") {
    const plv = (v & 3n) === 0n ? 0n : 3n;
    return (v & ~0x1cn) | plv | (oneIn(random, 2) ? 8n : 16n);
  }
  return v;
}

/** What a register may hold at the start. */
function startValue(random: Random, csr: CsrDeclaration, profile: Profile): bigint {
  // Others are no page sizes.
  if (csr.name === "STLBPS") return BigInt(12 + random.below(18));
  const reset = csr.resetValue(profile);
  const mask = csr.writeMask(profile, "own");
  const next = (reset & ~mask) | (random.bits64() & mask);
  return csr.options.legalise?.(reset, next, profile, ALL) ?? next;
}

interface Choice {
  readonly number: number;
  readonly csr: CsrDeclaration | undefined;
  /** How often this register has had its turn. */
  readonly turn: number;
}

/** Registers that come in long series: counters and watchpoints. */
const SERIES: readonly CsrDeclaration[] = CSRS.filter(({ number }) => number >= 0x200 && number < 0x400);
/** All others. */
const SINGLE: readonly CsrDeclaration[] = CSRS.filter((csr) => !SERIES.includes(csr));
/** Of so many states one has a register of a series, or a number without a register. */
const OTHERS = 8;

/** Registers in turn. */
function choose(random: Random, index: number): Choice {
  const turn = Math.floor(index / OTHERS);
  if (index % OTHERS !== OTHERS - 1) {
    const position = turn * (OTHERS - 1) + index % OTHERS;
    const csr = SINGLE[position % SINGLE.length];
    return { number: csr?.number ?? 0, csr, turn: Math.floor(position / SINGLE.length) };
  }
  if (SERIES.length > 0 && oneIn(random, 2)) {
    const csr = random.pick(SERIES);
    return { number: csr.number, csr, turn };
  }
  const number = oneIn(random, 2) ? random.below(0x4000) : FIRST_UNKNOWN + random.below(0x100);
  return { number, csr: CSRS.find((c) => c.number === number), turn };
}

function modeOf(random: Random, { csr }: Choice): Mode {
  if (oneIn(random, 12)) return unprivileged(random);
  return csr !== undefined && !OF_TRANSLATION.test(csr.name) && oneIn(random, 4) ? MAPPED : DIRECT;
}

/** Exceptions lead to the end as well, where ESTAT tells of them. */
function finish(scene: Scene, tested: number, code: readonly number[]): Made {
  scene.setCsr("EENTRY", scene.address(HANDLERS));
  scene.setCsr("TLBRENTRY", BigInt(HANDLERS));
  scene.setCsr("MERRENTRY", BigInt(HANDLERS));
  const branch = word("b", HANDLERS - scene.codeAt - 4 * code.length);
  scene.place(scene.codeAt, [...code, branch]);
  scene.place(HANDLERS, [word("andi", 0, 0, 0)]);
  return { scene, tested, end: scene.address(HANDLERS), budget: 40 };
}

/** Registers of the accesses: written and then old values, values read back, masks. */
const registersOf = (n: number) => ({ rd: 4 + n, back: 12 + n, rj: 22 + n });

function accessState(order: Order, profile: Profile): Made {
  const { random, index } = order;
  const choice = choose(random, index);
  const { csr } = choice;
  const scene = new Scene(random, modeOf(random, choice));
  // MISC could take the code's addresses from it.
  const isOpen = csr !== undefined && csr.existsIn(profile) && !FIXED.has(csr.name) &&
    !scene.csr.has(csr.name) &&
    (csr.name !== "MISC" || scene.mode.plv === 0);
  if (isOpen) {
    scene.setCsr(csr.name, startValue(random, csr, profile));
  }
  const walk = walkOf(csr);
  const first = choice.turn * ACCESSES;
  const accesses = Array.from({ length: ACCESSES }, (_, n) => {
    const { rd, back, rj } = registersOf(n);
    scene.gpr.set(rd, tame(csr?.name ?? "", random, walked(random, walk, first + n)));
    scene.gpr.set(back, value(random));
    scene.gpr.set(rj, maskOf(random, csr, walk));
    return [access(order, choice, n), word("csrrd", back, BigInt(choice.number))] as const;
  });
  return finish(scene, accesses[0]?.[0] ?? 0, accesses.flat());
}

/** A mask for csrxchg; the bits that are tamed are all written. */
function maskOf(random: Random, csr: CsrDeclaration | undefined, walk: readonly bigint[]): bigint {
  if (csr?.name === "CRMD" || csr?.name === "TCFG") return ALL;
  return oneIn(random, 3) ? ALL : walked(random, walk, random.word());
}

function access({ random, instruction: { name } }: Order, choice: Choice, n: number): number {
  const { rd, rj } = registersOf(n);
  const number = BigInt(choice.number);
  if (name.endsWith("xchg")) return word(name, rd, rj, number);
  return word(name, name.endsWith("rd") && oneIn(random, 12) ? 0 : rd, number);
}

/** Accesses by a machine of a profile. */
export function csrStates(profile: Profile): Maker {
  return (order) => accessState(order, profile);
}
