/**
 * Floating point in guests: one register file, two enables. A hypervisor that switches FP state lazily relies on the exit when only it has
 * the unit off; one that never sees that exit leaks one guest's FP registers to another.
 */
import { disabled, guest, hvc } from "../../dsl/mod.ts";

const ON = { EUEN: { FPE: 1 } };
const OFF = { EUEN: { FPE: 0 } };

/** One of each kind: arithmetic, move, load, store, compare, branch. */
const INSTRUCTIONS: readonly string[] = [
  "fadd.d $fa0, $fa1, $fa2",
  "fmul.s $fa0, $fa1, $fa2",
  "movgr2fr.d $fa0, $zero",
  "movfcsr2gr $zero, $fcsr0",
  "fld.d $fa0, $t0, 0",
  "fst.s $fa0, $t0, 0",
  "fcmp.ceq.d $fcc0, $fa0, $fa1",
  "bceqz $fcc0, 4",
];

for (const instruction of INSTRUCTIONS) {
  Deno.test(
    `${instruction} exits with FPD when the guest has the unit on and the host off`,
    guest({
      rule: ["LVZ-EXIT-22", "LVZ-FP-01"],
      set: { t0: 0x20000 },
      csr: ON,
      host: OFF,
      code: `
        probe: ${instruction}
        after: hvcl 0
      `,
      exits: [disabled("FPD", { at: "probe", resume: { pc: "after" } }), hvc(0, { at: "after" })],
    }),
  );

  Deno.test(
    `${instruction} is the guest's own FPD when the guest has the unit off`,
    guest({
      rule: "LVZ-EXIT-22",
      set: { t0: 0x20000 },
      csr: { ...OFF, EENTRY: "handler" },
      host: ON,
      code: `
        probe: ${instruction}
        .balign 4096
        handler: hvcl 1
      `,
      exits: [hvc(1, { at: "handler", took: { kind: "FPD", at: "probe" } })],
    }),
  );

  Deno.test(
    `${instruction} is the guest's own FPD when both have the unit off`,
    guest({
      rule: "LVZ-FP-02",
      set: { t0: 0x20000 },
      csr: { ...OFF, EENTRY: "handler" },
      host: OFF,
      code: `
        probe: ${instruction}
        .balign 4096
        handler: hvcl 1
      `,
      exits: [hvc(1, { at: "handler", took: { kind: "FPD", at: "probe" } })],
    }),
  );
}

Deno.test(
  "floating point runs without an exit when both have the unit on",
  guest({
    rule: "LVZ-FP-01",
    set: { t0: 0x3ff8_0000_0000_0000n, t1: 0x4002_0000_0000_0000n },
    csr: ON,
    host: ON,
    code: `
      movgr2fr.d $fa0, $t0        # 1.5
      movgr2fr.d $fa1, $t1        # 2.25
      fadd.d     $fa0, $fa0, $fa1
      movfr2gr.d $a0, $fa0
      hvcl 0
    `,
    // 3.75
    exits: [hvc(0, { regs: { a0: 0x400e_0000_0000_0000n } })],
  }),
);

Deno.test(
  "the FPD exit leaves the guest's ESTAT alone, and the instruction runs once the host turns the unit on",
  guest({
    rule: "LVZ-FP-02",
    set: { t0: 7 },
    csr: ON,
    host: OFF,
    code: `
      probe: movgr2fr.d $fa0, $t0
             movfr2gr.d $a0, $fa0
      after: hvcl 0
    `,
    exits: [
      disabled("FPD", { at: "probe", set: { host: ON } }),
      hvc(0, { at: "after", regs: { a0: 7 } }),
    ],
  }),
);

Deno.test(
  "FP registers pass through exits: there is one set, which entry and exit leave alone",
  guest({
    rule: "LVZ-EXIT-05",
    set: { t0: 0x1234_5678_9abc_def0n },
    csr: ON,
    host: ON,
    code: `
      movgr2fr.d $fs7, $t0
      hvcl 1
      movfr2gr.d $a0, $fs7
      hvcl 2
    `,
    exits: [hvc(1), hvc(2, { regs: { a0: 0x1234_5678_9abc_def0n } })],
  }),
);

Deno.test(
  "a floating point error that FCSR0 enables is taken by the guest",
  guest({
    rule: "LVZ-FP-03",
    // Enables.Z
    set: { t0: 1 << 3, t1: 0x3ff0_0000_0000_0000n },
    csr: { ...ON, EENTRY: "handler" },
    host: ON,
    code: `
             movgr2fcsr $fcsr0, $t0
             movgr2fr.d $fa0, $t1
             movgr2fr.d $fa1, $zero
      probe: fdiv.d $fa2, $fa0, $fa1
             hvcl 0
      .balign 4096
      handler: hvcl 1
    `,
    exits: [hvc(1, { at: "handler", took: { kind: "FPE", at: "probe" } })],
  }),
);

Deno.test(
  "KVM answers FPD by turning the unit on and running the same instruction again",
  guest({
    rule: "PROTO-KVM-40",
    // The rule is KVM's; loongarch_vcpu panics on this exit.
    switches: ["kvm"],
    set: { t0: 7 },
    csr: ON,
    code: `
      probe: movgr2fr.d $fa0, $t0
             movfr2gr.d $a0, $fa0
      after: hvcl 0
    `,
    exits: [
      disabled("FPD", { at: "probe", handle: { kind: "nothing" } }),
      hvc(0, { at: "after", regs: { a0: 7 }, host: { EUEN: { FPE: 1 } } }),
    ],
  }),
);
