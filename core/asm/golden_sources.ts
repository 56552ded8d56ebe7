/**
 * Sources that LLVM and LLD assemble and link for `goldens_llvm.json`. Each is text that both assemblers take.
 *
 * @module
 */

/** A source and where it is linked. */
export interface GoldenSource {
  readonly title: string;
  readonly source: string;
  /** Default 0x1000. */
  readonly origin?: bigint;
  /** Addresses of sections. */
  readonly sections?: Readonly<Record<string, bigint>>;
  /** Sections in the order of the program, where they are more than the four plain ones. */
  readonly order?: readonly string[];
}

/** Numbers around each border of the fields that loading a number is made of. */
function loadValues(): bigint[] {
  const values = new Set<bigint>();
  const borders = [0, 1, 11, 12, 13, 19, 20, 30, 31, 32, 33, 43, 44, 50, 51, 52, 53, 61, 62, 63];
  for (const border of borders) {
    for (const near of [-1n, 0n, 1n]) {
      const value = (1n << BigInt(border)) + near;
      values.add(value).add(-value);
    }
  }
  const patterns = [
    0x123456789abcdef0n,
    0xfedcba9876543210n,
    0x8000000000000000n,
    0x9000000000000000n,
    0x9000000012345678n,
    0x8000000080000000n,
    0xffffffff80000000n,
    0xffffffff7fffffffn,
    0x00000000fffff000n,
    0x0000000000fff000n,
    0x000fffff00000000n,
    0xfff0000000000000n,
    0xfff0000000000001n,
    0xfff00000ffffffffn,
    0x0010000000000fffn,
    0x0008000000000000n,
    0xfff8000000000000n,
    0x0007ffff80000000n,
    0x0000000080000800n,
    0x0000000000000800n,
    0x00000000fffff800n,
    0xfffffffffffff7ffn,
    0xffffffffffffffffn,
    0x5555555555555555n,
    0xaaaaaaaaaaaaaaaan,
    0x00000fff00000fffn,
    0xfffff00000000fffn,
    0x0ff000000ff00000n,
    0x7fffffff00000800n,
    0x0000080000000800n,
  ];
  for (const pattern of patterns) values.add(pattern);
  return [...values].filter((value) => value >= -(1n << 63n) && value < 1n << 64n);
}

/** A bit pattern of 64 bits that changes in every row, without chance. */
function scattered(count: number): bigint[] {
  let state = 0x9e3779b97f4a7c15n;
  return Array.from({ length: count }, (_, index) => {
    state = BigInt.asUintN(64, state * 0x5851f42d4c957f2dn + 0x14057b7ef767814fn);
    // Runs of equal bits at both ends of some fields, which random numbers hardly ever have.
    const masked = index % 3 === 0
      ? BigInt.asIntN(64, state) >> BigInt(index % 60)
      : state >> BigInt(index % 50);
    return index % 2 === 0 ? masked : masked & ~((1n << BigInt(index % 40)) - 1n);
  });
}

const WIDE = [...loadValues(), ...scattered(100)];
const NARROW = WIDE.filter((value) => value >= -(1n << 31n) && value < 1n << 32n);

/** Sources for `goldens_llvm.json`. */
export const GOLDEN_SOURCES: readonly GoldenSource[] = [
  { title: "li.w at borders", source: NARROW.map((value) => `li.w $a0, ${value}`).join("\n") },
  { title: "li.d at borders", source: WIDE.map((value) => `li.d $t8, ${value}`).join("\n") },
  {
    title: "li of expressions",
    source: "size = 0x4000\nli.w $a0, size * 2 + 1\nli.d $a1, size << 40\nli.d $a2, ~0\nli.w $a3, 'a'",
  },
  { title: "nop, move, ret, jr", source: "nop\nmove $a0, $a1\nmove $r20, $r31\nret\njr $t0\njr $ra" },
  {
    title: "register names",
    source:
      "add.d $r0, $zero, $ra\nadd.d $tp, $sp, $a7\nadd.d $t0, $t8, $r21\nadd.d $fp, $s9, $s8\nadd.d $r22, $r30, $r4",
  },
  { title: "upper case mnemonics", source: "ADDI.D $a0, $a1, 1\nNOP\nRet\nLi.W $a0, 5" },
  {
    title: "branches to labels",
    source:
      "start: beq $a0, $a1, end\nbne $a0, $a1, start\nblt $a0, $a1, end\nbge $a0, $a1, start\nbltu $a0, $a1, end\nbgeu $a0, $a1, start\nbeqz $a0, end\nbnez $a0, start\nb end\nbl start\nend: nop",
  },
  {
    title: "branch pseudo-instructions",
    source:
      "x: bgt $a0, $a1, x\nble $a0, $a1, y\nbgtu $a0, $a1, x\nbleu $a0, $a1, y\nbltz $a0, x\nbgez $a0, y\nbgtz $a0, x\ny: blez $a0, x",
  },
  {
    title: "branches by numbers are distances",
    source:
      "b 8\nb -4\nbl 0x100\nbeq $a0, $a1, 8+8\nbne $a0, $a1, -131072\nbge $a0, $a1, 131068\nbeqz $a0, -4194304\nbnez $a0, 4194300\nbgt $a0, $a1, 12\nbltz $a0, -12\nb -134217728\nb 134217724\nskip = 20\nb skip",
  },
  {
    title: "branches by numbers at another origin",
    origin: 0x9000000000200000n,
    source: "b 8\nbeq $a0, $a1, -8\nx: bl x\nb %b26(x + 8)",
  },
  {
    title: "branches at their limits",
    source: "top: nop\n.space 131068\nbeq $a0, $a1, top\nbne $a0, $a1, far\n.space 131064\nfar: nop",
  },
  {
    title: "branch to the current address",
    source: "nop\nb .\nb %b26(. + 8)\nbeq $a0, $a1, %b16(. - 4)\nnop",
  },
  {
    title: "branch modifiers",
    source: "x: beq $a0, $a1, %b16(y)\nbeqz $a0, %b21(x)\nb %b26(y)\nbl %b26(x+4)\ny: nop",
  },
  {
    title: "numbered labels",
    source: "1: nop\nb 1b\nb 1f\n2: b 2f\nb 1b\n1: beq $a0, $a1, 1b\n2: bnez $a0, 2b\nb 1f\n1:",
  },
  { title: "numbered label with leading zeros", source: "00: b 0b\n0: b 00b\nb 7f\n07: nop" },
  { title: "labels on their own lines, several on one", source: "a:\nb: c: nop\nd:\n\nbeq $a0, $a1, a\nb d" },
  { title: "names with dots, dollars and underscores", source: ".Lloop: nop\n_x.y$1: b .Lloop\nb _x.y$1" },
  { title: "several statements a line", source: "nop; nop ;ret;;  ; x: nop; b x" },
  {
    title: "comments",
    source:
      "nop # comment ; nop\nnop // comment\n/* one */ nop /* two\nlines \"' */\nnop # /* no comment\n// */\n.word 1 /* , 2 */, 3",
  },
  {
    title: "pcalau12i and addi.d",
    origin: 0x90000000001ffff8n,
    source:
      "la.pcrel $a0, x\nla.local $a1, y\nla.pcrel $a2, x\n.data\n.space 0x7fc\nx: .word 1\n.space 0xffc\ny: .word 2",
  },
  {
    title: "la.pcrel backwards and with an addend",
    source: "x: nop\n.space 0x3000\nla.local $a0, x + 0x800\nla.pcrel $a1, x\nla.local $a2, x + 0x7ff",
  },
  {
    title: "la.pcrel across sections far apart",
    sections: { ".data": 0x40000800n, ".bss": 0x7ffff000n },
    source: "la.pcrel $a0, x\nla.pcrel $a1, y\n.data\nx: .word 1\n.bss\ny: .space 4",
  },
  {
    title: "la.abs",
    origin: 0x9000_8765_4321_0000n,
    source: "la.abs $a0, x\nla.abs $t0, y\nx: nop\n.space 0x2000\ny: nop",
  },
  { title: "la.abs low", source: "la.abs $a0, x\n.space 0xff0\nx: nop" },
  {
    title: "modifiers by hand",
    origin: 0x1234_9abc_def0_1000n,
    source:
      "pcalau12i $a0, %pc_hi20(x)\naddi.d $a0, $a0, %pc_lo12(x)\nld.d $a1, $a0, %pc_lo12(x+8)\nst.w $a1, $a0, %pc_lo12(x+12)\nlu12i.w $a0, %abs_hi20(x)\nori $a0, $a0, %abs_lo12(x)\nlu32i.d $a0, %abs64_lo20(x)\nlu52i.d $a0, $a0, %abs64_hi12(x)\n.data\n.space 0x9a0\nx: .dword 1, 2",
  },
  {
    title: "pcaddi with its modifier",
    source: "pcaddi $a0, %pcrel_20(x)\nnop\nx: pcaddi $a1, %pcrel_20(x)\npcaddi $a2, 5",
  },
  {
    title: "jirl with a modifier",
    source: "pcalau12i $t0, %pc_hi20(f)\njirl $ra, $t0, %pc_lo12(f)\n.space 0x900\nf: ret",
  },
  {
    title: "call36 and tail36",
    sections: { ".text.far": 0x12345678n, ".text.high": 0x1f_0003_0000n },
    order: [".text", ".text.far", ".text.high"],
    source:
      'x: call36 far\ntail36 $t0, x\ncall36 high\ntail36 $t1, high + 4\n.section .text.far, "ax", @progbits\nfar: call36 x\n.section .text.high, "ax"\nhigh: tail36 $t2, far\nnop',
  },
  {
    title: "call36 around the border of its low part",
    source: "x: call36 y\n.space 0x1fff4\ny: call36 x\ncall36 z\n.space 0x1fff8\nz: nop",
  },
  {
    title: "CSR instructions",
    source:
      "csrrd $a0, 0x5\ncsrwr $a0, 2+3\ncsrxchg $a0, $a1, 0x180\nestat = 5\ncsrrd $a0, estat\ngcsrrd $a0, 0x5\ngcsrwr $a0, 6\ngcsrxchg $a0, $a1, 0x3fff",
  },
  {
    title: "system instructions",
    source:
      "invtlb 0, $zero, $zero\ninvtlb 0x6, $a0, $a1\ncacop 8, $a0, 16\nsyscall 0\nbreak 0x7fff\nhvcl 1\ndbar 0\nibar 0\nidle 0\nertn\ntlbrd\ntlbwr\ntlbfill\ntlbsrch\ntlbclr\ntlbflush\niocsrrd.w $a0, $a1\niocsrwr.d $a0, $a1\nrdtime.d $a0, $zero\ncpucfg $a0, $a1\nlddir $a0, $a1, 1\nldpte $a0, 0",
  },
  {
    title: "atomics",
    source:
      "amadd.w $a0, $a1, $a2\namadd.d $a0, $a1, $a2, 0\namswap_db.d $zero, $a1, $a0\nll.d $a0, $a1, 8\nsc.d $a0, $a1, -32768\nll.w $a0, $a1, 32764\namadd.w $zero, $zero, $a0",
  },
  {
    title: "immediates by expressions",
    source:
      "x = 3\naddi.d $a0, $a1, x * 4 - 1\nslli.d $a0, $a1, 64 - 1\nandi $a0, $a0, ~0 & 0xfff\nori $a0, $a0, 'z'\nlu12i.w $a0, -524288\naddi.d $a0, $a0, 0xffffffffffffffff\nbstrpick.d $a0, $a1, 63, x\nalsl.d $a0, $a1, $a2, x",
  },
  {
    title: "bit fields",
    source:
      "bstrins.d $a0, $a1, 63, 0\nbstrins.w $a0, $a1, 31, 31\nbstrpick.w $a0, $a1, 5, 3\nbytepick.d $a0, $a1, $a2, 7",
  },
  {
    title: "operator precedence",
    source: ".data\n.word 1+2*3, 1|2&3, 1<<2+1, 6-2-1, 2*3%4, 100/7*7, 1|2+4, 3^1*2, 5&3+1, 1+1<<4, 7-3&1",
  },
  {
    title: "unary operators",
    source: ".data\n.word -1, ~1, !1, !0, -(3), +4, - - 5, ~-1, -!0, 5 - -3, 2*-3, !!7",
  },
  {
    title: "comparisons and logic",
    source:
      ".data\n.word 1<2, 2<1, 2<=2, 3>=4, 1==1, 1!=1, 1<>2, 5>3, 1&&2, 0&&1, 1||0, 0||0, 1<2&&2<3, 1==1+0",
  },
  { title: "division and remainder", source: ".data\n.word 7/2, -7/2, 7/-2, -7/-2, 7%3, -7%3, 7%-3, -7%-3" },
  { title: "shifts", source: ".data\n.dword 1<<63, -1>>1, -1>>63, -1<<63, 0xf0>>4, 1<<0" },
  {
    title: "64-bit wrapping",
    source:
      ".data\n.dword 0x7fffffffffffffff + 1, 0xffffffffffffffff * 2, -0x8000000000000000, 0x8000000000000000 - 1",
  },
  {
    title: "number formats",
    source:
      ".data\n.dword 0, 10, 0x1F, 0XfF, 0b101, 0B11, 017, 00, 18446744073709551615, 'a', '\\n', '\\'', '\\\\', '\"', ';', '#', ' '",
  },
  {
    title: "sizes of numbers",
    source:
      ".data\n.byte 1, -128, 255\n.half 1, -32768\n.2byte 65535\n.short 2\n.hword 3\n.word 1, -2147483648, 0xffffffff\n.4byte 4\n.long 5\n.dword -1, 0xffffffffffffffff\n.8byte 6\n.quad 7",
  },
  { title: "directives in upper case", source: ".data\n.WORD 1\n.Byte 2" },
  { title: "strings", source: '.data\n.ascii "a", "bc" "d"\n.asciz "x", ""\n.string "yz"\n.ascii ""' },
  { title: "escapes", source: '.data\n.ascii "\\b\\f\\n\\r\\t\\\\\\"\\101\\0\\12\\1234\\x41\\x4142\\x0g"' },
  { title: "strings with comment marks and UTF-8", source: '.data\n.asciz "# // /* ; */"\n.ascii "grün €"' },
  {
    title: "differences of labels",
    source:
      ".data\na: .dword b - a, . - a, c - b\nb: .word c - a\nc:\n.text\nx: nop\n.word x - y, y - x\ny: nop",
  },
  { title: "differences across sections", source: "x: nop\n.word y - x\n.data\ny: .word x - y, 1" },
  {
    title: "addresses as data",
    origin: 0x9000000000001000n,
    source: "x: nop\n.data\n.dword x, x + 4, y, . , y - 8\ny: .dword z\n.bss\n.space 4\nz: .space 4",
  },
  {
    title: "the current address moves between items",
    source: ".data\nx: .word . - x, . - x\n.dword ., .\n.byte 1",
  },
  {
    title: "assigned symbols",
    source: ".equ a, 5\n.set b, a + 1\nc = b + 1\n.equiv d, c + 1\n.data\n.word a, b, c, d",
  },
  {
    title: "symbols assigned again",
    source: ".data\na = 1\n.word a\na = a + 1\n.word a\n.set a, a * 10\n.word a",
  },
  {
    title: "symbol used before it is assigned",
    source: ".data\n.word a, b\na = 7\nb = a + c\nc = 2\naddress = later\n.dword address\nlater:",
  },
  {
    title: "symbol used before it is assigned twice",
    source: ".data\n.word a\na = 1\n.word a\na = 2\n.word a",
  },
  {
    title: "symbols that are addresses",
    source: "x: nop\ny = x + 4\nz = .\nnop\nb z\nb y\nsize = . - x\nli.w $a0, 5\n.word size",
  },
  {
    title: "immediates from differences",
    source: ".equ start, 8\naddi.d $a0, $zero, start\n.data\nx: .space 12\ny: .word y - x",
  },
  {
    title: ".space and its kin",
    source:
      ".data\n.space 4\n.space 4, 0xff\n.skip 2, 1\n.zero 3\n.zero 2, 5\nx: .space 3 * 2, -1\ny: .space y - x\n.byte 9",
  },
  {
    title: ".fill",
    source:
      ".data\n.fill 2, 4, 0x11223344\n.fill 3\n.fill 2, 8, 0x55667788\n.fill 2, 3, 0x112233\n.fill 0, 4, 1\n.fill 3, 0\n.fill 4, 2\n.fill 2, 1, -1",
  },
  {
    title: ".align in data",
    source:
      ".data\n.byte 1\n.align 3\n.byte 2\n.align 3, 0xff\n.byte 3\n.balign 8, 0xaa\n.byte 4\n.p2align 3, , 2\n.byte 5\n.p2align 4, 0xbb, 15\n.byte 6\n.align 0\n.byte 7\n.balign 1\n.byte 8\n.balign 2\n.byte 9",
  },
  {
    title: ".align in code",
    source:
      "nop\n.align 4\nret\n.byte 1\n.align 4\nret\n.align 5\nret\n.p2align 4, , 3\nret\n.balign 16, 0\nret\n.align 4, 0xff\nret\n.byte 1, 2, 3\n.align 2\nret",
  },
  {
    title: "alignment of sections",
    origin: 0x1004n,
    source: "nop\n.data\n.align 6\nx: .byte 1\n.bss\n.align 8\ny: .space 1\n.section .rodata\n.byte 1",
  },
  {
    title: ".org",
    source:
      ".data\n.byte 1\n.org 8\n.byte 2\n.org 12, 0xee\nx: .byte 3\n.org x + 8\n.byte 4\n.org . + 3\n.byte 5\n. = . + 3\n.byte 6\n. = 40\n.byte 7",
  },
  {
    title: "sections one after another",
    source:
      ".data\n.byte 1\n.text\nnop\n.bss\n.space 3\n.section .rodata\n.byte 2, 3\n.data\n.byte 4\n.text\nret",
  },
  {
    title: "sections at given addresses",
    sections: { ".text": 0x2000n, ".data": 0x8000n },
    source: "x: nop\n.data\n.dword x, y\n.bss\ny: .space 4\n.section .rodata\n.dword y",
  },
  {
    title: "further sections",
    order: [
      ".text",
      ".text.cold",
      ".rodata",
      ".rodata.str1.1",
      ".mine",
      ".data",
      ".data.rel.ro",
      ".table",
      ".bss",
      ".sbss",
    ],
    source:
      'nop\n.section .text.cold, "ax", @progbits\nret\n.section .rodata.str1.1, "aMS", @progbits, 1\n.asciz "s"\n.section .mine, "a"\n.byte 1\n.section .data.rel.ro, "aw"\n.byte 2\n.section ".table", "aw", %progbits\n.byte 3\n.section .sbss, "aw", @nobits\n.space 2\n.bss\n.space 3\n.section .rodata\n.byte 4\n.data\n.byte 5',
  },
  { title: "zeros in .bss", source: "nop\n.bss\nx: .word 0, 0\n.align 3\n.space 5\n.byte 0\ny:" },
  {
    title: "accepted without effect",
    source:
      '.file "a.c"\n.file 1 "a.c"\n.ident "cc"\n.globl main\n.global main, other\n.local inner\n.weak soft\n.type main, @function\n.type inner, %object\n.type other STT_FUNC\n.type soft, "notype"\nmain: nop\n.size main, . - main\ninner:\nother:\nsoft: ret\n.section .note.GNU-stack, "", @progbits',
  },
  {
    title: "entry and symbols",
    source: ".globl _start\nnop\n_start: nop\nanswer = 42\nnegative = -1\nalias = _start",
  },
  {
    title: "a small program",
    origin: 0x9000000000200000n,
    source:
      "# sums the array\n.text\n.globl _start\n_start:\n    la.local  $a0, array\n    li.w      $a1, 3   // entries\n    move      $a2, $zero\n1:  beqz      $a1, 2f\n    ld.d      $t0, $a0, 0\n    add.d     $a2, $a2, $t0\n    addi.d    $a0, $a0, 8\n    addi.w    $a1, $a1, -1\n    b         1b\n2:  la.local  $t1, sum\n    st.d      $a2, $t1, 0\n    bl        done\n    hvcl      0\ndone: ret\n.data\n.align 3\narray: .dword 1, 2, 3\nend:\n.bss\n.balign 8\nsum: .space 8",
  },
  { title: "windows line ends and odd blanks", source: "nop\r\n\tmove\t$a0 ,$a1\r\n x :nop\r\n b x\r\n" },
];
