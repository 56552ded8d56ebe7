/**
 * What hypervisors make of a stage-2 fault: a device access, a page to be mapped, or an exception for the guest.
 *
 * A failure here means that a device sees a write of the wrong width or value, that a guest reads a device into the wrong register or
 * extends it wrongly, or that a guest hangs on a page that its hypervisor believes to have mapped.
 */
import { fault, guest, hvc, refill } from "../../dsl/mod.ts";

/** A GPA without memory, behind the guest's 256 KiB. */
const DEVICE = 0x80000n;
/** A page of the guest's memory. */
const PAGE = 0x20000n;
const VALUE = 0x8877_6655_4433_2211n;
const T3 = 15;

// Device accesses -------------------------------------------------------------------------------------------------------------------------

const LOADS = [
  { code: "ld.b $t3, $t0, 3", offset: 3n, width: 1, signExtend: true },
  { code: "ld.h $t3, $t0, -2", offset: -2n, width: 2, signExtend: true },
  { code: "ld.w $t3, $t0, 8", offset: 8n, width: 4, signExtend: true },
  { code: "ld.d $t3, $t0, 16", offset: 16n, width: 8, signExtend: true },
  { code: "ld.bu $t3, $t0, 2047", offset: 2047n, width: 1, signExtend: false },
  { code: "ld.hu $t3, $t0, 6", offset: 6n, width: 2, signExtend: false },
  { code: "ld.wu $t3, $t0, -4", offset: -4n, width: 4, signExtend: false },
  { code: "ldx.b $t3, $t0, $t1", offset: 0x18n, width: 1, signExtend: true },
  { code: "ldx.h $t3, $t0, $t1", offset: 0x18n, width: 2, signExtend: true },
  { code: "ldx.w $t3, $t0, $t1", offset: 0x18n, width: 4, signExtend: true },
  { code: "ldx.d $t3, $t0, $t1", offset: 0x18n, width: 8, signExtend: true },
  { code: "ldx.bu $t3, $t0, $t1", offset: 0x18n, width: 1, signExtend: false },
  { code: "ldx.hu $t3, $t0, $t1", offset: 0x18n, width: 2, signExtend: false },
  { code: "ldx.wu $t3, $t0, $t1", offset: 0x18n, width: 4, signExtend: false },
  { code: "ldptr.w $t3, $t0, 0x1000", offset: 0x1000n, width: 4, signExtend: true },
  { code: "ldptr.d $t3, $t0, 0x2000", offset: 0x2000n, width: 8, signExtend: true },
];

for (const { code, offset, width, signExtend } of LOADS) {
  const address = DEVICE + 0x4000n + offset;
  Deno.test(
    `${code} from a device is a read of ${width} byte${width > 1 ? "s" : ""} for $t3, ${
      signExtend ? "sign" : "zero"
    }-extended, and goes on behind it`,
    guest({
      rule: ["LVZ-EXIT-13", "PROTO-KVM-32", "PROTO-AV13-10"],
      code: `
        probe:  ${code}
        after:  hvcl 1`,
      set: { t0: DEVICE + 0x4000n, t1: 0x18 },
      exits: [
        fault("PIL", address, {
          at: "probe",
          handle: { kind: "mmio-read", address, width, register: T3, signExtend },
          resume: { t3: 0x1234 },
        }),
        hvc(1, { at: "after" }),
      ],
    }),
  );
}

const STORES = [
  { code: "st.b $t3, $t0, 3", offset: 3n, width: 1, data: 0x11n },
  { code: "st.h $t3, $t0, -2", offset: -2n, width: 2, data: 0x2211n },
  { code: "st.w $t3, $t0, 8", offset: 8n, width: 4, data: 0x4433_2211n },
  { code: "st.d $t3, $t0, 16", offset: 16n, width: 8, data: VALUE },
  { code: "stx.b $t3, $t0, $t1", offset: 0x18n, width: 1, data: 0x11n },
  { code: "stx.h $t3, $t0, $t1", offset: 0x18n, width: 2, data: 0x2211n },
  { code: "stx.w $t3, $t0, $t1", offset: 0x18n, width: 4, data: 0x4433_2211n },
  { code: "stx.d $t3, $t0, $t1", offset: 0x18n, width: 8, data: VALUE },
  { code: "stptr.w $t3, $t0, 0x1000", offset: 0x1000n, width: 4, data: 0x4433_2211n },
  { code: "stptr.d $t3, $t0, 0x2000", offset: 0x2000n, width: 8, data: VALUE },
  { code: "st.d $zero, $t0, 0", offset: 0n, width: 8, data: 0n },
];

for (const { code, offset, width, data } of STORES) {
  const address = DEVICE + 0x4000n + offset;
  Deno.test(
    `${code} to a device is a write of 0x${data.toString(16)} in ${width} byte${
      width > 1 ? "s" : ""
    }, and goes on behind it`,
    guest({
      rule: ["LVZ-EXIT-13", "PROTO-KVM-32", "PROTO-AV13-10"],
      code: `
        probe:  ${code}
        after:  hvcl 1`,
      set: { t0: DEVICE + 0x4000n, t1: 0x18, t3: VALUE },
      exits: [
        fault("PIS", address, { at: "probe", handle: { kind: "mmio-write", address, width, data } }),
        hvc(1, { at: "after" }),
      ],
    }),
  );
}

Deno.test(
  "a guest at PLV3 with a page table of its own reaches a device through it, and the hypervisor sees the device's GPA",
  guest({
    rule: ["LVZ-EXIT-13", "PROTO-KVM-33"],
    // The entry maps 0xffffffff80000000 to the device.
    code: `
      start:  tlbfill
              ertn
      user:   ld.w   $t3, $t0, 4
              cpucfg $t4, $zero
              nop`,
    set: { t0: 0xffff_ffff_8000_0000n },
    csr: {
      STLBPS: { PS: 14 },
      TLBIDX: { PS: 14 },
      TLBEHI: 0xffff_ffff_8000_0000n,
      TLBELO0: { V: 1, D: 1, PLV: 3, PPN: 0x84 },
      TLBELO1: { V: 0 },
      DMW0: { PLV0: 1, PLV3: 1, VSEG: 0 },
      ERA: "user",
      PRMD: { PPLV: 3 },
      CRMD: { DA: 0, PG: 1 },
    },
    exits: [
      fault("PIL", 0x84004n, {
        at: "user",
        otherCsrs: "any",
        handle: { kind: "mmio-read", address: 0x84004n, width: 4, register: T3, signExtend: true },
        resume: { t3: 5 },
      }),
      { kind: "GSPR", at: "user+4" },
    ],
  }),
);

// Accesses that cannot be emulated --------------------------------------------------------------------------------------------------------

for (
  const { code, kind } of [
    { code: "ll.w $a0, $t0, 8", kind: "PIL" },
    { code: "ll.d $a0, $t0, 8", kind: "PIL" },
    { code: "ldgt.w $a0, $t1, $zero", kind: "PIL" },
    { code: "stle.d $a0, $t1, $t1", kind: "PIS" },
    { code: "amswap.d $a0, $a1, $t1", kind: "PIS" },
    { code: "amadd_db.w $a0, $a1, $t1", kind: "PIS" },
  ] as const
) {
  for (const vs of [0, 3]) {
    Deno.test(
      `KVM cannot emulate ${code} on a device and gives the guest ADEM, with ECFG.VS = ${vs}`,
      guest({
        rule: ["PROTO-KVM-32", "PROTO-KVM-22"],
        switches: ["kvm"],
        code: `
          probe:    ${code}
                    .balign 4096
          vectors:  .space ${vs === 0 ? 0 : 8 * 4 * 2 ** vs}
          handler:  csrrd   $a2, BADI
                    ld.w    $a3, $s0, 0
                    sub.d   $a2, $a2, $a3
                    move    $a3, $zero
          done:     hvcl    1
                    nop`,
        set: { t0: DEVICE, t1: DEVICE + 8n, s0: "probe" },
        csr: { EENTRY: "vectors", ECFG: { VS: vs }, CRMD: { IE: 1 } },
        exits: [
          fault(kind, DEVICE + 8n, { at: "probe", handle: { kind: "nothing" } }),
          hvc(1, {
            at: "done",
            // BADI is the word at `probe`.
            regs: { a2: 0, a3: 0 },
            csr: {
              ERA: "probe",
              BADV: DEVICE + 8n,
              // All of CRMD is copied, so that DA lands in PWE; the code lands below ESTAT.Ecode (LVZ-CONF-32).
              PRMD: 0xc,
              CRMD: { PLV: 0, IE: 0, DA: 1 },
              ESTAT: { Ecode: 0, EsubCode: 0 },
            },
          }),
        ],
      }),
    );
  }
}

Deno.test(
  "KVM gives the guest ADEF for a jump to where there is no memory",
  guest({
    rule: "PROTO-KVM-31",
    switches: ["kvm"],
    code: `
      start:    jr   $t0
                .balign 4096
      handler:  hvcl 1
                nop`,
    set: { t0: DEVICE },
    csr: { EENTRY: "handler" },
    exits: [
      fault("PIF", DEVICE, { at: DEVICE, handle: { kind: "nothing" } }),
      hvc(1, { at: "handler", csr: { ERA: DEVICE, BADV: DEVICE } }),
    ],
  }),
);

for (
  const { code, kind } of [{ code: "ld.w $a0, $t0, 0", kind: "PIL" }, {
    code: "st.w $a0, $t0, 0",
    kind: "PIS",
  }] as const
) {
  Deno.test(
    `KVM gives the guest ADEM for ${code} at GPA 2^47, which is beyond every guest's space`,
    guest({
      rule: "PROTO-KVM-31",
      switches: ["kvm"],
      code: `
        probe:    ${code}
                  .balign 4096
        handler:  hvcl 1
                  nop`,
      set: { t0: 0x8000_0000_0000n },
      csr: { EENTRY: "handler" },
      // Such a GPA is looked up in the kernel's own table (LVZ-MMU-07), of which this host has none: an empty one takes its place.
      host: { PGDH: 0 },
      exits: [
        fault(kind, 0x8000_0000_0000n, { at: "probe", handle: { kind: "nothing" } }),
        hvc(1, { at: "handler", csr: { ERA: "probe", BADV: 0x8000_0000_0000n } }),
      ],
    }),
  );
}

// Memory that is mapped on demand ---------------------------------------------------------------------------------------------------------

const DEMANDED = [
  { what: "a load", code: "ld.d $a0, $t0, 0", kind: "PIL", map: "", access: "read", regs: { a0: 0 } },
  { what: "a store", code: "st.d $a0, $t0, 0", kind: "PIS", map: "", access: "write", regs: {} },
  {
    what: "a store to a read-only page",
    code: "st.d $a0, $t0, 0",
    kind: "PME",
    map: "rx",
    access: "write",
    regs: {},
  },
  { what: "ll", code: "ll.d $a0, $t0, 0", kind: "PIL", map: "", access: "read", regs: { a0: 0 } },
] as const;

for (const { what, code, kind, map, access, regs } of DEMANDED) {
  const rest = {
    code: `
      probe:  ${code}
              hvcl 1`,
    set: { t0: PAGE, a0: 7 },
    map: [{ gpa: PAGE, access: map }],
  };
  const done = hvc(1, { regs, otherCsrs: "any" });

  Deno.test(
    `KVM maps the page of ${what} in the guest's memory, flushes its entry, and the guest does not notice`,
    guest({
      rule: "PROTO-KVM-31",
      switches: ["kvm"],
      ...rest,
      exits: [fault(kind, PAGE, { at: "probe", handle: { kind: "nothing" } }), done],
    }),
  );

  Deno.test(
    `loongarch_vcpu reports ${what} in the guest's memory as a nested page fault to ${access}`,
    guest({
      rule: "PROTO-AV5-08",
      switches: ["arceos"],
      ...rest,
      exits: [
        fault(kind, PAGE, {
          at: "probe",
          handle: { kind: "nested-page-fault", address: PAGE, access },
          map: [{ gpa: PAGE }],
        }),
        done,
      ],
    }),
  );
}

Deno.test(
  "loongarch_vcpu reports a jump into the guest's memory without a mapping as a nested page fault to execute",
  guest({
    rule: "PROTO-AV5-08",
    switches: ["arceos"],
    code: `
      start:  jr $t0`,
    set: { t0: PAGE },
    map: [{ gpa: PAGE, access: "" }],
    exits: [fault("PIF", PAGE, {
      at: PAGE,
      handle: { kind: "nested-page-fault", address: PAGE, access: "execute" },
    })],
  }),
);

Deno.test(
  "loongarch_vcpu takes the address of a nested page fault from TLBRBADV after a refill",
  guest({
    rule: "PROTO-AV5-08",
    switches: ["arceos"],
    code: `
      start:  ld.d $a0, $t1, 0
      probe:  ld.d $a0, $t0, 0`,
    set: { t0: 0x1000_0008n, t1: DEVICE },
    exits: [
      // BADV has this address from here on.
      fault("PIL", DEVICE, { resume: { pc: "probe" } }),
      refill(0x1000_0008n, { at: "probe", handle: { kind: "nested-page-fault", address: 0x1000_0008n } }),
    ],
  }),
);

Deno.test(
  "KVM's flush of one GPA takes away the entry of both pages of a pair and leaves other entries",
  guest({
    rule: "LVZ-INV-05",
    switches: ["kvm"],
    code: `
      start:   st.d $a0, $t2, 0
      second:  ld.d $a1, $t1, 8
      first:   ld.d $a2, $t0, 8
               ld.d $a3, $t2, 0
               hvcl 1`,
    // A pair of 16 KiB pages, and a page elsewhere.
    set: { t0: 0x20000n, t1: 0x24000n, t2: 0x30000n, a0: 7 },
    map: [{ gpa: 0x20000n, access: "" }, { gpa: 0x24000n, access: "" }],
    exits: [
      fault("PIL", 0x24008n, {
        at: "second",
        refills: ["start", 0x30000n, 0x24008n],
        handle: { kind: "nothing" },
      }),
      // The pair is filled again, its even page still without a mapping.
      fault("PIL", 0x20008n, {
        at: "first",
        regs: { a1: 0 },
        refills: [0x24008n],
        handle: { kind: "nothing" },
      }),
      hvc(1, { regs: { a2: 0, a3: 7 }, refills: [0x20008n] }),
    ],
  }),
);
