// From virtual to physical addresses in host mode. Expectations: LoongArch manual Vol. 1 v1.10, chapter "Memory Management".
import { assertEquals } from "@std/assert";
import { type BareMachine, bareMachine } from "../bare_machine.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { pageBits } from "./tlb.ts";

const engine = new ReferenceEngine();

/** Numbers of general registers. */
const [ra, a0, a1] = [1, 4, 5] as const;
const [V, D, NR, NX, RPLV] = [1n, 2n, 1n << 61n, 1n << 62n, 1n << 63n] as const;
const PG = 0x10n;
const EENTRY = 0x9000000000040000n;
const TLBRENTRY = 0x30000n;
/** Where the code stands; window 1 lets every level execute it. */
const CODE = 0x9000000000002000n;
const DMW1 = 0x900000000000000fn;

/** What an access did. */
type Outcome = keyof typeof EXCEPTIONS | "refill" | number;

/** A machine in mapped mode at a privilege level. */
function machine(source: string, plv = 0n, csrs: Readonly<Record<string, bigint>> = {}): BareMachine {
  const b = bareMachine(source, { origin: CODE });
  b.setCsrs({ STLBPS: 12n, DMW1, EENTRY, TLBRENTRY, ...csrs, CRMD: PG | plv });
  return b;
}

/** Puts an entry into the TLB; halves without flags are invalid. */
function map(b: BareMachine, va: bigint, even: bigint, odd = 0n, ps = 12, asid?: number): void {
  const pair = Number((va & 0xffff_ffff_ffffn) >> BigInt(ps + 1));
  b.m.tlb.fill(
    {
      kind: "host",
      gid: 0,
      asid: asid ?? 0,
      global: asid === undefined,
      ps,
      pair,
      lo: [pageBits(even), pageBits(odd)],
    },
    12,
  );
}

const ACCESS = {
  load: "ld.d $a0, $a1, 0",
  store: "st.d $a0, $a1, 0",
  fetch: "jirl $zero, $a1, 0",
} as const;

/** Makes an access at a1 and says what came of it: the exception, or the physical address that was reached. */
function access(b: BareMachine, type: keyof typeof ACCESS, va: bigint): Outcome {
  const { m, memory } = b;
  const view = new DataView(memory.bytes.buffer);
  for (let at = 0x10000; at < 0x30000; at += 8) view.setBigUint64(at, BigInt(at), true);
  m.gpr.set([0xfeedn, va], a0);
  let fetched: number | undefined;
  if (type === "fetch") {
    engine.run(m, { budget: 1 });
    const instruction = 0x03400000n; // andi $zero, $zero, 0
    for (let at = 0x10000; at < 0x30000; at += 8) {
      view.setBigUint64(at, instruction << 32n | instruction, true);
    }
    engine.run(m, { budget: 1 });
    if (m.pc === va + 4n) fetched = -1;
  } else {
    engine.run(m, { budget: 1 });
  }
  if (m.pc === TLBRENTRY) return "refill";
  if (m.pc === EENTRY) {
    const code = b.csr("ESTAT") >> 16n;
    const [ecode, esubcode] = [Number(code & 0x3fn), Number(code >> 6n)];
    const kind = Object.values(EXCEPTIONS).find((e) => e.ecode === ecode && e.esubcode === esubcode);
    return kind?.name ?? -2;
  }
  if (fetched !== undefined) return fetched;
  if (type === "load") return Number(m.gpr[a0]);
  for (let at = 0x10000; at < 0x30000; at += 8) if (view.getBigUint64(at, true) === 0xfeedn) return at;
  return -3;
}

const DATA = 0x4000_0000n;

// Pages ---------------------------------------------------------------------------------------------------------------------

Deno.test("the bit above the page's offset chooses the even or the odd page, for every page size", () => {
  for (const ps of [12, 13, 14]) {
    const size = 1n << BigInt(ps);
    // Bits of the page number below the page size can be anything.
    const even = 0x10000n | V | D | (size - 1n) & ~0xfffn;
    const odd = 0x18000n | V | D | (size - 1n) & ~0xfffn;
    const rows = [[0n, 0x10000], [size - 8n, 0x10000 + Number(size) - 8], [size, 0x18000], [
      2n * size - 8n,
      0x18000 + Number(size) - 8,
    ]] as const;
    for (const [offset, physical] of rows) {
      for (const type of ["load", "store"] as const) {
        const b = machine(ACCESS[type]);
        map(b, DATA, even, odd, ps);
        assertEquals(access(b, type, DATA + offset), physical, `${type} at ${offset} of a page of 2^${ps}`);
      }
    }
    const b = machine(ACCESS.load);
    map(b, DATA, even, odd, ps);
    assertEquals(access(b, "load", DATA + 2n * size), "refill");
  }
});

Deno.test("an entry serves its own ASID, or all if it is global", () => {
  for (
    const [asid, current, outcome] of [[5, 5n, 0x10000], [5, 6n, "refill"], [undefined, 6n, 0x10000]] as const
  ) {
    const b = machine(ACCESS.load, 0n, { ASID: current });
    map(b, DATA, 0x10000n | V, 0n, 12, asid);
    assertEquals(access(b, "load", DATA), outcome);
  }
});

Deno.test("validity comes first, then for fetches NX, then privilege, then NR of loads and D of stores", () => {
  const rows: [type: keyof typeof ACCESS, plv: bigint, flags: bigint, outcome: Outcome][] = [
    // Everything is wrong at once.
    ["load", 3n, NR | NX, "PIL"],
    ["store", 3n, NR | NX, "PIS"],
    ["fetch", 3n, NR | NX, "PIF"],
    ["fetch", 3n, V | NX, "PNX"],
    ["load", 3n, V | NR, "PPI"],
    ["store", 3n, V | NR, "PPI"],
    ["fetch", 3n, V | NR, "PPI"],
    ["load", 0n, V | NR | NX, "PNR"],
    ["store", 0n, V | NR | NX, "PME"],
    ["fetch", 0n, V | NR, -1],
    ["load", 0n, V | NX, 0x10000],
    ["store", 0n, V | D | NR | NX, 0x10000],
    ["load", 0n, V, 0x10000],
    ["fetch", 0n, V, -1],
  ];
  for (const [type, plv, flags, outcome] of rows) {
    const b = machine(ACCESS[type], plv);
    map(b, DATA, 0x10000n | flags);
    assertEquals(access(b, type, DATA), outcome, `${type} at PLV${plv}, flags ${flags.toString(16)}`);
  }
});

Deno.test("a page is open to its PLV and those above, with RPLV to its PLV alone", () => {
  for (let plv = 0n; plv <= 3n; plv++) {
    for (let page = 0n; page <= 3n; page++) {
      for (const [restricted, isOpen] of [[0n, plv <= page], [RPLV, plv === page]] as const) {
        for (const type of ["load", "store", "fetch"] as const) {
          const b = machine(ACCESS[type], plv);
          map(b, DATA, 0x10000n | V | D | page << 2n | restricted);
          const text = `${type} at PLV${plv}, page PLV${page}, RPLV ${restricted !== 0n}`;
          assertEquals(access(b, type, DATA) !== "PPI", isOpen, text);
        }
      }
    }
  }
});

Deno.test("MISC.DWPLn lets PLV n, 0 to 2, store to pages that are not dirty", () => {
  for (let plv = 0n; plv <= 3n; plv++) {
    for (let n = 0n; n <= 2n; n++) {
      const b = machine(ACCESS.store, plv, { MISC: 1n << (16n + n) });
      map(b, DATA, 0x10000n | V | 0xcn);
      assertEquals(access(b, "store", DATA), plv === n ? 0x10000 : "PME", `PLV${plv}, DWPL${n}`);
    }
  }
});

// Windows and direct mode ---------------------------------------------------------------------------------------------------

Deno.test("a window serves the levels that it names, and takes the address cut to PALEN", () => {
  for (let plv = 0n; plv <= 3n; plv++) {
    for (let allowed = 0n; allowed <= 3n; allowed++) {
      const b = machine(ACCESS.load, plv, { DMW0: 0xa000000000000000n | 1n << allowed });
      const outcome = access(b, "load", 0xa000_0000_0001_2340n);
      assertEquals(outcome, plv === allowed ? 0x12340 : "ADEM", `PLV${plv}, window of PLV${allowed}`);
    }
  }
  const b = machine(ACCESS.store, 0n, { DMW0: 0xa000000000000001n });
  assertEquals(access(b, "store", 0xafff_0000_0001_2340n), 0x12340, "bits 59:48 do not matter");
  const other = machine(ACCESS.load, 0n, { DMW0: 0xa000000000000001n });
  assertEquals(access(other, "load", 0xb000_0000_0001_2340n), "ADEM");
});

Deno.test("all four windows serve loads and stores, the first two alone serve fetches", () => {
  for (let n = 0; n <= 3; n++) {
    for (const type of ["load", "store", "fetch"] as const) {
      // Window 1 has the code; here another takes its place.
      const windows = { DMW0: 0n, DMW1: 0n, DMW2: 0n, DMW3: 0n, [`DMW${n === 0 ? 1 : 0}`]: DMW1 };
      const b = machine(ACCESS[type], 0n, { ...windows, [`DMW${n}`]: 0xa000000000000001n });
      const expected = type !== "fetch" ? 0x12340 : n < 2 ? -1 : "ADEF";
      assertEquals(access(b, type, 0xa000_0000_0001_2340n), expected, `DMW${n}, ${type}`);
    }
  }
});

Deno.test("a window goes before the TLB", () => {
  const b = machine(ACCESS.load, 0n, { DMW0: 1n });
  map(b, 0x12000n, 0x20000n | V);
  assertEquals(access(b, "load", 0x12000n), 0x12000);
});

Deno.test("direct mode takes every address cut to PALEN, whatever windows and TLB say", () => {
  const b = bareMachine(ACCESS.load);
  b.setCsrs({ DMW0: 1n, EENTRY, TLBRENTRY, STLBPS: 12n });
  map(b, 0x12000n, 0x20000n);
  assertEquals(access(b, "load", 0xffff_0000_0001_2000n), 0x12000);
});

// Legal addresses --------------------------------------------------------------------------------------------------------------

Deno.test("a mapped address whose upper bits do not repeat bit VALEN-1, or a lower one by RVACFG, raises ADE", () => {
  const rows: [rbits: bigint, va: bigint, isLegal: boolean][] = [
    [0n, 0x0000_7fff_ffff_f000n, true],
    [0n, 0x0000_8000_0000_0000n, false],
    [0n, 0xffff_8000_0000_0000n, true],
    [0n, 0xffff_7fff_ffff_f000n, false],
    [0n, 0x4000_0000_0000_0000n, false],
    [1n, 0x0000_3fff_ffff_f000n, true],
    [1n, 0x0000_4000_0000_0000n, false],
    [8n, 0x0000_007f_ffff_f000n, true],
    [8n, 0x0000_0080_0000_0000n, false],
    [8n, 0xffff_ff80_0000_0000n, true],
    [8n, 0xffff_ff7f_ffff_f000n, false],
  ];
  for (const [RVACFG, va, isLegal] of rows) {
    for (const type of ["load", "store", "fetch"] as const) {
      const b = machine(ACCESS[type], 0n, { RVACFG });
      const fault = type === "fetch" ? "ADEF" : "ADEM";
      assertEquals(
        access(b, type, va),
        isLegal ? "refill" : fault,
        `${type} ${va.toString(16)}, RBits ${RVACFG}`,
      );
      if (!isLegal) assertEquals(b.csr("BADV"), va);
    }
  }
});

// 32-bit addresses -----------------------------------------------------------------------------------------------------------------

Deno.test("MISC.VA32Ln makes PLV n, 1 to 3, form addresses of 32 bits", () => {
  for (let plv = 0n; plv <= 3n; plv++) {
    for (let n = 1n; n <= 3n; n++) {
      const b = machine(ACCESS.load, plv, { MISC: 1n << n, DMW0: 0xfn });
      const outcome = access(b, "load", 0xffff_ffff_0001_2340n);
      assertEquals(outcome, plv === n ? 0x12340 : "refill", `PLV${plv}, VA32L${n}`);
    }
  }
});

/** A program at PLV3 with addresses of 32 bits, in a page at 0x80002000. */
function narrow(source: string): BareMachine {
  const b = bareMachine(source);
  b.setCsrs({ STLBPS: 12n, EENTRY, TLBRENTRY, DMW1, MISC: 8n, CRMD: PG | 3n });
  map(b, 0x8000_2000n, 0x2000n | V | D | 0xcn, 0x3000n | V | D | 0xcn);
  b.m.pc = 0x8000_2000n;
  return b;
}

Deno.test("in 32-bit mode, bad addresses and return addresses are recorded with an upper half of 0", () => {
  const rows: [code: string, badv: bigint][] = [
    ["ld.w $a0, $a1, 0", 0x1234_5000n],
    ["st.d $a0, $a1, 0", 0x1234_5000n],
    ["amadd.w $a0, $zero, $a1", 0x1234_5000n],
  ];
  for (const [code, badv] of rows) {
    const b = narrow(code);
    b.m.gpr[a1] = 0xffff_ffff_1234_5000n;
    engine.run(b.m, { budget: 1 });
    assertEquals([b.csr("TLBRBADV"), b.csr("TLBRERA")], [badv, 0x8000_2001n], code);
  }
  for (
    const code of [
      "amadd.w $a0, $zero, $a1",
      "ldgt.w $a0, $a1, $zero",
      "ll.d $a0, $a1, 0",
      "sc.w $a0, $a1, 0",
    ]
  ) {
    const b = narrow(code);
    b.m.gpr[a1] = 0xffff_ffff_8000_2002n;
    engine.run(b.m, { budget: 1 });
    assertEquals(
      [b.csr("ESTAT") >> 16n, b.csr("BADV"), b.csr("ERA")],
      [9n, 0x8000_2002n, 0x8000_2000n],
      code,
    );
  }
});

Deno.test("in 32-bit mode, jumps go to addresses of 32 bits, and ERA is one", () => {
  const b = narrow("jirl $zero, $a1, 0\n .org 32\n syscall 0");
  b.m.gpr[a1] = 0xffff_ffff_8000_2020n;
  engine.run(b.m, { budget: 2 });
  assertEquals([b.csr("ESTAT") >> 16n, b.csr("ERA")], [0xbn, 0x8000_2020n]);
});

Deno.test("in 32-bit mode, the results of bl, jirl and pcadd* are sign-extended", () => {
  const rows: [code: string, register: number, result: bigint][] = [
    ["bl 16", ra, 0xffff_ffff_8000_2004n],
    ["jirl $a0, $zero, 0", a0, 0xffff_ffff_8000_2004n],
    ["pcaddi $a0, 1", a0, 0xffff_ffff_8000_2004n],
    ["pcaddu12i $a0, 1", a0, 0xffff_ffff_8000_3000n],
    ["pcalau12i $a0, 0", a0, 0xffff_ffff_8000_2000n],
  ];
  for (const [code, register, result] of rows) {
    const b = narrow(code);
    engine.run(b.m, { budget: 1 });
    assertEquals(b.m.gpr[register], result, code);
  }
});

// Changes take effect at once -----------------------------------------------------------------------------------------------------

Deno.test("an access sees every change of what translates it", () => {
  const rows: readonly (readonly [what: string, change: (b: BareMachine) => void, Outcome])[] = [
    ["nothing", () => {}, 0x10000],
    ["ASID", (b) => b.setCsrs({ ASID: 9n }), "refill"],
    ["PLV", (b) => b.setCsrs({ CRMD: PG | 3n }), "PPI"],
    ["mode", (b) => b.setCsrs({ CRMD: 8n }), 0x12000],
    ["window", (b) => b.setCsrs({ DMW0: 1n }), 0x12000],
    ["STLBPS", (b) => b.setCsrs({ STLBPS: 14n }), "refill"],
    ["invalidation", (b) => b.m.tlb.invalidate(() => true), "refill"],
    ["rewriting", ({ m }) => {
      const index = m.tlb.find({ kind: "host", gid: 0 }, 1, 0x12000, 12);
      const entry = m.tlb.at(index);
      if (entry !== undefined) m.tlb.write(index, { ...entry, lo: [pageBits(0x1c000n | V), pageBits(0n)] });
    }, 0x1c000],
    ["replacement", (b) => {
      b.m.tlb.invalidate(() => true);
      map(b, 0x12000n, 0x18000n | V, 0n, 12, 1);
    }, 0x18000],
  ];
  for (const [what, change, outcome] of rows) {
    const b = machine(ACCESS.load, 0n, { ASID: 1n });
    map(b, 0x12000n, 0x10000n | V, 0n, 12, 1);
    assertEquals(access(b, "load", 0x12000n), 0x10000);
    b.m.pc = what === "mode" ? CODE & 0xffffn : CODE;
    change(b);
    assertEquals(access(b, "load", 0x12000n), outcome, what);
  }
});
