// Expectations: LoongArch manual Vol. 1 v1.10, chapter "Exceptions and Interrupts" and the register descriptions; what it leaves
// open: the rules named.
import { assert, assertEquals } from "@std/assert";
import { type BareMachine, bareMachine, type BareMachineOptions } from "./bare_machine.ts";
import { takeMachineError } from "./exception.ts";
import { EXCEPTIONS } from "./exception_codes.ts";
import { ReferenceEngine } from "./exec/reference.ts";
import { pageBits } from "./mmu/tlb.ts";
import { disassemble, ISA } from "./isa/mod.ts";
import { deriveProfile, LA464, LA464_NO_LVZ, LA464_V1_1 } from "./profile.ts";

const engine = new ReferenceEngine();
const ALL = (1n << 64n) - 1n;

/** Numbers of general registers. */
const [a0, a1, a2, a4, a5] = [4, 5, 6, 8, 9] as const;

function runTo(b: BareMachine, label: string, budget = 1000): void {
  const target = b.at(label);
  const stop = engine.run(b.m, { budget, onInstruction: ({ pc }) => pc === target });
  assertEquals(stop.kind, "requested", `${label} is not reached: pc is 0x${b.m.pc.toString(16)}`);
}

// Code runs through window 0, which PLV0 and PLV3 may use; data at 0x40000000 goes through the TLB.
const CODE = 0x9000000000002000n;
const EENTRY = 0x9000000000040000n;
const TLBRENTRY = 0x30000n;
const DATA = 0x40000000n;
const WINDOW0 = 0x9000000000000019n;
const [V, D, NR, NX, RPLV] = [1n, 2n, 1n << 61n, 1n << 62n, 1n << 63n] as const;
const USER = 3n << 2n;
const [PLV3, IE, DA, PG, WE] = [3n, 4n, 8n, 16n, 1n << 9n] as const;
/** DATF 1 and DATM 2, which only a machine error changes. */
const ACCESS_TYPES = 0x120n;

/** A machine in mapped mode with a pair of 4 KiB pages at DATA: the even one has `lo`, the odd one is free to use. */
function mapped(source: string, lo: bigint, mode = 0n, options: BareMachineOptions = {}): BareMachine {
  const b = bareMachine(source, { origin: CODE, ...options });
  const { m } = b;
  const pages = [lo | 0x10000n, 0x11000n | V | D | USER] as const;
  m.tlb.fill(
    {
      kind: "host",
      gid: 0,
      asid: 0,
      global: true,
      ps: 12,
      pair: Number(DATA >> 13n),
      lo: [pageBits(pages[0]), pageBits(pages[1])],
    },
    12,
  );
  b.setCsrs({ STLBPS: 12n, DMW0: WINDOW0, EENTRY, TLBRENTRY, CRMD: PG | ACCESS_TYPES | mode });
  m.gpr[a1] = DATA;
  return b;
}

// General exceptions ------------------------------------------------------------------------------------------------------

interface Row {
  readonly name: keyof typeof EXCEPTIONS;
  readonly code: string;
  /** Flags of the page at DATA. */
  readonly lo?: bigint;
  readonly mode?: bigint;
  readonly set?: Readonly<Record<string, bigint>>;
  /** a1, DATA by default. */
  readonly a1?: bigint;
  /** BADV if it is recorded. */
  readonly badv?: bigint;
  /** The exception is that of the fetch at a1, so that no instruction is known (LVZ-EXIT-15). */
  readonly isFetch?: boolean;
}

const USABLE = V | D;
const HOLE = 0x8000_0000_0000n;

const ROWS: readonly Row[] = [
  { name: "PIL", code: "ld.d $a0, $a1, 8", lo: D, badv: DATA + 8n },
  { name: "PIL", code: "ll.w $a0, $a1, 8", lo: D, badv: DATA + 8n },
  { name: "PIL", code: "cacop 0x10, $a1, 9", lo: D, badv: DATA + 9n },
  { name: "PIS", code: "st.d $a0, $a1, 8", lo: D, badv: DATA + 8n },
  { name: "PIS", code: "amadd.d $a0, $a2, $a1", lo: D, badv: DATA },
  { name: "PIF", code: "jirl $a0, $a1, 16", lo: D, badv: DATA + 16n, isFetch: true },
  { name: "PME", code: "st.b $a0, $a1, 7", lo: V, badv: DATA + 7n },
  { name: "PME", code: "amswap.w $a0, $a2, $a1", lo: V, badv: DATA },
  { name: "PNR", code: "ld.w $a0, $a1, 4", lo: USABLE | NR, badv: DATA + 4n },
  { name: "PNX", code: "jirl $zero, $a1, 0", lo: USABLE | NX, badv: DATA, isFetch: true },
  { name: "PPI", code: "ld.bu $a0, $a1, 1", lo: USABLE, mode: PLV3, badv: DATA + 1n },
  { name: "PPI", code: "st.b $a0, $a1, 1", lo: USABLE, mode: PLV3, badv: DATA + 1n },
  { name: "PPI", code: "jirl $zero, $a1, 0", lo: USABLE, mode: PLV3, badv: DATA, isFetch: true },
  { name: "PPI", code: "ld.bu $a0, $a1, 1", lo: USABLE | USER | RPLV, badv: DATA + 1n },
  { name: "ADEF", code: "jirl $zero, $a1, 0", a1: DATA + 2n, badv: DATA + 2n, isFetch: true },
  { name: "ADEF", code: "jirl $zero, $a1, 0", a1: DATA + 1n, badv: DATA + 1n, isFetch: true },
  { name: "ADEF", code: "jirl $zero, $a1, 0", a1: HOLE, badv: HOLE, isFetch: true },
  { name: "ADEM", code: "ld.d $a0, $a1, 0", a1: HOLE, badv: HOLE },
  { name: "ADEM", code: "st.d $a0, $a1, -8", a1: HOLE + 8n, badv: HOLE },
  { name: "ADEM", code: "ld.d $a0, $a1, 0", a1: 0x8000_0000_4000_0000n, badv: 0x8000_0000_4000_0000n },
  { name: "ALE", code: "ld.w $a0, $a1, 2", set: { MISC: 0x1000n }, badv: DATA + 2n },
  { name: "ALE", code: "st.d $a0, $a1, 4", set: { MISC: 0x8000n }, mode: PLV3, badv: DATA + 4n },
  { name: "ALE", code: "amadd.w $a0, $a2, $a1", a1: DATA + 2n, badv: DATA + 2n },
  { name: "ALE", code: "sc.d $a0, $a1, 4", badv: DATA + 4n },
  { name: "BCE", code: "ldgt.d $a0, $a1, $a1", badv: DATA },
  { name: "BCE", code: "asrtgt.d $a1, $a1", a1: 0x12345n, badv: 0x12345n },
  { name: "SYS", code: "syscall 5" },
  { name: "SYS", code: "syscall 0x7fff", mode: PLV3 },
  { name: "BRK", code: "break 7" },
  { name: "INE", code: ".word 0xffffffff" },
  { name: "INE", code: ".word 0", mode: PLV3 },
  { name: "INE", code: "invtlb 7, $zero, $zero" },
  { name: "INE", code: "invtlb 31, $zero, $zero" },
  { name: "INE", code: "hvcl 3" },
  { name: "IPE", code: "csrrd $a0, CRMD", mode: PLV3 },
  { name: "IPE", code: "rdtime.d $a0, $a2", set: { MISC: 0x80n }, mode: PLV3 },
];

/** Values that no row writes. */
const UNTOUCHED = { BADV: 0x5e5e5e5e5e5e5e5en, TLBEHI: 0x5e5e5e5e4000n, TLBRERA: 0n, TLBRBADV: 0x77n };

function checkRow(row: Row, spacing: bigint): void {
  const mode = (row.mode ?? 0n) | IE | WE;
  const b = mapped(`bad: ${row.code}`, row.lo ?? USABLE | USER, mode);
  const { m } = b;
  b.setCsrs({ ...UNTOUCHED, ...row.set, ECFG: spacing << 16n });
  m.gpr[a0] = 0x1234n;
  m.gpr[a1] = row.a1 ?? DATA;
  const before = [...m.gpr];
  const text = `${row.name}: ${row.code} at VS ${spacing}`;
  engine.run(m, { budget: row.isFetch ? 2 : 1 });

  const { ecode, esubcode } = EXCEPTIONS[row.name];
  assertEquals(m.pc, EENTRY + (spacing === 0n ? 0n : BigInt(ecode) << (spacing + 2n)), text);
  assertEquals(b.csr("ESTAT"), BigInt(ecode) << 16n | BigInt(esubcode) << 22n, text);
  assertEquals(b.csr("ERA"), row.isFetch ? row.badv : b.at("bad"), text);
  assertEquals(b.csr("BADV"), row.badv ?? UNTOUCHED.BADV, text);
  const word = m.readPhysical(0x2000, 4);
  assertEquals(BigInt.asUintN(32, b.csr("BADI")), row.isFetch ? 0n : word, text);
  assertEquals(b.csr("PRMD"), (row.mode ?? 0n) | 4n | 8n, text);
  assertEquals(b.csr("CRMD"), PG | ACCESS_TYPES, text);
  const isPageFault = ecode >= 1 && ecode <= 7;
  assertEquals(b.csr("TLBEHI"), isPageFault ? DATA : UNTOUCHED.TLBEHI, text);
  assertEquals([b.csr("TLBRERA"), b.csr("TLBRBADV")], [0n, 0x77n], text);
  if (!row.isFetch) assertEquals([...m.gpr], before, text);
}

Deno.test("each exception records its code, ERA, BADV, BADI and mode, and goes to its vector for every spacing", () => {
  for (const row of ROWS) {
    for (let spacing = 0n; spacing <= 7n; spacing++) checkRow(row, spacing);
  }
});

Deno.test("ertn returns to ERA in the mode of PRMD", () => {
  for (const [prmd, crmd] of [[0n, 0n], [0xfn, 0x207n], [0x6n, 6n], [0x9n, 0x201n]] as const) {
    const b = mapped("ertn", 0n);
    b.setCsrs({ PRMD: prmd, ERA: 0x900000000000abc0n });
    engine.run(b.m, { budget: 1 });
    assertEquals(b.m.pc, 0x900000000000abc0n);
    assertEquals(b.csr("CRMD"), PG | ACCESS_TYPES | crmd);
  }
});

Deno.test("cacop by index translates no address, and by hit needs no alignment", () => {
  for (
    const [code, address] of [["cacop 8, $a1, 1", HOLE], ["cacop 0, $a1, 1", HOLE], [
      "cacop 0x11, $a1, 1",
      DATA,
    ]] as const
  ) {
    const b = mapped(code, USABLE);
    b.setCsrs({ MISC: 0xf000n });
    b.m.gpr[a1] = address;
    engine.run(b.m, { budget: 1 });
    assertEquals(b.m.pc, CODE + 4n, code);
  }
});

Deno.test("privileged instructions raise IPE at PLV 1 to 3", () => {
  for (const { name, match, privileged } of ISA.all) {
    for (let plv = 1n; privileged && plv <= 3n; plv++) {
      const b = mapped(`.word ${match}`, 0n, plv);
      b.setCsrs({ DMW0: WINDOW0 | 0xfn, CRMD: PG | plv });
      engine.run(b.m, { budget: 1 });
      assertEquals(b.csr("ESTAT") >> 16n, 0xen, `${name} at PLV${plv}: ${disassemble(match)}`);
    }
  }
});

Deno.test("an instruction of a feature that the profile lacks raises INE, even where it would raise IPE", () => {
  for (const { name, match, needs } of ISA.all) {
    if (needs === undefined) continue;
    const profile = deriveProfile(LA464_V1_1, { name: "test", remove: [needs] });
    const b = mapped(`.word ${match}`, 0n, PLV3, { profile });
    engine.run(b.m, { budget: 1 });
    assertEquals(b.csr("ESTAT") >> 16n, 0xdn, name);
  }
});

Deno.test("hvcl in host mode is INE at PLV0 and IPE above (LVZ-INSN-10), and INE everywhere without LVZ (LVZ-INSN-07)", () => {
  for (
    const [mode, profile, ecode] of [[0n, LA464, 0xdn], [PLV3, LA464, 0xen], [
      PLV3,
      LA464_NO_LVZ,
      0xdn,
    ]] as const
  ) {
    const b = mapped("hvcl 0", 0n, mode, { profile });
    engine.run(b.m, { budget: 1 });
    assertEquals(b.csr("ESTAT") >> 16n, ecode);
  }
});

// Unaligned accesses ---------------------------------------------------------------------------------------------------------

Deno.test("MISC.ALCLn makes unaligned accesses raise ALE at PLV n alone", () => {
  for (let plv = 0n; plv <= 3n; plv++) {
    for (let switched = 0n; switched <= 3n; switched++) {
      const b = mapped("ld.w $a0, $a1, 1", USABLE | USER, plv);
      b.setCsrs({ DMW0: WINDOW0 | 0xfn, MISC: 1n << (12n + switched), CRMD: PG | plv });
      engine.run(b.m, { budget: 1 });
      assertEquals(b.csr("ESTAT") >> 16n, plv === switched ? 9n : 0n, `PLV${plv}, ALCL${switched}`);
    }
  }
});

Deno.test("without UAL every unaligned access raises ALE", () => {
  const b = mapped("st.h $a0, $a1, 1", USABLE, 0n, {
    profile: deriveProfile(LA464, { name: "test", remove: ["UAL"] }),
  });
  engine.run(b.m, { budget: 1 });
  assertEquals(b.csr("ESTAT") >> 16n, 9n);
});

Deno.test("an unaligned store that faults in its second page writes nothing, and BADV is in that page", () => {
  const b = mapped("st.d $a0, $a1, 0", USABLE);
  // The second page, of the pair behind, has no right to be written.
  b.m.tlb.fill({
    ...{ kind: "host", gid: 0, asid: 0, global: true, ps: 12, pair: Number(DATA >> 13n) + 1 },
    lo: [pageBits(0x12000n | V), pageBits(0n)],
  }, 12);
  b.memory.bytes.fill(0xee, 0x10000, 0x13000);
  b.m.gpr[a0] = ALL;
  b.m.gpr[a1] = DATA + 0x2000n - 3n;
  engine.run(b.m, { budget: 1 });
  assertEquals(b.csr("ESTAT") >> 16n, 4n);
  assertEquals(b.csr("BADV"), DATA + 0x2000n);
  assert(b.memory.bytes.subarray(0x10000, 0x13000).every((b) => b === 0xee));
});

Deno.test("an unaligned access may cross into a page that lies elsewhere", () => {
  const b = mapped("st.d $a0, $a1, 0\n ld.d $a2, $a1, 0", USABLE);
  b.m.tlb.fill({
    ...{ kind: "host", gid: 0, asid: 0, global: true, ps: 12, pair: Number(DATA >> 13n) + 1 },
    lo: [pageBits(0x30000n | V | D), pageBits(0n)],
  }, 12);
  b.m.gpr[a0] = 0x0102030405060708n;
  b.m.gpr[a1] = DATA + 0x2000n - 3n;
  engine.run(b.m, { budget: 2 });
  assertEquals([...b.memory.bytes.subarray(0x11ffd, 0x12001)], [8, 7, 6, 0]);
  assertEquals([...b.memory.bytes.subarray(0x30000, 0x30006)], [5, 4, 3, 2, 1, 0]);
  assertEquals(b.m.gpr[a2], 0x0102030405060708n);
});

// TLB refill -----------------------------------------------------------------------------------------------------------------

Deno.test("a refill records its own state, enters direct mode at TLBRENTRY and leaves the general state alone", () => {
  const rows: [code: string, badv: bigint, isFetch: boolean][] = [
    ["ld.d $a0, $a1, 0", DATA + 0x5008n, false],
    ["st.d $a0, $a1, 0", 0xffff_ffff_ffff_e008n, false],
    ["jirl $zero, $a1, 0", DATA + 0x5008n, true],
  ];
  for (const [code, badv, isFetch] of rows) {
    const b = mapped(`bad: ${code}`, 0n, PLV3 | IE | WE);
    const { m } = b;
    const general = { ERA: 0x11n, BADV: 0x22n, PRMD: 5n, TLBEHI: 0x4000n };
    b.setCsrs({ ...general, TLBREHI: 0xen });
    m.gpr[a1] = badv;
    engine.run(m, { budget: isFetch ? 2 : 1 });
    assertEquals(m.pc, TLBRENTRY);
    assertEquals(b.csr("TLBRERA"), (isFetch ? badv : b.at("bad")) | 1n);
    assertEquals(b.csr("TLBRBADV"), badv);
    assertEquals(b.csr("TLBREHI"), (badv & ~0x1fffn) | 0xen, "VPPN changes, PS does not");
    assertEquals(b.csr("TLBRPRMD"), PLV3 | 4n | 16n);
    assertEquals(b.csr("CRMD"), DA | ACCESS_TYPES);
    for (const [name, value] of Object.entries(general)) assertEquals(b.csr(name), value, name);
    assertEquals([b.csr("ESTAT"), b.csr("BADI")], [0n, 0n], "LVZ-EXIT-18, -19");
  }
});

Deno.test("ertn from a refill goes back to mapped mode by TLBRERA and TLBRPRMD, whatever PRMD and ERA hold", () => {
  const b = bareMachine("ertn");
  b.setCsrs({ TLBRERA: 0x9000000000003001n, TLBRPRMD: 0x17n, PRMD: 0n, ERA: 0x4444n });
  engine.run(b.m, { budget: 1 });
  assertEquals(b.m.pc, 0x9000000000003000n);
  assertEquals(b.csr("CRMD"), PLV3 | IE | WE | PG);
  assertEquals(b.csr("TLBRERA"), 0x9000000000003000n);
});

// The user program loads from two pages that are not mapped; so does the handler of its syscall.
const NESTED = `
user:
  ld.d $a2, $a1, 0
  syscall 1
after:
  or $a5, $a3, $zero
done:
  b done
  .org 0x1e000
refill:
  csrwr $t0, TLBRSAVE
  csrrd $t0, TLBRBADV
  srli.d $t0, $t0, 13
  slli.d $t0, $t0, 13
  bstrpick.d $t0, $t0, 19, 0
  ori $t0, $t0, 0x4f
  csrwr $t0, TLBRELO0
  csrrd $t0, TLBRELO0
  lu12i.w $t1, 1
  add.d $t0, $t0, $t1
  csrwr $t0, TLBRELO1
  ori $t0, $zero, 12
  csrxchg $t0, $t2, TLBREHI
  tlbfill
  addi.d $s0, $s0, 1
  csrrd $t0, TLBRSAVE
  ertn
  .org 0x3e000
general:
  csrrd $a4, ERA
  ld.d $a3, $a1, 0x1f8
  ldptr.d $a3, $a1, 0x6000
  addi.d $a4, $a4, 4
  csrwr $a4, ERA
  ertn
`;

Deno.test("a refill may nest in the handler of another exception, which goes on and returns", () => {
  const b = bareMachine(NESTED, { origin: CODE });
  const { m, memory } = b;
  b.setCsrs({ STLBPS: 12n, DMW0: WINDOW0, EENTRY, TLBRENTRY: 0x20000n, CRMD: PG | PLV3 | IE });
  assertEquals([b.at("refill") & 0xffffffn, b.at("general")], [0x20000n, EENTRY]);
  m.gpr[a1] = DATA + 0x80000n;
  m.gpr[14] = 0x3fn;
  memory.bytes[0x80000] = 0x5a;
  memory.bytes[0x86000] = 0xa5;
  runTo(b, "done");
  assertEquals(m.gpr[a2], 0x5an);
  assertEquals(m.gpr[a5], 0xa5n, "loaded in the handler, from the other page");
  assertEquals(m.gpr[23], 2n, "refills: one of the program, one nested");
  assertEquals(b.csr("CRMD"), PG | PLV3 | IE);
  assertEquals(m.gpr[a4], b.at("after") - 4n, "the ERA that the nested refill left alone");
});

// Machine errors ---------------------------------------------------------------------------------------------------------------

Deno.test("a machine error saves the whole mode in MERRCTL, runs in direct mode, and ertn restores it before a refill's", () => {
  const b = mapped("nop\n .org 0x4e000\n handler: ertn", 0n, PLV3 | IE | WE);
  const { m } = b;
  b.setCsrs({ MERRENTRY: 0x50000n, TLBRERA: 0x1001n, PRMD: 0n, ERA: 0x66n, BADV: 0x77n });
  takeMachineError(m, 1, m.pc);
  assertEquals(m.pc, 0x50000n);
  // Cause 1, PDATM 2, PDATF 1, PPG, PWE, PIE, PPLV 3, IsMERR
  assertEquals(b.csr("MERRCTL"), 0x10000n | 0x1000n | 0x200n | 0x100n | 0x40n | 0x10n | 0xcn | 1n);
  assertEquals(b.csr("MERRERA"), CODE);
  assertEquals(b.csr("CRMD"), DA);
  assertEquals([b.csr("ERA"), b.csr("BADV"), b.csr("PRMD"), b.csr("ESTAT")], [0x66n, 0x77n, 0n, 0n]);
  engine.run(m, { budget: 1 });
  assertEquals(m.pc, CODE);
  assertEquals(b.csr("CRMD"), PG | ACCESS_TYPES | PLV3 | IE | WE);
  assertEquals(b.csr("MERRCTL") & 1n, 0n);
  assertEquals(b.csr("TLBRERA"), 0x1001n, "a refill that was under way still is");
});
