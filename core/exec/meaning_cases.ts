/**
 * The inputs of the recorded meanings: what is executed in which state. `record_meanings.ts` has QEMU answer them.
 *
 * Values are chosen to tell wrong answers apart: signs, carries, shift counts at the borders, words in dirty registers, distinct
 * bytes in memory, operands that are the same register.
 *
 * @module
 */

/** One question. */
export interface MeaningCase {
  /** Assembly; statements separated by `; `. */
  readonly code: string;
  /** Registers that do not start with their usual value, by name without the dollar sign. */
  readonly set?: Readonly<Record<string, bigint>>;
  /**
   * The expected result where the oracle's is not what the manual says, in the notation of
   * `meanings.json`; with the reason.
   */
  readonly manual?: { readonly result: string; readonly reason: string };
  /** QEMU 11 crashes on it, so that the recorder does not ask. */
  readonly isFatal?: boolean;
}

/** Where the first instruction of every case stands: low bits that are not 0, and room for all but the farthest branches. */
export const PC = 0x7fffa64;
/** Lowest address of the memory that a case may touch: 8 doublewords around a page border. */
export const WINDOW = 0x6000fe0;
/** What the window holds before each case, by doublewords; all bytes differ, and both signs occur at every width. */
export const WINDOW_WORDS: readonly bigint[] = [
  0x8796a5b4c3d2e1f0n,
  0x0f1e2d3c4b5a6978n,
  0x7f6e5d4c3b2a1908n,
  0xf8e9dacbbcad9e8fn,
  0xf1e2d3c4b5a69788n,
  0x1122334455667719n,
  0x9aabbccddeef0313n,
  0x0123456789abcdefn,
];
/** The page border: here lies a doubleword whose byte, half-word, word and whole are negative; 8 further a positive one. */
const M = BigInt(WINDOW + 32);
const NEGATIVE = M;
const POSITIVE = M + 8n;

/** What a general register holds before a case that does not set it. */
export function usualRegister(number: number): bigint {
  return number === 0 ? 0n : 0x5a00a5008000700dn + BigInt(number) * 0x0001000100010001n;
}

const ONES = 0xffffffffffffffffn;
const MIN = 0x8000000000000000n;
const MAX = 0x7fffffffffffffffn;
const MIXED = 0x8123456789abcdefn;
const OTHER = 0x7edcba9876543210n;

const PAIRS: readonly (readonly [bigint, bigint])[] = [
  [0x7fffffffn, 1n],
  [MAX, 1n],
  [MIN, ONES],
  [0x1234567880000000n, 0xfedcba98ffffffffn],
  [ONES, ONES],
  [0x0123456789abcdefn, 0xfedcba9876543210n],
  [0xfedcba9876543210n, 0n],
  [0xfffffffffffffff9n, 2n],
  [7n, 0xfffffffffffffffen],
  [MIXED, 0x100000000n],
];

function names(text: string): readonly string[] {
  return text.split(" ");
}

/** Every mnemonic with every set of operands and registers. */
function each(
  mnemonics: string,
  operands: string,
  states: readonly Readonly<Record<string, bigint>>[],
): readonly MeaningCase[] {
  return names(mnemonics).flatMap((name) => states.map((set) => ({ code: `${name} ${operands}`, set })));
}

/** Every mnemonic with every operand text. */
function forms(mnemonics: string, operands: readonly string[], set: Readonly<Record<string, bigint>>) {
  return names(mnemonics).flatMap((name) =>
    operands.map((text): MeaningCase => ({ code: `${name} ${text}`, set }))
  );
}

const TWO = PAIRS.map(([a1, a2]) => ({ a1, a2 }));
const ALIASES = ["$a1, $a1, $a2", "$a2, $a1, $a2", "$a0, $a1, $a1", "$zero, $a1, $a2", "$a0, $zero, $a2"];

const ARITHMETIC = "add.w add.d sub.w sub.d slt sltu maskeqz masknez nor and or xor orn andn";
const MULTIPLY =
  "mul.w mulh.w mulh.wu mul.d mulh.d mulh.du mulw.d.w mulw.d.wu div.w mod.w div.wu mod.wu div.d mod.d div.du mod.du";
const CRC = "crc.w.b.w crc.w.h.w crc.w.w.w crc.w.d.w crcc.w.b.w crcc.w.h.w crcc.w.w.w crcc.w.d.w";

const COUNTS = [0n, 1n, 31n, 32n, 33n, 63n, 64n, 0xffffffff00000000n, ONES].flatMap((a2) => ({
  a1: MIXED,
  a2,
}));
const SHIFTS = "sll.w srl.w sra.w sll.d srl.d sra.d rotr.w rotr.d";

const UNARY_VALUES = [
  ...[0n, 1n, ONES, MIN, MAX, 0x80000000n, 0xffffffff00000000n, 0xffffffffn, 0x1234567800ff8000n],
  ...[MIXED, 0xf0e1d2c3b4a59687n],
].map((a1) => ({ a1 }));
const UNARY =
  "ext.w.h ext.w.b clo.w clz.w cto.w ctz.w clo.d clz.d cto.d ctz.d revb.2h revb.4h revb.2w revb.d revh.2w revh.d " +
  "bitrev.4b bitrev.8b bitrev.w bitrev.d";

const SIGNED_12 = ["-2048", "2047", "-1", "0", "1"].map((i) => `$a0, $a1, ${i}`);
const UNSIGNED_12 = ["0", "1", "0x800", "0xfff", "0x5a5"].map((i) => `$a0, $a1, ${i}`);
const immediates = (list: string) => names(list).map((i) => `$a0, $a1, ${i}`);

const COMPUTING: readonly MeaningCase[] = [
  ...each(`${ARITHMETIC} ${MULTIPLY} ${CRC}`, "$a0, $a1, $a2", TWO),
  ...each(SHIFTS, "$a0, $a1, $a2", [...COUNTS, { a1: OTHER, a2: 4n }]),
  ...forms(`${ARITHMETIC} ${MULTIPLY} ${CRC} ${SHIFTS}`, ALIASES, { a1: MIXED, a2: 0x0fedcba900000007n }),
  ...forms("slli.w srli.w srai.w rotri.w", immediates("0 1 15 31"), { a1: MIXED }),
  ...forms("slli.d srli.d srai.d rotri.d", immediates("0 1 31 32 63"), { a1: MIXED }),
  ...forms("slli.w srli.w srai.w rotri.w slli.d srli.d srai.d rotri.d", ["$a1, $a1, 4", "$zero, $a1, 4"], {
    a1: OTHER,
  }),
  ...[MIXED, 0x7fffffffn, 0n, 1n, 0xfffffffffffff800n, 2047n, ONES, MAX].flatMap((a1) =>
    forms("slti sltui addi.w addi.d", SIGNED_12, { a1 })
  ),
  ...[MIXED, ONES, 0n].flatMap((a1) => forms("andi ori xori", UNSIGNED_12, { a1 })),
  ...forms("lu52i.d", SIGNED_12, { a1: MIXED }),
  ...forms("addu16i.d", immediates("-32768 32767 -1 0 1"), { a1: 0x7fffffff80000000n }),
  ...forms("slti sltui addi.w addi.d lu52i.d andi ori xori addu16i.d", ["$a1, $a1, 77", "$zero, $a1, 77"], {
    a1: OTHER,
  }),
  ...[0x12345678n, 0x9abcdef089abcdefn].flatMap((a0) =>
    forms(
      "lu12i.w lu32i.d pcaddi pcalau12i pcaddu12i pcaddu18i",
      ["$a0, -524288", "$a0, 524287", "$a0, -1", "$a0, 0", "$a0, 1", "$zero, 5"],
      { a0 },
    )
  ),
  ...each(UNARY, "$a0, $a1", UNARY_VALUES),
  ...forms(UNARY, ["$a1, $a1", "$zero, $a1"], { a1: MIXED }),
  ...forms("alsl.w alsl.wu alsl.d", ["1", "2", "3", "4"].map((n) => `$a0, $a1, $a2, ${n}`), {
    a1: MIXED,
    a2: 0x12345678f0000001n,
  }),
  ...forms("alsl.w alsl.wu alsl.d", ["$a1, $a1, $a1, 1", "$a2, $a1, $a2, 4", "$zero, $a1, $a2, 1"], {
    a1: 0x7fffffff40000000n,
    a2: ONES,
  }),
  ...forms("bytepick.w", ["0", "1", "2", "3"].map((n) => `$a0, $a1, $a2, ${n}`), { a1: MIXED, a2: OTHER }),
  ...forms("bytepick.d", ["0", "1", "2", "3", "4", "5", "6", "7"].map((n) => `$a0, $a1, $a2, ${n}`), {
    a1: MIXED,
    a2: OTHER,
  }),
  ...forms("bytepick.w bytepick.d", ["$a1, $a1, $a2, 1", "$a2, $a1, $a2, 3", "$zero, $a1, $a2, 2"], {
    a1: OTHER,
    a2: MIXED,
  }),
  ...forms(
    "bstrins.w bstrpick.w",
    ["31, 0", "0, 0", "31, 31", "15, 8", "30, 1"].map((r) => `$a0, $a1, ${r}`),
    {
      a0: OTHER,
      a1: MIXED,
    },
  ),
  ...forms(
    "bstrins.d bstrpick.d",
    ["63, 0", "0, 0", "63, 63", "15, 8", "32, 31", "62, 1"].map((r) => `$a0, $a1, ${r}`),
    {
      a0: OTHER,
      a1: MIXED,
    },
  ),
  ...forms("bstrins.w bstrpick.w bstrins.d bstrpick.d", [
    "$a1, $a1, 23, 16",
    "$zero, $a1, 7, 0",
    "$a0, $zero, 11, 4",
  ], {
    a0: MIXED,
    a1: OTHER,
  }),
  // msb 3 below lsb 4: reserved
  ...["0x006310a4", "0x006390a4", "0x008310a4", "0x00c310a4"].map((word) => ({ code: `.word ${word}` })),
];

// Memory ------------------------------------------------------------------------------------------------------------------------

const LOADS = "ld.b ld.h ld.w ld.d ld.bu ld.hu ld.wu";
const STORES = "st.b st.h st.w st.d";
const LOADS_X = "ldx.b ldx.h ldx.w ldx.d ldx.bu ldx.hu ldx.wu";
const STORES_X = "stx.b stx.h stx.w stx.d";

const MEMORY: readonly MeaningCase[] = [
  ...each(`${LOADS} ${STORES}`, "$a0, $a1, 0", [
    ...[NEGATIVE, POSITIVE, M - 1n, M - 3n, M + 1n, M + 6n].map((a1) => ({ a0: MIXED, a1 })),
  ]),
  ...forms(`${LOADS} ${STORES}`, ["$a0, $a1, -2048"], { a0: MIXED, a1: M + 2048n }),
  ...forms(`${LOADS} ${STORES}`, ["$a0, $a1, 2047"], { a0: OTHER, a1: M - 2047n }),
  ...forms(`${LOADS} ${STORES}`, ["$a1, $a1, 8", "$zero, $a1, 8"], { a1: M }),
  ...forms("ldptr.w ldptr.d stptr.w stptr.d", ["$a0, $a1, -32768", "$zero, $a1, -32768"], {
    a0: MIXED,
    a1: M + 32768n,
  }),
  ...forms("ldptr.w ldptr.d stptr.w stptr.d", ["$a0, $a1, 32764", "$a1, $a1, 32764"], {
    a0: MIXED,
    a1: POSITIVE - 32764n,
  }),
  ...forms("ldptr.w ldptr.d stptr.w stptr.d", ["$a0, $a1, -4"], { a0: OTHER, a1: M + 2n }),
  ...each(`${LOADS_X} ${STORES_X}`, "$a0, $a1, $a2", [
    { a0: MIXED, a1: M, a2: 0n },
    { a0: MIXED, a1: M, a2: 8n },
    { a0: MIXED, a1: M + 16n, a2: 0xfffffffffffffff7n },
    { a0: OTHER, a1: 0xf000000000000000n, a2: 0x1000000006000ffen },
  ]),
  ...forms(`${LOADS_X} ${STORES_X}`, ["$a1, $a1, $zero", "$zero, $a1, $zero", "$a2, $a1, $a2"], {
    a1: POSITIVE,
    a2: 0n,
  }),
  ...forms("preld", ["0, $a1, 1", "8, $a1, -2048", "31, $zero, 2047"], { a1: M }),
  ...forms("preldx", ["0, $a1, $a2", "8, $zero, $a2"], { a1: M, a2: 3n }),
  ...["dbar 0", "dbar 0x700", "dbar 0x7fff", "ibar 0", "ibar 0x7fff"].map((code) => ({ code })),
];

// Jumps -------------------------------------------------------------------------------------------------------------------------

const COMPARED: readonly (readonly [bigint, bigint])[] = [
  [1n, 1n],
  [0n, 1n],
  [1n, 0n],
  [MIN, MAX],
  [MAX, MIN],
  [ONES, 0n],
  [0x100000000n, 0n],
];

const JUMPS: readonly MeaningCase[] = [
  ...each("beq bne blt bge bltu bgeu", "$a0, $a1, 8", COMPARED.map(([a0, a1]) => ({ a0, a1 }))),
  ...forms("beq bge bgeu", ["$a0, $a0, -131072", "$a0, $a0, 131068", "$zero, $zero, -4", "$a0, $a0, 4"], {
    a0: MIXED,
  }),
  ...forms("bne blt bltu", ["$zero, $a0, -131072", "$zero, $a0, 131068", "$zero, $a0, -8"], { a0: 5n }),
  ...each("beqz bnez", "$a0, 8", [0n, 1n, MIN, 0x100000000n, ONES].map((a0) => ({ a0 }))),
  ...forms("beqz", ["$zero, -4194304", "$zero, 4194300", "$zero, -4", "$zero, 4"], {}),
  ...forms("bnez", ["$a0, -4194304", "$a0, 4194300", "$zero, 8"], { a0: 1n }),
  ...["8", "-4", "4", "0x3fffffc", "-0x4000000", "0x7fffffc", "-0x7fffa64"].flatMap((offset) => [
    { code: `b ${offset}` },
    { code: `bl ${offset}` },
  ]),
  ...forms("jirl", ["$a0, $a1, 0", "$zero, $a1, 0", "$a1, $a1, 4", "$a0, $a1, -131072", "$a0, $a1, 131068"], {
    a1: BigInt(PC + 16),
  }),
];

// Exceptions, counter, configuration ------------------------------------------------------------------------------------------

const SYSTEM: readonly MeaningCase[] = [
  ...["syscall 0", "syscall 0x7fff", "break 0", "break 0x7fff"].map((code) => ({ code })),
  // No instruction has these words.
  ...["0", "0xffffffff", "0x06493000", "0x00000400", "0x00620020"].map((word) => ({ code: `.word ${word}` })),
  // Word 5 is the product and divisor of the clock; undefined words read 0.
  ...each(
    "cpucfg",
    "$a0, $a1",
    [0n, 4n, 5n, 16n, 17n, 18n, 19n, 20n, 21n, 0x100n, ONES, 0x100000000n].map((a1) => ({ a1 })),
  ),
  ...forms("cpucfg", ["$a1, $a1", "$zero, $a1"], { a1: 5n }),
  // The counter grows, by less than the highest bit; its number is 0 after reset, and wins where both results meet.
  {
    code:
      "rdtime.d $a0, $a1; rdtime.d $a2, $a3; sub.d $a0, $a2, $a0; slt $a0, $a0, $zero; or $a2, $zero, $zero",
  },
  { code: "rdtime.d $a0, $a0" },
  { code: "rdtimel.w $a0, $a0" },
  { code: "rdtimeh.w $a0, $a0" },
  { code: "rdtime.d $zero, $a1" },
  { code: "rdtimel.w $a0, $a1; slli.w $a2, $a0, 0; xor $a0, $a0, $a2; or $a2, $zero, $zero" },
  { code: "rdtimeh.w $a0, $a1" },
  { code: "csrwr $zero, 0x30; csrwr $a0, 0x30; csrrd $a1, 0x30; csrrd $a2, 0x30", set: { a0: MIXED } },
  {
    code: "csrwr $zero, 0x30; csrwr $a0, 0x30; csrxchg $a1, $a2, 0x30; csrrd $a3, 0x30",
    set: { a0: MIXED, a1: OTHER, a2: 0xffff0000ff00f00fn },
  },
  {
    code: "csrwr $zero, 0x30; csrwr $a0, 0x30; csrwr $a1, 0x30; csrrd $zero, 0x30",
    set: { a0: MIXED, a1: OTHER },
  },
  { code: "csrwr $zero, 0x30; csrwr $a0, 0x30; csrwr $zero, 0x30; csrrd $a1, 0x30", set: { a0: MIXED } },
  {
    code: "csrwr $a0, 0x40; csrrd $a1, 0x40; csrwr $zero, 0x40",
    set: { a0: 0x12345678f0000001n },
    manual: {
      result: "a0=0 a1=fffffffff0000001",
      reason: "QEMU keeps 64 bits; the manual has 32, read sign-extended",
    },
  },
  { code: "cacop 0, $a1, 0", set: { a1: M } },
  { code: "cacop 9, $a1, -1", set: { a1: M } },
  { code: "cacop 16, $a1, 1", set: { a1: M } },
];

// Page walk: PWCL has a page table of 2^9 entries from bit 12 and a directory of 2^9 from bit 21; PWCH a level 3 from bit 30.
const WALK =
  "csrwr $t0, 0x1c; csrwr $t1, 0x1d; csrwr $t2, 0x89; csrwr $zero, 0x8c; csrwr $zero, 0x8d; csrwr $zero, 0x8e;";
const WALK_STATE = { t0: 0x4d52cn, t1: 0x25en };
const WALK_RESULT =
  "or $t0, $zero, $zero; or $t1, $zero, $zero; or $t2, $zero, $zero; csrrd $a3, 0x8c; csrrd $a4, 0x8d; csrrd $a5, 0x8e";

function walk(code: string, badAddress: bigint, a1: bigint): MeaningCase {
  return { code: `${WALK} ${code} ${WALK_RESULT}`, set: { ...WALK_STATE, t2: badAddress, a1 } };
}

/** The same for a directory entry, which QEMU cuts to its lower 48 bits. */
function walkToDirectory(code: string, badAddress: bigint, entry: string): MeaningCase {
  const result = `a0=${entry} a3=0 a4=0 a5=0 t0=0 t1=0 t2=0`;
  const reason =
    "QEMU cuts the entry to PALEN, by which a huge page loses NX, NR and RPLV; the manual does not";
  return { ...walk(code, badAddress, TABLE), manual: { result, reason } };
}

/** The same where QEMU keeps bits 8 and 7 of an entry, which are constant 0 in TLBRELO. */
function walkToEntry(badAddress: bigint, even: string, odd: string): MeaningCase {
  const result = `a3=${even} a4=${odd} a5=c t0=0 t1=0 t2=0`;
  const reason = "QEMU keeps bits 8:7 of an entry; in TLBRELO bits 11:7 are constant 0";
  return { ...walk("ldpte $a1, 0; ldpte $a1, 1;", badAddress, TABLE), manual: { result, reason } };
}

const HUGE = 0x600000001253n;
const TABLE = M - 0x1000n;

const PAGE_WALK: readonly MeaningCase[] = [
  // Entries 0x1fc to 0x1ff of a table in the page before the border lie in the window.
  walkToDirectory("lddir $a0, $a1, 1;", 0x3f800000n, "8796a5b4c3d2e1f0"),
  walkToDirectory("lddir $a0, $a1, 1;", 0x1f3fffffffn, "f8e9dacbbcad9e8f"),
  walkToDirectory("lddir $a0, $a1, 3;", 0x1fcn << 30n, "8796a5b4c3d2e1f0"),
  walk("lddir $a0, $a1, 1;", 0n, HUGE & ~0x6000n),
  walk("lddir $a1, $a1, 3;", 0n, HUGE & ~0x6000n),
  walk("lddir $a0, $a1, 1;", 0n, HUGE | 0x4000n),
  walkToEntry(0x1fc000n, "8000a5b4c3d2e070", "2d3c4b5a6078"),
  walkToEntry(0x1ff123n, "60005d4c3b2a1008", "e000dacbbcad900f"),
  walk("ldpte $a1, 0; ldpte $a1, 1;", 0n, (HUGE & ~0x6000n) | 0x1000n),
  walk("ldpte $a1, 0; ldpte $a1, 1;", 0n, (HUGE & ~0x7000n) | 0x2000n),
];

// Atomics -----------------------------------------------------------------------------------------------------------------------

const READ_MODIFY_WRITE = names("swap add and or xor max min");
const withBarrier = (
  operation: string,
  suffix: string,
) => [`am${operation}.${suffix}`, `am${operation}_db.${suffix}`];
const ATOMIC_W = [
  ...READ_MODIFY_WRITE.flatMap((o) => withBarrier(o, "w")),
  ...["max", "min"].flatMap((o) => withBarrier(o, "wu")),
];
const ATOMIC_D = [
  ...READ_MODIFY_WRITE.flatMap((o) => withBarrier(o, "d")),
  ...["max", "min"].flatMap((o) => withBarrier(o, "du")),
];

function unaligned(code: string, set: Readonly<Record<string, bigint>>, badv: bigint): MeaningCase {
  const reason =
    "QEMU has no ALE (10) or crashes (11); the manual requires natural alignment of these accesses";
  return { code, set, manual: { result: `ALE badv=${badv.toString(16)}`, reason }, isFatal: true };
}

const AM_STATES = [
  { a1: NEGATIVE, a2: OTHER },
  { a1: POSITIVE, a2: MIXED },
  { a1: NEGATIVE, a2: 0xf1e2d3c4b5a69788n },
  { a1: M - 8n, a2: ONES },
  { a1: POSITIVE, a2: 0xffffffff00000001n },
];

const AM: readonly MeaningCase[] = [
  ...[...ATOMIC_W, ...ATOMIC_D].flatMap((name) => [
    ...each(name, "$a0, $a2, $a1", AM_STATES),
    ...forms(name, ["$zero, $a2, $a1", "$a0, $zero, $a1", "$a0, $a1, $a1", "$a1, $a2, $a1"], {
      a1: M,
      a2: MIXED,
    }),
    // rd = rk is undefined by the manual.
    ...forms(name, ["$a2, $a2, $a1"], { a1: M, a2: MIXED }),
    unaligned(`${name} $a0, $a2, $a1`, { a1: M + 2n, a2: MIXED }, M + 2n),
  ]),
  ...ATOMIC_W.flatMap((name) => each(name, "$a0, $a2, $a1", [{ a1: M + 4n, a2: OTHER }])),
  ...ATOMIC_D.map((name) => unaligned(`${name} $a0, $a2, $a1`, { a1: M - 4n, a2: MIXED }, M - 4n)),
];

const LL_SC: readonly MeaningCase[] = [
  ...forms("ll.w ll.d", ["$a0, $a1, 0", "$a0, $a1, 8", "$a1, $a1, 0", "$zero, $a1, 0"], { a1: M }),
  ...forms("ll.w ll.d", ["$a0, $a1, -32768"], { a1: M + 32768n }),
  ...forms("ll.w ll.d", ["$a0, $a1, 32760"], { a1: M - 32760n }),
  ...forms("llacq.w llacq.d", ["$a0, $a1", "$a1, $a1", "$zero, $a1"], { a1: POSITIVE }),
  // Without a preceding ll nothing is stored.
  ...forms("sc.w sc.d", ["$a0, $a1, 0", "$zero, $a1, 0"], { a0: MIXED, a1: M }),
  ...forms("screl.w screl.d", ["$a0, $a1"], { a0: MIXED, a1: M }),
  { code: "sc.q $a0, $a2, $a1", set: { a0: MIXED, a1: M, a2: OTHER } },
  ...names("w d").flatMap((size): MeaningCase[] => [
    { code: `ll.${size} $a0, $a1, 8; sc.${size} $a2, $a1, 8`, set: { a1: M, a2: MIXED } },
    { code: `ll.${size} $a0, $a1, 0; sc.${size} $zero, $a1, 0`, set: { a1: M } },
    { code: `ll.${size} $a0, $a1, 0; sc.${size} $a1, $a1, 0`, set: { a1: M } },
    {
      code: `ll.${size} $a0, $a1, 0; sc.${size} $a2, $a1, 0; sc.${size} $a3, $a1, 0`,
      set: { a1: M, a2: MIXED, a3: OTHER },
    },
    { code: `ll.${size} $a0, $a1, 0; sc.${size} $a2, $a1, 16; ld.d $a3, $a1, 16`, set: { a1: M, a2: MIXED } },
    { code: `llacq.${size} $a0, $a1; screl.${size} $a2, $a1`, set: { a1: POSITIVE, a2: MIXED } },
    { code: `llacq.${size} $a0, $a1; sc.${size} $a2, $a1, 0`, set: { a1: M, a2: OTHER } },
    {
      code: `ll.${size} $a0, $a1, 0; screl.${size} $a2, $a1; screl.${size} $a3, $a1`,
      set: { a1: M, a2: OTHER, a3: ONES },
    },
    unaligned(`ll.${size} $a0, $a1, 0`, { a1: M + 2n }, M + 2n),
    unaligned(`sc.${size} $a0, $a1, 4`, { a1: M + 2n }, M + 6n),
    unaligned(`llacq.${size} $a0, $a1`, { a1: M + 1n }, M + 1n),
    unaligned(`screl.${size} $a0, $a1`, { a1: M + 2n }, M + 2n),
  ]),
  unaligned("ll.d $a0, $a1, 4", { a1: M }, M + 4n),
  { code: "ll.d $a0, $a1, 0; ld.d $a3, $a1, 8; sc.q $a4, $a2, $a1", set: { a1: M, a2: OTHER, a4: MIXED } },
  {
    code: "ll.d $a0, $a1, 0; ld.d $a3, $a1, 8; sc.q $a4, $a2, $a1; sc.q $a5, $a2, $a1",
    set: { a1: M, a2: ONES, a4: 0n, a5: 1n },
  },
  unaligned("sc.q $a0, $a2, $a1", { a1: POSITIVE }, POSITIVE),
];

// The narrow forms and compare-and-swap, which v1.1 added. The manual's English on rd = rj of the narrow ones mistranslates
// "raises INE".
const narrow = (name: string, state: Readonly<Record<string, bigint>>) => ({
  code: `${name} $a0, $a2, $a1`,
  set: state,
});
const OVERLAPS = ["$a1, $a2, $a1", "$a2, $a2, $a1", "$zero, $a2, $a1", "$a0, $zero, $a1", "$a0, $a1, $a1"];

const NARROW: readonly MeaningCase[] = ["", "_db"].flatMap((db) => [
  ...[
    ...forms(`amswap${db}.b amadd${db}.b amswap${db}.h amadd${db}.h`, OVERLAPS, { a1: M, a2: OTHER }),
    ...forms(`amcas${db}.b amcas${db}.h amcas${db}.w amcas${db}.d`, OVERLAPS, {
      a0: 0xf1e2d3c4b5a69788n,
      a1: M,
      a2: OTHER,
    }),
  ],
  narrow(`amswap${db}.b`, { a1: M, a2: OTHER }),
  narrow(`amswap${db}.b`, { a1: M + 11n, a2: MIXED }),
  narrow(`amswap${db}.h`, { a1: M, a2: OTHER }),
  narrow(`amswap${db}.h`, { a1: M + 14n, a2: MIXED }),
  narrow(`amadd${db}.b`, { a1: M, a2: 0x1ffn }),
  narrow(`amadd${db}.b`, { a1: M + 1n, a2: 0x69n }),
  narrow(`amadd${db}.h`, { a1: M, a2: 0x16878n }),
  narrow(`amadd${db}.h`, { a1: M + 8n, a2: 1n }),
  narrow(`amcas${db}.b`, { a0: 0x1188n, a1: M, a2: OTHER }),
  narrow(`amcas${db}.b`, { a0: 0x89n, a1: M, a2: OTHER }),
  narrow(`amcas${db}.h`, { a0: 0x9788n, a1: M, a2: OTHER }),
  narrow(`amcas${db}.h`, { a0: 0x88n, a1: M, a2: OTHER }),
  narrow(`amcas${db}.w`, { a0: 0xb5a69788n, a1: M, a2: OTHER }),
  narrow(`amcas${db}.w`, { a0: 0xffffffffb5a69788n, a1: M, a2: 1n }),
  narrow(`amcas${db}.w`, { a0: 0x9788n, a1: M, a2: OTHER }),
  narrow(`amcas${db}.d`, { a0: 0xf1e2d3c4b5a69788n, a1: M, a2: OTHER }),
  narrow(`amcas${db}.d`, { a0: 0xb5a69788n, a1: M, a2: OTHER }),
  unaligned(`amswap${db}.h $a0, $a2, $a1`, { a1: M + 1n }, M + 1n),
  unaligned(`amadd${db}.h $a0, $a2, $a1`, { a1: M + 3n }, M + 3n),
  unaligned(`amcas${db}.h $a0, $a2, $a1`, { a1: M + 1n }, M + 1n),
  unaligned(`amcas${db}.w $a0, $a2, $a1`, { a1: M + 2n }, M + 2n),
  unaligned(`amcas${db}.d $a0, $a2, $a1`, { a1: M + 4n }, M + 4n),
]);

// Bound checks --------------------------------------------------------------------------------------------------------------------

const SIGNED = "QEMU compares unsigned; the manual says signed";
const BAD_ADDRESS = "QEMU puts the PC into BADV; the manual has the bad address";

function bound(code: string, a1: bigint, a2: bigint, holds: boolean, reason = BAD_ADDRESS): MeaningCase {
  const set = { a0: OTHER, a1, a2 };
  return holds ? { code, set } : { code, set, manual: { result: `BCE badv=${a1.toString(16)}`, reason } };
}

const SIZES: readonly (readonly [suffix: string, less1: bigint])[] = [["b", 0n], ["h", 1n], ["w", 3n], [
  "d",
  7n,
]];

const BOUND: readonly MeaningCase[] = [
  bound("asrtle.d $a1, $a2", 5n, 5n, true),
  bound("asrtle.d $a1, $a2", 4n, 5n, true),
  bound("asrtle.d $a1, $a2", 6n, 5n, false),
  bound("asrtle.d $a1, $a2", 0x100000000n, 5n, false),
  bound("asrtgt.d $a1, $a2", 6n, 5n, true),
  bound("asrtgt.d $a1, $a2", 5n, 5n, false),
  bound("asrtgt.d $a1, $a2", 4n, 5n, false),
  { code: "asrtle.d $a1, $a2", set: { a1: MIN, a2: MAX }, manual: { result: "", reason: SIGNED } },
  bound("asrtle.d $a1, $a2", MAX, MIN, false, SIGNED),
  { code: "asrtgt.d $a1, $a2", set: { a1: 0n, a2: ONES }, manual: { result: "", reason: SIGNED } },
  bound("asrtgt.d $a1, $a2", ONES, 0n, false, SIGNED),
  ...SIZES.flatMap(([suffix, less1]) => [
    ...["ldgt", "stgt"].flatMap((name) => [
      bound(`${name}.${suffix} $a0, $a1, $a2`, NEGATIVE, NEGATIVE - 1n, true),
      bound(`${name}.${suffix} $a0, $a1, $a2`, POSITIVE, 0n, true),
      bound(`${name}.${suffix} $a1, $a1, $a2`, NEGATIVE, 0n, true),
      bound(`${name}.${suffix} $zero, $a1, $a2`, NEGATIVE, 0n, true),
      bound(`${name}.${suffix} $a0, $a1, $a2`, NEGATIVE, NEGATIVE, false),
      bound(`${name}.${suffix} $a0, $a1, $a2`, NEGATIVE, NEGATIVE + 1n, false),
    ]),
    ...["ldle", "stle"].flatMap((name) => [
      bound(`${name}.${suffix} $a0, $a1, $a2`, NEGATIVE, NEGATIVE, true),
      bound(`${name}.${suffix} $a0, $a1, $a2`, POSITIVE, ONES, true),
      bound(`${name}.${suffix} $a1, $a1, $a2`, POSITIVE, POSITIVE, true),
      bound(`${name}.${suffix} $zero, $a1, $a2`, NEGATIVE, NEGATIVE, true),
      bound(`${name}.${suffix} $a0, $a1, $a2`, NEGATIVE, NEGATIVE - 1n, false),
      bound(`${name}.${suffix} $a0, $a1, $a2`, POSITIVE, 0n, false),
    ]),
    ...(less1 === 0n ? [] : ["ldgt", "ldle", "stgt", "stle"]).map((name) =>
      unaligned(`${name}.${suffix} $a0, $a1, $a2`, { a0: MIXED, a1: M + less1, a2: M + less1 }, M + less1)
    ),
  ]),
];

/** All of them. */
export const MEANING_CASES: readonly MeaningCase[] = [
  ...COMPUTING,
  ...MEMORY,
  ...JUMPS,
  ...SYSTEM,
  ...PAGE_WALK,
  ...AM,
  ...LL_SC,
  ...NARROW,
  ...BOUND,
];
