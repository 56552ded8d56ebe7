/**
 * The bench on which a case runs: a machine with a host, a world switch with one vCPU, the guest's memory and code.
 *
 * @module
 */
import { CSRS, type Engine, EXCEPTIONS, type Machine, type Profile, type Program } from "../core/mod.ts";
import { CRMD, ESTAT } from "../core/csr/basic.ts";
import type { AddressMap } from "../devices/address_map.ts";
import { Ram } from "../devices/ram.ts";
import { hypercallCode } from "../vcpu/guest_access.ts";
import {
  DIRECT_MAP,
  type GuestMemory,
  type HardwareExit,
  HostCpu,
  type HostLayout,
  NestedPageTable,
  setUpHost,
  type VCpu,
  type WorldSwitch,
} from "../vcpu/mod.ts";
import type { Case, Mapping } from "./case.ts";
import { hex } from "../core/hex.ts";
import { CaseError } from "./errors.ts";
import type { Execution } from "./execution.ts";
import type { CsrValues } from "./names.ts";
import type { RegisterSnapshot } from "./observe.ts";
import { assembleCase, END_LABEL } from "./program.ts";
import type { LineLevels, ResolvedCase, ResolvedEvent } from "./resolve.ts";
import { type Warm, warmMachine } from "./warm.ts";

/** Bytes of guest memory from GPA 0. */
export const GUEST_MEMORY = 0x40000n;
/** Stage 2 is changed in units of this many bytes: the largest page size of all world switches. */
export const GRANULE = 0x4000n;

/** The code of the hvcl behind the code, which catches a guest that runs past its end. */
const END_CODE = 0x7fff;
const NOP = 0x03400000n;
const SMALLEST_PAGE = 0x1000n;
/** Small, because a machine is made for each case: an empty table at 0, the stage-2 tables, the guest's memory. */
export const MACHINE_MEMORY = 0xe0000;
/** GPA + this = HPA. Not 0, so that software and hardware which confuse the two are found out. */
export const GUEST_OFFSET = 0xa0000n;
/** Memory for stage-2 tables. */
export const TABLES = { start: 0x10000n, end: GUEST_OFFSET };
/**
 * Most hypervisors' code is TypeScript, so that no memory is needed where its addresses lie. Its data and its stack lie between the empty
 * tables at 0 and at PGDH and behind them.
 */
export const LAYOUT: HostLayout = {
  text: 0x9000_0000_0100_0000n,
  exitEntry: 0x9000_0000_0101_0000n,
  refillEntry: 0x102_0000n,
  hostRefillEntry: 0x103_0000n,
  data: { start: DIRECT_MAP + 0x4000n, end: DIRECT_MAP + 0x8000n },
  stack: DIRECT_MAP + 0x10000n,
};

/** Every guest register of another guest: recognisable, TI pending, no timer running and nothing done by TICLR and WCLLB. */
const OTHER_GUEST = 0x0bad_9e57_0bad_9e5cn;

/** The start of a guest's registers: recognisable, so that a report shows what was never set. */
const INITIAL_GPRS = BigUint64Array.from({ length: 32 }, (_, r) => 0x6e57_0000_0000_0000n + BigInt(r));

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

/** Where machine code lies unless it was linked for other addresses. */
export const CODE_BASE: bigint = LAYOUT.text;
/** Bytes from there on that it may take; its data follow. */
const CODE_BYTES = 0x4_0000;
const PAGE = 0x1000n;

type AddressRange = NonNullable<NonNullable<WorldSwitch["machineCode"]>["linkedAt"]>;

/** Bytes of RAM. That of a hypervisor's machine code belongs to it, because engines are fastest in one block of RAM. */
function memoryFor({ machineCode }: WorldSwitch): number {
  if (machineCode === undefined) return MACHINE_MEMORY;
  return Number(CODE_BASE - DIRECT_MAP) + CODE_BYTES + machineCode.dataBytes;
}

/**
 * Where a hypervisor lies; gives one that was linked for other addresses memory there.
 *
 * @throws {RangeError} if that is where the bench has its own
 */
function layOut(bus: AddressMap, worldSwitch: WorldSwitch): HostLayout {
  const { machineCode } = worldSwitch;
  if (machineCode === undefined) return LAYOUT;
  const { dataBytes, linkedAt } = machineCode;
  if (linkedAt !== undefined) addLinked(bus, linkedAt, BigInt(memoryFor(worldSwitch)));
  const start = CODE_BASE + BigInt(CODE_BYTES);
  return { ...LAYOUT, data: { start, end: start + BigInt(dataBytes) } };
}

function addLinked(bus: AddressMap, { start, end }: AddressRange, memory: bigint): void {
  if (start < MACHINE_MEMORY) {
    throw new RangeError(
      `Cannot place code linked at ${hex(start)}: the bench has its own memory up to ${
        hex(BigInt(MACHINE_MEMORY))
      }`,
    );
  }
  if (end <= memory) return;
  const from = start < memory ? memory : start - start % PAGE;
  const size = (end - from + PAGE - 1n) / PAGE * PAGE;
  bus.add(Number(from), new Ram("linked hypervisor", Number(size)));
}

/** What a machine has whose host is set up. */
export interface WarmHost {
  readonly bus: AddressMap;
  readonly layout: HostLayout;
  /** Stage 2, with the guest's memory mapped. */
  readonly table: NestedPageTable;
}

/**
 * A machine with a host and a guest's memory, before the world switch takes possession of it.
 *
 * @param unmapped bytes at the end of the guest's memory that are not mapped
 */
export function warmHost(
  worldSwitch: WorldSwitch,
  profile: Profile,
  engine: Engine,
  unmapped?: typeof GRANULE,
): Warm<WarmHost> {
  return warmMachine({
    key: keyOf(worldSwitch, unmapped !== undefined),
    engine,
    profile,
    memory: memoryFor(worldSwitch),
    prepare({ machine, bus }, parts) {
      const layout = layOut(bus, worldSwitch);
      setUpHost(new HostCpu(machine, engine), layout);
      // The VMM's own memory, written as the guest's code is: before the guest runs there is nobody to tell the difference.
      const store = (address: bigint, value: bigint) => machine.writePhysical(Number(address), 8, value);
      const table = new NestedPageTable(store, worldSwitch.pageTable, TABLES);
      table.map(0n, GUEST_OFFSET, GUEST_MEMORY - (unmapped ?? 0n));
      if (worldSwitch.machineCode !== undefined) loadInAdvance(worldSwitch, machine, engine, bus, layout);
      parts.push(table);
      return { bus, layout, table };
    },
  });
}

/** Leaves the world switch's code in memory, and nothing else of it, so that it need not be loaded for each case. */
function loadInAdvance(
  worldSwitch: WorldSwitch,
  machine: Machine,
  engine: Engine,
  bus: AddressMap,
  layout: HostLayout,
): void {
  const code = bus.ramBytes(Number(CODE_BASE - DIRECT_MAP), CODE_BYTES);
  const restore = machine.save();
  worldSwitch.create(new HostCpu(machine, engine), layout);
  const loaded = code?.slice() ?? [];
  restore();
  // To be told of the write.
  bus.ramBytes(Number(CODE_BASE - DIRECT_MAP), CODE_BYTES)?.set(loaded);
}

/** What {@linkcode warmHost} makes depends on the world switch and on whether all memory is mapped. */
const KEYS = new WeakMap<WorldSwitch, readonly [all: object, part: object]>();

function keyOf(worldSwitch: WorldSwitch, isPart: boolean): object {
  let keys = KEYS.get(worldSwitch);
  if (keys === undefined) KEYS.set(worldSwitch, keys = [{}, {}]);
  return keys[isPart ? 1 : 0];
}

/** A case's machine, ready for its first entry. */
export class Bench {
  readonly machine: Machine;
  readonly cpu: HostCpu;
  readonly vcpu: VCpu;
  readonly program: Program;
  /** Instructions for the guest between two exits. */
  readonly budget: number;
  readonly memory: GuestMemory;
  /** To be called when the case is over. */
  readonly release: () => void;
  readonly #table: NestedPageTable;
  /** The HPA behind each GPA that does not lead to its own memory, by granule. */
  readonly #moved = new Map<bigint, bigint>();

  constructor({ program, profile, budget }: ResolvedCase, worldSwitch: WorldSwitch, how: Execution) {
    const { engine, traced } = how;
    const warm = warmHost(worldSwitch, profile, engine);
    const { bus, layout, table } = warm.made;
    this.machine = warm.machine;
    this.release = warm.release;
    this.#table = table;
    this.program = program;
    this.budget = budget;
    this.cpu = new HostCpu(this.machine, engine, traced);
    this.vcpu = worldSwitch.create(this.cpu, layout);
    this.memory = {
      contains: (gpa) => this.#hpa(gpa) !== undefined,
      map: (gpa) => this.#mapAgain(gpa - gpa % GRANULE),
    };
    loadGuest(bus, this.program);
    this.#start();
  }

  #start(): void {
    const { vcpu } = this;
    vcpu.setNestedPageTable(this.#table.root);
    vcpu.setEntry(this.program.entry);
    vcpu.setup({ vcpuId: 0, vmId: 0, memory: this.memory });
    for (let r = 1; r < 32; r++) vcpu.setGpr(r, INITIAL_GPRS[r]!);
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
    if (access === "") return this.#edit(gpa, () => this.#table.unmap(gpa, size));
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
    this.#edit(gpa, () => this.#table.map(gpa, hpa, size, permission));
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
    const isHypercall = Number(ESTAT.Ecode.get(estat)) === EXCEPTIONS.HVC.ecode;
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
