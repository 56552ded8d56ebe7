/**
 * One processor with its memory: the state, and the few operations that everything else is made of. A machine is a value;
 * nothing here is shared between machines.
 *
 * @module
 */
import type { AccessSize, Bus, IocsrSpace } from "./bus.ts";
import { Clock } from "./clock.ts";
import { CPUID, CRMD, MISC } from "./csr/basic.ts";
import { CsrBank } from "./csr/bank.ts";
import { GSTAT } from "./csr/lvz.ts";
import { TID } from "./csr/timer.ts";
import { BusError, type Place } from "./errors.ts";
import { Trap } from "./exception.ts";
import { EXCEPTIONS } from "./exception_codes.ts";
import type { ExecutionContext } from "./exec/evaluate.ts";
import { History } from "./history.ts";
import { Tlb } from "./mmu/tlb.ts";
import { type AccessType, type Regime, regimeOf } from "./mmu/regime.ts";
import { checkLegal } from "./mmu/translate.ts";
import { TranslationCache } from "./mmu/translation_cache.ts";
import { readRam, writeRam } from "./memory.ts";
import type { Access, MeaningException, MemoryType } from "./isa/meaning.ts";
import { PerformanceCounters } from "./performance.ts";
import { LA464, type Profile } from "./profile.ts";
import { type Restore, saveOf, type Stateful, together } from "./snapshot/stateful.ts";
import { StableTimer } from "./timer.ts";
import { type Armed, armed, checkAccess, checkFetch } from "./watchpoints.ts";

/** The address at which a processor starts (manual, "Reset"). */
export const RESET_ADDRESS = 0x1c000000n;

/** What a memory access does. */
export type AccessUse = "load" | "store";

/** The monitor of ll/sc of one world (LVZ-LL-01). */
export class LlBit {
  /** 1 if the bit is set, and the address. An engine may move them into memory of its own. */
  cells: Float64Array = new Float64Array(2);

  /** The bit. */
  get valid(): boolean {
    return this.cells[0] !== 0;
  }

  set valid(value: boolean) {
    this.cells[0] = value ? 1 : 0;
  }

  /** Physical address of the ll. */
  get address(): number {
    return this.cells[1]!;
  }

  set address(value: number) {
    this.cells[1] = value;
  }
}

/** Keeps FCSR0 for an engine. */
export interface FcsrKeeper {
  read(): number;
  write(value: number): void;
}

/** What a machine is made of. */
export interface MachineOptions {
  readonly bus: Bus;
  readonly iocsr: IocsrSpace;
  /** LA464 by default. */
  readonly profile?: Profile;
  /** Number of this core (CPUID, TID). */
  readonly cpu?: number;
}

const SIZES: Readonly<Record<MemoryType, AccessSize>> = {
  s8: 1,
  u8: 1,
  s16: 2,
  u16: 2,
  s32: 4,
  u32: 4,
  u64: 8,
};
const VM = Number(GSTAT.VM.mask);
const ADDRESS_32 = [undefined, MISC.VA32L1, MISC.VA32L2, MISC.VA32L3] as const;
const ALIGNMENT_CHECKED = [MISC.ALCL0, MISC.ALCL1, MISC.ALCL2, MISC.ALCL3] as const;

/** A LoongArch64 processor with LVZ. */
export class Machine implements ExecutionContext, Stateful {
  readonly profile: Profile;
  readonly bus: Bus;
  readonly iocsr: IocsrSpace;
  /** The general registers; r0 is 0. An engine may move them into memory of its own. */
  gpr: BigUint64Array = new BigUint64Array(32);
  /** The floating-point registers. Guest and host share them (LVZ-FP-01). An engine may move them, and the flags. */
  fpr: BigUint64Array = new BigUint64Array(32);
  /** The condition flags fcc0 to fcc7, each 0 or 1. */
  fcc: Uint8Array = new Uint8Array(8);
  /** Who keeps FCSR0, if an engine does. */
  fcsrKeeper: FcsrKeeper | undefined;
  #fcsr = 0;
  /** `pc` and `nextPc`: a bigint in a field would be made anew with each instruction. */
  readonly #addresses = BigUint64Array.of(RESET_ADDRESS, RESET_ADDRESS);
  /** The CSRs. */
  readonly host: CsrBank;
  /** The guest copies. */
  readonly guest: CsrBank;
  readonly tlb: Tlb;
  readonly clock: Clock;
  readonly counters: PerformanceCounters;
  readonly history = new History();
  /** Grows with every change of registers or lines, so that what is derived from them can be kept until then. */
  changes = 0;
  /** Grows with every change of a register that rules how instructions execute or addresses translate. */
  modes = 0;
  /** Those of them that are no change of privilege level, of mapping or of the world. */
  environments = 0;
  /** The level of the interrupt lines, at their positions in ESTAT.IS (HWI0-7 at 2-9, IPI at 12). */
  lines = 0;
  /** True while `idle` waits for an interrupt. */
  idle = false;
  /** Set by a device to end the run (power off); the text says why. */
  stopRequest: string | undefined;
  /** Called after every write of RAM by the processor, if an engine has to know. */
  written: ((address: number, size: number) => void) | undefined;
  /** The word being executed, for reports. */
  word: number | undefined;
  readonly #hostTimer: StableTimer;
  readonly #guestTimer: StableTimer;
  readonly #hostLl = new LlBit();
  readonly #guestLl = new LlBit();
  readonly #translations: TranslationCache;
  /** Slot of GSTAT, -1 without LVZ. */
  readonly #gstat: number;
  /** {@linkcode modes} when the mode below was read. */
  #modeAt = -1;
  #regime: Regime | undefined;
  #regimeAt = -1;
  #plv = 0;
  #address32 = false;
  #fetchesWatched: readonly Armed[] = [];
  #accessesWatched: readonly Armed[] = [];

  constructor(options: MachineOptions) {
    this.profile = options.profile ?? LA464;
    this.bus = options.bus;
    this.iocsr = options.iocsr;
    this.host = new CsrBank(this.profile, this);
    this.guest = new CsrBank(this.profile, this);
    this.#gstat = this.host.has(GSTAT.number) ? this.host.slotOf(GSTAT.number) : -1;
    this.tlb = new Tlb(this.profile);
    this.clock = new Clock(this.profile.clock);
    this.counters = new PerformanceCounters(this);
    this.#hostTimer = new StableTimer(this.host, this.clock);
    this.#guestTimer = new StableTimer(this.guest, this.clock);
    this.#translations = new TranslationCache(this);
    const cpu = BigInt(options.cpu ?? 0);
    this.host.set(CPUID.CoreID, cpu);
    this.host.set(TID.TID, cpu);
    if (this.profile.lvz.guestTimerInHost === "paused") this.#guestTimer.hold(true);
  }

  /** Address of the current instruction; 64 bits. */
  get pc(): bigint {
    return this.#addresses[0]!;
  }

  set pc(address: bigint) {
    this.#addresses[0] = address;
  }

  /** Where execution continues after it; 64 bits. */
  get nextPc(): bigint {
    return this.#addresses[1]!;
  }

  set nextPc(address: bigint) {
    this.#addresses[1] = address;
  }

  /** FCSR0, of which FCSR1 to FCSR3 show parts. */
  get fcsr(): number {
    return this.fcsrKeeper === undefined ? this.#fcsr : this.fcsrKeeper.read();
  }

  set fcsr(value: number) {
    if (this.fcsrKeeper === undefined) this.#fcsr = value;
    else this.fcsrKeeper.write(value);
  }

  /** GSTAT.VM. */
  get inGuest(): boolean {
    return this.#gstat >= 0 && (this.host.low(this.#gstat) & VM) !== 0;
  }

  /** Sets GSTAT.VM: the one place where the world changes. */
  setGuestMode(inGuest: boolean): void {
    this.host.set(GSTAT.VM, inGuest ? 1n : 0n);
    if (this.profile.lvz.guestTimerInHost === "paused") this.#guestTimer.hold(!inGuest);
  }

  /** The registers that rule the current world. */
  get current(): CsrBank {
    return this.inGuest ? this.guest : this.host;
  }

  /** What translations go by in the current world and mode. */
  get regime(): Regime {
    if (this.#regime === undefined || this.#regimeAt !== this.modes) this.#regime = regimeOf(this);
    this.#regimeAt = this.modes;
    return this.#regime;
  }

  /** The privilege level of the current world. */
  get plv(): number {
    if (this.#modeAt !== this.modes) this.#readMode();
    return this.#plv;
  }

  /** True where the current privilege level has addresses of 32 bits (MISC.VA32Ln). */
  get address32(): boolean {
    if (this.#modeAt !== this.modes) this.#readMode();
    return this.#address32;
  }

  /** Keeps what every instruction asks of the registers until they change. */
  #readMode(): void {
    this.#plv = this.current.bits(CRMD.PLV);
    const field = ADDRESS_32[this.#plv];
    this.#address32 = field !== undefined && this.current.is(field);
    this.#modeAt = this.modes;
    this.#fetchesWatched = armed(this, "fetch");
    this.#accessesWatched = armed(this, "memory");
  }

  /** The timer of the host or of the guest. */
  timer(isGuest: boolean): StableTimer {
    return isGuest ? this.#guestTimer : this.#hostTimer;
  }

  /** The ll/sc monitor of the host or of the guest. */
  llbit(isGuest: boolean): LlBit {
    return isGuest ? this.#guestLl : this.#hostLl;
  }

  /** Drives an interrupt line: HWI0-7 at positions 2-9, IPI at 12. */
  setLine(position: number, level: boolean): void {
    if (!((position >= 2 && position <= 9) || position === 12)) {
      throw new RangeError(`Cannot drive interrupt line ${position}: lines are 2 to 9 (HWI0-7) and 12 (IPI)`);
    }
    const bit = 1 << position;
    this.lines = level ? this.lines | bit : this.lines & ~bit;
    this.changes++;
  }

  /**
   * Keeps everything that the machine is: registers, TLB, time, memory, devices. To take it up again costs as much as the memory pages that
   * were written since; whatever goes on from there is what went on from here.
   *
   * @throws {SnapshotError} if a device, an alarm or the bus cannot take part
   *
   * @example
   * ```ts
   * import { bareMachine } from "./bare_machine.ts";
   * import { assertEquals } from "@std/assert";
   *
   * const { m } = bareMachine("nop");
   * const restore = m.save();
   * m.gpr[4] = 1n;
   * m.writePhysical(0x100, 8, 5n);
   * restore();
   * assertEquals([m.gpr[4], m.readPhysical(0x100, 8)], [0n, 0n]);
   * ```
   */
  save(): Restore {
    const { pc, nextPc, fcsr, lines, idle, stopRequest, word } = this;
    const [gpr, fpr, fcc] = [this.gpr.slice(), this.fpr.slice(), this.fcc.slice()];
    const [hostLl, guestLl] = [this.#hostLl.cells.slice(), this.#guestLl.cells.slice()];
    const restoreParts = together([
      ...[this.host, this.guest, this.tlb, this.clock, this.history].map((part) => part.save()),
      saveOf(this.bus, "its bus"),
      saveOf(this.iocsr, "its IOCSR space"),
    ]);
    return () => {
      restoreParts();
      this.pc = pc;
      this.nextPc = nextPc;
      this.fcsr = fcsr;
      this.lines = lines;
      this.idle = idle;
      this.stopRequest = stopRequest;
      this.word = word;
      this.gpr.set(gpr);
      this.fpr.set(fpr);
      this.fcc.set(fcc);
      this.#hostLl.cells.set(hostLl);
      this.#guestLl.cells.set(guestLl);
      // What is derived from registers is stale, whatever it was derived at.
      this.changes++;
      this.modes++;
      this.environments++;
    };
  }

  /** Where the machine is, for errors. */
  get place(): Place {
    return { pc: this.pc, word: this.word, world: this.inGuest ? "guest" : "host" };
  }

  // What the meaning of an instruction can do ---------------------------------------------------------------------

  raise(exception: MeaningException, badv?: bigint): never {
    throw new Trap(EXCEPTIONS[exception], badv === undefined ? undefined : this.effectiveAddress(badv));
  }

  /**
   * Raises what an aligned access raises before its translation is looked up: watchpoint, ALE, ADE. Instructions that compare a bound do
   * that next (exception priority ALE, ADE, BCE, TLB), and make the access with `checked`.
   */
  checkAddress(address: bigint, type: MemoryType, use: AccessUse): void {
    this.checkWatchpoints(address, SIZES[type], use);
    this.#isPlain(address, SIZES[type], { aligned: true });
    checkLegal(this, this.effectiveAddress(address), use === "store" ? "store" : "load");
  }

  /** True while a watchpoint means the present mode: every fetch and access has to be compared then. */
  get isWatched(): boolean {
    if (this.#modeAt !== this.modes) this.#readMode();
    return this.#fetchesWatched.length > 0 || this.#accessesWatched.length > 0;
  }

  /** Raises WPEM if a watchpoint hits an access; for what accesses memory in ways of its own. */
  checkWatchpoints(address: bigint, size: number, use: AccessUse | "both"): void {
    if (this.#modeAt !== this.modes) this.#readMode();
    if (this.#accessesWatched.length === 0) return;
    const does = { loads: use !== "store", stores: use !== "load" };
    checkAccess(this, this.#accessesWatched, this.effectiveAddress(address), size, does);
  }

  load(address: bigint, type: MemoryType, access: Access): bigint {
    const size = SIZES[type];
    if (access.checked !== true) this.checkWatchpoints(address, size, access.forStore ? "both" : "load");
    const raw = this.#isPlain(address, size, access)
      ? this.readPhysical(this.translate(address, access.forStore ? "store" : "load"), size)
      : this.#loadUnaligned(address, size, access.forStore ? "store" : "load");
    return type.startsWith("s") ? BigInt.asUintN(64, BigInt.asIntN(size * 8, raw)) : raw;
  }

  store(address: bigint, type: MemoryType, value: bigint, access: Access): void {
    const size = SIZES[type];
    if (access.checked !== true) this.checkWatchpoints(address, size, "store");
    const low = BigInt.asUintN(size * 8, value);
    if (this.#isPlain(address, size, access)) this.writePhysical(this.translate(address, "store"), size, low);
    else this.#storeUnaligned(address, size, low);
  }

  /** An address as the current privilege level forms it: zero-extended from 32 bits where its addresses are that short. */
  effectiveAddress(address: bigint): bigint {
    return this.address32 ? address & 0xffffffffn : address;
  }

  /** The physical address of a virtual one in the current world. Throws the Trap that the access raises. */
  translate(address: bigint, type: AccessType): number {
    return this.#translations.translate(this.effectiveAddress(address), type);
  }

  /** True if aligned; raises ALE if it is not and must be. */
  #isPlain(address: bigint, size: number, access: Access): boolean {
    if ((Number(address & 7n) & (size - 1)) === 0) return true;
    const checked = access.aligned || !this.profile.features.has("UAL") ||
      this.current.is(ALIGNMENT_CHECKED[this.plv]!);
    if (checked) throw new Trap(EXCEPTIONS.ALE, this.effectiveAddress(address));
    return false;
  }

  #loadUnaligned(address: bigint, size: AccessSize, type: AccessType): bigint {
    const places = this.#bytePlaces(address, size, type);
    return places.reduce((value, at, i) => value | (this.readPhysical(at, 1) << BigInt(8 * i)), 0n);
  }

  #storeUnaligned(address: bigint, size: AccessSize, value: bigint): void {
    const places = this.#bytePlaces(address, size, "store");
    places.forEach((at, i) => this.writePhysical(at, 1, (value >> BigInt(8 * i)) & 0xffn));
  }

  /** Translates every byte before any is accessed, so that a fault in the second page leaves no trace. */
  #bytePlaces(address: bigint, size: AccessSize, type: AccessType): number[] {
    return Array.from(
      { length: size },
      (_, i) => this.translate(BigInt.asUintN(64, address + BigInt(i)), type),
    );
  }

  // Physical accesses -----------------------------------------------------------------------------------------------

  /** Reads physical memory or a device. */
  readPhysical(address: number, size: AccessSize): bigint {
    const ram = this.bus.ramAt(address);
    if (ram !== undefined) return readRam(ram, address, size);
    const value = this.bus.read(address, size);
    if (value === undefined) throw this.#nothingThere("read", address, size);
    return value;
  }

  /** Writes physical memory or a device. */
  writePhysical(address: number, size: AccessSize, value: bigint): void {
    const ram = this.bus.ramAt(address);
    if (ram !== undefined) {
      ram.history?.touch(address - ram.base);
      writeRam(ram, address, size, value);
      this.written?.(address, size);
      return;
    }
    if (!this.bus.write(address, size, value)) throw this.#nothingThere("write", address, size);
  }

  #nothingThere(what: string, address: number, size: number): BusError {
    const at = `0x${address.toString(16)}`;
    return new BusError(
      `Cannot ${what} ${size} bytes at physical ${at}: no RAM or device there`,
      BigInt(address),
      this.place,
    );
  }

  /** Fetches the instruction word at `pc`. */
  fetch(): number {
    if (this.#modeAt !== this.modes) this.#readMode();
    if (this.#fetchesWatched.length > 0) checkFetch(this, this.#fetchesWatched, this.pc);
    if (this.pc & 3n) throw new Trap(EXCEPTIONS.ADEF, this.pc);
    const address = this.translate(this.pc, "fetch");
    const ram = this.bus.ramAt(address);
    if (ram !== undefined) return ram.view.getUint32(address - ram.base, true);
    const at = `0x${address.toString(16)}`;
    throw new BusError(`Cannot fetch from physical ${at}: there is no RAM`, BigInt(address), this.place);
  }
}
