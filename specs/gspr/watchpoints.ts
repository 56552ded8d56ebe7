/**
 * Watchpoints and guests: those of the host that watch a guest, and those that the host gave to one. What a guest reaches without a share is in
 * `csrs.ts`.
 *
 * A failure here means that a debugger in the host cannot stop a guest, stops the hypervisor instead, or that a guest's debugger stops its
 * neighbours.
 *
 * These cases enter a guest by their own ertn, on an identity mapping of the code, because the world switches clear PRMD.PWE. The guest starts
 * at `inside`, in direct mode at PLV0.
 */
import { type Csrs, gspr, guest, host, type HostExpectation, hvc, type RuleId } from "../../dsl/mod.ts";
import { eachExits, listing } from "./shared.ts";

const GID = 3;
/** A pair of pages of 2 MiB, for the guest of GSTAT.GID: its stage 2. */
const ENTERING: Csrs = {
  GSTAT: { PVM: 1, GID },
  TLBIDX: { Index: 2048, PS: 21 },
  TLBELO0: 0x13,
  TLBELO1: 0x20_0013,
  ERA: "inside",
};
const DATA = 0x20000;
const EVERY_LEVEL = { PLV0: 1, PLV1: 1, PLV2: 1, PLV3: 1 };

interface Row {
  readonly rule: RuleId;
  readonly what: string;
  readonly hits: boolean;
  readonly control?: Csrs[string];
  readonly space?: Csrs[string];
  /** CSR.PRMD.PWE, which the entry makes CSR.CRMD.WE. */
  readonly pwe?: number;
  readonly gcsr?: Csrs;
}

// deno-fmt-ignore
const HOSTS: readonly Row[] = [
  { rule: "LVZ-WATCH-03", what: "bits 6:5 = 0",                               control: { GMOD: 0 }, hits: false },
  { rule: "LVZ-WATCH-03", what: "bits 6:5 = 1",                               control: { GMOD: 1 }, hits: false },
  { rule: "LVZ-WATCH-03", what: "bits 6:5 = 2",                               control: { GMOD: 2 }, hits: true },
  { rule: "LVZ-WATCH-03", what: "bits 6:5 = 3",                               control: { GMOD: 3 }, hits: true },
  { rule: "LVZ-EXIT-23",  what: "CSR.PRMD.PWE = 0 at the entry",              pwe: 0, hits: false },
  { rule: "LVZ-EXIT-23",  what: "CSR.PRMD.PWE = 0 and GCSR.CRMD.WE = 1",      pwe: 0, gcsr: { CRMD: { DA: 1, WE: 1 } }, hits: false },
  { rule: "LVZ-EXIT-23",  what: "PLV3 alone, in a guest at PLV0",             control: { GMOD: 2, PLV0: 0, PLV1: 0, PLV2: 0 }, hits: false },
  { rule: "LVZ-EXIT-23",  what: "PLV3 alone, in a guest at PLV3",             control: { GMOD: 2, PLV0: 0, PLV1: 0, PLV2: 0 },
    gcsr: { CRMD: { DA: 1, PLV: 3 } }, hits: true },
  { rule: "LVZ-EXIT-23",  what: "PLV0 alone, in a guest at PLV3",             control: { GMOD: 2, PLV1: 0, PLV2: 0, PLV3: 0 },
    gcsr: { CRMD: { DA: 1, PLV: 3 } }, hits: false },
  { rule: "LVZ-WATCH-03", what: "LCL for the guest's GID and ASID",           control: { GMOD: 2, LCL: 1 }, space: { GID, ASID: 7 }, hits: true },
  { rule: "LVZ-WATCH-03", what: "LCL for the host's ASID",                    control: { GMOD: 2, LCL: 1 }, space: { GID, ASID: 5 }, hits: false },
  { rule: "LVZ-WATCH-03", what: "LCL for another guest",                      control: { GMOD: 2, LCL: 1 }, space: { GID: 4, ASID: 7 }, hits: false },
  { rule: "LVZ-WATCH-03", what: "another GID and ASID without LCL",           control: { GMOD: 2 }, space: { GID: 4, ASID: 9 }, hits: true },
];

for (const kind of ["FWP", "MWP"] as const) {
  const exception = kind === "FWP" ? "WPEF" : "WPEM";
  const accesses = kind === "FWP" ? {} : { LoadEn: 1 };
  for (const { rule, what, hits, control = { GMOD: 2 }, space = 0, pwe = 1, gcsr = {} } of HOSTS) {
    const fields = typeof control === "object" ? control : {};
    Deno.test(
      `a ${kind} of the host with ${what} ${hits ? "exits from" : "does not notice"} a guest`,
      host({
        rule,
        csr: {
          ...ENTERING,
          PRMD: { PWE: pwe },
          ASID: { ASID: 5 },
          [`${kind}3CFG1`]: kind === "FWP" ? "probe" : DATA,
          [`${kind}3CFG3`]: { ...EVERY_LEVEL, ...accesses, ...fields },
          [`${kind}3CFG4`]: space,
        },
        gcsr: { ASID: { ASID: 7 }, EENTRY: "handler", ...gcsr },
        set: { s0: DATA, a0: 1 },
        code: `
                   tlbwr
                   ertn
          inside:  nop
          probe:   ld.d    $a0, $s0, 0
          after:   syscall 0
                   .balign 4096
          handler: hvcl    0
        `,
        expect: {
          ...(hits
            ? { ends: exception, at: "probe", regs: {} }
            : { ends: "HVC", at: "handler", regs: { a0: 0 } }),
          csr: {
            [`${kind}S`]: hits ? 8 : 0,
            GSTAT: { PVM: 1, VM: 0 },
            CRMD: { WE: 0 },
            ...(hits ? { PRMD: { PWE: 1 } } : {}),
          },
          otherCsrs: "any",
          ...(hits ? {} : { otherGcsrs: "any" }),
        },
      }),
    );
  }
  Deno.test(
    `a ${kind} of the host with bits 6:5 = 2 does not notice the host itself`,
    host({
      rule: "LVZ-WATCH-03",
      csr: {
        CRMD: { WE: 1 },
        [`${kind}0CFG1`]: kind === "FWP" ? "probe" : DATA,
        [`${kind}0CFG3`]: { ...EVERY_LEVEL, ...accesses, GMOD: 2 },
      },
      set: { s0: DATA },
      code: "probe: ld.d $a0, $s0, 0",
      expect: { regs: { a0: 0 } },
    }),
  );
}

Deno.test(
  "the handler of a watchpoint in a guest sets Skip and returns: the guest goes on behind the instruction that was watched",
  host({
    rule: ["LVZ-EXIT-23", "BASE-WATCH-07"],
    csr: {
      ...ENTERING,
      PRMD: { PWE: 1 },
      EENTRY: "handler",
      FWP0CFG1: "probe",
      FWP0CFG3: { ...EVERY_LEVEL, GMOD: 2 },
    },
    set: { a0: 0, a1: 0, t0: 0x10001 },
    code: `
               tlbwr
               ertn
      inside:  nop
      probe:   addi.d  $a0, $a0, 1
               hvcl    0
               .balign 4096
      handler: addi.d  $a1, $a1, 1
               csrrd   $a2, ESTAT
               bstrpick.d $a2, $a2, 21, 16
               addi.d  $t1, $zero, 0x17
               beq     $a2, $t1, end
               csrwr   $t0, FWPS
               ertn
      end:
    `,
    expect: { regs: { a0: 1, a1: 2, a2: 0x17 }, otherRegs: "any", csr: { FWPS: 0 }, otherCsrs: "any" },
  }),
);

// A share of the guest ------------------------------------------------------------------------------------------------

for (const [kind, base] of [["MWP", 0x310], ["FWP", 0x390]] as const) {
  for (const share of [0, 1, 3, 8]) {
    const numbers = [
      base - 0x10,
      base - 0xf,
      ...[0, 2, 3, 7].flatMap((n) => [0, 1, 2, 3].map((part) => base + 8 * n + part)),
    ];
    const instructions = numbers.flatMap((number) => [`csrrd $a0, ${number}`, `csrwr $a1, ${number}`]);
    const all = eachExits(instructions);
    const owner = [Infinity, 0, ...[0, 2, 3, 7].flatMap((n) => [n, n, n, n])];
    Deno.test(
      `with ${kind}C[19:16] = ${share} a guest reaches its first ${share} watchpoints and ${kind}S without an exit, and nothing else`,
      guest({
        rule: share === 0 ? "LVZ-GCSR-06" : ["LVZ-GCSR-06", "LVZ-WATCH-02"],
        host: { [`${kind}C`]: { GNum: share } },
        set: { a0: 0, a1: 0 },
        code: `${listing(instructions)}\n done: hvcl 0`,
        exits: [
          ...all.filter((_, i) => (owner[i >> 1] ?? 0) >= share).map((exit) => ({
            ...exit,
            otherRegs: "any" as const,
          })),
          hvc(0, { at: "done", otherRegs: "any" }),
        ],
      }),
    );
  }
  for (const written of [9, 15]) {
    Deno.test(
      `${kind}C[19:16] = ${written} becomes 8, the number of watchpoints`,
      host({
        rule: "LVZ-WATCH-02",
        set: { a0: written << 16 },
        code: `
          csrwr $a0, ${kind}C
          csrrd $a1, ${kind}C
        `,
        expect: { regs: { a0: 8, a1: 0x8_0008 }, csr: { [`${kind}C`]: 0x8_0008 } },
      }),
    );
  }
  Deno.test(
    `gcsr* reach the guest's ${kind}1CFG1 to CFG4 and ${kind}S, given or not, and leave the host's alone`,
    host({
      rule: "LVZ-WATCH-02",
      csr: { [`${kind}1CFG1`]: 0x111 },
      set: { a1: 0x1000, a2: 7, a3: 0x1e, a4: 5, a5: 3 },
      code: `
        ${[1, 2, 3, 4].map((part) => `gcsrwr $a${part}, ${kind}1CFG${part}`).join("\n")}
        gcsrwr $a5, ${kind}S
        ${[1, 2, 3, 4].map((part) => `gcsrrd $a${part}, ${kind}1CFG${part}`).join("\n")}
        gcsrrd $a5, ${kind}S
        csrrd  $a0, ${kind}1CFG1
        csrrd  $a6, ${kind}1CFG3
      `,
      expect: {
        regs: { a0: 0x111, a1: 0x1000, a2: 7, a3: 0x1e, a4: 5, a5: 3, a6: 0 },
        gcsr: {
          [`${kind}1CFG1`]: 0x1000,
          [`${kind}1CFG2`]: 7,
          [`${kind}1CFG3`]: 0x1e,
          [`${kind}1CFG4`]: 5,
          [`${kind}S`]: 3,
        },
      },
    }),
  );
}

Deno.test(
  "what a guest writes into a watchpoint that it was given stays there over exits",
  guest({
    rule: "LVZ-WATCH-02",
    host: { FWPC: { GNum: 1 }, FWP0CFG1: 0x1111 },
    set: { a0: 0x2222 },
    code: `
      csrwr $a0, FWP0CFG1
      hvcl  0
      csrrd $a1, FWP0CFG1
      probe: csrrd $a2, FWP1CFG1
    `,
    exits: [
      hvc(0, { regs: { a0: 0 }, otherCsrs: "any", host: { FWP0CFG1: 0x1111 } }),
      gspr({ at: "probe", regs: { a1: 0x2222 } }),
    ],
  }),
);

/** A guest with its own watchpoint at `probe` or DATA, what its handler then reads, and what it does when it is sent back. */
function ownWatchpoint(
  kind: "FWP" | "MWP",
  share: number,
  gcsr: Csrs,
  expect: HostExpectation,
): ReturnType<typeof host> {
  return host({
    rule: "LVZ-WATCH-02",
    csr: { ...ENTERING, [`${kind}C`]: { GNum: share } },
    gcsr: {
      CRMD: { DA: 1, WE: 1 },
      EENTRY: "handler",
      [`${kind}2CFG1`]: kind === "FWP" ? "probe" : DATA,
      [`${kind}2CFG3`]: { ...EVERY_LEVEL, ...(kind === "FWP" ? {} : { LoadEn: 1 }) },
      ...gcsr,
    },
    set: { s0: DATA, a0: 1, a1: 0, a2: 0 },
    code: `
               tlbwr
               ertn
      inside:  nop
      probe:   ld.d    $a0, $s0, 0
      after:   hvcl    0
               .balign 4096
      handler: csrrd   $a1, ESTAT
               csrrd   $a2, ${kind}S
      noticed: hvcl    1
    `,
    expect: { otherCsrs: "any", otherGcsrs: "any", ...expect },
  });
}

for (const kind of ["FWP", "MWP"] as const) {
  const esubcode = kind === "FWP" ? 0 : 1;
  const noticed = {
    ends: "HVC",
    at: "noticed",
    regs: { a1: 0x13 << 16 | esubcode << 22, a2: 4 },
    csr: { [`${kind}S`]: 0 },
  } as const;
  const missed = { ends: "HVC", at: "after", regs: { a0: 0 } } as const;
  Deno.test(
    `a guest takes ${
      kind === "FWP" ? "WPEF" : "WPEM"
    } of a watchpoint that it was given itself, without an exit`,
    ownWatchpoint(kind, 3, {}, noticed),
  );
  Deno.test(
    `${kind}2 of a guest that was given two watchpoints does nothing`,
    ownWatchpoint(kind, 2, {}, missed),
  );
  Deno.test(
    `${kind}2 of a guest does nothing while GCSR.CRMD.WE is 0`,
    ownWatchpoint(kind, 3, { CRMD: { DA: 1 } }, missed),
  );
  Deno.test(
    `${kind}2 of a guest means the guest's own level`,
    ownWatchpoint(
      kind,
      3,
      { [`${kind}2CFG3`]: { PLV3: 1, ...(kind === "FWP" ? {} : { LoadEn: 1 }) } },
      missed,
    ),
  );
  Deno.test(
    `${kind}2 of a guest with LCL compares the guest's own ASID`,
    ownWatchpoint(kind, 3, {
      ASID: { ASID: 7 },
      [`${kind}2CFG3`]: { ...EVERY_LEVEL, LCL: 1, ...(kind === "FWP" ? {} : { LoadEn: 1 }) },
      [`${kind}2CFG4`]: { ASID: 7, GID: 9 },
    }, noticed),
  );
}
