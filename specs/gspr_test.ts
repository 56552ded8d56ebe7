/**
 * Sensitive instructions: cpucfg, idle, cacop, IOCSR accesses and CSRs without a guest copy leave guest mode with GSPR, and the hypervisors
 * make something of it. (What exits only when a control bit says so is in gspr/gcfg.ts.)
 *
 * A hypervisor on hardware that fails here emulates the wrong instruction or none, or lets a guest reach the host's devices and registers.
 */
import { gspr, guest, hvc } from "../dsl/mod.ts";
import { HANDLER, hex, HYPERVISORS, NOTHING } from "./gspr/shared.ts";

// cpucfg -------------------------------------------------------------------------------------------------------------

Deno.test(
  "cpucfg exits with GSPR at itself, and the guest goes on behind it with the host's answer",
  guest({
    rule: "LVZ-EXIT-07",
    set: { a1: 2 },
    code: `
      probe:  cpucfg  $a0, $a1
      after:  hvcl    0
    `,
    exits: [
      gspr({
        at: "probe",
        badi: "cpucfg $a0, $a1",
        host: { ESTAT: { Ecode: 22, EsubCode: 0, IS: 0 }, ERA: "probe" },
        resume: { a0: 0x1f },
      }),
      hvc(0, { at: "after", regs: { a0: 0x1f } }),
    ],
  }),
);

Deno.test(
  "a guest that is resumed at its cpucfg exits there again, and one that is sent elsewhere goes there",
  guest({
    rule: "LVZ-EXIT-07",
    code: `
      probe:  cpucfg  $a0, $a1
              hvcl    1
      other:  hvcl    2
    `,
    exits: [
      gspr({ at: "probe", resume: { pc: "probe" } }),
      gspr({ at: "probe", resume: { pc: "other" } }),
      hvc(2, { at: "other" }),
    ],
  }),
);

for (const [reading, BADV] of [["unchanged", 0xbad0], ["pc", "probe"]] as const) {
  Deno.test(
    `BADV after GSPR is ${reading === "pc" ? "the PC" : "what it was"} (reading ${reading})`,
    guest({
      rule: "LVZ-EXIT-07",
      choices: { badvAtGspr: reading },
      host: { BADV: 0xbad0 },
      code: `probe: cpucfg $a0, $a1`,
      exits: [gspr({ at: "probe", host: { BADV } })],
    }),
  );
}

/** What the same LA464 answers whatever else it implements: PRID, crystal, multiplier, two absent words, the caches. */
const HOST_WORDS = [[0, 0x14c010], [4, 100_000_000], [5, 0x10001], [7, 0], [16, 0x2c3d], [21, 0]] as const;
const ANSWERS = [
  ...HOST_WORDS.map(([index, word]) => ["kvm", "PROTO-KVM-35", index, word] as const),
  ["kvm", "PROTO-KVM-35", 0x4000_0000, 0x004d_564b],
  ["kvm", "PROTO-KVM-35", 0x4000_0001, 0],
  ["kvm", "PROTO-KVM-35", 0x4000_0004, 1 << 25],
  ["kvm", "PROTO-KVM-35", 0x12_4000_0000, 0x004d_564b],
  ...HOST_WORDS.map(([index, word]) => ["arceos", "PROTO-AV5-09", index, word] as const),
  ["arceos", "PROTO-AV5-09", 0x4000_0000, 0],
  ["arceos", "PROTO-AV5-09", 0x12_0000_0004, 0],
] as const;

for (const [name, rule, index, word] of ANSWERS) {
  Deno.test(
    `${name} answers cpucfg ${hex(index)} with ${hex(word)}`,
    guest({
      rule,
      switches: [name],
      set: { a1: index },
      code: `
        probe:  cpucfg  $a0, $a1
                hvcl    0
      `,
      exits: [gspr({ at: "probe", handle: NOTHING }), hvc(0, { regs: { a0: word } })],
    }),
  );
}

for (
  const [name, rule, does, bits] of [
    ["kvm", "PROTO-KVM-35", "hides LVZ", 0],
    ["arceos", "PROTO-AV5-09", "passes on LVZ, version 1,", 0b0011],
  ] as const
) {
  Deno.test(
    `${name} ${does} in cpucfg word 2`,
    guest({
      rule,
      switches: [name],
      set: { a1: 2 },
      code: `
        probe:  cpucfg      $a0, $a1
                bstrpick.d  $a0, $a0, 13, 10
                hvcl        0
      `,
      exits: [gspr({ at: "probe", handle: NOTHING }), hvc(0, { regs: { a0: bits } })],
    }),
  );
}

// idle ---------------------------------------------------------------------------------------------------------------

for (const level of [0, 1, 0x7fff]) {
  Deno.test(
    `idle ${hex(level)} exits with GSPR at itself, and the guest goes on behind it`,
    guest({
      rule: "LVZ-GUEST-02",
      code: `
        sleep:  idle  ${level}
        awake:  hvcl  0
      `,
      exits: [gspr({ at: "sleep", badi: `idle ${level}` }), hvc(0, { at: "awake" })],
    }),
  );
}

Deno.test(
  "idle exits although an interrupt of the guest is pending, since the guest has interrupts off",
  guest({
    rule: "LVZ-INT-08",
    inject: ["SWI0", "HWI3"],
    csr: { CRMD: { IE: 0 }, ECFG: { LIE: 0x1fff } },
    code: `
      sleep:  idle  0
      awake:  hvcl  0
    `,
    exits: [gspr({ at: "sleep" }), hvc(0, { at: "awake" })],
  }),
);

Deno.test(
  "an interrupt that the host injects while the guest idles is taken behind the idle",
  guest({
    rule: "LVZ-INT-07",
    csr: { CRMD: { IE: 1 }, ECFG: { LIE: 0x20 }, EENTRY: "handler" },
    code: `
      sleep:  idle  0
      awake:  hvcl  0
      ${HANDLER}
    `,
    exits: [
      gspr({ at: "sleep", inject: "HWI3" }),
      hvc(99, { at: "handler", took: { kind: "INT", at: "awake" } }),
    ],
  }),
);

for (const [name, rule] of HYPERVISORS) {
  Deno.test(
    `${name} reports idle, with the guest behind it`,
    guest({
      rule,
      switches: [name],
      code: `
        sleep:  idle  0
        awake:  hvcl  0
      `,
      exits: [gspr({ at: "sleep", handle: { kind: "idle" } }), hvc(0, { at: "awake" })],
    }),
  );
}

// cacop --------------------------------------------------------------------------------------------------------------

/** Bits 4:3 of a cacop's code are the type of operation, bits 2:0 the cache. */
const CACOP_TYPES = ["store tag", "index", "hit", "implementation"];
const CACOP_CODES = Array.from({ length: 32 }, (_, code) => code);

for (const [GCI, native] of [[0, []], [1, ["hit"]], [2, ["hit", "index"]]] as const) {
  const exiting = CACOP_CODES.filter((code) => !native.some((type) => type === CACOP_TYPES[code >> 3]));
  Deno.test(
    `with GCFG.GCI = ${GCI} every cacop exits${native.length > 0 ? ` but for ${native.join(" and ")}` : ""}`,
    guest({
      rule: "LVZ-GUEST-04",
      host: { GCFG: { GCI } },
      set: { s0: "data" },
      code: `
        ${CACOP_CODES.map((code) => `cacop_${code}: cacop ${code}, $s0, 8`).join("\n")}
        done: hvcl 0
              .data
        data: .dword 0, 0
      `,
      exits: [
        ...exiting.map((code) => gspr({ at: `cacop_${code}`, badi: `cacop ${code}, $s0, 8` })),
        hvc(0, { at: "done" }),
      ],
    }),
  );
}

for (const [name, rule] of HYPERVISORS) {
  Deno.test(
    `${name} does nothing about a cacop but to go on behind it`,
    guest({
      rule,
      switches: [name],
      code: `
        tag:  cacop  0, $a0, 0
              hvcl   0
      `,
      exits: [gspr({ at: "tag", handle: NOTHING }), hvc(0)],
    }),
  );
}

// IOCSRs -------------------------------------------------------------------------------------------------------------

/** Suffix, bytes, and what arceos reads of the vendor's name ("Loongson") at IOCSR 0x10. */
const WIDTHS = [
  ["b", 1, 0x4c],
  ["h", 2, 0x6f4c],
  ["w", 4, 0x6e6f_6f4c],
  ["d", 8, 0x6e6f_7367_6e6f_6f4cn],
] as const;
const PATTERN = 0xf1e2_d3c4_b5a6_9788n;
/** KVM takes the low 32 bits of an address: a mailbox of the IPI block. */
const FAR_MAILBOX = 0xdead_beef_0000_1020n;

for (const [suffix, width, vendor] of WIDTHS) {
  Deno.test(
    `iocsrrd.${suffix} exits with GSPR, and the host decides on the result`,
    guest({
      rule: "LVZ-GUEST-03",
      set: { a1: 0x8 },
      code: `
        read:   iocsrrd.${suffix}  $a0, $a1
        after:  hvcl      0
      `,
      exits: [
        gspr({ at: "read", badi: `iocsrrd.${suffix} $a0, $a1`, resume: { a0: 0x5a } }),
        hvc(0, { at: "after", regs: { a0: 0x5a } }),
      ],
    }),
  );

  Deno.test(
    `iocsrwr.${suffix} exits with GSPR and does not reach the host's IPI`,
    guest({
      rule: "LVZ-GUEST-03",
      host: { ECFG: { LIE: 0x1000 } },
      set: { a0: -1, a1: 0x1004, a2: 0x1008 },
      code: `
        enable: iocsrwr.${suffix}  $a0, $a1
        raise:  iocsrwr.${suffix}  $a0, $a2
        after:  hvcl      0
      `,
      exits: [
        gspr({ at: "enable", badi: `iocsrwr.${suffix} $a0, $a1` }),
        gspr({ at: "raise", badi: `iocsrwr.${suffix} $a0, $a2` }),
        hvc(0, { at: "after", host: { ESTAT: { IS: 0 } } }),
      ],
    }),
  );

  Deno.test(
    `kvm asks its VMM for ${width} bytes on iocsrrd.${suffix} and hands it the low ${width} bytes on iocsrwr.${suffix}`,
    guest({
      rule: "PROTO-KVM-38",
      switches: ["kvm"],
      set: { s0: PATTERN, s1: FAR_MAILBOX },
      code: `
        write:  iocsrwr.${suffix}  $s0, $s1
        read:   iocsrrd.${suffix}  $s0, $s1
                hvcl      0
      `,
      exits: [
        gspr({
          at: "write",
          handle: { kind: "iocsr", address: 0x1020n, width, data: BigInt.asUintN(8 * width, PATTERN) },
        }),
        gspr({
          at: "read",
          handle: { kind: "iocsr", address: 0x1020n, width, register: 23, data: undefined },
          resume: { s0: 7 },
        }),
        hvc(0, { regs: { s0: 7 } }),
      ],
    }),
  );

  Deno.test(
    `arceos answers iocsrrd.${suffix} from the host's IOCSRs`,
    guest({
      rule: "PROTO-AV5-09",
      switches: ["arceos"],
      set: { a1: 0x10 },
      code: `
        read:  iocsrrd.${suffix}  $a0, $a1
               hvcl      0
      `,
      exits: [gspr({ at: "read", handle: NOTHING }), hvc(0, { regs: { a0: vendor } })],
    }),
  );
}

Deno.test(
  "arceos writes the host's IOCSRs for its guest and reads them back sign-extended",
  guest({
    rule: "PROTO-AV5-09",
    switches: ["arceos"],
    set: { a0: 0x8123_4567_89ab_cdefn, a1: 0x1020 },
    code: `
      write:  iocsrwr.d  $a0, $a1
      word:   iocsrrd.w  $a2, $a1
      whole:  iocsrrd.d  $a3, $a1
              hvcl       0
    `,
    exits: [
      gspr({ at: "write", handle: NOTHING }),
      gspr({ at: "word", handle: NOTHING }),
      gspr({ at: "whole", handle: NOTHING }),
      hvc(0, { regs: { a2: 0xffff_ffff_89ab_cdefn, a3: 0x8123_4567_89ab_cdefn } }),
    ],
  }),
);

// CSRs without a guest copy (every one of them: gspr/csrs.ts) -----------------------------------------------------------

for (const name of ["GSTAT", "GTLBC", "MERRCTL", "DSAVE"]) {
  Deno.test(
    `csrrd, csrwr and csrxchg of ${name} exit with GSPR and reach nothing`,
    guest({
      rule: "LVZ-GCSR-05",
      set: { a1: -1, a2: -1, a3: -1 },
      code: `
        read:     csrrd   $a0, ${name}
        write:    csrwr   $a1, ${name}
        exchange: csrxchg $a2, $a3, ${name}
        done:     hvcl    0
      `,
      exits: [gspr({ at: "read" }), gspr({ at: "write" }), gspr({ at: "exchange" }), hvc(0, { at: "done" })],
    }),
  );
}
