/**
 * Taking an exception and returning from one as WebAssembly, where that is nothing but moving fields and changing to a context that is known.
 * Everything else the engine does, as core/exception.ts has it: the fields are the same declarations.
 *
 * @module
 */
import { BADI, CRMD, DBG, ECFG, EENTRY, ERA, ESTAT, LLBCTL, MERRCTL, PRMD } from "../csr/basic.ts";
import { csrSlot, hasCsr } from "../csr/bank.ts";
import type { CsrDeclaration, Field } from "../csr/define.ts";
import { GSTAT } from "../csr/lvz.ts";
import { TLBRERA, TLBRPRMD } from "../csr/translation.ts";
import type { ExceptionKind } from "../exception_codes.ts";
import type { Profile } from "../profile.ts";
import { Code } from "../wasm/code.ts";
import { BANK, BANKS, BY_MODE, CONTEXT, CONTROL, EXIT, LLBITS, MODE_BITS, OP } from "./layout.ts";

const DOUBLE = 8;
const LIE = Number(ECFG.LIE.mask);
const GUEST_SHIFT = Math.log2(BY_MODE.guest);
const [OP_PARAMETER, LEFT_PARAMETER] = [0, 1];

/** Functions that transitions continue with. */
export interface TransitionRuntime {
  /** (op, left): lets the engine execute the operation. */
  readonly slow: number;
  /** (left, target): continues at a virtual address. */
  readonly enter: number;
}

/** The fields of CRMD, and where a kind of exception keeps them. */
type SavedMode = Readonly<Record<"PPLV" | "PIE" | "PWE", Field>>;

/** The low 32 bits of a field's place. */
function mask(...fields: readonly Field[]): number {
  return fields.reduce((all, f) => all | Number(f.mask), 0);
}

/** The body of a function over a decoded operation that leaves one mode for another. */
abstract class TransitionCode {
  protected readonly code = new Code(2);
  protected readonly profile: Profile;
  readonly #runtime: TransitionRuntime;
  /** The bank of the world that the instruction is executed in. */
  protected readonly own = this.code.local("i32");
  protected readonly world = this.code.local("i32");
  protected readonly crmd = this.code.local("i32");
  readonly #record = this.code.local("i32");
  readonly #target = this.code.local("i64");

  constructor(profile: Profile, runtime: TransitionRuntime) {
    this.profile = profile;
    this.#runtime = runtime;
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
    code.if().get(OP_PARAMETER).get(LEFT_PARAMETER).returnCall(this.#runtime.slow).end();
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
    return code.get(LEFT_PARAMETER).get(this.#target).returnCall(this.#runtime.enter);
  }
}

/**
 * Who takes the exception of an instruction: the world that executes it, or the host of the guest that does; in that case perhaps only where the
 * guest may use privileged instructions. Anything else the engine finds out.
 */
export type Taker = "own" | "exit" | "privileged exit";

/** An instruction that always raises an exception: syscall, break, and in guest mode hvcl and what exits with GSPR. */
class ExceptionCode extends TransitionCode {
  readonly #kind: ExceptionKind;
  readonly #exits: boolean;
  readonly #isPrivileged: boolean;

  constructor(kind: ExceptionKind, taker: Taker, profile: Profile, runtime: TransitionRuntime) {
    super(profile, runtime);
    this.#kind = kind;
    this.#exits = taker !== "own";
    this.#isPrivileged = taker === "privileged exit";
  }

  write(): Code {
    const { code, world, own } = this;
    this.begin();
    if (this.#exits) {
      code.get(world).op("i32.eqz");
      if (this.#isPrivileged) code.i32(0).access("i32.load", CONTROL.csrOwn).op("i32.eqz", "i32.or");
      this.leaveIf();
    }
    const taker = code.local("i32");
    const next = code.local("i32");
    const takerWorld = code.local("i32");
    if (this.#exits) code.i32(BANKS.host).set(taker);
    else code.get(own).set(taker).get(world).set(takerWorld);
    this.low(taker, CRMD).tee(this.crmd).i32(mask(CRMD.WE)).op("i32.and");
    this.leaveIf();
    code.get(this.crmd).i32(~mask(CRMD.PLV, CRMD.IE)).op("i32.and").set(next);
    this.findContext(takerWorld, next);
    this.#save(taker, next);
    this.#leaveGuest(takerWorld);
    this.setTarget(() => this.#vector(taker));
    return this.finish();
  }

  #save(taker: number, next: number): void {
    const { code } = this;
    this.setLow(taker, PRMD, () => {
      this.low(taker, PRMD).i32(~mask(PRMD.PPLV, PRMD.PIE, PRMD.PWE)).op("i32.and");
      this.moved(CRMD.PLV, PRMD.PPLV, this.crmd);
      code.op("i32.or");
      this.moved(CRMD.IE, PRMD.PIE, this.crmd);
      code.op("i32.or");
    });
    this.setLow(taker, CRMD, () => code.get(next));
    this.setLow(taker, ESTAT, () => {
      const { ecode, esubcode } = this.#kind;
      const codes = ESTAT.Ecode.of(BigInt(ecode)) | ESTAT.EsubCode.of(BigInt(esubcode));
      this.low(taker, ESTAT).i32(~mask(ESTAT.Ecode, ESTAT.EsubCode)).op("i32.and").i32(Number(codes)).op(
        "i32.or",
      );
    });
    code.get(taker).i32(0).access("i64.load", CONTROL.pcDelta);
    code.get(OP_PARAMETER).i32(3).op("i32.shr_u", "i64.extend_i32_u", "i64.add").access(
      "i64.store",
      this.at(ERA),
    );
    this.setLow(taker, BADI, () => code.get(OP_PARAMETER).access("i32.load", OP.first));
    code.i32(0).i32(0).access("i32.load", CONTROL.trapped).i32(1).op("i32.add").access(
      "i32.store",
      CONTROL.trapped,
    );
  }

  /** GSTAT of an exception to the host: see core/exception.ts. */
  #leaveGuest(takerWorld: number): void {
    const { code, profile } = this;
    if (!hasCsr(profile, GSTAT.number)) return;
    const host = code.local("i32");
    code.i32(BANKS.host).set(host);
    if (this.#exits) {
      const { VM, PVM } = GSTAT;
      this.setLow(host, GSTAT, () => {
        this.low(host, GSTAT).i32(~mask(VM)).op("i32.and").i32(mask(PVM)).op("i32.or");
      });
    } else if (profile.lvz.pvmAtHostException === "records-vm") {
      code.get(takerWorld).op("i32.eqz").if();
      this.setLow(host, GSTAT, () => this.low(host, GSTAT).i32(~mask(GSTAT.PVM)).op("i32.and"));
      code.end();
    }
  }

  /** Leaves the address of the handler on the stack. */
  #vector(taker: number): void {
    const { code } = this;
    const spacing = code.local("i32");
    this.low(taker, ECFG).i32(ECFG.VS.spec.low).op("i32.shr_u").i32(mask(ECFG.VS) >>> ECFG.VS.spec.low).op(
      "i32.and",
    );
    code.set(spacing).get(taker).access("i64.load", this.at(EENTRY));
    code.i32(this.#kind.ecode).get(spacing).i32(2).op("i32.add", "i32.shl").i32(0).get(spacing).op("select");
    code.op("i64.extend_i32_u", "i64.or");
  }
}

/** ertn. */
class ReturnCode extends TransitionCode {
  /** The world and CRMD to return to. */
  readonly #toGuest = this.code.local("i32");
  readonly #next = this.code.local("i32");

  write(): Code {
    const { code, own } = this;
    this.begin();
    code.i32(0).access("i32.load", CONTROL.csrOwn).op("i32.eqz");
    this.leaveIf();
    this.#leaveInSpecialHandlers();
    this.low(own, TLBRERA).i32(mask(TLBRERA.IsTLBR)).op("i32.and").if();
    this.#plan(TLBRPRMD, TLBRPRMD, TLBRPRMD.PGM);
    this.#fromRefill();
    code.else();
    this.#plan(PRMD, PRMD, GSTAT.PVM);
    this.#fromGeneral();
    code.end();
    this.setLow(own, CRMD, () => code.get(this.#next));
    this.#enterWorld();
    return this.finish();
  }

  /** Debug mode and machine errors are the engine's. */
  #leaveInSpecialHandlers(): void {
    const { code, world, own } = this;
    code.get(world).op("i32.eqz").if();
    this.low(own, DBG).i32(mask(DBG.DST)).op("i32.and");
    this.low(own, MERRCTL).i32(mask(MERRCTL.IsMERR)).op("i32.and", "i32.or");
    this.leaveIf();
    code.end();
  }

  /** Computes what CRMD and the world will be; leaves if that is not for wasm. */
  #plan(saved: CsrDeclaration, fields: SavedMode, toGuest: Field): void {
    const { code, own, world } = this;
    const source = code.local("i32");
    this.low(own, saved).tee(source).i32(mask(fields.PWE)).op("i32.and");
    this.low(own, CRMD).i32(mask(CRMD.WE)).op("i32.and", "i32.or");
    this.leaveIf();
    const isRefill = saved === TLBRPRMD;
    code.get(this.crmd).i32(~(mask(CRMD.PLV, CRMD.IE) | (isRefill ? mask(CRMD.DA) : 0))).op("i32.and");
    if (isRefill) code.i32(mask(CRMD.PG)).op("i32.or");
    this.moved(fields.PPLV, CRMD.PLV, source);
    code.op("i32.or");
    this.moved(fields.PIE, CRMD.IE, source);
    code.op("i32.or").set(this.#next);
    code.get(world).set(this.#toGuest);
    if (hasCsr(this.profile, GSTAT.number)) {
      code.get(world).op("i32.eqz").if();
      if (isRefill) code.get(source);
      else this.low(own, GSTAT);
      code.i32(mask(toGuest)).op("i32.and").i32(0).op("i32.ne").set(this.#toGuest).end();
    }
    this.#leaveIfInterrupted();
    // A guest that is entered goes on in the mode of its own CRMD.
    const guest = code.local("i32");
    const crmd = code.local("i32");
    code.i32(BANKS.guest).set(guest);
    this.low(guest, CRMD).get(this.#next).get(this.#toGuest).get(world).op("i32.gt_u", "select").set(crmd);
    this.findContext(this.#toGuest, crmd);
  }

  /** An interrupt that would be taken at once is the engine's. */
  #leaveIfInterrupted(): void {
    const { code, world } = this;
    const bank = code.local("i32");
    const crmd = code.local("i32");
    code.i32(BANKS.host).set(bank);
    const isPending = () => {
      this.low(bank, ESTAT).get(bank).access("i32.load", BANK.lines).op("i32.or");
      this.low(bank, ECFG).op("i32.and").i32(LIE).op("i32.and").i32(0).get(crmd).i32(mask(CRMD.IE)).op(
        "i32.and",
      );
      code.op("select");
    };
    this.low(bank, CRMD).get(this.#next).get(world).op("select").set(crmd);
    isPending();
    this.leaveIf();
    code.get(this.#toGuest).if().i32(BANKS.guest).set(bank);
    code.get(this.#next);
    this.low(bank, CRMD).get(world).op("select").set(crmd);
    isPending();
    this.leaveIf();
    code.end();
  }

  #fromRefill(): void {
    const { code, own, profile } = this;
    this.setLow(own, TLBRERA, () => this.low(own, TLBRERA).i32(~mask(TLBRERA.IsTLBR)).op("i32.and"));
    if (profile.lvz.llbitOnRefillErtn === "cleared") this.#clearLlbit();
    this.setTarget(() => code.get(own).access("i64.load", this.at(TLBRERA)).i64(~3n).op("i64.and"));
  }

  #fromGeneral(): void {
    const { code, own } = this;
    this.#clearLlbit();
    this.setTarget(() => code.get(own).access("i64.load", this.at(ERA)));
  }

  /** KLO keeps the LLbit once. */
  #clearLlbit(): void {
    const { code, own, world } = this;
    this.low(own, LLBCTL).i32(mask(LLBCTL.KLO)).op("i32.and").if();
    this.setLow(own, LLBCTL, () => this.low(own, LLBCTL).i32(~mask(LLBCTL.KLO)).op("i32.and"));
    code.else();
    code.i32(LLBITS.guest).i32(LLBITS.host).get(world).op("select").i64(0n).access("i64.store", 0);
    code.end();
  }

  #enterWorld(): void {
    const { code, world } = this;
    if (!hasCsr(this.profile, GSTAT.number)) return;
    const host = code.local("i32");
    code.get(this.#toGuest).get(world).op("i32.gt_u").if();
    code.i32(BANKS.host).set(host);
    this.setLow(host, GSTAT, () => this.low(host, GSTAT).i32(mask(GSTAT.VM)).op("i32.or"));
    code.end();
  }
}

/** The function of an instruction that does nothing but raise an exception. */
export function exceptionCode(
  kind: ExceptionKind,
  taker: Taker,
  profile: Profile,
  runtime: TransitionRuntime,
): Code {
  return new ExceptionCode(kind, taker, profile, runtime).write();
}

/** The function of ertn. */
export function returnCode(profile: Profile, runtime: TransitionRuntime): Code {
  return new ReturnCode(profile, runtime).write();
}
