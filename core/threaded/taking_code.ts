/**
 * Taking an exception as WebAssembly: of an instruction that always raises one, and of an access to memory. What the fields are and who takes it
 * is core/exception.ts's.
 *
 * @module
 */
import { BADI, BADV, CRMD, ECFG, EENTRY, ERA, ESTAT, PRMD } from "../csr/basic.ts";
import { hasCsr } from "../csr/bank.ts";
import type { CsrDeclaration, Field } from "../csr/define.ts";
import { GSTAT } from "../csr/lvz.ts";
import { TLBEHI, TLBRBADV, TLBREHI, TLBRENTRY, TLBRERA, TLBRPRMD } from "../csr/translation.ts";
import { type ExceptionKind, EXCEPTIONS } from "../exception_codes.ts";
import type { Profile } from "../profile.ts";
import type { Code } from "../wasm/code.ts";
import { BANKS, CONTROL, CPUCFG, FAULTS, GPR, OP } from "./layout.ts";
import {
  LEFT_PARAMETER,
  mask,
  OP_PARAMETER,
  type SavedMode,
  TransitionCode,
  type TransitionRuntime,
} from "./transition_code.ts";

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
