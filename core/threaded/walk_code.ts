/**
 * Steps of a software page walk as WebAssembly, where an entry of a table is read: lddir, ldpte, and csrrd of PGD, which they begin with. Huge
 * pages and levels that are not defined the engine does, as core/exec/walk_calls.ts has it: the fields are the same declarations.
 *
 * @module
 */
import { BADV } from "../csr/basic.ts";
import { csrSlot } from "../csr/bank.ts";
import type { CsrDeclaration, Field } from "../csr/define.ts";
import {
  PGD,
  PGDH,
  PGDL,
  PWCL,
  TLBRBADV,
  TLBREHI,
  TLBRELO0,
  TLBRELO1,
  TLBRERA,
  WALK_LEVELS,
} from "../csr/translation.ts";
import { HUGE } from "../exec/walk_calls.ts";
import type { Decoded } from "../isa/decode.ts";
import type { Profile } from "../profile.ts";
import { Code } from "../wasm/code.ts";
import { BANK, CONTROL, GPR, OP, OPERATION_MEMORIES } from "./layout.ts";

const DOUBLE = 8;
const ENTRY_BYTES = 8n;
const [OP_PARAMETER, LEFT_PARAMETER] = [0, 1];
/** The bit of a bad address that says which half of the address space it is in. */
const UPPER_HALF = 1n << 47n;

/** Functions that a step continues with. */
export interface WalkRuntime {
  /** (op, left): lets the engine execute the operation. */
  readonly call: number;
  /** (op, left): continues with the operation behind this one. */
  readonly next: number;
  /** The import that finds the place in RAM of `CONTROL.missed`, an address of the second stage to load from; -1 if there is none. */
  readonly second: number;
}

/** The body of a step. */
class WalkCode {
  readonly #code = new Code(2);
  readonly #profile: Profile;
  readonly #runtime: WalkRuntime;
  readonly #bank = this.#code.local("i32");
  readonly #table = this.#code.local("i64");
  readonly #address = this.#code.local("i64");
  readonly #place = this.#code.local("i32");

  constructor(profile: Profile, runtime: WalkRuntime) {
    this.#profile = profile;
    this.#runtime = runtime;
    this.#code.i32(0).access("i32.load", CONTROL.csrTlb).tee(this.#bank).op("i32.eqz");
    this.#leaveIf();
  }

  #leaveIf(): void {
    this.#code.if().get(OP_PARAMETER).get(LEFT_PARAMETER).returnCall(this.#runtime.call).end();
  }

  #next(): Code {
    return this.#code.get(OP_PARAMETER).get(LEFT_PARAMETER).returnCall(this.#runtime.next);
  }

  #at(csr: CsrDeclaration): number {
    return BANK.values + csrSlot(this.#profile, csr.number) * DOUBLE;
  }

  /** Leaves a register of the world, an i64, on the stack. */
  #read(csr: CsrDeclaration): Code {
    return this.#code.get(this.#bank).access("i64.load", this.#at(csr));
  }

  /** Leaves a field of PWCL or PWCH, an i64, on the stack. */
  #field(field: Field): Code {
    const { csr, spec: { low, high } } = field;
    this.#code.get(this.#bank).access("i64.load32_u", BANK.values + csrSlot(this.#profile, csr) * DOUBLE);
    return this.#code.i64(BigInt(low)).op("i64.shr_u").i64((1n << BigInt(high - low + 1)) - 1n).op("i64.and");
  }

  /** Reads rj, and leaves if it is a huge page. */
  #readTable(): void {
    const code = this.#code;
    code.get(OP_PARAMETER).access("i32.load", OP.rj).access("i64.load", GPR).tee(this.#table);
    code.i64(HUGE).op("i64.and").i64(0n).op("i64.ne");
    this.#leaveIf();
  }

  /** Leaves the entry of a level's table, an i64, on the stack; of a pair of entries the even or the odd one. */
  #entry([base, width]: readonly [Field, Field], ofPair?: "even" | "odd"): void {
    const code = this.#code;
    this.#read(TLBRBADV);
    this.#field(base).op("i64.shr_u").i64(1n);
    this.#field(width).op("i64.shl").i64(1n).op("i64.sub", "i64.and");
    if (ofPair !== undefined) code.i64(~1n).op("i64.and");
    if (ofPair === "odd") code.i64(1n).op("i64.or");
    this.#field(PWCL.PTEWidth).i64(1n).op("i64.add").i64(ENTRY_BYTES).op("i64.mul", "i64.mul");
    code.get(this.#table).op("i64.add").i64((1n << BigInt(this.#profile.palen)) - ENTRY_BYTES).op("i64.and");
    code.set(this.#address);
    this.#findPlace();
    code.get(this.#place).access("i64.load", 0, OPERATION_MEMORIES.ram);
  }

  /** Where the address is in RAM; leaves if it is not. */
  #findPlace(): void {
    const code = this.#code;
    code.i32(0).access("i32.load", CONTROL.world).if();
    code.i32(0).get(this.#address).access("i64.store", CONTROL.missed);
    code.call(this.#runtime.second).tee(this.#place).i32(0).op("i32.lt_s");
    this.#leaveIf();
    code.else();
    code.get(this.#address).i32(0).access("i64.load", CONTROL.ramBytes).op("i64.ge_u");
    this.#leaveIf();
    code.get(this.#address).op("i32.wrap_i64").set(this.#place).end();
  }

  /** lddir of a level. */
  directory(level: readonly [Field, Field]): Code {
    this.#readTable();
    this.#code.get(OP_PARAMETER).access("i32.load", OP.rd);
    this.#entry(level);
    this.#code.access("i64.store", GPR);
    return this.#next();
  }

  /** ldpte. */
  pageEntry(ofPair: "even" | "odd"): Code {
    const code = this.#code;
    const [level] = WALK_LEVELS;
    const target = ofPair === "odd" ? TLBRELO1 : TLBRELO0;
    this.#readTable();
    code.get(this.#bank);
    this.#entry(level, ofPair);
    code.i64(target.writeMask(this.#profile, "own")).op("i64.and").access("i64.store", this.#at(target));
    code.get(this.#bank);
    this.#read(TLBREHI).i64(~TLBREHI.PS.mask).op("i64.and");
    this.#field(level[0]).op("i64.or").access("i64.store", this.#at(TLBREHI));
    return this.#next();
  }

  /** csrrd of PGD. */
  root(): Code {
    const code = this.#code;
    code.get(OP_PARAMETER).access("i32.load", OP.rd);
    this.#read(PGDH);
    this.#read(PGDL);
    this.#read(TLBRBADV);
    this.#read(BADV);
    this.#read(TLBRERA).i64(TLBRERA.IsTLBR.mask).op("i64.and").i64(0n).op("i64.ne", "select");
    code.i64(UPPER_HALF).op("i64.and").i64(0n).op("i64.ne", "select").access("i64.store", GPR);
    return this.#next();
  }
}

/** The functions, by {@linkcode walkKey}. */
export function walkCodes(profile: Profile, runtime: WalkRuntime): ReadonlyMap<string, Code> {
  const step = () => new WalkCode(profile, runtime);
  return new Map([
    ...WALK_LEVELS.slice(1).map((level, i) => [`lddir ${i + 1}`, step().directory(level)] as const),
    ["ldpte even", step().pageEntry("even")],
    ["ldpte odd", step().pageEntry("odd")],
    ["root", step().root()],
  ]);
}

/** Which of them an instruction has. */
export function walkKey({ instruction: { name }, operands }: Decoded): string | undefined {
  switch (name) {
    case "lddir":
      return `lddir ${operands["level"]}`;
    case "ldpte":
      return operands["seq"] === 0n ? "ldpte even" : "ldpte odd";
    case "csrrd":
      return operands["csr"] === BigInt(PGD.number) ? "root" : undefined;
    default:
      return undefined;
  }
}
