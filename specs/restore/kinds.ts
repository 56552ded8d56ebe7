/**
 * Every kind of exit, as rows, and guests that show what became of their registers.
 *
 * @module
 */
import {
  type Case,
  type Csrs,
  type ExpectedExit,
  fault,
  gcm,
  gspr,
  hvc,
  interrupt,
  refill,
  type Registers,
} from "../../dsl/mod.ts";

// Every kind of exit ----------------------------------------------------------------------------------------------------------------------

/** A way to leave guest mode. */
export interface Kind extends Pick<Case, "csr" | "host" | "map" | "events" | "switches"> {
  readonly name: string;
  /** The instruction at the label `probe`. */
  readonly code: string;
  /** What it finds in $t0. */
  readonly t0?: bigint;
  readonly exit: ExpectedExit;
}

export const UNMAPPED = 0x80000n;
export const PAGE = 0x20000n;

export const SENSITIVE = [
  "cpucfg $a0, $t0",
  "idle 0",
  "cacop 0, $t0, 0",
  ...["b", "h", "w", "d"].flatMap((width) => [`iocsrrd.${width} $a0, $t0`, `iocsrwr.${width} $a0, $t0`]),
  "csrrd $a0, GSTAT",
  "csrwr $a0, GINTC",
  "csrxchg $a0, $t0, DBG",
];

/** The host takes this line itself, whatever the world switch would do with it. */
export const takes = (number: number): Csrs => ({ ECFG: { LIE: 1 << number }, GINTC: { PIP: 0 } });

export const KINDS: readonly Kind[] = [
  ...SENSITIVE.map((code) => ({
    name: code.split(",", 1)[0]!.replace("$a0", "").trim(),
    code,
    exit: gspr({ at: "probe" }),
  })),
  { name: "hvcl", code: "hvcl 5", exit: hvc(5, { at: "probe" }) },
  {
    name: "the host's timer",
    code: "b probe",
    host: { ...takes(11), TCFG: { En: 1, InitVal: 1000 } },
    exit: interrupt("TI", { at: "probe", set: { host: { TCFG: 0 } } }),
  },
  {
    name: "an IPI",
    code: "b probe",
    events: [{ at: 200, lines: { IPI: true } }],
    exit: interrupt("IPI", { at: "probe", lines: { IPI: false } }),
  },
  {
    name: "a hardware line of the host",
    code: "b probe",
    host: takes(4),
    events: [{ at: 200, lines: { HWI2: true } }],
    exit: interrupt("HWI2", { at: "probe", lines: { HWI2: false } }),
  },
  { name: "PIL", code: "ld.d $a0, $t0, 0", t0: UNMAPPED, exit: fault("PIL", UNMAPPED, { at: "probe" }) },
  { name: "PIS", code: "st.d $a0, $t0, 0", t0: UNMAPPED, exit: fault("PIS", UNMAPPED, { at: "probe" }) },
  { name: "PIF", code: "jr $t0", t0: UNMAPPED, exit: fault("PIF", UNMAPPED, { at: UNMAPPED }) },
  {
    name: "PME",
    code: "st.d $a0, $t0, 0",
    t0: PAGE,
    map: [{ gpa: PAGE, access: "rx" }],
    exit: fault("PME", PAGE, { at: "probe" }),
  },
  {
    name: "PNR",
    code: "ld.d $a0, $t0, 0",
    t0: PAGE,
    map: [{ gpa: PAGE, access: "wx" }],
    exit: fault("PNR", PAGE, { at: "probe" }),
  },
  {
    name: "PNX",
    code: "jr $t0",
    t0: PAGE,
    map: [{ gpa: PAGE, access: "rw" }],
    exit: fault("PNX", PAGE, { at: PAGE }),
  },
  {
    name: "a stage-2 refill that reaches the VMM",
    code: "ld.d $a0, $t0, 0",
    t0: 0x1000_0000n,
    // KVM's refill handler always comes back to the guest.
    switches: ["arceos"],
    exit: refill(0x1000_0000n, { at: "probe" }),
  },
  {
    name: "GCSC",
    code: "csrwr $t0, CRMD",
    t0: 0xbn,
    host: { GCFG: { TOP: 1 } },
    exit: gcm("GCSC", { at: "probe" }),
  },
  {
    name: "GCHC",
    code: "ertn",
    csr: { ERA: "after" },
    host: { GCFG: { TOE: 1 } },
    exit: gcm("GCHC", { at: "after", otherCsrs: "any", set: { host: { GCFG: { TOE: 0 } } } }),
  },
];

export const ALL = Array.from({ length: 31 }, (_, i) => i + 1);
export const T0 = 12;

/** A value for each general register. */
export function registers(value: (r: number) => bigint): Registers {
  return Object.fromEntries(ALL.map((r) => [`r${r}`, value(r)]));
}

/** Changes every register, so that a switch which neither loads nor saves one is found out. */
export const CHANGE_ALL = ALL.map((r) => `addi.d $r${r}, $r${r}, ${r}`).join("\n");
export const first = (r: number) => 0x1111_1111_1111_1100n * BigInt(1 + r % 7) + BigInt(r);
export const second = (r: number) => 0xfedc_ba98_0000_0000n - (BigInt(r) << 20n);

/** A guest that changes all its registers, exits, is given others, changes those, and exits again. */
export function changingGuest({ code, t0, exit, name: _name, ...rest }: Kind): Omit<Case, "rule"> {
  const before = (r: number) => r === T0 && t0 !== undefined ? t0 - BigInt(r) : first(r);
  return {
    ...rest,
    code: `
      start:  ${CHANGE_ALL}
      probe:  ${code}
      after:  ${CHANGE_ALL}
      last:   hvcl 9`,
    set: registers(before),
    exits: [
      {
        ...exit,
        regs: registers((r) => before(r) + BigInt(r)),
        resume: { ...registers(second), pc: "after" },
      },
      hvc(9, { at: "last", regs: registers((r) => second(r) + BigInt(r)) }),
    ],
  };
}
