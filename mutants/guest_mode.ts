/**
 * Mutants in detection, in what guest mode does with instructions and registers, and in entries.
 *
 * @module
 */
import type { Mutant } from "./mutant.ts";

const CPUCFG = "core/cpucfg.ts";
const CSR_ACCESS = "core/csr/access.ts";
const CSR_BASIC = "core/csr/basic.ts";
const CSR_DEBUG = "core/csr/debug.ts";
const CSR_LVZ = "core/csr/lvz.ts";
const CSR_TRANSLATION = "core/csr/translation.ts";
const EXCEPTION = "core/exception.ts";
const EXEC_CSR_CALLS = "core/exec/csr_calls.ts";
const EXEC_INVTLB = "core/exec/invtlb.ts";
const EXEC_PERMISSION = "core/exec/permission.ts";
const EXEC_REFERENCE = "core/exec/reference.ts";
const EXEC_SYSTEM_CALLS = "core/exec/system_calls.ts";
const INTERRUPTS = "core/interrupts.ts";
const ISA_BASE = "core/isa/base.ts";
const ISA_LVZ = "core/isa/lvz.ts";
const ISA_PRIVILEGED = "core/isa/privileged.ts";
const MACHINE = "core/machine.ts";
const DEVICES_IOCSR = "devices/iocsr.ts";

/** All mutants of this file. */
export const GUEST_MODE_MUTANTS: readonly Mutant[] = [
  {
    name: "cpucfg reports LVZ in bit 9 of word 2",
    rule: "LVZ-DET-01",
    file: CPUCFG,
    find: "LVZ: [2, 10],",
    replace: "LVZ: [2, 9],",
  },
  {
    name: "the version of LVZ is 2",
    rule: "LVZ-DET-02",
    file: CPUCFG,
    find: "? 1n << 11n : 0n",
    replace: "? 2n << 11n : 0n",
  },
  {
    name: "IOCSR 0x8 says on the bare machine that it is a guest",
    rule: "LVZ-DET-03",
    file: DEVICES_IOCSR,
    find: "[0x8, 1n << 2n | 1n << 3n | 1n << 4n],",
    replace: "[0x8, 1n << 2n | 1n << 3n | 1n << 4n | 1n << 11n],",
  },
  {
    name: "the control registers are there without LVZ",
    rule: "LVZ-DET-05",
    file: CSR_LVZ,
    find: 'const HOST = { guest: "gspr", width: 32, needs: "LVZ" } as const;',
    replace: 'const HOST = { guest: "gspr", width: 32 } as const;',
  },
  {
    name: "TLBRPRMD.PGM is there without LVZ",
    rule: "LVZ-DET-06",
    file: CSR_TRANSLATION,
    find: 'PGM: bit(3, "previous GSTAT.VM (LVZ-CSR-14)", { needs: "LVZ" }),',
    replace: 'PGM: bit(3, "previous GSTAT.VM (LVZ-CSR-14)"),',
  },
  {
    name: "the vendor's shadow of CPUCFG is there in host mode",
    rule: "LVZ-DET-07",
    file: EXEC_CSR_CALLS,
    find: 'return row === undefined ? 0n : exchange(m, row, value, mask, isGuest, "own");',
    replace:
      'return row === undefined ? (number >= 0xc0 && number <= 0xff ? BigInt(number) : 0n) : exchange(m, row, value, mask, isGuest, "own");',
  },
  {
    name: "the vendor's shadow of CPUCFG does not exit",
    rule: "LVZ-GCSR-05",
    file: CSR_DEBUG,
    find: "{ first: 0xc0, last: 0xff,",
    replace: "{ first: 0xc0, last: 0xc0 - 1,",
  },
  {
    name: "the guest has copies of the control registers",
    rule: "LVZ-CSR-02",
    file: CSR_LVZ,
    find: 'const HOST = { guest: "gspr", width: 32, needs: "LVZ" } as const;',
    replace: 'const HOST = { guest: "copy", width: 32, needs: "LVZ" } as const;',
  },
  {
    name: "GCFG.GCIP does not list GCI = 1",
    rule: "LVZ-CSR-09",
    file: CSR_LVZ,
    find: 'GCIP: bits(19, 16, "bit n: GCI may be n", { access: "const", reset: 7n,',
    replace: 'GCIP: bits(19, 16, "bit n: GCI may be n", { access: "const", reset: 5n,',
  },
  {
    name: "GTLBC.USETGID is 1 after reset",
    rule: "LVZ-CSR-12",
    file: CSR_LVZ,
    find: 'USETGID: bit(12, "TLB instructions of the host use TGID"),',
    replace: 'USETGID: bit(12, "TLB instructions of the host use TGID", { reset: 1n }),',
  },
  {
    name: "MERRCTL has no PGM",
    rule: "LVZ-CSR-14",
    file: CSR_BASIC,
    find: 'PGM: bit(5, "previous GSTAT.VM", { needs: "LVZ" }),',
    replace: 'PGM: bit(5, "previous GSTAT.VM", { access: "r", needs: "LVZ" }),',
  },
  {
    name: "the capability bits of GCFG can be written",
    rule: "LVZ-CSR-07",
    file: CSR_LVZ,
    find: 'SITP: bit(6, "SIT implemented", { access: "const", reset: 1n',
    replace: 'SITP: bit(6, "SIT implemented", { reset: 1n',
  },
  {
    name: "every counter can be given to a guest, there or not",
    rule: "LVZ-PMU-01",
    file: CSR_LVZ,
    find: "return (next & GPERF) >> 24n > counters ?",
    replace: "return (next & GPERF) >> 24n > 7n ?",
  },
  {
    name: "gcsr* of counters reach the host's",
    rule: "LVZ-PMU-02",
    file: EXEC_CSR_CALLS,
    find: 'return exchange(m, row, value, mask, true, "host");',
    replace: 'return exchange(m, row, value, mask, number < 0x200 || number > 0x23f, "host");',
  },
  {
    name: "the instructions of LVZ are there without it",
    rule: "LVZ-INSN-07",
    file: ISA_LVZ,
    find: 'const lvz: RowOptions = { privileged: true, needs: "LVZ" };',
    replace: "const lvz: RowOptions = { privileged: true };",
  },
  {
    name: "hvcl is not defined in guest mode",
    rule: "LVZ-INSN-08",
    file: EXEC_PERMISSION,
    find: "hvc: () => new Trap(EXCEPTIONS.HVC, undefined, true),",
    replace: "hvc: () => undefined,",
  },
  {
    name: "hvcl in host mode raises HVC",
    rule: "LVZ-INSN-10",
    file: EXEC_SYSTEM_CALLS,
    find: '"hvcl": () => {\n    throw new Trap(EXCEPTIONS.INE);',
    replace: '"hvcl": () => {\n    throw new Trap(EXCEPTIONS.HVC);',
  },
  {
    name: "gcsr* and gtlb* in guest mode raise IPE",
    rule: "LVZ-INSN-11",
    file: EXEC_INVTLB,
    find: "? new Trap(EXCEPTIONS.INE)\n",
    replace: "? new Trap(EXCEPTIONS.IPE)\n",
    seenIn: "QEMU-LVZ",
  },
  {
    name: "TLBRSAVE has no guest copy",
    rule: "LVZ-GCSR-01",
    file: CSR_TRANSLATION,
    find: '{ Data: bits(63, 0, "software\'s") }, TLB);',
    replace: '{ Data: bits(63, 0, "software\'s") }, { ...TLB, guest: "gspr" });',
  },
  {
    name: "a change of GSTAT.GID clears the guest copies",
    rule: "LVZ-GCSR-03",
    file: CSR_ACCESS,
    find: "const WRITES = byNumber<WriteEffect>([",
    replace:
      "const WRITES = byNumber<WriteEffect>([\n  [0x50, (w, written, old) => {\n    if ((written ^ old) & 0xff0000n) w.m.guest.values.fill(0n);\n  }],",
  },
  {
    name: "csr* of a guest need no privilege",
    rule: "LVZ-GCSR-04",
    file: EXEC_PERMISSION,
    find: "if (privileged && m.plv !== 0 &&",
    replace: 'if (privileged && m.plv !== 0 && !(m.inGuest && guest === "bank") &&',
  },
  {
    name: "load and store watchpoints of the guest read 0 without an exit",
    rule: "LVZ-GCSR-06",
    file: CSR_DEBUG,
    find: "{ first: 0x300, last: 0x34f,",
    replace: "{ first: 0x301, last: 0x300,",
  },
  {
    name: "TORU = 0 does not stop exits by unknown CSRs",
    rule: "LVZ-GCSR-08",
    file: EXEC_CSR_CALLS,
    find: "if (exitsWithoutRegister(number) || m.host.is(GCFG.TORU)) {",
    replace: "if (true) {",
  },
  {
    name: "TORU = 1 makes no unknown CSR exit",
    rule: "LVZ-GCSR-08",
    file: EXEC_CSR_CALLS,
    find: "if (exitsWithoutRegister(number) || m.host.is(GCFG.TORU)) {",
    replace: "if (exitsWithoutRegister(number)) {",
  },
  {
    name:
      "TORU = 0 stops the exits of every register without a guest copy, as its description reads literally",
    rule: "LVZ-GCSR-08",
    file: EXEC_CSR_CALLS,
    find: "if (exits || trapped)",
    replace: "if ((exits && m.host.is(GCFG.TORU)) || trapped)",
  },
  {
    name: "a guest can write its CPUID",
    rule: "LVZ-GCSR-10",
    file: CSR_BASIC,
    find: 'CoreID: bits(8, 0, "number of this core", { access: "r" }),',
    replace: 'CoreID: bits(8, 0, "number of this core"),',
  },
  {
    name: "a guest's write to ESTAT clears TI",
    rule: "LVZ-GCSR-13",
    file: CSR_BASIC,
    find: "    writable: 0x3n,",
    replace: "    writable: 0x803n,",
  },
  {
    name: "GCSR.PRCFG3 is 0",
    rule: "LVZ-GCSR-15",
    file: CSR_ACCESS,
    find: "const value = special === undefined ?",
    replace: "const value = isGuest && row.number === 0x23 ? 0n : special === undefined ?",
  },
  {
    name: "cpucfg of a guest runs without an exit",
    rule: "LVZ-GUEST-01",
    file: ISA_BASE,
    find: '["cpucfg",    "0000000000000000011011 rj rd", "rd, rj", "gspr", ',
    replace: '["cpucfg",    "0000000000000000011011 rj rd", "rd, rj", "native", ',
  },
  {
    name: "cpucfg exits at guest PLV0 only",
    rule: "LVZ-GUEST-01",
    file: EXEC_PERMISSION,
    find: "    return policy(m, op);",
    replace: '    return guest === "gspr" && !privileged && m.plv !== 0 ? undefined : policy(m, op);',
  },
  {
    name: "ERA points behind the idle at its exit",
    rule: "LVZ-GUEST-02",
    file: EXCEPTION,
    find: "takeGeneral(m, bank, trap.kind, trap.kind.ecode, pc, inGuest);",
    replace:
      "takeGeneral(m, bank, trap.kind, trap.kind.ecode, (word ?? 0) >>> 15 === 0xc91 ? pc + 4n : pc, inGuest);",
  },
  {
    name: "IOCSR accesses of a guest exit before the privilege check",
    rule: "LVZ-GUEST-03",
    file: EXEC_PERMISSION,
    find: "if (privileged && m.plv !== 0 &&",
    replace:
      'if (m.inGuest && instruction.name.startsWith("iocsr")) throw gspr();\n    if (privileged && m.plv !== 0 &&',
    seenIn: "QEMU-LVZ",
  },
  {
    name: "GCI = 1 lets index operations run",
    rule: "LVZ-GUEST-04",
    file: EXEC_PERMISSION,
    find: "return type === INDEX ? gci <= 1n : true;",
    replace: "return type === INDEX ? gci === 0n : true;",
  },
  {
    name: "GCI = 2 lets every cacop run",
    rule: "LVZ-GUEST-04",
    file: EXEC_PERMISSION,
    find: "return type === INDEX ? gci <= 1n : true;",
    replace: "return type === INDEX ? gci <= 1n : gci !== 2n;",
  },
  {
    name: "TIT does not concern timer registers",
    rule: "LVZ-GUEST-05",
    file: EXEC_CSR_CALLS,
    find: 'const trapped = trappedBy === "GCFG.TIT" && m.host.is(GCFG.TIT) ||\n    trappedBy',
    replace: "const trapped = trappedBy",
  },
  {
    name: "TIT does not concern rdtime",
    rule: "LVZ-TIME-16",
    file: EXEC_PERMISSION,
    find: "timer: (m) => m.host.is(GCFG.TIT) ? gspr() : undefined,",
    replace: "timer: () => undefined,",
  },
  {
    name: "SIT does nothing",
    rule: "LVZ-GUEST-06",
    file: EXEC_PERMISSION,
    find: "if (privileged && m.host.is(GCFG.SIT)) throw gspr();",
    replace: "",
  },
  {
    name: "SIT comes before the privilege check",
    rule: "LVZ-GUEST-06",
    file: EXEC_PERMISSION,
    find: "if (privileged && m.plv !== 0 &&",
    replace:
      "if (m.inGuest && privileged && m.host.is(GCFG.SIT)) throw gspr();\n    if (privileged && m.plv !== 0 &&",
  },
  {
    name: "SIT leaves hvcl its own code",
    rule: "LVZ-GUEST-06",
    file: EXEC_PERMISSION,
    find: "if (privileged && m.host.is(GCFG.SIT)) throw gspr();",
    replace: 'if (privileged && guest !== "hvc" && m.host.is(GCFG.SIT)) throw gspr();',
  },
  {
    name: "TOP exits at every write to CRMD",
    rule: "LVZ-GUEST-07",
    file: EXEC_CSR_CALLS,
    find: "if (CRMD.PLV.get(old) !== CRMD.PLV.get(next)) throw",
    replace: "throw",
  },
  {
    name: "TOP does nothing",
    rule: "LVZ-GUEST-07",
    file: EXEC_CSR_CALLS,
    find: "if (CRMD.PLV.get(old) !== CRMD.PLV.get(next)) throw new Trap(EXCEPTIONS.GCSC, undefined, true);",
    replace: "",
  },
  {
    name: "TOE reports the place where the guest was",
    rule: "LVZ-GUEST-08",
    file: EXCEPTION,
    find: "EXCEPTIONS.GCHC, EXCEPTIONS.GCHC.ecode, m.pc, true)",
    replace: "EXCEPTIONS.GCHC, EXCEPTIONS.GCHC.ecode, m.guest.get(ERA.PC), true)",
  },
  {
    name: "TOE does nothing",
    rule: "LVZ-GUEST-08",
    file: EXCEPTION,
    find: "if (changed !== m.guest || !m.inGuest || !m.host.is(GCFG.TOE)) return;",
    replace: "return;",
  },
  {
    name: "TOTI does not concern invtlb",
    rule: "LVZ-GUEST-09",
    file: EXEC_PERMISSION,
    find: "return isGuests && m.host.is(GTLBC.TOTI);",
    replace: 'return op.instruction.name !== "invtlb" && m.host.is(GTLBC.TOTI);',
  },
  {
    name: "TOTI does not concern TLB registers",
    rule: "LVZ-GUEST-09",
    file: EXEC_CSR_CALLS,
    find: ' ||\n    trappedBy === "GTLBC.TOTI" && m.host.is(GTLBC.TOTI);',
    replace: ";",
  },
  {
    name: "the guest runs at the host's privilege level",
    rule: "LVZ-GUEST-10",
    file: MACHINE,
    find: "this.#plv = this.current.bits(CRMD.PLV);",
    replace: "this.#plv = this.host.bits(CRMD.PLV);",
  },
  {
    name: "an exception of the guest goes to the host's EENTRY",
    rule: "LVZ-GUEST-10",
    file: EXCEPTION,
    find: "bank.read(EENTRY) | offset;",
    replace: "m.host.read(EENTRY) | offset;",
  },
  {
    name: "MISC.DRDTL is the host's",
    rule: "LVZ-GUEST-11",
    file: EXEC_SYSTEM_CALLS,
    find: "return field !== undefined && m.current.is(field);",
    replace: "return field !== undefined && m.host.is(field);",
  },
  {
    name: "ertn needs no privilege",
    rule: "LVZ-ENTRY-01",
    file: ISA_PRIVILEGED,
    find: '"", "ertn", call("ertn"),     privileged],',
    replace: '"", "ertn", call("ertn"), {}],',
  },
  {
    name: "entry gives the guest the privilege level of the host's PRMD",
    rule: "LVZ-ENTRY-05",
    file: EXEC_SYSTEM_CALLS,
    find: "  m.nextPc = bank.get(ERA.PC);",
    replace:
      "  if (bank === m.host && bank.is(GSTAT.PVM)) m.guest.set(CRMD.PLV, bank.get(PRMD.PPLV));\n  m.nextPc = bank.get(ERA.PC);",
  },
  {
    name: "entry clears PVM, and a refill exit does not set it again",
    rule: "LVZ-ENTRY-06",
    file: EXEC_SYSTEM_CALLS,
    find: "  if (bank === m.host && bank.is(GSTAT.PVM)) m.setGuestMode(true);",
    replace:
      "  if (bank === m.host && bank.is(GSTAT.PVM)) {\n    m.setGuestMode(true);\n    bank.set(GSTAT.PVM, 0n);\n  }",
  },
  {
    name: "a general entry leaves direct mode, as a return from a refill does",
    rule: "LVZ-ENTRY-12",
    file: EXEC_SYSTEM_CALLS,
    find: "  m.nextPc = bank.get(ERA.PC);",
    replace:
      "  if (bank === m.host && bank.is(GSTAT.PVM)) bank.write(CRMD, (bank.read(CRMD) & ~CRMD.DA.mask) | CRMD.PG.mask);\n  m.nextPc = bank.get(ERA.PC);",
  },
  {
    name: "a guest interrupt that is pending at the entry exits",
    rule: "LVZ-ENTRY-14",
    file: INTERRUPTS,
    find: "return guest >= 0 ? { bank: m.guest, number: guest } : undefined;",
    replace: "return guest >= 0 ? { bank: m.host, number: guest } : undefined;",
  },
  {
    name: "an interrupt of the host that is pending at the entry waits for the next change",
    rule: "LVZ-ENTRY-13",
    file: EXEC_REFERENCE,
    find: "let seen = -1;",
    replace: "let seen = m.changes;",
  },
  {
    name: "entry empties the TLB",
    rule: "LVZ-ENTRY-16",
    file: EXEC_SYSTEM_CALLS,
    find: "  if (bank === m.host && bank.is(GSTAT.PVM)) m.setGuestMode(true);",
    replace:
      "  if (bank === m.host && bank.is(GSTAT.PVM)) {\n    m.tlb.invalidate(() => true);\n    m.setGuestMode(true);\n  }",
  },
];
