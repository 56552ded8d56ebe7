/**
 * The machine of a sequence: a host with one world switch and two guests, each with its memory and stage-2 table.
 *
 * @module
 */
import {
  csrByName,
  type CsrDeclaration,
  CSRS,
  deriveProfile,
  type Engine,
  EXCEPTIONS,
  INTERRUPT,
  LA464,
  Machine,
} from "../core/mod.ts";
import { ESTAT, LLBCTL } from "../core/csr/basic.ts";
import { GCFG, GSTAT, GTLBC } from "../core/csr/lvz.ts";
import { PGDH, TLBRERA } from "../core/csr/translation.ts";
import {
  DIRECT_MAP,
  HostCpu,
  NestedPageTable,
  type PageTableFormat,
  setUpHost,
  type VCpu,
  type WorldSwitch,
} from "../vcpu/mod.ts";
import { code } from "./instructions.ts";
import {
  CODE_GPA,
  DATA_PAGES,
  END_CODE,
  GUEST_MARKS,
  GUEST_MEMORY,
  HOST_MARKS,
  LAYOUT,
  MARK_SHIFT,
  MEMORY_HPA,
  PAGE,
  PAGES,
  REFILL_GPA,
  secret,
  TABLE_GPA,
  TABLES,
  VECTOR_GPA,
} from "./layout.ts";
import { CheckedMemory, forbidden, Reach } from "./reach.ts";
import type { Flush, GuestNumber, Sequence } from "./sequence.ts";
import { shown, Violation } from "./violation.ts";
import { BANK, firstDifference, TIME_SLOTS, Watch } from "./watch.ts";

/** A fault of the machine, put in for the test of the checks themselves. */
export interface Fault {
  readonly name: string;
  /** Changes the machine right after it was made. */
  install?(m: Machine): void;
  /** Stands between the checks and the engine. */
  engine?(inner: Engine): Engine;
}

/** One guest as the host knows it. */
class Guest {
  readonly vcpu: VCpu;
  readonly table: NestedPageTable;
  readonly reach: Reach;
  /** The interrupt lines that the host drives for it. */
  readonly lines = new Set<number>();
  /** What its world switch has in GSTAT.GID for it; 0 before it first ran. */
  gid = 0;
  /** The hardware's guest copies when it last left; undefined before it first ran. */
  left: BigUint64Array | undefined;
  /** Registers that the host changed since then, by position in the bank. */
  readonly changed = new Set<number>();

  constructor(vcpu: VCpu, table: NestedPageTable, reach: Reach) {
    this.vcpu = vcpu;
    this.table = table;
    this.reach = reach;
  }
}

/** For sequences that must not depend on time: it stands still. */
const TIMELESS = deriveProfile(LA464, { name: "la464 without time", clock: { ticks: 0, instructions: 1 } });
/** Registers that the start of a guest does not set: time, and what no write can change. */
const UNSET = new Set(["TCFG", "TVAL", "TICLR", "PGD", "PRCFG1", "PRCFG2", "PRCFG3"]);
/** Registers that hold a secret at the start. */
const SECRET_CSRS = /^(SAVE\d+|TLBRSAVE|BADV|TLBRBADV|PGDH|CNTC|ERA)$/;
const START: Readonly<Record<string, bigint>> = {
  CRMD: 8n,
  EENTRY: BigInt(VECTOR_GPA),
  TLBRENTRY: BigInt(REFILL_GPA),
  TLBIDX: BigInt(LA464.stlbSets * LA464.stlbWays),
};
const TRAP_MASK = [GCFG.SIT, GCFG.TIT, GCFG.TOE, GCFG.TOP, GCFG.TORU, GCFG.GCI].reduce(
  (m, f) => m | f.mask,
  0n,
);
const NO_TRAPS = { gcfg: GCFG.GCI.of(2n), toti: false } as const;

/** The two guests on their machine. */
export class SequenceBench {
  readonly machine: Machine;
  readonly cpu: HostCpu;
  readonly watch: Watch;
  readonly guests: readonly Guest[];
  readonly timed: boolean;
  readonly #memory: CheckedMemory;
  #current: GuestNumber | undefined;
  #traps: { readonly gcfg: bigint; readonly toti: boolean } = NO_TRAPS;
  /** General registers and guest copies at the last exit, within one `enter`. */
  #atExit: { readonly gprs: BigUint64Array; readonly csrs: BigUint64Array } | undefined;

  constructor(sequence: Sequence, worldSwitch: WorldSwitch, engine: Engine, fault?: Fault) {
    this.timed = sequence.timed;
    this.#memory = new CheckedMemory(
      (address, size, write) => this.#checkAccess(address, size, write),
      (address) => this.#checkOutside(address),
    );
    const iocsr = { read: () => 0n, write: () => true };
    this.machine = new Machine({ bus: this.#memory, iocsr, profile: this.timed ? LA464 : TIMELESS });
    fault?.install?.(this.machine);
    this.#watchTlb();
    this.watch = new Watch(fault?.engine?.(engine) ?? engine);
    this.watch.entered = (m) => this.#entered(m);
    this.cpu = new HostCpu(this.machine, this.watch);
    setUpHost(this.cpu, LAYOUT);
    // A GPA with bit 47 set makes a refill handler walk PGDH, of which KVM takes no care; the host has no table there.
    this.cpu.csrwr(PGDH, DIRECT_MAP);
    const hypervisor = worldSwitch.attach(this.cpu, LAYOUT);
    hypervisor.enable();
    this.guests = ([0, 1] as const).map((n) =>
      this.#guest(n, hypervisor.createVCpu(), worldSwitch.pageTable)
    );
    this.cpu.observer = { beforeEntry: () => this.#beforeEntry(), afterExit: () => this.#afterExit() };
    this.#load(0, sequence);
    this.#load(1, sequence);
  }

  // Setting up ---------------------------------------------------------------------------------------------------------

  #guest(number: GuestNumber, vcpu: VCpu, format: PageTableFormat): Guest {
    const memory = TABLES[number];
    if (memory === undefined) throw new RangeError(`Cannot make guest ${number}: there are two`);
    const table = new NestedPageTable(
      (at: bigint, value: bigint) => this.cpu.store(DIRECT_MAP + at, value),
      format,
      memory,
    );
    const reach = new Reach(number);
    vcpu.setNestedPageTable(table.root);
    vcpu.setEntry(BigInt(CODE_GPA));
    vcpu.setup({ vcpuId: number, vmId: number, memory: { contains: () => false, map: () => {} } });
    return new Guest(vcpu, table, reach);
  }

  #load(number: GuestNumber, { handlers }: Sequence): void {
    for (let page = 0; page < PAGES - 1; page++) this.map(number, page, page, "rwx");
    const view = new DataView(this.#memory.bytes.buffer);
    const base = MEMORY_HPA[number] ?? 0;
    for (const page of DATA_PAGES) {
      for (let i = 0; i < 64; i++) {
        view.setBigUint64(base + page * PAGE + i * 8, secret(number, page << 8 | i), true);
      }
      view.setBigUint64(base + (page + 1) * PAGE - 8, secret(number, page << 8 | 0xff), true);
    }
    for (let i = 0; i < 64; i++) {
      view.setBigUint64(base + TABLE_GPA + i * 8, BigInt(i * 0x1000 | 0x1f3), true);
    }
    this.write(number, CODE_GPA, code(["hvcl", END_CODE]));
    this.write(number, VECTOR_GPA, handlers[number]?.general ?? []);
    this.write(number, REFILL_GPA, handlers[number]?.refill ?? []);
    this.bind(number);
    const { vcpu } = this.guest(number);
    for (let r = 1; r < 32; r++) vcpu.setGpr(r, secret(number, r));
    CSRS.filter((c) => c.options.guest === "copy" && c.existsIn(LA464) && !UNSET.has(c.name)).forEach(
      (csr, i) => {
        const value = SECRET_CSRS.test(csr.name) ? secret(number, 0x100 + i) : START[csr.name] ?? 0n;
        this.setCsr(number, csr.name, value);
      },
    );
  }

  /** A guest by number. */
  guest(number: GuestNumber): Guest {
    const found = this.guests[number];
    if (found === undefined) throw new RangeError(`Cannot use guest ${number}: there are two`);
    return found;
  }

  /** Writes instruction words into a guest's memory, as the host. */
  write(number: GuestNumber, gpa: number, words: readonly number[]): void {
    const base = (MEMORY_HPA[number] ?? 0) + gpa;
    words.forEach((word, i) => this.machine.writePhysical(base + i * 4, 4, BigInt(word)));
  }

  // What the host does ---------------------------------------------------------------------------------------------------

  /** Makes a guest the one that owns the processor. What belongs to the bench and not to a world switch is carried over here. */
  bind(number: GuestNumber): void {
    if (this.#current === number) return;
    this.unbind();
    const { vcpu, lines } = this.guest(number);
    vcpu.bind();
    this.#current = number;
    // ArceOS does not clear the LLbit and the injected lines when it changes guests, KVM does; neither has to.
    this.cpu.gcsrxchg(LLBCTL, LLBCTL.WCLLB.mask, LLBCTL.WCLLB.mask);
    for (const line of lines) vcpu.injectInterrupt(line);
    this.#applyTraps();
    // ArceOS drops everything when it binds, so that KVM must do so too where their guests are compared.
    if (!this.timed) this.cpu.invtlb(0x12);
  }

  /** Takes the processor away from the guest that owns it. */
  unbind(): void {
    if (this.#current === undefined) return;
    const { vcpu, lines } = this.guest(this.#current);
    for (const line of lines) vcpu.withdrawInterrupt(line);
    vcpu.unbind();
    this.#current = undefined;
  }

  /** Changes a page of stage 2. */
  map(number: GuestNumber, page: number, target: number, access: string): void {
    const { table, reach } = this.guest(number);
    const gpa = BigInt(page) * BigInt(PAGE);
    const hpa = BigInt((MEMORY_HPA[number] ?? 0) + target * PAGE);
    const [read, write, execute] = ["r", "w", "x"].map((right) => access.includes(right));
    if (access === "") table.unmap(gpa, BigInt(PAGE));
    else {table.map(gpa, hpa, BigInt(PAGE), {
        read: read === true,
        write: write === true,
        execute: execute === true,
      });}
    reach.set(page, target, access);
  }

  /** Drops cached translations of stage 2: everything, those of one guest, or those of one page. */
  flush(number: GuestNumber, flush: Flush, page = 0): void {
    const gid = BigInt(this.guest(number).gid) << 16n;
    if (flush === "all") this.cpu.invtlb(0x12);
    if (flush === "gid") this.cpu.invtlb(0x14, gid);
    // A page of a sequence is at least one pair of 4 KiB pages.
    if (flush === "page") {
      for (let at = 0; at < PAGE; at += 0x2000) {
        this.cpu.invtlb(0x16, gid, BigInt(page) * BigInt(PAGE) + BigInt(at));
      }
    }
    for (const [n, guest] of this.guests.entries()) {
      if (flush === "all" || (flush === "gid" && n === number)) guest.reach.flush();
      else if (flush === "page" && n === number) guest.reach.flush(page);
    }
  }

  /** Chooses what exits. */
  trap(fields: readonly string[], gci: number): void {
    const gcfg = [GCFG.SIT, GCFG.TIT, GCFG.TOE, GCFG.TOP, GCFG.TORU].filter((f) => fields.includes(f.name));
    this.#traps = {
      gcfg: gcfg.reduce((value, f) => value | f.mask, GCFG.GCI.of(BigInt(gci))),
      toti: fields.includes("TOTI"),
    };
    this.#applyTraps();
  }

  #applyTraps(): void {
    this.cpu.csrxchg(GCFG, this.#traps.gcfg, TRAP_MASK);
    this.cpu.csrxchg(GTLBC, this.#traps.toti ? GTLBC.TOTI.mask : 0n, GTLBC.TOTI.mask);
  }

  /** Makes an interrupt pending for a guest, or takes it back. */
  interrupt(number: GuestNumber, interrupt: number, pending: boolean): void {
    this.bind(number);
    const { vcpu, lines, changed } = this.guest(number);
    if (pending) vcpu.injectInterrupt(interrupt);
    else vcpu.withdrawInterrupt(interrupt);
    if (interrupt < INTERRUPT.HWI0 || interrupt >= INTERRUPT.PCOV) changed.add(BANK.indexOf(ESTAT));
    else if (pending) lines.add(interrupt);
    else lines.delete(interrupt);
  }

  /** Writes a CSR of a guest. */
  setCsr(number: GuestNumber, name: string, value: bigint): void {
    const csr = declaration(name);
    this.bind(number);
    const { vcpu, changed } = this.guest(number);
    vcpu.setGuestCsr(csr, value);
    changed.add(BANK.indexOf(csr));
    if (csr.name === "TICLR") changed.add(BANK.indexOf(ESTAT));
  }

  // What is checked around each stay in the guest ------------------------------------------------------------------------

  /** A stay in the guest begins. */
  beginEnter(): void {
    this.#atExit = undefined;
  }

  /** A general register of the guest at its last exit. */
  gprAtExit(register: number): bigint {
    return this.#atExit?.gprs[register] ?? 0n;
  }

  /** What the guest left in the processor at its last exit. */
  stateAtExit(): { readonly gprs: BigUint64Array; readonly csrs: BigUint64Array; readonly llbit: boolean } {
    if (this.#atExit === undefined) throw new Violation("bench", "there was no exit");
    return { ...this.#atExit, llbit: this.machine.llbit(true).valid };
  }

  get #running(): GuestNumber {
    if (this.#current === undefined) {
      throw new Violation("bench", "a guest runs that does not own the processor");
    }
    return this.#current;
  }

  #beforeEntry(): void {
    const m = this.machine;
    const guest = this.guest(this.#running);
    this.#checkGid(guest, Number(m.host.get(GSTAT.GID)));
    for (let r = 1; r < 32; r++) {
      const expected = this.#atExit?.gprs[r] ?? guest.vcpu.gpr(r);
      if (m.gpr[r] === expected) continue;
      throw new Violation(
        "guest-gprs",
        `$r${r} is ${shown(m.gpr[r] ?? 0n)} at the entry, not ${shown(expected)}`,
      );
    }
    const before = this.#atExit?.csrs ?? guest.left;
    if (before === undefined) return;
    const except = new Set([...(this.#atExit ? [] : guest.changed), ...(this.timed ? TIME_SLOTS : [])]);
    const change = firstDifference(before, m.guest.values, except);
    if (change !== undefined) throw new Violation("guest-csrs", `guest ${this.#running} lost ${change}`);
  }

  /** A guest keeps its GID, which is not the host's and no other guest's. */
  #checkGid(guest: Guest, gid: number): void {
    const isFree = this.guests.every((g) => g === guest || g.gid !== gid);
    if (gid === 0 || !isFree || (guest.gid !== 0 && guest.gid !== gid)) {
      throw new Violation("gid", `guest ${this.#running} is entered with GID ${gid}, it had ${guest.gid}`);
    }
    guest.gid = gid;
  }

  /** Within one `enter`, each entry but the first returns from a refill, to the instruction that needed it. */
  #entered(m: Machine): void {
    const expected = this.#atExit === undefined
      ? this.guest(this.#running).vcpu.pc
      : m.host.read(TLBRERA) & ~3n;
    if (m.pc === expected) return;
    throw new Violation(
      "guest-pc",
      `guest ${this.#running} goes on at ${shown(m.pc)}, not at ${shown(expected)}`,
    );
  }

  #afterExit(): void {
    const m = this.machine;
    const number = this.#running;
    const ecode = Number(m.guest.get(ESTAT.Ecode));
    if (ecode >= EXCEPTIONS.GSPR.ecode && ecode <= EXCEPTIONS.GCSC.ecode) {
      throw new Violation(
        "exit-reason",
        `guest ${number} itself took the exception of Ecode ${shown(ecode)}`,
      );
    }
    const guest = this.guest(number);
    this.#atExit = { gprs: m.gpr.slice(), csrs: m.guest.values.slice() };
    guest.left = this.#atExit.csrs;
    guest.changed.clear();
    this.#checkSecrets(number, m.gpr, (i) => `$r${i}`);
    this.#checkSecrets(number, m.guest.values, (i) => BANK[i]?.name ?? `${i}`);
  }

  #checkSecrets(number: GuestNumber, values: BigUint64Array, name: (i: number) => string): void {
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    const at = findMark(words, foreignMarks(number));
    if (at === undefined) return;
    throw new Violation("secrets", `guest ${number} sees ${shown(values[at] ?? 0n)} in ${name(at)}`);
  }

  /** Looks for secrets in the memory of the guests. */
  checkMemory(): void {
    for (const number of [0, 1] as const) {
      const words = new Uint32Array(this.#memory.bytes.buffer, MEMORY_HPA[number], GUEST_MEMORY / 4);
      const at = findMark(words, foreignMarks(number));
      if (at !== undefined) {
        throw new Violation("secrets", `guest ${number} holds a secret at GPA ${shown(at * 8)}`);
      }
    }
  }

  // What is checked at each access ---------------------------------------------------------------------------------------

  #checkAccess(address: number, size: number, write: boolean): void {
    if (!this.machine.inGuest) return;
    const guest = this.#running;
    if (!this.guest(guest).reach.allows(address, size, write)) throw forbidden(guest, address, size, write);
  }

  #checkOutside(address: number): void {
    if (this.machine.inGuest) throw forbidden(this.#running, address, 1, false);
  }

  /** TLB entries: made and used by their owner only. */
  #watchTlb(): void {
    const m = this.machine;
    const { tlb } = m;
    const [write, find] = [tlb.write.bind(tlb), tlb.find.bind(tlb)];
    tlb.write = (index, entry) => {
      if (entry !== undefined) this.#checkEntry(entry, "makes", m.inGuest ? ["stage1"] : ["stage2"]);
      write(index, entry);
    };
    tlb.find = (scope, asid, address, stlbPs) => {
      const index = find(scope, asid, address, stlbPs);
      const entry = tlb.at(index);
      if (entry !== undefined && m.inGuest) this.#checkEntry(entry, "uses", ["stage1", "stage2"]);
      return index;
    };
  }

  #checkEntry(entry: { kind: string; gid: number }, verb: string, kinds: readonly string[]): void {
    const guest = this.#running;
    if (entry.gid === this.guest(guest).gid && kinds.includes(entry.kind)) return;
    const who = this.machine.inGuest ? `guest ${guest}` : `the host for guest ${guest}`;
    throw new Violation("tlb-owner", `${who} ${verb} a ${entry.kind} entry of GID ${entry.gid}`);
  }
}

function foreignMarks(number: GuestNumber): readonly bigint[] {
  return [...HOST_MARKS, ...GUEST_MARKS.filter((_, n) => n !== number)];
}

/** The first 64-bit value, as two words each, that carries a mark. */
function findMark(words: Uint32Array, marks: readonly bigint[]): number | undefined {
  const parts = marks.map((mark) => {
    const value = mark << MARK_SHIFT;
    return { high: Number(value >> 32n), low: Number(value & 0xffff_ffffn) };
  });
  for (let i = 1; i < words.length; i += 2) {
    const high = words[i];
    if (high === 0) continue;
    for (const part of parts) {
      if (high === part.high && (((words[i - 1] ?? 0) ^ part.low) >>> 24) === 0) return (i - 1) / 2;
    }
  }
  return undefined;
}

function declaration(name: string): CsrDeclaration {
  const found = csrByName(name);
  if (found === undefined) throw new RangeError(`Cannot use CSR ${name}: there is no such register`);
  return found;
}
