/**
 * The bench on which a case runs: a machine with a host, a world switch with one vCPU, the guest's memory and code.
 *
 * @module
 */
import { CSRS, EXCEPTIONS, type Machine, type Program } from "../core/mod.ts";
import { CRMD, ESTAT } from "../core/csr/basic.ts";
import type { AddressMap } from "../devices/address_map.ts";
import { hypercallCode } from "../vcpu/guest_access.ts";
import type { GuestMemory, HardwareExit, HostCpu, VCpu, WorldSwitch } from "../vcpu/mod.ts";
import type { Case, Mapping } from "./case.ts";
import { hex } from "../core/hex.ts";
import { CaseError } from "./errors.ts";
import type { Execution } from "./execution.ts";
import type { CsrValues } from "./names.ts";
import type { RegisterSnapshot } from "./observe.ts";
import { assembleCase, END_LABEL } from "./program.ts";
import type { LineLevels, ResolvedCase, ResolvedEvent } from "./resolve.ts";
import { GRANULE, GUEST_MEMORY, GUEST_OFFSET, type Stage, stageFor } from "./stage.ts";

/** The code of the hvcl behind the code, which catches a guest that runs past its end. */
const END_CODE = 0x7fff;
const NOP = 0x03400000n;
const SMALLEST_PAGE = 0x1000n;

/** Every guest register of another guest: recognisable, TI pending, no timer running and nothing done by TICLR and WCLLB. */
const OTHER_GUEST = 0x0bad_9e57_0bad_9e5cn;

/** Assembles a case's code. */
export function assembleGuest(c: Case): Program {
  return assembleCase(c.code, `hvcl ${END_CODE}`);
}

/**
 * Puts a guest's code into its memory.
 *
 * @throws {CaseError} if it does not fit
 */
export function loadGuest(bus: AddressMap, program: Program): void {
  for (const { name, address, bytes } of program.segments) {
    if (address + BigInt(bytes.length) > GUEST_MEMORY) {
      throw new CaseError(
        `Cannot load ${name} at ${hex(address)}: guest memory ends at ${hex(GUEST_MEMORY)}`,
      );
    }
    const memory = bus.ramBytes(Number(address + GUEST_OFFSET), bytes.length);
    if (memory === undefined) throw new RangeError(`Cannot load ${name}: no RAM at GPA ${hex(address)}`);
    memory.set(bytes);
  }
}

/** A case's machine, ready for its first entry but for the vCPU, which has to be bound. */
export class Bench {
  readonly program: Program;
  /** Instructions for the guest between two exits. */
  readonly budget: number;
  readonly memory: GuestMemory;
  readonly #stage: Stage;
  /** The HPA behind each GPA that does not lead to its own memory, by granule. */
  readonly #moved = new Map<bigint, bigint>();

  constructor({ program, profile, budget }: ResolvedCase, worldSwitch: WorldSwitch, how: Execution) {
    this.program = program;
    this.budget = budget;
    this.memory = {
      contains: (gpa) => this.#hpa(gpa) !== undefined,
      map: (gpa) => this.#mapAgain(gpa - gpa % GRANULE),
    };
    this.#stage = stageFor({ worldSwitch, profile, entry: program.entry, memory: this.memory }, how);
    loadGuest(this.#stage.bus, program);
  }

  get machine(): Machine {
    return this.#stage.machine;
  }

  get cpu(): HostCpu {
    return this.#stage.cpu;
  }

  get vcpu(): VCpu {
    return this.#stage.vcpu;
  }

  /** The host's registers before the vCPU is bound. */
  get unbound(): RegisterSnapshot {
    return this.#stage.unbound;
  }

  /** Binds the vCPU for the first time, if it is not. */
  bind(): void {
    if (!this.#stage.isBound) this.#stage.vcpu.bind();
  }

  /** To be called when the case is over. */
  release(): void {
    this.#stage.release();
  }

  // Memory ---------------------------------------------------------------------------------------------------------------

  /** The HPA of a GPA, undefined where the guest has no memory. */
  #hpa(gpa: bigint): bigint | undefined {
    const moved = this.#moved.get(gpa - gpa % GRANULE);
    if (moved !== undefined) return moved + gpa % GRANULE;
    return gpa < GUEST_MEMORY ? gpa + GUEST_OFFSET : undefined;
  }

  /** Changes a stage-2 mapping. */
  map({ gpa, size = GRANULE, access = "rwx", alias = gpa }: Mapping): void {
    if (access === "") return this.#edit(gpa, () => this.#stage.table.unmap(gpa, size));
    if (alias + size > GUEST_MEMORY) {
      throw new CaseError(
        `Cannot map ${hex(size)} bytes at GPA ${hex(gpa)}: the guest has no such memory at GPA ${hex(alias)}`,
      );
    }
    const hpa = alias + GUEST_OFFSET;
    for (let offset = 0n; offset < size; offset += GRANULE) this.#moved.set(gpa + offset, hpa + offset);
    const permission = {
      read: access.includes("r"),
      write: access.includes("w"),
      execute: access.includes("x"),
    };
    this.#edit(gpa, () => this.#stage.table.map(gpa, hpa, size, permission));
  }

  /** Maps a granule that the guest owns to where it was, with all accesses allowed. */
  #mapAgain(gpa: bigint): void {
    const hpa = this.#hpa(gpa);
    this.map({ gpa, ...(hpa !== undefined && { alias: hpa - GUEST_OFFSET }) });
  }

  /** Changes the page table, whose memory a case can use up. */
  #edit(gpa: bigint, change: () => void): void {
    try {
      change();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new CaseError(`Cannot change the mapping of GPA ${hex(gpa)}: no room for more page tables`);
    }
  }

  /** Drops cached stage-2 translations of the guest, as hypervisors do after a change (invtlb 0x12). */
  flush(): void {
    this.cpu.invtlb(0x12);
  }

  /** A value in guest memory; undefined where the guest has none. */
  readGuest(gpa: bigint, size: 4 | 8): bigint | undefined {
    const first = this.#hpa(gpa);
    const beyond = BigInt(size) - 1n;
    if (first === undefined || this.#hpa(gpa + beyond) !== first + beyond) return undefined;
    return this.machine.readPhysical(Number(first), size);
  }

  // Code -----------------------------------------------------------------------------------------------------------------

  /**
   * The instruction word at a guest PC, if it can be told without the machine's own translation: in direct mode that in memory,
   * otherwise the one that was executed last, if it was executed there.
   */
  instructionAt(pc: bigint, guest: RegisterSnapshot | undefined): bigint | undefined {
    if (CRMD.DA.get(guest?.get(CRMD) ?? CRMD.DA.mask)) return this.readGuest(pc, 4);
    const last = this.machine.history.last(1, "guest")[0];
    return last?.pc === pc ? BigInt(last.word) : undefined;
  }

  get #end(): bigint {
    return this.program.symbols.get(END_LABEL) ?? GUEST_MEMORY;
  }

  /** True for an exit at the word behind the code, through whatever mapping the guest got there. */
  isEnd({ pc, estat, badi }: HardwareExit): boolean {
    if (pc === this.#end) return true;
    const isHypercall = ESTAT.Ecode.number(estat) === EXCEPTIONS.HVC.ecode;
    return isHypercall && hypercallCode(Number(badi)) === END_CODE && (pc - this.#end) % SMALLEST_PAGE === 0n;
  }

  /**
   * True if code follows at which the guest can go on. It cannot where only padding and a vector (a label on a 4 KiB boundary) or
   * the end of the code follow.
   */
  goesOn(): boolean {
    let next = this.vcpu.pc;
    while (this.readGuest(next, 4) === NOP && !this.#isVector(next)) next += 4n;
    return !this.#isVector(next) && next !== this.#end;
  }

  /** The entries of exceptions have to be on a boundary of a page. */
  #isVector(address: bigint): boolean {
    return address % SMALLEST_PAGE === 0n && this.program.symbolAt(address)?.offset === 0n;
  }

  // Registers and lines --------------------------------------------------------------------------------------------------

  /** What another guest leaves in the guest copies of the processor, while this vCPU is away. */
  runAnotherGuest(): void {
    for (const csr of CSRS) {
      if (csr.options.guest === "copy") this.cpu.gcsrwr(csr, OTHER_GUEST);
    }
  }

  /** Writes guest CSRs through the vCPU. */
  setGuestCsrs(values: CsrValues): void {
    for (const [csr, { value, mask }] of values) {
      this.vcpu.setGuestCsr(csr, (this.vcpu.guestCsr(csr) & ~mask) | (value & mask));
    }
  }

  /** Writes host CSRs with csrxchg, or as the hypervisor's configuration where it has one. */
  setHostCsrs(values: CsrValues): void {
    for (const [csr, { value, mask }] of values) {
      if (this.vcpu.configureHost === undefined) this.cpu.csrxchg(csr, value, mask);
      else this.vcpu.configureHost(csr, value, mask);
    }
  }

  /** Drives interrupt lines. */
  setLines(lines: LineLevels): void {
    for (const [position, level] of lines) this.machine.setLine(position, level);
  }

  /** Starts the count of an event, right before an ertn, which takes a tick itself. */
  schedule({ at, lines }: ResolvedEvent): void {
    const { clock } = this.machine;
    let due: number | undefined = clock.now + 1 + at;
    clock.add({
      get due() {
        return due;
      },
      fire: () => {
        due = undefined;
        this.setLines(lines);
      },
    });
  }
}
