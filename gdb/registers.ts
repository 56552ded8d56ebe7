/**
 * The registers that a debugger sees, in the order of their numbers. The CSRs of both worlds come from the CSR table.
 *
 * @module
 */
import { type CsrDeclaration, CSRS, type Machine, readCsr, REGISTER_NAMES, writeCsr } from "../core/mod.ts";
import { BADV } from "../core/csr/basic.ts";
import { FCSR_MASKS } from "../core/fp/fcsr.ts";
import type { WorldContext } from "./world_contexts.ts";

/** A group of registers: a feature of the target description. */
export interface RegisterFeature {
  /** True for what the machine lacks and gdb insists on. */
  readonly isAbsent?: boolean;
  /** As in `org.gnu.gdb.loongarch.base`. */
  readonly name: string;
  /** Heading and gdb's register group. */
  readonly group: string;
  readonly registers: readonly DebugRegister[];
}

/** One register. */
export interface DebugRegister {
  readonly name: string;
  readonly bits: 8 | 32 | 64 | 128 | 256;
  /** The type of gdb. */
  readonly type: string;
  /** False if it is read one by one only (`p`), and not with all others (`g`). */
  readonly general: boolean;
  /** Another name, and what it is for; lldb takes them. */
  readonly alias?: string;
  readonly role?: string;
  /** Its number in debug information. */
  readonly dwarf?: number;
  /** Its value in a world; undefined if this machine lacks it. */
  read(m: Machine, context: WorldContext): bigint | undefined;
  /** Changes it; the context is that of the present world. */
  write(m: Machine, value: bigint): void;
}

const ROLES: Readonly<Record<string, string>> = {
  ...{ ra: "ra", sp: "sp", fp: "fp" },
  ...Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`a${n}`, `arg${n + 1}`])),
};
const DWARF_FLOAT = 32;
const FLOAT_REGISTERS = 32;
const FLAGS = 8;

function general(number: number, name: string): DebugRegister {
  const alias = name.slice(1);
  const role = ROLES[alias];
  return {
    name: `r${number}`,
    bits: 64,
    type: alias === "sp" || alias === "fp" ? "data_ptr" : alias === "ra" ? "code_ptr" : "uint64",
    general: true,
    // r21 has no other name.
    ...(alias !== `r${number}` && { alias }),
    ...(role !== undefined && { role }),
    dwarf: number,
    read: (_, { gpr }) => gpr[number] ?? 0n,
    write: (m, value) => {
      if (number !== 0) m.gpr[number] = value;
    },
  };
}

/** What the Linux kernel gives debuggers of its own: the first argument of an interrupted system call. Here it is nothing. */
const ORIG_A0: DebugRegister = {
  name: "orig_a0",
  bits: 64,
  type: "uint64",
  general: true,
  read: () => 0n,
  write: () => {},
};

const PC: DebugRegister = {
  name: "pc",
  bits: 64,
  type: "code_ptr",
  general: true,
  role: "pc",
  read: (_, { pc }) => pc,
  write: (m, value) => {
    m.pc = m.nextPc = value;
    // Whoever sends the processor elsewhere does not want it to go on sleeping.
    m.idle = false;
  },
};

const BAD_ADDRESS: DebugRegister = {
  ...csrRegister(BADV, (context) => context.world === "guest", "badv"),
  type: "code_ptr",
  general: true,
  write: (m, value) => writeCsr(m, m.inGuest, BADV, value, m.inGuest ? "host" : "own"),
};

function float(number: number): DebugRegister {
  return {
    name: `f${number}`,
    bits: 64,
    type: "ieee_double",
    general: true,
    dwarf: DWARF_FLOAT + number,
    read: (m) => m.fpr[number] ?? 0n,
    write: (m, value) => {
      m.fpr[number] = value;
    },
  };
}

function flag(number: number): DebugRegister {
  return {
    name: `fcc${number}`,
    bits: 8,
    type: "uint8",
    general: true,
    read: (m) => BigInt(m.fcc[number] ?? 0),
    write: (m, value) => {
      m.fcc[number] = Number(value & 1n);
    },
  };
}

const FCSR: DebugRegister = {
  name: "fcsr",
  bits: 32,
  type: "uint32",
  general: true,
  read: (m) => BigInt(m.fcsr >>> 0),
  write: (m, value) => {
    m.fcsr = Number(value) & FCSR_MASKS[0];
  },
};

function csrRegister(
  csr: CsrDeclaration,
  isGuest: (context: WorldContext) => boolean,
  name: string,
): DebugRegister {
  return {
    name,
    bits: 64,
    type: "uint64",
    general: false,
    read: (m, context) => readCsr(m, isGuest(context), csr),
    write: () => {},
  };
}

/** The name of a guest's copy of a register. */
export function guestCsrName(csr: CsrDeclaration): string {
  return `g_${csr.name}`;
}

/** A write is that of an instruction: csrwr to the host's registers, gcsrwr to the guest's. */
function csrs(m: Machine, isGuest: boolean): readonly DebugRegister[] {
  const bank = isGuest ? m.guest : m.host;
  const there = CSRS.filter((csr) => bank.has(csr.number) && (!isGuest || csr.options.guest !== "gspr"));
  return there.map((csr) => ({
    ...csrRegister(csr, () => isGuest, isGuest ? guestCsrName(csr) : csr.name),
    write: (machine, value) => writeCsr(machine, isGuest, csr, value, isGuest ? "host" : "own"),
  }));
}

function absent(name: string, bits: DebugRegister["bits"]): DebugRegister {
  return {
    name,
    bits,
    type: `uint${Math.min(bits, 128)}`,
    general: false,
    read: () => undefined,
    write: () => {},
  };
}

/** gdb 16 takes no description of a LoongArch without vectors and binary translation: it would then guess the registers. */
const ABSENT_FEATURES: readonly RegisterFeature[] = [
  { name: "lsx", registers: numbered(32, (n) => absent(`vr${n}`, 128)) },
  { name: "lasx", registers: numbered(32, (n) => absent(`xr${n}`, 256)) },
  {
    name: "lbt",
    registers: [...numbered(4, (n) => absent(`scr${n}`, 64)), absent("eflags", 32), absent("ftop", 32)],
  },
].map(({ name, registers }) => ({
  name: `org.gnu.gdb.loongarch.${name}`,
  group: "vector",
  registers,
  isAbsent: true,
}));

function numbered<T>(count: number, make: (number: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, number) => make(number));
}

/** The registers of a machine, by feature. Their numbers run on from feature to feature. */
export function registerFeatures(m: Machine): readonly RegisterFeature[] {
  const base = [...REGISTER_NAMES.map((name, number) => general(number, name)), ORIG_A0, PC, BAD_ADDRESS];
  const features: RegisterFeature[] = [
    { name: "org.gnu.gdb.loongarch.base", group: "general", registers: base },
  ];
  if (m.profile.features.has("FP")) {
    const registers = [...numbered(FLOAT_REGISTERS, float), ...numbered(FLAGS, flag), FCSR];
    features.push({ name: "org.gnu.gdb.loongarch.fpu", group: "float", registers });
  }
  features.push({ name: "lvzbench.loongarch.csr", group: "csr", registers: csrs(m, false) });
  if (m.profile.features.has("LVZ")) {
    features.push({ name: "lvzbench.loongarch.gcsr", group: "gcsr", registers: csrs(m, true) });
  }
  return [...features, ...ABSENT_FEATURES];
}
