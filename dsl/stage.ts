/**
 * Where cases run: a machine with a host and memory for a guest, made ready once and taken back to that moment for each case.
 *
 * @module
 */
import type { Engine, Machine, Profile } from "../core/mod.ts";
import { hex } from "../core/hex.ts";
import type { AddressMap } from "../devices/address_map.ts";
import { Ram } from "../devices/ram.ts";
import {
  DIRECT_MAP,
  type GuestMemory,
  HostCpu,
  type HostLayout,
  NestedPageTable,
  setUpHost,
  type VCpu,
  type WorldSwitch,
} from "../vcpu/mod.ts";
import type { Execution } from "./execution.ts";
import { RegisterSnapshot } from "./observe.ts";
import { Rehearsal } from "./rehearsal.ts";
import { type BareVm, type Restorable, type Warm, warmMachine } from "./warm.ts";

/** Bytes of guest memory from GPA 0. */
export const GUEST_MEMORY = 0x40000n;
/** Stage 2 is changed in units of this many bytes: the largest page size of all world switches. */
export const GRANULE = 0x4000n;

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

/** The start of a guest's registers: recognisable, so that a report shows what was never set. */
const INITIAL_GPRS = Array.from({ length: 32 }, (_, r) => 0x6e57_0000_0000_0000n + BigInt(r));

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
    key: keysOf(worldSwitch)[unmapped === undefined ? "all" : "part"],
    engine,
    profile,
    memory: memoryFor(worldSwitch),
    prepare: (vm, parts) => prepareHost(vm, parts, worldSwitch, engine, unmapped),
  });
}

function prepareHost(
  { machine, bus }: BareVm,
  parts: Restorable[],
  worldSwitch: WorldSwitch,
  engine: Engine,
  unmapped = 0n,
): WarmHost {
  const layout = layOut(bus, worldSwitch);
  setUpHost(new HostCpu(machine, engine), layout);
  // The VMM's own memory, written as the guest's code is: before the guest runs there is nobody to tell the difference.
  const store = (address: bigint, value: bigint) => machine.writePhysical(Number(address), 8, value);
  const table = new NestedPageTable(store, worldSwitch.pageTable, TABLES);
  table.map(0n, GUEST_OFFSET, GUEST_MEMORY - unmapped);
  if (worldSwitch.machineCode !== undefined) loadInAdvance(worldSwitch, machine, engine, bus, layout);
  parts.push(table);
  return { bus, layout, table };
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

// With a vCPU ----------------------------------------------------------------------------------------------------------

/** What a case has to say about where it runs. */
export interface StageOptions {
  readonly worldSwitch: WorldSwitch;
  readonly profile: Profile;
  /** Where the guest begins. */
  readonly entry: bigint;
  readonly memory: GuestMemory;
}

/** A machine with a vCPU of a world switch. */
export interface Stage extends WarmHost {
  readonly machine: Machine;
  readonly cpu: HostCpu;
  readonly vcpu: VCpu;
  readonly isBound: boolean;
  /** The host's registers before the vCPU is bound. */
  readonly unbound: RegisterSnapshot;
  /** Gives the machine back. */
  release(): void;
}

/** Where a case runs. All that a world switch does up to the vCPU's binding is done already, unless it has to be watched. */
export function stageFor(options: StageOptions, how: Execution): Stage {
  return (how.traced ? undefined : boundStage(options, how.engine)) ?? newStage(options, how);
}

function newStage(options: StageOptions, { engine, traced }: Execution): Stage {
  const { machine, made, release } = warmHost(options.worldSwitch, options.profile, engine);
  const cpu = new HostCpu(machine, engine, traced);
  const vcpu = makeVCpu(cpu, made, options);
  return {
    ...made,
    machine,
    cpu,
    vcpu,
    isBound: false,
    unbound: new RegisterSnapshot(machine.host),
    release,
  };
}

/** Loads the world switch and makes a vCPU that can be bound. */
function makeVCpu(cpu: HostCpu, { layout, table }: WarmHost, options: StageOptions): VCpu {
  const vcpu = options.worldSwitch.create(cpu, layout);
  vcpu.setNestedPageTable(table.root);
  vcpu.setEntry(options.entry);
  vcpu.setup({ vcpuId: 0, vmId: 0, memory: options.memory });
  for (let r = 1; r < 32; r++) vcpu.setGpr(r, INITIAL_GPRS[r]!);
  return vcpu;
}

/** What a machine has on which a vCPU was bound. */
interface BoundHost extends WarmHost {
  /** What became of the instructions; undefined if they have to be executed for each case. */
  readonly rehearsal: Rehearsal | undefined;
  readonly unbound: RegisterSnapshot;
}

function boundStage(options: StageOptions, engine: Engine): Stage | undefined {
  const keys = keysOf(options.worldSwitch);
  if (!keys.canRehearse) return undefined;
  const { machine, made, release } = warmMachine({
    key: keys.bound,
    engine,
    profile: options.profile,
    memory: memoryFor(options.worldSwitch),
    prepare: (vm, parts) => rehearse(vm, parts, options, engine),
  });
  const again = made.rehearsal?.again(machine, (prompter) => bindNew(machine, prompter, made, options));
  if (again === undefined) {
    keys.canRehearse = false;
    return undefined;
  }
  again.cpu.continueOn(engine);
  return { ...made, machine, ...again, isBound: true, release };
}

function rehearse(vm: BareVm, parts: Restorable[], options: StageOptions, engine: Engine): BoundHost {
  const host = prepareHost(vm, parts, options.worldSwitch, engine);
  const { machine } = vm;
  let unbound = new RegisterSnapshot(machine.host);
  const rehearsal = Rehearsal.of(machine, engine, (recorder) => {
    bindNew(machine, recorder, host, options, () => unbound = new RegisterSnapshot(machine.host));
  });
  return { ...host, rehearsal, unbound };
}

/** Makes a vCPU and binds it. */
function bindNew(
  machine: Machine,
  engine: Engine,
  host: WarmHost,
  options: StageOptions,
  beforeBinding?: () => void,
): Pick<Stage, "cpu" | "vcpu"> {
  const cpu = new HostCpu(machine, engine, false);
  const vcpu = makeVCpu(cpu, host, options);
  beforeBinding?.();
  vcpu.bind();
  return { cpu, vcpu };
}

/** What stands for the machines of a world switch: with all memory mapped, with part of it, and those on which a vCPU was bound. */
interface Keys {
  readonly all: object;
  readonly part: object;
  readonly bound: object;
  /** False as soon as it was found that the world switch has to be executed for each case. */
  canRehearse: boolean;
}

const KEYS = new WeakMap<WorldSwitch, Keys>();

function keysOf(worldSwitch: WorldSwitch): Keys {
  let keys = KEYS.get(worldSwitch);
  if (keys === undefined) KEYS.set(worldSwitch, keys = { all: {}, part: {}, bound: {}, canRehearse: true });
  return keys;
}
