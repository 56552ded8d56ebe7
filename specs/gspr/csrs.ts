/**
 * CSRs without a guest copy: every number that exits, what hypervisors make of it, and privileged instructions below PLV0.
 *
 * A hypervisor on hardware that fails here lets a guest reach the host's registers.
 */
import { gspr, guest, hvc, type RuleId } from "../../dsl/mod.ts";
import { eachExits, eachRaisesIpe, HANDLER, hex, listing, NOTHING } from "./shared.ts";

// CSRs without a guest copy ------------------------------------------------------------------------------------------

// deno-fmt-ignore
/** The registers of LVZ-GCSR-05 that have a name; those of LVZ itself have a rule of their own. */
const HOST_ONLY: readonly (readonly [number: number, name: string, rule?: RuleId])[] = [
  [0x15, "GTLBC", "LVZ-CSR-02"], [0x16, "TRGP", "LVZ-CSR-02"],  [0x50, "GSTAT", "LVZ-CSR-02"],
  [0x51, "GCFG", "LVZ-CSR-02"],  [0x52, "GINTC", "LVZ-CSR-02"], [0x53, "GCNTC", "LVZ-CSR-02"],
  [0x80, "IMPCTL1"],   [0x81, "IMPCTL2"],   [0x98, "CTAG"],
  [0x90, "MERRCTL"],   [0x91, "MERRINFO1"], [0x92, "MERRINFO2"],
  [0x93, "MERRENTRY"], [0x94, "MERRERA"],   [0x95, "MERRSAVE"],
  [0x500, "DBG"],      [0x501, "DERA"],     [0x502, "DSAVE"],
];

// deno-fmt-ignore
/** Samples of the ranges: their ends, and what Linux names in them. */
const RANGES = [
  ["LVZ-GCSR-05", "0xc0 to 0xff",                  [0xc0, 0xc1, 0xc2, 0xd0, 0xd4, 0xef, 0xfe, 0xff]],
  ["LVZ-GCSR-05", "0x100 to 0x109",                [0x100, 0x101, 0x105, 0x108, 0x109]],
  ["LVZ-GCSR-06", "the load and store watchpoints", [0x300, 0x301, 0x310, 0x311, 0x312, 0x313, 0x34b, 0x34f]],
  ["LVZ-GCSR-06", "the fetch watchpoints",         [0x380, 0x381, 0x390, 0x391, 0x392, 0x393, 0x3cb, 0x3cf]],
  ["LVZ-GCSR-07", "performance counters, none of them granted,", [0x200, 0x201, 0x202, 0x203, 0x207, 0x21f]],
] as const;

const ALL_ONES = { a1: -1, a2: -1, a3: -1 };
/** The three kinds of access; one that gets through sets every bit. */
function accesses(number: number): readonly string[] {
  return [`csrrd $a0, ${number}`, `csrwr $a1, ${number}`, `csrxchg $a2, $a3, ${number}`];
}

for (
  const [rule, what, numbers] of [
    ...HOST_ONLY.map(([number, name, rule]) =>
      [rule ?? "LVZ-GCSR-05", `${name} (${hex(number)})`, [number]] as const
    ),
    ...RANGES,
  ]
) {
  const instructions = numbers.flatMap(accesses);
  Deno.test(
    `csrrd, csrwr and csrxchg of ${what} exit with GSPR and reach nothing`,
    guest({
      rule,
      set: ALL_ONES,
      code: `
        ${listing(instructions)}
        done: hvcl 0
      `,
      exits: [...eachExits(instructions), hvc(0, { at: "done" })],
    }),
  );
}

Deno.test(
  "GCFG.GPERF grants no counter where there is none: their registers still exit",
  guest({
    rule: "LVZ-PMU-03",
    profile: "la464-nopmu",
    host: { GCFG: { GPERF: 7 } },
    code: `probe: csrrd $a0, 0x201`,
    exits: [gspr({ at: "probe", host: { GCFG: { GPERF: 0, GPMP: 0 } } })],
  }),
);

// deno-fmt-ignore
/** CSRs that KVM keeps for a guest. */
const KEPT = [
  [0x81, "IMPCTL2"], [0x95, "MERRSAVE"],  [0x98, "CTAG"],      [0x502, "DSAVE"],
  [0x301, "MWPS"],   [0x34b, "MWP7CFG4"], [0x390, "FWP0CFG1"], [0x207, "PMCNT3"],
] as const;

for (const [number, name] of KEPT) {
  Deno.test(
    `kvm keeps ${name} (${hex(number)}) for its guest, apart from the host's`,
    guest({
      rule: "PROTO-KVM-37",
      switches: ["kvm"],
      set: { a0: 0x1234_5678, a1: -1, a2: 0xff00 },
      code: `
        write:     csrwr    $a0, ${number}
        exchange:  csrxchg  $a1, $a2, ${number}
        read:      csrrd    $a3, ${number}
                   hvcl     0
      `,
      exits: [
        gspr({ at: "write", handle: NOTHING }),
        gspr({ at: "exchange", regs: { a0: 0 }, handle: NOTHING }),
        gspr({ at: "read", regs: { a1: 0x1234_5678 }, handle: NOTHING }),
        hvc(0, { regs: { a3: 0x1234_ff78 } }),
      ],
    }),
  );
}

for (const number of [0x15, 0x50, 0x53, 0xc0, 0x109, 0x208]) {
  Deno.test(
    `kvm answers 0 for CSR ${hex(number)}, which it does not keep, and drops what is written`,
    guest({
      rule: "PROTO-KVM-37",
      switches: ["kvm"],
      set: { a0: 0x1234_5678 },
      code: `
        write:  csrwr  $a0, ${number}
        read:   csrrd  $a1, ${number}
                hvcl   0
      `,
      exits: [
        gspr({ at: "write", handle: NOTHING }),
        gspr({ at: "read", regs: { a0: 0 }, handle: NOTHING }),
        hvc(0, { regs: { a1: 0 } }),
      ],
    }),
  );
}

Deno.test(
  "arceos gives its guest the host's own timer registers when they exit, and 0 for every other CSR",
  guest({
    rule: "PROTO-AV5-09",
    switches: ["arceos"],
    host: { GCFG: { TIT: 1 }, TCFG: 0x4000, CNTC: 5 },
    set: { a0: 0x8000, a1: -1 },
    code: `
      write:  csrwr  $a0, TCFG
      read:   csrrd  $a2, TCFG
      cntc:   csrrd  $a3, CNTC
      other:  csrwr  $a1, IMPCTL1
              hvcl   0
    `,
    exits: [
      gspr({ at: "write", handle: NOTHING }),
      gspr({ at: "read", regs: { a0: 0x4000 }, host: { TCFG: 0x8000 }, handle: NOTHING }),
      gspr({ at: "cntc", regs: { a2: 0x8000 }, handle: NOTHING }),
      gspr({ at: "other", regs: { a3: 0 }, handle: NOTHING }),
      hvc(0, { regs: { a1: 0 } }),
    ],
  }),
);

// Below PLV0 ---------------------------------------------------------------------------------------------------------

const NUMBERS = [...HOST_ONLY.map(([number]) => number), ...RANGES.map(([, , numbers]) => numbers[0])];

for (const [PLV, kind] of [[1, "csrrd $a0,"], [2, "csrwr $a1,"], [3, "csrxchg $a2, $a3,"]] as const) {
  for (
    const [rule, what, instructions] of [
      ["LVZ-EXIT-27", "idle", ["idle 0"]],
      ["LVZ-EXIT-27", "cacop of every type", [0, 8, 16, 24].map((code) => `cacop ${code}, $s0, 0`)],
      [
        "LVZ-GUEST-03",
        "iocsrrd and iocsrwr",
        ["b", "h", "w", "d"].flatMap((s) => [`iocsrrd.${s} $a0, $a1`, `iocsrwr.${s} $a0, $a1`]),
      ],
      [
        "LVZ-GCSR-04",
        `${kind.slice(0, kind.indexOf(" "))} of CSRs without a guest copy`,
        NUMBERS.map((number) => `${kind} ${number}`),
      ],
    ] as const
  ) {
    Deno.test(
      `${what} at PLV${PLV} raises IPE, which the guest takes itself`,
      guest({
        rule,
        csr: { CRMD: { PLV }, EENTRY: "handler" },
        code: listing(instructions) + HANDLER,
        exits: eachRaisesIpe(instructions, PLV),
      }),
    );
  }
}
