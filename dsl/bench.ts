/**
 * The bench on which a case runs: a machine with a host, a world switch with one vCPU, the guest's memory and code.
 *
 * @module
 */
import {
  assemble,
  csrByName,
  type CsrDeclaration,
  CSRS,
  deriveProfile,
  type Engine,
  LA464,
  type Machine,
  type Profile,
  PROFILES,
  type Program,
} from "../core/mod.ts";
import { type AddressMap, createVirtMachine } from "../devices/mod.ts";
import {
  type GuestMemory,
  HostCpu,
  type HostLayout,
  NestedPageTable,
  setUpHost,
  type VCpu,
  type WorldSwitch,
} from "../vcpu/mod.ts";
import type { Case, Lines, Mapping } from "./case.ts";
import { CaseError } from "./errors.ts";
import { interruptPosition, type MaskedValue, Names } from "./names.ts";

/** GPA at which guest code starts. */
export const CODE_GPA = 0x10000n;
/** Bytes of guest memory from GPA 0. */
export const GUEST_MEMORY = 0x40000n;
/** Label of the word behind the code, which catches a guest that runs past its end. */
export const END_LABEL = "__end_of_code";
/** The code of the hvcl at {@linkcode END_LABEL}. */
export const END_CODE = 0x7fff;

/** No larger than needed, because a machine is made for each case: hypervisor, stage-2 tables, guest memory. */
const MACHINE_MEMORY = 0x140000;
/** GPA + this = HPA. Not 0, so that software and hardware which confuse the two are found out. */
const GUEST_OFFSET = 0x100000n;
/** Physical 0 holds an empty table; the hypervisor's code is at 0x40000 to 0x6ffff. */
const TABLES = { start: 0x70000n, end: GUEST_OFFSET };
const LAYOUT: HostLayout = {
  text: 0x9000_0000_0004_0000n,
  exitEntry: 0x9000_0000_0005_0000n,
  refillEntry: 0x60000n,
};

/** Every guest register of another guest: recognisable, TI pending, no timer running and nothing done by TICLR and WCLLB. */
const OTHER_GUEST = 0x0bad_9e57_0bad_9e5cn;

/** The start of a guest's registers: recognisable, so that a report shows what was never set. */
function initialGpr(register: number): bigint {
  return 0x6e57_0000_0000_0000n + BigInt(register);
}

const CSR_NAMES: readonly string[] = CSRS.flatMap((csr) => [csr.name, ...(csr.options.aka ?? [])]);

// A memo of a pure function of an immutable value: a case is assembled once for all its world switches.
const PROGRAMS = new WeakMap<Case, Program>();

/** Assembles a case's code. */
export function assembleCase(c: Case): Program {
  let program = PROGRAMS.get(c);
  if (program === undefined) PROGRAMS.set(c, program = assembleCode(c.code));
  return program;
}

function assembleCode(code: string): Program {
  return assemble(`${code}\n.text\n${END_LABEL}: hvcl ${END_CODE}\n`, {
    name: "code",
    origin: CODE_GPA,
    csrNumber: (name) => csrByName(name)?.number,
    csrNames: CSR_NAMES,
  });
}

/** The profile that a case asks for. */
export function profileOf(c: Pick<Case, "profile" | "choices">): Profile {
  const base = PROFILES.find((p) => p.name === c.profile) ?? LA464;
  return c.choices === undefined
    ? base
    : deriveProfile(base, { name: describeChoices(base, c.choices), lvz: c.choices });
}

function describeChoices(base: Profile, choices: NonNullable<Case["choices"]>): string {
  return `${base.name} with ${Object.entries(choices).map(([k, v]) => `${k} = ${v}`).join(", ")}`;
}

/** A case's machine, ready for its first entry. */
export class Bench {
  readonly machine: Machine;
  readonly cpu: HostCpu;
  readonly vcpu: VCpu;
  readonly names: Names;
  readonly #bus: AddressMap;
  readonly #table: NestedPageTable;
  /** Where each GPA that is not ordinary memory leads, by its page of 16 KiB; undefined: nowhere. */
  readonly #moved = new Map<bigint, bigint | undefined>();
  readonly memory: GuestMemory;

  constructor(c: Case, program: Program, worldSwitch: WorldSwitch, engine: Engine) {
    const { machine, bus } = createVirtMachine({ memory: MACHINE_MEMORY, profile: profileOf(c) });
    this.machine = machine;
    this.#bus = bus;
    this.names = new Names(program);
    this.cpu = new HostCpu(this.machine, engine);
    setUpHost(this.cpu, LAYOUT);
    this.vcpu = worldSwitch.create(this.cpu, LAYOUT);
    this.#table = new NestedPageTable(this.cpu, worldSwitch.pageTable, TABLES);
    this.memory = {
      contains: (gpa) => this.#hpa(gpa) !== undefined,
      map: (gpa) => this.map({ gpa: gpa - gpa % 0x4000n }),
    };
    this.#table.map(0n, GUEST_OFFSET, GUEST_MEMORY);
    this.#load(program);
    this.#start(program);
  }

  #load(program: Program): void {
    for (const { name, address, bytes } of program.segments) {
      if (address + BigInt(bytes.length) > GUEST_MEMORY) {
        throw new CaseError(
          `Cannot load ${name} at 0x${address.toString(16)}: guest memory ends at 0x${
            GUEST_MEMORY.toString(16)
          }`,
        );
      }
      this.#bus.ramBytes(Number(address + GUEST_OFFSET), bytes.length)?.set(bytes);
    }
  }

  #start(program: Program): void {
    const { vcpu } = this;
    vcpu.setNestedPageTable(this.#table.root);
    vcpu.setEntry(program.entry);
    vcpu.setup({ vcpuId: 0, vmId: 0, memory: this.memory });
    for (let r = 1; r < 32; r++) vcpu.setGpr(r, initialGpr(r));
  }

  /** The HPA of a GPA, undefined where the guest has no memory. */
  #hpa(gpa: bigint): bigint | undefined {
    const page = gpa - gpa % 0x4000n;
    if (this.#moved.has(page)) {
      const moved = this.#moved.get(page);
      return moved === undefined ? undefined : moved + gpa % 0x4000n;
    }
    return gpa < GUEST_MEMORY ? gpa + GUEST_OFFSET : undefined;
  }

  /** Changes a stage-2 mapping. */
  map({ gpa, size = 0x4000n, access = "rwx", alias = gpa }: Mapping): void {
    if (access === "") {
      this.#table.unmap(gpa, size);
      return;
    }
    const hpa = alias < GUEST_MEMORY ? alias + GUEST_OFFSET : undefined;
    if (hpa === undefined) {
      throw new CaseError(`Cannot map 0x${gpa.toString(16)}: no guest memory at GPA 0x${alias.toString(16)}`);
    }
    for (let offset = 0n; offset < size; offset += 0x4000n) this.#moved.set(gpa + offset, hpa + offset);
    const permission = {
      read: access.includes("r"),
      write: access.includes("w"),
      execute: access.includes("x"),
    };
    this.#table.map(gpa, hpa, size, permission);
  }

  /** Drops cached stage-2 translations of the guest, as hypervisors do after a change (invtlb 0x12). */
  flush(): void {
    this.cpu.invtlb(0x12);
  }

  /** What another guest leaves in the guest copies of the processor, while this vCPU is away. */
  runAnotherGuest(): void {
    for (const csr of CSRS) {
      if (csr.options.guest === "copy") this.cpu.gcsrwr(csr, OTHER_GUEST);
    }
  }

  /** A 64-bit value in guest memory. */
  readGuest(gpa: bigint, size: 4 | 8): bigint | undefined {
    const hpa = this.#hpa(gpa);
    return hpa === undefined ? undefined : this.machine.readPhysical(Number(hpa), size);
  }

  /** Writes guest CSRs through the vCPU. */
  setGuestCsrs(values: ReadonlyMap<CsrDeclaration, MaskedValue>): void {
    for (const [csr, { value, mask }] of values) {
      this.vcpu.setGuestCsr(csr, (this.vcpu.guestCsr(csr) & ~mask) | (value & mask));
    }
  }

  /** Writes host CSRs with csrxchg. */
  setHostCsrs(values: ReadonlyMap<CsrDeclaration, MaskedValue>): void {
    for (const [csr, { value, mask }] of values) this.cpu.csrxchg(csr, value, mask);
  }

  /** Drives interrupt lines. */
  setLines(lines: Lines | undefined, where: string): void {
    for (const [name, level] of Object.entries(lines ?? {})) {
      const position = interruptPosition(name, where);
      if (!(position >= 2 && position <= 9) && position !== 12) {
        throw new CaseError(`Cannot use ${where}.${name}: only HWI0 to HWI7 and IPI are lines`);
      }
      this.machine.setLine(position, level);
    }
  }
}
