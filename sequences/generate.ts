/**
 * Makes sequences from seeds.
 *
 * @module
 */
import { CSRS, LA464 } from "../core/mod.ts";
import { ADDRESS_REGISTERS, code, CodeGenerator, interestingAddress, TLB_REGISTERS } from "./instructions.ts";
import { FAR_PAGE, PAGES } from "./layout.ts";
import { Random } from "./random.ts";
import type { Action, Flush, GuestNumber, Hex, Sequence } from "./sequence.ts";

/** Sizes of a sequence. */
const ACTIONS = { least: 8, most: 30 } as const;
const CODE = { least: 3, most: 28 } as const;
const HANDLER_SCRATCH = 20;
/** Index bits of a level of the guests' own page tables. */
const WALK_BITS = 9;
/** MTLB indices of the profile: the 64 after the STLB. */
const FIRST_MTLB = LA464.stlbSets * LA464.stlbWays;

/** What gcsrwr may set freely. The rest is time (see `timed`), or would lead the guest nowhere too often. */
const FREE_CSRS: readonly string[] = CSRS.filter((c) =>
  c.options.guest === "copy" && c.existsIn(LA464) &&
  !["TCFG", "TVAL", "TICLR", "STLBPS", "TLBIDX", "EENTRY", "TLBRENTRY", "CRMD", "TLBRERA"].includes(c.name)
).map((c) => c.name);
const TRAPS: readonly string[] = ["SIT", "TIT", "TOE", "TOP", "TORU", "TOTI"];

/** A value as hex text. */
export function hex(value: bigint): Hex {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}

/** The sequence of a seed. */
export function generate(seed: string): Sequence {
  const random = new Random(seed);
  const timed = random.chance(0.4);
  const maker = new Maker(random, timed);
  const handlers = [maker.handlers(), maker.handlers()];
  const count = random.between(ACTIONS.least, ACTIONS.most);
  return { seed, timed, handlers, actions: Array.from({ length: count }, () => maker.action()) };
}

/** Makes the parts of one sequence. */
class Maker {
  readonly #random: Random;
  readonly #timed: boolean;
  readonly #code: CodeGenerator;

  constructor(random: Random, timed: boolean) {
    this.#random = random;
    this.#timed = timed;
    this.#code = new CodeGenerator({ random, timed });
  }

  /** Handlers that go on behind the instruction, after a few of their own; the refill handler maps pages onto themselves. */
  handlers(): Sequence["handlers"][number] {
    const r = this.#random;
    const s = HANDLER_SCRATCH;
    const skip = code(
      ["csrwr", s, "SAVE7"],
      ["csrrd", s, "ERA"],
      ["addi.d", s, s, 4],
      ["csrwr", s, "ERA"],
      ["csrrd", s, "SAVE7"],
    );
    const body = r.chance(0.4) ? this.#code.block(r.between(1, 5)) : [];
    const call = r.chance(0.2) ? code(["hvcl", 0x200]) : [];
    const [ps, flags] = [r.pick([12, 14, 21]), r.pick([0x1f3, 0x1f, 0x13, 0x5f, 0x11])];
    const map = code(
      ["csrwr", s, "TLBRSAVE"],
      ["csrrd", s, "TLBREHI"],
      ["bstrins.d", s, 0, 5, 0],
      ["ori", s, s, ps],
      ["csrwr", s, "TLBREHI"],
      ["csrrd", s, "TLBRBADV"],
      ["bstrins.d", s, 0, ps, 0],
      ["bstrins.d", s, 0, 63, 47],
      ["ori", s, s, flags & 0xff],
      ["csrwr", s, "TLBRELO0"],
      ["csrrd", s, "TLBRELO0"],
      ["addu16i.d", s, s, ps === 21 ? 32 : 0],
      ...(ps === 21 ? [] : [["addi.d", s, s, 0x7ff], ["addi.d", s, s, 0x7ff], ["addi.d", s, s, 2]] as const),
      ["csrwr", s, "TLBRELO1"],
      ["csrrd", s, "TLBRSAVE"],
      ["tlbfill"],
      ["ertn"],
    );
    return { general: [...skip, ...body, ...call, ...code(["ertn"])], refill: map };
  }

  action(): Action {
    const r = this.#random;
    const guest = r.below(2) as GuestNumber;
    const timed: readonly (readonly [number, () => Action])[] = [
      [3, () => ({ kind: "advance", ticks: r.pick([1, 10, 100, 5000]) })],
      [3, () => ({ kind: "hostTimer", tcfg: hex(BigInt(r.between(1, 200) * 4 + r.below(4))) })],
      [2, () => ({ kind: "line", line: r.pick([2, 3, 5, 9]), level: r.chance(0.5) })],
    ];
    return r.weighted<() => Action>([
      [20, () => this.#run(guest)],
      [4, () => ({ kind: r.chance(0.6) ? "inject" : "withdraw", guest, interrupt: this.#interrupt() })],
      [7, () => this.#map(guest)],
      [2, () => ({ kind: "flush", guest, flush: r.pick<Flush>(["all", "gid", "page"]) })],
      [3, () => this.#trap()],
      [3, () => this.#gcsr(guest)],
      [2, () => ({ kind: "rebind", guest })],
      ...(this.#timed ? timed : []),
    ])();
  }

  #gcsr(guest: GuestNumber): Action {
    const csr = this.#random.pick(FREE_CSRS);
    const value = this.#value();
    // Only hardware puts an Ecode there, so that one of an exit is a fault.
    return { kind: "gcsr", guest, csr, value: hex(csr === "ESTAT" ? value & 0x1fffn : value) };
  }

  #interrupt(): number {
    const r = this.#random;
    return r.weighted([[3, () => r.between(2, 9)], [1, () => r.pick([0, 1])], [
      2,
      () => r.pick([10, 11, 12]),
    ]])();
  }

  #run(guest: GuestNumber): Action {
    const r = this.#random;
    const goesOn = r.chance(0.1);
    const words = goesOn ? [] : this.#code.block(r.between(CODE.least, CODE.most));
    const walk = !goesOn && r.chance(0.15) ? this.#walk() : { code: [], gpr: {}, csr: {} };
    return {
      kind: "run",
      guest,
      code: [...walk.code, ...words],
      gpr: goesOn ? {} : { ...this.#registers(), ...walk.gpr },
      csr: goesOn ? {} : { ...this.#mode(), ...walk.csr },
      onFault: r.chance(0.3) ? "map" : "skip",
      limit: r.chance(0.2) ? r.between(1, 20) : r.between(40, 160),
    };
  }

  /** A step of a page walk whose entry lies at an interesting address. */
  #walk(): { readonly code: number[]; readonly gpr: Record<string, Hex>; readonly csr: Record<string, Hex> } {
    const r = this.#random;
    const index = BigInt(r.below(1 << WALK_BITS));
    const table = BigInt.asUintN(64, interestingAddress(r) - index * 8n);
    const [base = 0, result = 0] = [ADDRESS_REGISTERS[0], 12];
    return {
      code: r.chance(0.5) ? code(["lddir", result, base, 1]) : code(["ldpte", base, r.below(2)]),
      gpr: { [base]: hex(table) },
      csr: {
        PWCL: hex(BigInt(12 | WALK_BITS << 5 | 12 << 10 | WALK_BITS << 15)),
        TLBRBADV: hex(index << 12n | BigInt(r.below(0x1000))),
      },
    };
  }

  #registers(): Record<string, Hex> {
    const r = this.#random;
    const ps = r.pick([12, 12, 14, 16, 21, 30]);
    const index = BigInt(FIRST_MTLB + r.below(64) | ps << 24) | (r.chance(0.1) ? 1n << 31n : 0n);
    const [idx = 0, ehi = 0, lo0 = 0, lo1 = 0] = TLB_REGISTERS;
    const page = () =>
      BigInt(r.below(12) * 0x4000) | BigInt(r.pick([0x1f3, 0x13, 0x53, 0x11, 0x1f, 0])) | this.#denied();
    return {
      ...Object.fromEntries(ADDRESS_REGISTERS.map((n) => [n, hex(interestingAddress(r))])),
      8: hex(BigInt(r.below(256))),
      9: hex(this.#value()),
      [idx]: hex(index),
      [ehi]: hex(interestingAddress(r)),
      [lo0]: hex(page()),
      [lo1]: hex(page()),
    };
  }

  /** NR, NX and RPLV, sometimes. */
  #denied(): bigint {
    return this.#random.chance(0.2) ? BigInt(this.#random.below(8)) << 61n : 0n;
  }

  /** The mode in which the guest starts: direct or mapped, each privilege level, with its vectors in place. */
  #mode(): Record<string, Hex> {
    const r = this.#random;
    const plv = r.chance(0.6) ? 0 : r.pick([0, 1, 3, 3]);
    const mapped = plv !== 0 ? r.chance(0.8) : r.chance(0.4);
    const crmd = plv | (r.chance(0.4) ? 4 : 0) | (mapped ? 0x10 : 8);
    return {
      CRMD: hex(BigInt(crmd)),
      EENTRY: "0x8000",
      TLBRENTRY: "0xa000",
      TLBRERA: "0x0",
      // Segment 0 onto itself, for some levels; without it the code itself is reached by the TLB.
      DMW0: hex(BigInt(r.pick([0x1f, 0x11, 0x1f, 0x11, 0x10]))),
      ...(r.chance(0.3) ? { DMW1: hex(0x8000_0000_0000_0001n | BigInt(r.below(16))) } : {}),
      ...(r.chance(0.5) ? { ECFG: hex(BigInt(r.below(0x2000))) } : {}),
      ...(r.chance(0.3) ? { ASID: hex(BigInt(r.below(4))) } : {}),
    };
  }

  #value(): bigint {
    const r = this.#random;
    return r.weighted<() => bigint>([
      [2, () => r.bits64()],
      [2, () => BigInt(r.below(0x10000))],
      [2, () => interestingAddress(r)],
      [1, () => 0n],
      [1, () => (1n << 64n) - 1n],
    ])();
  }

  #map(guest: GuestNumber): Action {
    const r = this.#random;
    const page = r.chance(0.8) ? r.below(PAGES + 2) : FAR_PAGE + r.below(4);
    const access = r.pick(["rwx", "rx", "rx", "r", "rw", "", "", "wx"]);
    // Stale translations differ with the page size of stage 2, so that only timed sequences have them.
    const flush = r.pick<Flush>(this.#timed ? ["all", "gid", "page", "none"] : ["all", "gid", "page"]);
    return { kind: "map", guest, page, target: r.below(PAGES), access, flush };
  }

  #trap(): Action {
    const r = this.#random;
    const fields = r.chance(0.5) ? [] : TRAPS.filter(() => r.chance(0.25));
    return { kind: "trap", fields, gci: r.pick([0, 1, 2, 2] as const) };
  }
}
