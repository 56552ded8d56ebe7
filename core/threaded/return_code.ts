/**
 * Returning from an exception as WebAssembly.
 *
 * @module
 */
import { CRMD, DBG, ECFG, ERA, ESTAT, LLBCTL, MERRCTL, PRMD } from "../csr/basic.ts";
import { hasCsr } from "../csr/bank.ts";
import type { CsrDeclaration, Field } from "../csr/define.ts";
import { GSTAT } from "../csr/lvz.ts";
import { TLBRERA, TLBRPRMD } from "../csr/translation.ts";
import type { Profile } from "../profile.ts";
import type { Code } from "../wasm/code.ts";
import { BANK, BANKS, CONTROL, LLBITS } from "./layout.ts";
import { mask, type SavedMode, TransitionCode, type TransitionRuntime } from "./transition_code.ts";

const LIE = Number(ECFG.LIE.mask);

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

/** The function of ertn. */
export function returnCode(profile: Profile, runtime: TransitionRuntime): Code {
  return new ReturnCode(profile, runtime).write();
}
