/**
 * Taking an exception and returning from one as WebAssembly, where that is nothing but moving fields and changing to a context that is known.
 * Everything else the engine does, as core/exception.ts has it: the fields are the same declarations.
 *
 * @module
 */
import { BADI, BADV, CRMD, DBG, ECFG, EENTRY, ERA, ESTAT, LLBCTL, MERRCTL, PRMD } from "../csr/basic.ts";
import { csrSlot, hasCsr } from "../csr/bank.ts";
import type { CsrDeclaration, Field } from "../csr/define.ts";
import { GSTAT } from "../csr/lvz.ts";
import { TLBEHI, TLBRBADV, TLBREHI, TLBRENTRY, TLBRERA, TLBRPRMD } from "../csr/translation.ts";
import { type ExceptionKind, EXCEPTIONS } from "../exception_codes.ts";
import type { Profile } from "../profile.ts";
import { Code } from "../wasm/code.ts";
import {
  BANK,
  BANKS,
  BY_MODE,
  CONTEXT,
  CONTROL,
  CPUCFG,
  EXIT,
  FAULTS,
  GPR,
  LLBITS,
  MODE_BITS,
  OP,
} from "./layout.ts";

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
  /** (op, left): continues with the operation behind this one. */
  readonly next: number;
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

/**
 * Who takes the exception of an instruction: the world that executes it, or the host of the guest that does; in that case perhaps only where the
 * guest may use privileged instructions. Anything else the engine finds out.
 */
export type Taker = "own" | "exit" | "privileged exit";

/** Takes an exception of the operation in the parameter. What kinds of exceptions have in common. */
abstract class TakingCode extends TransitionCode {
  protected readonly exits: boolean;
  /** The bank and the world that take it. */
  protected readonly taker = this.code.local("i32");
  protected readonly takerWorld = this.code.local("i32");
  readonly #next = this.code.local("i32");

  constructor(exits: boolean, profile: Profile, runtime: TransitionRuntime) {
    super(profile, runtime);
    this.exits = exits;
  }

  /** Where the mode is kept, but for what it is that PWE keeps: that is the engine's. */
  protected abstract readonly saved: CsrDeclaration & SavedMode;
  /** Bits of CRMD that the handler begins without, and with. */
  protected abstract readonly cleared: number;
  protected abstract readonly set: number;
  /** Leaves where that is for the engine. */
  protected check(): void {}
  /** Writes what the exception tells. */
  protected abstract record(): void;
  /** Writes what becomes of GSTAT. */
  protected abstract leaveGuest(): void;
  /** Leaves the address of the handler on the stack. */
  protected abstract handler(): void;

  write(): Code {
    const { code, taker, saved } = this;
    this.begin();
    this.check();
    if (this.exits) code.i32(BANKS.host).set(taker);
    else code.get(this.own).set(taker).get(this.world).set(this.takerWorld);
    this.low(taker, CRMD).tee(this.crmd).i32(mask(CRMD.WE)).op("i32.and");
    this.leaveIf();
    code.get(this.crmd).i32(~this.cleared).op("i32.and").i32(this.set).op("i32.or").set(this.#next);
    this.findContext(this.takerWorld, this.#next);
    this.setLow(taker, saved, () => {
      this.low(taker, saved).i32(~mask(saved.PPLV, saved.PIE, saved.PWE)).op("i32.and");
      this.moved(CRMD.PLV, saved.PPLV, this.crmd);
      code.op("i32.or");
      this.moved(CRMD.IE, saved.PIE, this.crmd);
      code.op("i32.or");
    });
    this.setLow(taker, CRMD, () => code.get(this.#next));
    this.record();
    code.i32(0).i32(0).access("i32.load", CONTROL.trapped).i32(1).op("i32.add");
    code.access("i32.store", CONTROL.trapped);
    if (hasCsr(this.profile, GSTAT.number)) this.leaveGuest();
    this.setTarget(() => this.handler());
    return this.finish();
  }

  /** Replaces fields of GSTAT. */
  protected setGstat(clear: readonly Field[], set: readonly Field[]): void {
    const { code } = this;
    const host = code.local("i32");
    code.i32(BANKS.host).set(host);
    this.setLow(host, GSTAT, () => {
      this.low(host, GSTAT).i32(~mask(...clear)).op("i32.and").i32(mask(...set)).op("i32.or");
    });
  }

  /** Leaves the address of the operation on the stack. */
  protected place(): Code {
    const { code } = this;
    code.i32(0).access("i64.load", CONTROL.pcDelta).get(OP_PARAMETER).i32(3);
    return code.op("i32.shr_u", "i64.extend_i32_u", "i64.add");
  }
}

/** A general exception. */
abstract class GeneralCode extends TakingCode {
  protected override readonly saved = PRMD;
  protected override readonly cleared = mask(CRMD.PLV, CRMD.IE);
  protected override readonly set = 0;

  /** Leaves Ecode and EsubCode, in their places in ESTAT, on the stack. */
  protected abstract codes(): void;
  /** Leaves the instruction on the stack. */
  protected abstract instruction(): void;

  protected override record(): void {
    const { code, taker } = this;
    this.setLow(taker, ESTAT, () => {
      this.low(taker, ESTAT).i32(~mask(ESTAT.Ecode, ESTAT.EsubCode)).op("i32.and");
      this.codes();
      code.op("i32.or");
    });
    code.get(taker);
    this.place().access("i64.store", this.at(ERA));
    this.setLow(taker, BADI, () => this.instruction());
  }

  /** See core/exception.ts. */
  protected override leaveGuest(): void {
    if (this.exits) {
      this.setGstat([GSTAT.VM], [GSTAT.PVM]);
    } else if (this.profile.lvz.pvmAtHostException === "records-vm") {
      this.code.get(this.takerWorld).op("i32.eqz").if();
      this.setGstat([GSTAT.PVM], []);
      this.code.end();
    }
  }

  protected override handler(): void {
    const { code, taker } = this;
    const spacing = code.local("i32");
    this.low(taker, ECFG).i32(ECFG.VS.spec.low).op("i32.shr_u").i32(mask(ECFG.VS) >>> ECFG.VS.spec.low).op(
      "i32.and",
    );
    code.set(spacing).get(taker).access("i64.load", this.at(EENTRY));
    this.codes();
    code.i32(mask(ESTAT.Ecode)).op("i32.and").i32(ESTAT.Ecode.spec.low).op("i32.shr_u");
    code.get(spacing).i32(2).op("i32.add", "i32.shl").i32(0).get(spacing).op("select");
    code.op("i64.extend_i32_u", "i64.or");
  }
}

/** An instruction that always raises an exception: syscall, break, and in guest mode hvcl and what exits with GSPR. */
class ExceptionCode extends GeneralCode {
  readonly #kind: ExceptionKind;
  readonly #isPrivileged: boolean;

  constructor(kind: ExceptionKind, taker: Taker, profile: Profile, runtime: TransitionRuntime) {
    super(taker !== "own", profile, runtime);
    this.#kind = kind;
    this.#isPrivileged = taker === "privileged exit";
  }

  protected override check(): void {
    if (!this.exits) return;
    const { code } = this;
    code.get(this.world).op("i32.eqz");
    if (this.#isPrivileged) code.i32(0).access("i32.load", CONTROL.csrOwn).op("i32.eqz", "i32.or");
    this.leaveIf();
  }

  protected override codes(): void {
    this.code.i32(codesOf(this.#kind));
  }

  protected override instruction(): void {
    this.code.get(OP_PARAMETER).access("i32.load", OP.first);
  }
}

/** cpucfg: in guest mode an exit, in host mode a table. */
class ConfigurationCode extends ExceptionCode {
  constructor(profile: Profile, runtime: TransitionRuntime) {
    super(EXCEPTIONS.GSPR, "exit", profile, runtime);
  }

  protected override begin(): void {
    const { code } = this;
    const index = code.local("i64");
    code.i32(0).access("i32.load", CONTROL.world).op("i32.eqz").if();
    code.get(OP_PARAMETER).access("i32.load", OP.rj).access("i64.load", GPR).tee(index);
    code.i64(BigInt(CPUCFG.words)).op("i64.ge_u");
    this.leaveIf();
    code.get(OP_PARAMETER).access("i32.load", OP.rd);
    code.get(index).op("i32.wrap_i64").i32(2).op("i32.shl").access("i64.load32_s", CPUCFG.at);
    code.access("i64.store", GPR);
    code.get(OP_PARAMETER).get(LEFT_PARAMETER).returnCall(this.runtime.next).end();
    super.begin();
  }
}

/** What a kind of exception shows in ESTAT. */
export function codesOf({ ecode, esubcode }: ExceptionKind): number {
  return ecode << ESTAT.Ecode.spec.low | esubcode << ESTAT.EsubCode.spec.low;
}

/** An access to memory that has no page, or a page that does not allow it: {@linkcode CONTROL.faultCodes} says which. */
class AccessFaultCode extends GeneralCode {
  protected override codes(): void {
    this.code.i32(0).access("i32.load", CONTROL.faultCodes);
  }

  protected override instruction(): void {
    this.code.i32(0).access("i32.load", CONTROL.faultWord);
  }

  protected override record(): void {
    super.record();
    const { code, taker } = this;
    code.get(taker).i32(0).access("i64.load", CONTROL.missed).access("i64.store", this.at(BADV));
    code.get(taker);
    this.pagePair();
    code.access("i64.store", this.at(TLBEHI));
  }
}

/** An access that the TLB knows no page for. */
class RefillCode extends TakingCode {
  protected override readonly saved = TLBRPRMD;
  protected override readonly cleared = mask(CRMD.PLV, CRMD.IE, CRMD.PG);
  protected override readonly set = mask(CRMD.DA);

  protected override record(): void {
    const { code, taker } = this;
    code.get(taker).i32(0).access("i64.load", CONTROL.missed).access("i64.store", this.at(TLBRBADV));
    code.get(taker);
    this.pagePair();
    code.get(taker).access("i64.load", this.at(TLBREHI)).i64(TLBREHI.PS.mask).op("i64.and", "i64.or");
    code.access("i64.store", this.at(TLBREHI));
    code.get(taker);
    this.place().i64(TLBRERA.IsTLBR.mask).op("i64.or").access("i64.store", this.at(TLBRERA));
  }

  /** The world goes into TLBRPRMD; GSTAT.PVM stays: see core/exception.ts. */
  protected override leaveGuest(): void {
    const { code, taker, takerWorld } = this;
    const pgm = mask(TLBRPRMD.PGM);
    code.get(takerWorld).op("i32.eqz").if();
    this.setLow(taker, TLBRPRMD, () => {
      this.low(taker, TLBRPRMD).i32(~pgm).op("i32.and").i32(this.exits ? pgm : 0).op("i32.or");
    });
    code.end();
    if (this.exits) this.setGstat([GSTAT.VM], []);
  }

  protected override handler(): void {
    this.code.get(this.taker).access("i64.load", this.at(TLBRENTRY));
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

/** The function of cpucfg. */
export function configurationCode(profile: Profile, runtime: TransitionRuntime): Code {
  return new ConfigurationCode(profile, runtime).write();
}

/** The functions that take an exception of an access to memory, in the order of {@linkcode FAULTS}. */
export function faultCodes(profile: Profile, runtime: TransitionRuntime): readonly Code[] {
  return FAULTS.map(({ isRefill, exits }) =>
    new (isRefill ? RefillCode : AccessFaultCode)(exits, profile, runtime).write()
  );
}

/** The function of ertn. */
export function returnCode(profile: Profile, runtime: TransitionRuntime): Code {
  return new ReturnCode(profile, runtime).write();
}
