/**
 * Where we and LLVM 19 differ and are to differ. An entry that explains nothing any more makes the comparison fail.
 *
 * @module
 */
import type { KnownDifference } from "./compare.ts";

/** The mnemonics of vector and binary translation instructions, which have no rows. */
const EXTENSIONS = new RegExp(
  [
    "^(x?v|x86|setx86|arm|setarm)\\w",
    "^(movgr2scr|movscr2gr|jiscr[01]|fcvt\\.(ud\\.d|ld\\.d|d\\.ld))$",
    "^(addu12i\\.[wd]|(adc|sbc|rcr|rcri)\\.[bhwd]|(rotr|rotri)\\.[bh]|(ld|st)[lr]\\.[wd])$",
  ].join("|"),
);

/** Rows that LLVM 19 has not. */
const GUEST_TLB = /^gtlb(clr|srch|rd|wr|fill)$/;

const ATOMIC = /^am/;
/** `amadd.w $a0, $a1, $a0`. */
const OVERLAP = /^\S+ (\$\w+), (.*, )?\1(,|$)/;

const BIT_RANGE = /^bstr(ins|pick)\.[wd]$/;
/** `bstrpick.w $a0, $a1, 3, 5`. */
function isEmptyRange(text: string): boolean {
  const [msb = 0, lsb = 0] = text.split(", ").slice(2).map(Number);
  return msb < lsb;
}

/** The title of a source: its kind, then the statement itself. */
function source(kind: KnownDifference["kind"], question: RegExp, reason: string): KnownDifference {
  return { check: "source", kind, form: /^source$/, question, reason };
}

const INSTRUCTIONS: readonly KnownDifference[] = [
  ...(["assemble", "encode", "disassemble", "our text"] as const).map((check): KnownDifference => ({
    check,
    kind: "only we take it",
    form: GUEST_TLB,
    reason: "LLVM 19 knows gtlbflush alone; the words are those of loongarch-opcodes and of Linux KVM",
  })),
  {
    check: "disassemble",
    kind: "only LLVM takes it",
    form: EXTENSIONS,
    reason: "vectors and binary translation are not there yet",
  },
  {
    check: "encode",
    kind: "only we take it",
    form: ATOMIC,
    question: OVERLAP,
    reason:
      "the manual reserves rd equal to rj or rk, and cases about it need the word; our assembler refuses it",
  },
  {
    check: "assemble",
    kind: "only LLVM takes it",
    form: /^(amadd\.b|amxor_db\.[wd])$/,
    question: OVERLAP,
    reason: "LLVM 19 forgets that rd must differ from rj and rk: its range of atomics begins at AMADD_D",
  },
  ...([["our text", "only we take it"], ["their text", "only LLVM takes it"]] as const).flatMap((
    [check, kind],
  ): KnownDifference[] => [
    {
      check,
      kind,
      form: ATOMIC,
      question: OVERLAP,
      reason: "rd equal to rj or rk is a word, but no statement that assembles",
    },
    {
      check,
      kind,
      form: BIT_RANGE,
      question: isEmptyRange,
      reason: "msb below lsb is a word, but no statement that assembles",
    },
  ]),
  {
    check: "assemble",
    kind: "only we take it",
    form: /^(move|jr|b[gl]\w+)$/,
    question: /\$x\b/,
    reason: "$x is GAS's older name of $r21",
  },
];

const STRICTER: readonly KnownDifference[] = [
  source(
    "only LLVM takes it",
    /^(a number|a string|a LEB128 number): \.\w+ $|: \.(p2)?align \n|: \.dword #5$/,
    "a list without an item, or an alignment without a number, is a mistake of the writer",
  ),
  source(
    "only LLVM takes it",
    /^room: \.\w+ 5, (256|-129)$|: \.(p2|b)?align 4, 256\n|^moving: \.org 8, 256\n|^filling: \.fill -1(, 1, 1)?$/,
    "nothing is cut: a fill value must fit its size, and sizes and counts must be in range",
  ),
  source(
    "only LLVM takes it",
    /^filling: \.fill 2, (0, 1|-1, 1|9, 1|1, (0x1ff|-129)|2, (0x12345|-0x8001)|3, 0x1000000|4, 0x\w{12}|8, (-1|0x\w{16}))$/,
    "nothing is cut: a fill value must fit its size, and sizes and counts must be in range",
  ),
  source(
    "only LLVM takes it",
    /^an expression: \.dword 1 (<<|>>) (64|-1)$/,
    "a shift by a count beyond 63 gives what LLVM's host gives",
  ),
  source(
    "only LLVM takes it",
    /^assigning: y:$/,
    "a label may not take the name of a symbol; GAS refuses it too",
  ),
  source(
    "only LLVM takes it",
    /^an expression: \.dword '\\z'$/,
    "an unknown escape is a mistake of the writer",
  ),
];

const UNKNOWN: readonly KnownDifference[] = [
  source(
    "only LLVM takes it",
    /"q r": nop$|: "nop"$|: \$a0(: nop| = 3)$|: add\.d \$ a0/,
    "names in quotes or with a dollar first",
  ),
  source(
    "only LLVM takes it",
    /^an expression: \.dword (1e3|1\.5)$/,
    "a fraction where an integer stands; GAS refuses it",
  ),
  source("only LLVM takes it", /^an expression: \.dword (1!2|3 ! 1)$/, "the infix operator for `or not`"),
];

const WIDER: readonly KnownDifference[] = [
  source(
    "only we take it",
    /^a jump: b(l x\+4-8| x\+\(4\))$/,
    "LLVM 19 takes one plain addend behind a target; here it is any expression",
  ),
  source("only we take it", /^call36 or tail36: call36 8$/, "a number is an address, as for la"),
  source(
    "only we take it",
    /^comparing places$/,
    "the distance of two labels is a number, and LLVM compares none",
  ),
  source(
    "only we take it",
    /^a statement: \.TEXT\n/,
    "directives may be in capitals, as GAS has it; LLVM takes some of them so",
  ),
  source(
    "both take it",
    /^a local label with a leading zero$/,
    "010: is label 10 as in GAS; LLVM reads it as octal",
  ),
];

/** All known differences. */
export const KNOWN: readonly KnownDifference[] = [...INSTRUCTIONS, ...STRICTER, ...UNKNOWN, ...WIDER];
