/**
 * Mutants in what debuggers and profilers use, and in the base architecture under them: performance counters, watchpoints, exception priority,
 * machine errors, the host's timer.
 *
 * @module
 */
import type { Mutant } from "./mutant.ts";

const ACCESS = "core/csr/access.ts";
const CSR = "core/exec/csr_calls.ts";
const COUNTERS = "core/performance.ts";
const WATCHPOINTS = "core/watchpoints.ts";
const MACHINE = "core/machine.ts";
const PERMISSION = "core/exec/permission.ts";
const PROFILE = "core/profile.ts";
const SYSTEM = "core/exec/system_calls.ts";

/** Mutants in the performance counters. */
const COUNTER_MUTANTS: readonly Mutant[] = [
  {
    name: "GPERF grants one counter more than it says",
    rule: "LVZ-GCSR-07",
    file: CSR,
    find: "<= BigInt(grant.index)",
    replace: "< BigInt(grant.index)",
  },
  {
    name: "counters that were taken back from the guest still interrupt it",
    rule: "LVZ-PMU-04",
    file: COUNTERS,
    find: "return isGuest ? Number(this.#m.host.get(GCFG.GPERF)) : this.#count;",
    replace: "return this.#count;",
  },
  {
    name: "a guest's counter counts the hypervisor's instructions too",
    rule: "LVZ-PMU-05",
    file: COUNTERS,
    find: "if (level === undefined || (isGuest && !inGuest)) return [];",
    replace: "if (level === undefined) return [];",
  },
  {
    name: "a host's counter counts guests, whatever GMOD says",
    rule: "LVZ-PMU-05",
    file: COUNTERS,
    find: "return inGuest ? mode >= GMOD_GUEST : mode !== GMOD_GUEST;",
    replace: "return inGuest || mode !== GMOD_GUEST;",
  },
  {
    name: "bit 63 of a counter interrupts without PMIEn",
    rule: "BASE-PMU-03",
    file: COUNTERS,
    find: 'if (this.#is(isGuest, n, "PMIEn") && (this.value',
    replace: "if ((this.value",
  },
  {
    name: "an overflow waits for the next change of a register",
    rule: "BASE-PMU-03",
    file: COUNTERS,
    find: "    this.#m.changes++;\n",
    replace: "",
  },
  {
    name: "an instruction that raises an exception is counted",
    rule: "BASE-PMU-05",
    file: "core/clock.ts",
    find: "return this.executed - this.trapped;",
    replace: "return this.executed;",
  },
  {
    name: "what a handler executes is counted for the program that it interrupted",
    rule: "BASE-PMU-01",
    file: "core/exec/turn.ts",
    find: "    m.counters.settle();\n",
    replace: "",
  },
  {
    name: "MISC.RPCNTL opens PMCFG as well",
    rule: "BASE-PMU-04",
    file: "core/csr/performance.ts",
    find: " && number % 2 === 1;",
    replace: ";",
  },
  {
    name: "the host's MISC.RPCNTL opens counters to a guest's programs",
    rule: "LVZ-GCSR-04",
    file: PERMISSION,
    find: "m.host.has(number) && m.current.is(allowed);",
    replace: "m.host.has(number) && m.host.is(allowed);",
  },
];

/** Mutants in the watchpoints. */
const WATCHPOINT_MUTANTS: readonly Mutant[] = [
  {
    name: "the guest takes the exception of the host's watchpoint",
    rule: "LVZ-EXIT-23",
    file: WATCHPOINTS,
    find: "m.inGuest && bank === m.host);",
    replace: "false);",
  },
  {
    name: "GCSR.CRMD.WE rules the host's watchpoints in guest mode",
    rule: "LVZ-EXIT-23",
    file: WATCHPOINTS,
    find: "const host = m.host.is(CRMD.WE)",
    replace: "const host = m.current.is(CRMD.WE)",
  },
  {
    name: "a watchpoint of the host watches guests, whatever GMOD says",
    rule: "LVZ-WATCH-03",
    file: WATCHPOINTS,
    find: "return m.inGuest ? mode >= GMOD_GUEST : mode !== GMOD_GUEST;",
    replace: "return m.inGuest || mode !== GMOD_GUEST;",
  },
  {
    name: "with LCL a watchpoint means the ASID of every guest",
    rule: "LVZ-WATCH-03",
    file: WATCHPOINTS,
    find: "return sameGuest && bank.get",
    replace: "return bank.get",
  },
  {
    name: "the guest has all watchpoints as soon as it has one",
    rule: "LVZ-WATCH-02",
    file: WATCHPOINTS,
    find: "Number(m.host.get(KINDS[kind].share))",
    replace: "m.profile.watchpoints[kind]",
  },
  {
    name: "Skip stays set, so that a watchpoint never hits again",
    rule: "BASE-WATCH-07",
    file: WATCHPOINTS,
    find: "      bank.set(status.Skip, 0n);\n",
    replace: "",
  },
  {
    name: "a write of FWPS or MWPS clears every hit",
    rule: "BASE-WATCH-08",
    file: ACCESS,
    find: "value & written & clearedByOne",
    replace: "written & clearedByOne",
  },
  {
    name: "software makes watchpoints of debug mode",
    rule: "BASE-WATCH-09",
    file: "core/csr/debug.ts",
    find: "bank.is(control.DMOnly) ? ALL : own",
    replace: "0n",
  },
  {
    name: "the bytes of Size are not compared",
    rule: "BASE-WATCH-06",
    file: WATCHPOINTS,
    find: " && (w.bytes & touched) !== 0)",
    replace: ")",
  },
];

/** Mutants in the base architecture. */
const BASE_MUTANTS: readonly Mutant[] = [
  {
    name: "BCE comes before ADEM",
    rule: "BASE-PRIO-04",
    file: MACHINE,
    find: '    checkLegal(this, this.effectiveAddress(address), use === "store" ? "store" : "load");\n',
    replace: "",
  },
  {
    name: "ADEF of a misaligned PC comes before WPEF",
    rule: "BASE-PRIO-02",
    file: MACHINE,
    find: "    if (this.#fetchesWatched.length > 0)",
    replace: "    if (this.#fetchesWatched.length > 0 && (this.pc & 3n) === 0n)",
  },
  {
    name: "ertn of a machine error leaves DATF",
    rule: "BASE-MERR-03",
    file: SYSTEM,
    find: "  bank.set(CRMD.DATF, bank.get(MERRCTL.PDATF));\n",
    replace: "",
  },
  {
    name: "every write of TICLR clears TI",
    rule: "BASE-TIME-05",
    file: ACCESS,
    find: "if (TICLR.CLR.get(written)) w.bank",
    replace: "w.bank",
  },
  {
    name: "RVACFG is storage",
    rule: "BASE-CSR-04",
    file: "core/mmu/regime.ts",
    find: "m.profile.valen - bank.bits(RVACFG.RBits)",
    replace: "m.profile.valen",
  },
  {
    name: "CPUCFG does not tell how many levels lddir has",
    rule: "BASE-CSR-03",
    file: PROFILE,
    find: "    [3, 0xfcffn],\n",
    replace: "",
  },
];

/** All of this file. */
export const DEBUGGING_MUTANTS: readonly Mutant[] = [
  ...COUNTER_MUTANTS,
  ...WATCHPOINT_MUTANTS,
  ...BASE_MUTANTS,
];
