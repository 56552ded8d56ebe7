import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ARCEOS } from "../vcpu/mod.ts";
import { FAILING_CASES, FAILING_HOST_CASES, RULE } from "./failure_cases.ts";
import { FAILURE_REPORTS } from "./failure_reports.ts";
import { hostReportOf, reportOf, textOf } from "./failure_text.ts";
import { guest } from "./guest.ts";
import { host } from "./host.ts";
import { report } from "./report.ts";
import { type Rule, type RuleId, RULES } from "./rules/mod.ts";

for (const failing of FAILING_CASES) {
  Deno.test(`report of ${failing.title}`, () => {
    assertEquals(reportOf(failing).split("\n"), FAILURE_REPORTS[failing.title]);
  });
}

for (const failing of FAILING_HOST_CASES) {
  Deno.test(`report of ${failing.title}`, () => {
    assertEquals(hostReportOf(failing).split("\n"), FAILURE_REPORTS[failing.title]);
  });
}

Deno.test("every recorded report is of a case that is still there", () => {
  const titles = [...FAILING_CASES, ...FAILING_HOST_CASES].map((f) => f.title);
  assertEquals(Object.keys(FAILURE_REPORTS).filter((title) => !titles.includes(title)), []);
  assertEquals(new Set(titles).size, titles.length);
});

const CALL = "call: hvcl 1";
const HVC = { kind: "HVC", code: 1 };

/** Broken cases: what is wrong, the fields that make it so, and what the bench says. */
const BROKEN: readonly (readonly [what: string, fields: object, message: string])[] = [
  // The shape.
  ["a field that is misspelt", { exit: [] }, "Cannot run the case: exit is no field, did you mean exits"],
  [
    "a field of an exit that does not exist",
    { exits: [{ ...HVC, register: {} }] },
    "Cannot run the case: exits[0].register is no field (there are kind, code, gpa, pending, at, badi, regs, otherRegs, " +
    "csr, otherCsrs, took, host, hostMayChange, memory, refills, resume, skip, handle, set, inject, withdraw, advance, " +
    "lines, events, map, flush, service, rebind)",
  ],
  ["no code", { code: undefined }, "Cannot run the case: code is missing, must be text"],
  [
    "a budget that is no number",
    { budget: "10" },
    'Cannot run the case: budget is "10", must be a whole number',
  ],
  ["exits that are no list", { exits: HVC }, "Cannot run the case: exits is an object, must be a list"],
  [
    "a value that is none",
    { exits: [{ ...HVC, regs: { a0: 1.5 } }] },
    "Cannot run the case: exits[0].regs.a0 is 1.5, must be a bigint, a whole number or a label",
  ],
  [
    "a value of a field that is none",
    { csr: { CRMD: { PLV: null } } },
    "Cannot run the case: csr.CRMD.PLV is null, must be a bigint, a whole number or a label",
  ],
  [
    "a kind of exit that does not exist",
    { exits: [{ kind: "HVX" }] },
    'Cannot run the case: exits[0].kind is "HVX", must be one of INT, PIL, PIS, PIF, PME, PNR, PNX, PPI, ADEF, ADEM, ' +
    "ALE, BCE, SYS, BRK, INE, IPE, FPD, SXD, ASXD, FPE, VFPE, WPEF, WPEM, BTD, BTE, GSPR, HVC, GCSC, GCHC, refill, running",
  ],
  [
    "a handler's report that does not exist",
    { exits: [{ ...HVC, handle: { kind: "hypercal" } }] },
    'Cannot run the case: exits[0].handle.kind is "hypercal", must be one of hypercall, mmio-read, mmio-write, ' +
    "nested-page-fault, external-interrupt, iocsr, idle, halt, nothing",
  ],
  [
    "a field that the handler's report does not have",
    { exits: [{ ...HVC, handle: { kind: "hypercall", adress: 1n } }] },
    "Cannot run the case: exits[0].handle.adress is no field (there are kind, code, nr, args)",
  ],
  // Fields that contradict each other or the world.
  ["no rule", { rule: [] }, "Cannot run the case: rule is empty"],
  [
    "a rule that does not exist",
    { rule: "LVZ-EXIT-99" },
    'Cannot run the case: rule names "LVZ-EXIT-99", which is not in the rule list, did you mean LVZ-EXIT-09, ' +
    "LVZ-EXIT-19 or LVZ-EXIT-29",
  ],
  ["a rule named twice", { rule: [RULE, RULE] }, 'Cannot run the case: rule names "LVZ-EXIT-08" twice'],
  ["code that is empty", { code: " \n" }, "Cannot run the case: code is empty"],
  ["no exits", { exits: [] }, "Cannot run the case: exits is empty: a case that expects nothing cannot fail"],
  ["a budget of nothing", { budget: 0 }, "Cannot run the case: budget is 0, range is 1 to 100000000"],
  [
    "a budget without end",
    { budget: 1e9 },
    "Cannot run the case: budget is 1000000000, range is 1 to 100000000",
  ],
  ["no world switches", { switches: [] }, "Cannot run the case: switches is empty: the case would not run"],
  [
    "a world switch that does not exist",
    { switches: ["xen"] },
    'Cannot run the case: switches names "xen"; there are arceos, kvm, hvisor, arceos-asm, kvm-asm',
  ],
  [
    "a world switch named twice",
    { switches: ["kvm", "kvm"] },
    'Cannot run the case: switches names "kvm" twice',
  ],
  [
    "a profile that does not exist",
    { profile: "la664" },
    'Cannot run the case: profile names "la664"; there are la464, la464-v1.1, la464-nolvz, la464-nopmu',
  ],
  [
    "a profile without guests",
    { profile: "la464-nolvz" },
    "Cannot run the case: profile is la464-nolvz, which has no guest mode",
  ],
  [
    "a choice that does not exist",
    { choices: { gcsr: "ine" } },
    'Cannot run the case: choices names "gcsr"; there are pvmAtHostException, gcsrInGuest, guestTimerInHost, ' +
    "llbitOnRefillErtn, gcsrTcfgUnchanged, badvAtGspr, pipLineInHost, invtlb0",
  ],
  [
    "a reading that does not exist",
    { choices: { gcsrInGuest: "ipe" } },
    'Cannot run the case: choices.gcsrInGuest names "ipe"; there are ine, gspr',
  ],
  [
    "a mapping between pages",
    { map: [{ gpa: 0x1000n }] },
    "Cannot run the case: map[0].gpa is 0x1000, must be a multiple of 0x4000",
  ],
  [
    "a mapping of nothing",
    { map: [{ gpa: 0n, size: 0n }] },
    "Cannot run the case: map[0].size is 0x0, range is 0x4000 to 0x40000",
  ],
  [
    "a mapping beyond the page tables",
    { map: [{ gpa: 1n << 48n, alias: 0n }] },
    "Cannot run the case: map[0].gpa is 0x1000000000000, page tables end at 0x1000000000000",
  ],
  [
    "an access that does not exist",
    { map: [{ gpa: 0n, access: "wr" }] },
    'Cannot run the case: map[0].access is "wr", must be letters of "rwx" in this order',
  ],
  [
    "an alias of what is taken away",
    { map: [{ gpa: 0n, access: "", alias: 0n }] },
    "Cannot run the case: map[0] takes a mapping away and gives it an alias",
  ],
  [
    "more mappings than fit",
    // 144 pages for tables; the guest's memory takes 4, and each of these 3.
    { map: Array.from({ length: 64 }, (_, i) => ({ gpa: BigInt(i) << 39n, alias: 0n })) },
    "Cannot change the mapping of GPA 0x178000000000: no room for more page tables",
  ],
  [
    "a mapping without memory",
    { map: [{ gpa: 0x40000n }] },
    "Cannot map 0x4000 bytes at GPA 0x40000: the guest has no such memory at GPA 0x40000",
  ],
  [
    "an event in the past",
    { events: [{ at: -1, lines: { IPI: true } }] },
    "Cannot run the case: events[0].at is -1, range is 0 to 1099511627776",
  ],
  [
    "an event without lines",
    { exits: [{ ...HVC, events: [{ at: 0, lines: {} }] }, HVC] },
    "Cannot run the case: exits[0].events[0].lines is empty: nothing would happen",
  ],
  [
    "a guest that runs on in the middle",
    { exits: [{ kind: "running" }, HVC] },
    "Cannot run the case: exits[0] is `running`, which can only be the last",
  ],
  [
    "a hypercall's code for another exit",
    { exits: [{ kind: "GSPR", code: 1 }] },
    "Cannot run the case: exits[0].code makes no sense: GSPR is not a hypercall",
  ],
  [
    "pending interrupts of another exit",
    { exits: [{ ...HVC, pending: ["TI"] }] },
    "Cannot run the case: exits[0].pending makes no sense: HVC is not an interrupt",
  ],
  [
    "the service of an interrupt that is none",
    { exits: [{ ...HVC, service: false }] },
    "Cannot run the case: exits[0].service makes no sense: HVC is not an interrupt",
  ],
  [
    "the GPA of an exit without one",
    { exits: [{ ...HVC, gpa: 0n }] },
    "Cannot run the case: exits[0].gpa makes no sense: HVC is not a stage-2 fault or refill",
  ],
  ...["badi", "handle", "host", "hostMayChange"].map((field) =>
    [
      `${field} of a guest that still runs`,
      {
        exits: [{
          kind: "running",
          [field]: { badi: 0, handle: { kind: "idle" }, host: {}, hostMayChange: [] }[field],
        }],
      },
      `Cannot run the case: exits[0].${field} makes no sense: running is not an exit`,
    ] as const
  ),
  [
    "a hypercall's code that does not fit",
    { exits: [{ kind: "HVC", code: 0x8000 }] },
    "Cannot run the case: exits[0].code is 32768, range is 0 to 32767",
  ],
  [
    "an interrupt without a source",
    { exits: [{ kind: "INT", pending: [] }] },
    "Cannot run the case: exits[0].pending is empty: an interrupt exit has a source",
  ],
  [
    "an exception that guests never take",
    { exits: [{ ...HVC, took: { kind: "HVC", at: 0 } }] },
    "Cannot run the case: exits[0].took.kind is HVC, which a guest never takes",
  ],
  [
    "time that runs backwards",
    { exits: [{ ...HVC, advance: -1 }, HVC] },
    "Cannot run the case: exits[0].advance is -1, range is 0 to 1099511627776",
  ],
  [
    "two places to go on at",
    { exits: [{ ...HVC, skip: true, resume: { pc: "call" } }, HVC] },
    "Cannot run the case: exits[0] has both skip and resume.pc: where should the guest go on?",
  ],
  [
    "a handler whose work is done twice",
    { exits: [{ ...HVC, handle: { kind: "nothing" }, skip: true }, HVC] },
    "Cannot run the case: exits[0] has handle, which moves the PC by itself, together with skip or resume.pc",
  ],
  [
    "a flush after no change",
    { exits: [{ ...HVC, flush: false }, HVC] },
    "Cannot run the case: exits[0].flush says what happens after map, which is absent",
  ],
  ...Object.entries({
    resume: {},
    skip: false,
    set: {},
    inject: "TI",
    withdraw: [],
    advance: 0,
    lines: {},
    events: [],
    map: [],
    rebind: true,
  }).map(([field, value]) =>
    [
      `${field} after the last exit`,
      { exits: [{ ...HVC, [field]: value }] },
      `Cannot run the case: exits[0].${field} would never happen: this is the last exit`,
    ] as const
  ),
  // Names of what does not exist.
  [
    "a label that does not exist",
    { exits: [{ ...HVC, at: "cal" }] },
    'Cannot use exits[0].at: the code defines no label "cal" (it has call)',
  ],
  [
    "a label that is none",
    { code: "hvcl 1", exits: [{ ...HVC, resume: { pc: "call 4" } }, HVC] },
    'Cannot use exits[0].resume.pc: the code defines no label "call 4"',
  ],
  [
    "a value that does not fit a register",
    { set: { a0: 1n << 64n } },
    "Cannot use set.a0: 18446744073709551616 does not fit 64 bits",
  ],
  ["a register that does not exist", { set: { a8: 1 } }, "Cannot use set.a8: no such register"],
  ["a register that is constant", { set: { zero: 1 } }, "Cannot use set.zero: $zero is always 0"],
  [
    "a register named twice",
    { exits: [{ ...HVC, regs: { a0: 1, r4: 1 } }] },
    "Cannot use exits[0].regs.r4: the register is named twice",
  ],
  [
    "a CSR that does not exist",
    { csr: { PGDX: 1 } },
    "Cannot use csr.PGDX: no such CSR, did you mean PGD, PGDH or PGDL",
  ],
  ["a CSR of other machines", { csr: { SAVE9: 1 } }, "Cannot use csr.SAVE9: profile la464 has no SAVE9"],
  ["a CSR named twice", { csr: { SAVE0: 1, KS0: 1 } }, "Cannot use csr.KS0: SAVE0 is named twice"],
  [
    "a CSR that may change and does not exist",
    { exits: [{ ...HVC, hostMayChange: ["EENTRI"] }] },
    "Cannot use exits[0].hostMayChange: no such CSR, did you mean EENTRY",
  ],
  [
    "a field that does not exist",
    { host: { PRMD: { PLV: 1 } } },
    "Cannot use host.PRMD.PLV: PRMD has no such field (it has PPLV, PIE, PWE)",
  ],
  [
    "a value that does not fit a field",
    { exits: [{ ...HVC, set: { csr: { CRMD: { PLV: 4 } } } }, HVC] },
    "Cannot use exits[0].set.csr.CRMD.PLV: 0x4 does not fit the field, range is 0 to 0x3",
  ],
  [
    "a field named twice",
    { host: { GTLBC: { TOTI: 1, totlbinv: 1 } } },
    "Cannot use host.GTLBC.totlbinv: TOTI is named twice",
  ],
  [
    "an interrupt that does not exist",
    { inject: ["HWI8"] },
    'Cannot use inject: no interrupt "HWI8" (there are SWI0, SWI1, HWI0, HWI1, HWI2, HWI3, HWI4, HWI5, HWI6, HWI7, ' +
    "PCOV, TI, IPI)",
  ],
  [
    "an interrupt that is no line",
    { lines: { TI: true } },
    "Cannot use lines.TI: only HWI0 to HWI7 and IPI are lines",
  ],
  [
    "an instruction that is none",
    { exits: [{ ...HVC, badi: "hvcall 1" }] },
    "Cannot use exits[0].badi: badi:1:1: Cannot assemble hvcall: it is no instruction, did you mean hvcl\nhvcall 1\n^",
  ],
  [
    "an instruction that is two",
    { exits: [{ ...HVC, badi: "nop; nop" }] },
    'Cannot use exits[0].badi: "nop; nop" is not one instruction',
  ],
  // Code.
  [
    "a misspelt instruction",
    { code: "call:\n  hvcl 1\n  csrxhcg $a0, $a1, CRMD" },
    "code:3:3: Cannot assemble csrxhcg: it is no instruction, did you mean csrxchg\n  csrxhcg $a0, $a1, CRMD\n  ^",
  ],
  [
    "a misspelt CSR",
    { code: "csrrd $a0, GSTATE" },
    "code:1:12: Cannot find CSR GSTATE: it is not known, did you mean GSTAT\ncsrrd $a0, GSTATE\n           ^",
  ],
  [
    "an operand out of range and a label that does not exist",
    { code: "  addi.d $t0, $t0, 2048\n  b nowhere" },
    "code:1:20: Cannot encode addi.d: si12 is 2048, range is -2048 to 2047\n  addi.d $t0, $t0, 2048\n" +
    " ".repeat(19) + "^\ncode:2:5: Cannot find symbol nowhere: it is not defined\n  b nowhere\n    ^",
  ],
  [
    "a label defined twice",
    { code: "a: nop\na: nop" },
    "code:2:1: Cannot define label a: it is defined in line 1\na: nop\n^",
  ],
  [
    "code outside guest memory",
    { code: ".org 0x3fffc\nnop" },
    "Cannot load .text at 0x10000: guest memory ends at 0x40000",
  ],
];

for (const [what, fields, message] of BROKEN) {
  Deno.test(`${what} is an error`, () => {
    const title = "t";
    const test = guest({ rule: RULE, code: CALL, exits: [HVC], ...fields } as Parameters<typeof guest>[0], {
      worldSwitches: [ARCEOS],
    });
    const [head, second, ...rest] = textOf(test, title).split("\n");
    const name = "switches" in fields ? "" : "arceos";
    assertStringIncludes(head ?? "", `ERROR: t  FILE:LINE  world switch ${name}`);
    assertEquals(second, "  the case or the bench is broken; this says nothing about the subject");
    assertEquals(rest.pop(), "  repeat: deno test FILE --filter 't'");
    // Prose is wrapped; source text below it is not.
    assertEquals(flat(rest.join("\n")), flat(message));
  });
}

/** A text without its line breaks. */
function flat(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

Deno.test("source text in an error keeps its lines and its caret", () => {
  const test = guest({ rule: RULE, code: "start: hvcl 1\n\thvcl 0x8000", exits: [{ kind: "HVC" }] });
  assertEquals(textOf(test, "t").split("\n").slice(2, 5), [
    "  code:2:7: Cannot encode hvcl: code is 32768, range is 0 to 32767",
    "  \thvcl 0x8000",
    "  \t     ^",
  ]);
});

Deno.test("a broken case is an error whatever the machine does before its broken place", () => {
  const test = guest({ rule: RULE, code: CALL, exits: [{ kind: "INE" }, { kind: "HVC", at: "nowhere" }] });
  assertStringIncludes(textOf(test, "t"), 'Cannot use exits[1].at: the code defines no label "nowhere"');
});

Deno.test("an exception of the bench itself is an error with its stack", () => {
  const broken = { ...ARCEOS, create: () => JSON.parse("no") };
  const text = textOf(
    guest({ rule: RULE, code: CALL, exits: [{ kind: "HVC" }] }, { worldSwitches: [broken] }),
    "t",
  );
  assertStringIncludes(text, "ERROR: t");
  assertStringIncludes(text, "the bench itself broke: SyntaxError:");
  assertStringIncludes(text, "at Object.create (file:");
});

Deno.test("a case for world switches that are not there is an error and does not run on others", () => {
  const c = { rule: RULE, code: CALL, exits: [{ kind: "HVC" }], switches: ["kvm"] } as const;
  for (const [worldSwitches, there] of [[[ARCEOS], "arceos"], [[], "none"]] as const) {
    assertStringIncludes(
      textOf(guest(c, { worldSwitches }), "t"),
      `Cannot run the case: its world switches are not among those there are (${there})`,
    );
  }
});

Deno.test("a broken case in host mode is an error", () => {
  const rows: readonly (readonly [object, string])[] = [
    [{ expects: {} }, "Cannot run the case: expects is no field, did you mean expect"],
    [{ expect: { ends: "GSPR?" } }, 'Cannot run the case: expect.ends is "GSPR?", must be one of end'],
    [{ profile: "la364" }, 'Cannot run the case: profile names "la364"'],
    [{ expect: { csr: { GSTATUS: 1 } } }, "Cannot use expect.csr.GSTATUS: no such CSR"],
    [{ code: ".space 0x40000" }, "Cannot load .text at 0x10000: memory ends at 0x40000"],
    [{ code: "nope" }, "code:1:1: Cannot assemble nope"],
  ];
  for (const [fields, message] of rows) {
    const test = host({ rule: RULE, code: "nop", expect: {}, ...fields } as Parameters<typeof host>[0]);
    const text = textOf(test, "t");
    assertStringIncludes(text, "ERROR: t");
    assertStringIncludes(flat(text), message);
  }
});

Deno.test("a failure names the rule, its confidence, its sources and the reading taken, in lines that fit", () => {
  const outcome = {
    worldSwitch: "kvm",
    problem: { result: "fail", headline: "x", marks: [], differences: [], notes: [], history: [] },
  } as const;
  for (const [id, rule] of Object.entries<Rule>(RULES)) {
    const identity = { title: "t", place: "p:1" };
    const text = report({ rule: id as RuleId }, identity, [outcome]);
    const parts = [
      `rule ${id}: ${rule.text}`,
      `confidence ${rule.confidence}; sources: ${rule.sources.join("; ")}`,
      ...(rule.disputed === undefined
        ? []
        : [`disputed; this machine takes the reading "${rule.disputed.takes}" (`]),
    ];
    for (const part of parts) assertStringIncludes(flat(text), flat(part));
    const tooLong = text.split("\n").filter((line) => line.length > 110 && line.trim().includes(" "));
    assertEquals(tooLong, []);
  }
});

Deno.test("a case that chooses another reading is reported under it", () => {
  const test = guest({
    rule: RULE,
    code: CALL,
    exits: [{ kind: "HVC", regs: { a0: 0 } }],
    choices: { badvAtGspr: "pc" },
  });
  try {
    test();
    assert(false, "it passes");
  } catch (error) {
    assertStringIncludes((error as Error).message, 'disputed; this machine takes the reading "pc" (');
    assertStringIncludes((error as Error).message, "profile la464 with badvAtGspr = pc");
  }
});
