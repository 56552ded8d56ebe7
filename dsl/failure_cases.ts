/**
 * Cases that must fail, each with one thing wrong: the case's expectation, or the subject. What the bench says about each is in
 * `failure_reports.ts`.
 *
 * @module
 */
import { BADI, ECFG, SAVE } from "../core/csr/basic.ts";
import { PGDL } from "../core/csr/translation.ts";
import { ARCEOS, KVM } from "../vcpu/mod.ts";
import type { Case } from "./case.ts";
import { fault, gspr, hvc, interrupt, refill, running } from "./exit.ts";
import { engineThat, switchThatLeaves, switchThatLoses } from "./failure_subjects.ts";
import type { HostCase } from "./host_case.ts";
import type { RunOptions } from "./test_function.ts";

/** A guest case that must fail. */
export interface FailingCase {
  readonly title: string;
  readonly case: Omit<Case, "rule">;
  /** The subject, where it is the one at fault. */
  readonly options?: RunOptions;
}

/** A case in host mode that must fail. */
export interface FailingHostCase {
  readonly title: string;
  readonly case: Omit<HostCase, "rule">;
}

/** The rule that all of them name. */
export const RULE = "LVZ-EXIT-08";

const S0 = 23;
const CALL = `call: hvcl 1`;
const PROBE = `
  probe:  cpucfg  $a0, $a1
  after:  hvcl    0
`;
const LOAD = `
          li.d    $t0, 0x8000
  load:   ld.d    $t1, $t0, 0
`;

/** Something else came than the expected exit. */
const MISMATCHES: readonly FailingCase[] = [
  { title: "a wrong exit", case: { code: PROBE, exits: [hvc(0, { at: "probe" })] } },
  { title: "a wrong hypercall", case: { code: CALL, exits: [hvc(2, { at: "call" })] } },
  {
    title: "a missing exit",
    case: {
      code: `
        first:  hvcl    1
        second: move    $a0, $a1
        third:  hvcl    3
      `,
      exits: [hvc(1, { at: "first" }), hvc(2, { at: "second" }), hvc(3, { at: "third" })],
    },
  },
  { title: "an extra exit in the middle", case: { code: PROBE, exits: [hvc(0, { at: "after" })] } },
  { title: "an extra exit after the last", case: { code: PROBE, exits: [gspr({ at: "probe" })] } },
  {
    title: "the end of the code",
    case: { code: PROBE, exits: [gspr(), hvc(0), interrupt(["TI", "IPI"])] },
  },
  {
    title: "a budget used up in a loop",
    case: {
      code: `
                move    $t0, $zero
        loop:   addi.d  $t0, $t0, 1
                bnez    $t0, loop
        call:   hvcl    0
      `,
      budget: 100,
      exits: [hvc(0, { at: "call" })],
    },
  },
  {
    title: "a guest lost in exceptions of its own",
    case: { code: `jump: jr $zero\n${CALL}`, budget: 100, exits: [hvc(1, { at: "call" })] },
  },
  { title: "an exit of a guest that should go on", case: { code: PROBE, exits: [running()] } },
  {
    title: "a fault instead of a refill",
    case: {
      code: LOAD,
      map: [{ gpa: 0x8000n, access: "" }],
      switches: ["arceos"],
      exits: [refill(0x8000n, { at: "load" })],
    },
  },
];

/** The expected exit came, but with something else than expected in the guest. */
const GUEST_DIFFERENCES: readonly FailingCase[] = [
  {
    title: "registers that differ",
    case: {
      code: `
                move    $t0, $zero
                addi.d  $t1, $zero, -1
                csrwr   $t1, SAVE0
        call:   hvcl    1
      `,
      exits: [hvc(1, { regs: { t1: "call", t2: -1 }, csr: { CRMD: { PLV: 3, IE: 1, DA: 1 } } })],
    },
  },
  {
    title: "an instruction that differs",
    case: { code: PROBE, exits: [gspr({ badi: "cpucfg $a1, $a0" }), hvc(0)] },
  },
  {
    title: "a GPA that differs",
    case: {
      code: LOAD,
      map: [{ gpa: 0x8000n, access: "" }],
      switches: ["kvm"],
      exits: [fault("PIL", 0x8008n, { at: "load", regs: { t0: 0x8000 } })],
    },
  },
  {
    title: "pending interrupts that differ",
    case: {
      code: `here: b here`,
      host: { ECFG: { LIE: 0x1804 }, GINTC: { PIP: 0 } },
      lines: { HWI0: true, IPI: true },
      exits: [interrupt(["TI", "IPI"])],
    },
  },
  {
    title: "memory that differs",
    case: {
      code: `
                la.local $t0, data
                st.d    $t0, $t0, 0
                hvcl    0
                .balign 8
        data:   .dword  0
      `,
      runsOn: false,
      exits: [hvc(0, {
        regs: { t0: "data" },
        memory: [{ at: "data", value: 0 }, { at: 0x8000, value: 1 }],
      })],
    },
  },
  {
    title: "stage-2 refills that differ",
    case: { code: CALL, exits: [hvc(1, { refills: [0x10000, 0x14000] })] },
  },
  {
    title: "a guest that still runs elsewhere",
    case: {
      code: `loop: b loop`,
      budget: 100,
      exits: [running({ at: "loop+8", regs: { t0: 1 }, csr: { CRMD: { PLV: 1 } } })],
    },
  },
  {
    title: "a handler that reports something else",
    case: {
      code: `call: hvcl 0x102`,
      set: { a0: 7, a1: 1, a2: 2, a3: 3, a4: 4, a5: 5 },
      switches: ["kvm"],
      exits: [hvc(0x102, { handle: { kind: "hypercall", nr: 8, args: [1n, 2n, 3n, 4n, 6n] } })],
    },
  },
];

/** The hardware is at fault. */
const HARDWARE: readonly FailingCase[] = [
  {
    title: "an exit that changes CSRs of the host",
    case: { code: CALL, exits: [hvc(1, { host: { ESTAT: { Ecode: 22 }, GSTAT: { GID: 7, PVM: 1 } } })] },
    options: { engine: engineThat((m) => isVirtual(m.pc) && m.host.write(SAVE[2]!, 0x77n)) },
  },
  {
    title: "a stage-2 refill that changes a CSR of the host",
    case: { code: CALL, exits: [hvc(1)] },
    options: { engine: engineThat((m) => isVirtual(m.pc) || m.host.write(SAVE[2]!, 0x77n)) },
  },
  {
    title: "an exit with the wrong instruction in BADI",
    case: { code: CALL, exits: [hvc(1)] },
    options: {
      engine: engineThat((m) => m.host.write(BADI, m.host.read(BADI) && m.host.read(BADI) ^ 0x8000n)),
    },
  },
  {
    title: "an exit at the wrong vector",
    case: { code: CALL, switches: ["arceos"], exits: [hvc(1)] },
    options: { engine: engineThat((m) => m.pc += isVirtual(m.pc) ? 0x80n : 0n) },
  },
  {
    title: "an exit where the world switch has no code",
    case: { code: CALL, exits: [hvc(1)] },
    options: { engine: engineThat((m) => m.pc += isVirtual(m.pc) ? 4n : 0n) },
  },
];

/** The refill entry is a physical address, exits arrive at virtual ones. */
function isVirtual(address: bigint): boolean {
  return address >> 60n === 9n;
}

/** A world switch is at fault. */
const WORLD_SWITCHES: readonly FailingCase[] = [
  {
    title: "a world switch that forgets ECFG.VS",
    case: { code: CALL, exits: [hvc(1)] },
    options: {
      worldSwitches: [switchThatLeaves(KVM, "enter", (_, cpu) => cpu.setField(ECFG, ECFG.VS, 0n))],
    },
  },
  {
    title: "one of two world switches forgets PGDL",
    case: { code: CALL, exits: [hvc(1)] },
    options: {
      worldSwitches: [ARCEOS, switchThatLeaves(KVM, "enter", (_, cpu) => cpu.csrwr(PGDL, 0x80000n))],
    },
  },
  {
    title: "a world switch that loses a register of the host",
    case: { code: CALL, exits: [hvc(1)] },
    options: { worldSwitches: [switchThatLeaves(ARCEOS, "enter", (_, cpu) => cpu.setGpr(S0, 0n))] },
  },
  {
    title: "world switches that lose a register of the guest",
    case: { code: CALL, exits: [hvc(1)] },
    options: {
      worldSwitches: [ARCEOS, KVM].map((s) => switchThatLeaves(s, "enter", (vcpu) => vcpu.setGpr(S0, 0n))),
    },
  },
  {
    title: "a world switch that loses a CSR of the guest",
    case: {
      code: `
        first:  csrwr   $t0, SAVE0
                hvcl    1
        second: hvcl    2
      `,
      csr: { SAVE0: "first" },
      set: { t0: 5 },
      exits: [hvc(1, { regs: { t0: "first" }, csr: { SAVE0: 5 } }), hvc(2, { at: "second" })],
    },
    options: {
      worldSwitches: [switchThatLoses(ARCEOS, SAVE[0]!, 2)],
    },
  },
  {
    title: "a world switch that gives the processor back changed",
    case: { code: CALL, exits: [hvc(1)] },
    options: {
      worldSwitches: [switchThatLeaves(ARCEOS, "unbind", (_, cpu) => cpu.setField(ECFG, ECFG.VS, 5n))],
    },
  },
  {
    title: "world switches that fail differently",
    case: { code: CALL, exits: [hvc(1, { host: { ECFG: { VS: 7 } } })] },
  },
];

/** The case is broken in a way that only shows while it runs. */
const BROKEN: readonly FailingCase[] = [
  {
    title: "a host that reads where there is no memory",
    case: { code: CALL, switches: ["arceos"], host: { PGDL: 0x4000_0000_0000n }, exits: [hvc(1)] },
  },
  {
    title: "memory that the guest does not have",
    case: { code: CALL, exits: [hvc(1, { memory: [{ at: 0x3fffc, value: 0 }] })] },
  },
  {
    title: "a failure on one world switch, an error on the other",
    case: { code: CALL, host: { PGDL: 0x4000_0000_0000n }, exits: [hvc(1)] },
  },
];

/** Every guest case that must not pass. */
export const FAILING_CASES: readonly FailingCase[] = [
  ...MISMATCHES,
  ...GUEST_DIFFERENCES,
  ...HARDWARE,
  ...WORLD_SWITCHES,
  ...BROKEN,
];

/** Every case in host mode that must not pass. */
export const FAILING_HOST_CASES: readonly FailingHostCase[] = [
  {
    title: "host code that ends otherwise",
    case: { code: `call: hvcl 0`, expect: { ends: "HVC", at: "call" } },
  },
  {
    title: "host code that leaves something else behind",
    case: {
      code: `
                csrwr   $t0, SAVE0
        probe:  syscall 0
      `,
      set: { t0: 5 },
      expect: { ends: "SYS", at: "probe+4", csr: { SAVE0: 6, ESTAT: { Ecode: 12 } } },
    },
  },
  {
    title: "host code that does not end",
    case: { code: `loop: b loop`, budget: 100, expect: {} },
  },
  {
    title: "host code that waits for ever",
    case: { code: `wait: idle 0`, expect: {} },
  },
];
