/**
 * Changes of mode as WebAssembly, where they are nothing but moving fields and changing to a context that is known: what taking an exception and
 * returning from one have in common. Everything else the engine does, as core/exception.ts has it: the fields are the same declarations.
 *
 * @module
 */
import { CRMD } from "../csr/basic.ts";
import { csrSlot } from "../csr/bank.ts";
import type { CsrDeclaration, Field } from "../csr/define.ts";
import { TLBEHI } from "../csr/translation.ts";
import type { Profile } from "../profile.ts";
import { Code } from "../wasm/code.ts";
import { BANK, BANKS, BY_MODE, CONTEXT, CONTROL, EXIT, MODE_BITS } from "./layout.ts";

const DOUBLE = 8;
const GUEST_SHIFT = Math.log2(BY_MODE.guest);
/** The parameters of an operation's function. */
export const [OP_PARAMETER, LEFT_PARAMETER] = [0, 1];

/** Functions that transitions continue with. */
export interface TransitionRuntime {
  /** (op, left): lets the engine execute the operation. */
  readonly slow: number;
  /** (left, target): continues at a virtual address. */
  readonly enter: number;
  /** (op, left): continues with the operation behind this one. */
  readonly next: number;
}

/** The fields of CRMD, and where a kind of exception keeps them. */
export type SavedMode = Readonly<Record<"PPLV" | "PIE" | "PWE", Field>>;

/** The low 32 bits of a field's place. */
export function mask(...fields: readonly Field[]): number {
  return fields.reduce((all, f) => all | Number(f.mask), 0);
}

/** The body of a function over a decoded operation that leaves one mode for another. */
export abstract class TransitionCode {
  protected readonly code = new Code(2);
  protected readonly profile: Profile;
  protected readonly runtime: TransitionRuntime;
  /** The bank of the world that the instruction is executed in. */
  protected readonly own = this.code.local("i32");
  protected readonly world = this.code.local("i32");
  protected readonly crmd = this.code.local("i32");
  readonly #record = this.code.local("i32");
  readonly #target = this.code.local("i64");

  constructor(profile: Profile, runtime: TransitionRuntime) {
    this.profile = profile;
    this.runtime = runtime;
  }

  /** The place of a register in its bank. */
  protected at(csr: CsrDeclaration): number {
    return BANK.values + csrSlot(this.profile, csr.number) * DOUBLE;
  }

  /** Leaves the low half of a register on the stack; `bank` is a local. */
  protected low(bank: number, csr: CsrDeclaration): Code {
    return this.code.get(bank).access("i32.load", this.at(csr));
  }

  /** Replaces the low half of a register by what `value` leaves on the stack. */
  protected setLow(bank: number, csr: CsrDeclaration, value: () => void): void {
    this.code.get(bank);
    value();
    this.code.access("i32.store", this.at(csr));
  }

  /** Lets the engine do it all if the i32 on the stack is not 0. */
  protected leaveIf(): void {
    const { code } = this;
    code.if().get(OP_PARAMETER).get(LEFT_PARAMETER).returnCall(this.runtime.slow).end();
  }

  /** Leaves unless transitions are wasm's here; then finds world and bank. */
  protected begin(): void {
    const { code } = this;
    code.i32(0).access("i32.load", CONTROL.transitions).op("i32.eqz");
    this.leaveIf();
    code.i32(0).access("i32.load", CONTROL.world).set(this.world);
    code.i32(BANKS.guest).i32(BANKS.host).get(this.world).op("select").set(this.own);
    this.low(this.own, CRMD).set(this.crmd);
  }

  /** Moves a field within or between two i32 that hold low halves; leaves the moved bits on the stack. */
  protected moved(from: Field, to: Field, source: number): void {
    const { code } = this;
    const distance = to.spec.low - from.spec.low;
    code.get(source).i32(mask(from)).op("i32.and");
    if (distance > 0) code.i32(distance).op("i32.shl");
    if (distance < 0) code.i32(-distance).op("i32.shr_u");
  }

  /** Finds the record of the context in a world (a local) with a CRMD (a local); leaves if it is unknown. */
  protected findContext(world: number, crmd: number): void {
    const { code } = this;
    code.get(crmd).i32(MODE_BITS).op("i32.and").get(world).i32(GUEST_SHIFT).op("i32.shl", "i32.or");
    code.i32(2).op("i32.shl").access("i32.load", BY_MODE.at).tee(this.#record).op("i32.eqz");
    this.leaveIf();
  }

  /** Leaves the bad address as TLBEHI and TLBREHI show it on the stack. */
  protected pagePair(): void {
    const { code } = this;
    code.i32(0).access("i64.load", CONTROL.missed).i64(16n).op("i64.shl").i64(16n).op("i64.shr_s");
    code.i64(TLBEHI.VPPN.mask).op("i64.and");
  }

  protected setTarget(value: () => void): void {
    value();
    this.code.set(this.#target);
  }

  /** Makes the context found the current one and continues at the target. */
  protected finish(): Code {
    const { code } = this;
    for (let word = 0; word < CONTEXT.words; word++) {
      code.i32(0).get(this.#record).access("i32.load", 4 * word).access(
        "i32.store",
        CONTEXT.copied + 4 * word,
      );
    }
    code.i32(0).i32(1).access("i32.store", CONTROL.moved);
    code.get(LEFT_PARAMETER).i32(1).op("i32.sub").set(LEFT_PARAMETER);
    code.i32(0).access("i32.load", CONTROL.untilHost).i32(0).access("i32.load", CONTROL.world);
    code.op("i32.gt_u").if();
    code.i32(0).get(LEFT_PARAMETER).access("i32.store", CONTROL.left);
    code.i32(0).get(this.#target).access("i64.store", CONTROL.target).i32(EXIT.fetch).op("return").end();
    return code.get(LEFT_PARAMETER).get(this.#target).returnCall(this.runtime.enter);
  }
}
