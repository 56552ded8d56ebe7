import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Random } from "../random.ts";
import { GOLDEN_SOURCES } from "./golden_sources.ts";
import { assemble, type AssembleOptions, AssemblyError, AssemblyErrors } from "./mod.ts";

const CSRS: ReadonlyMap<string, number> = new Map([["CRMD", 0], ["ESTAT", 5], ["ERA", 6]]);

const OPTIONS: AssembleOptions = {
  origin: 0x1000n,
  csrNumber: (name) => CSRS.get(name),
  csrNames: [...CSRS.keys()],
};

/** The mistakes that `assemble` throws. */
function mistakes(source: string, options: AssembleOptions = OPTIONS): AssemblyErrors {
  return assertThrows(() => assemble(source, options), AssemblyErrors);
}

/** A source with one mistake, its line and column, and the reason. */
// deno-fmt-ignore
const REFUSED: readonly (readonly [source: string, place: string, reason: string])[] = [
  ["addi.d $a0, $a1, 5000", "1:18", "Cannot encode addi.d: si12 is 5000, range is -2048 to 2047"],
  ["addi.d $a0, $a1, -2049", "1:18", "Cannot encode addi.d: si12 is -2049, range is -2048 to 2047"],
  ["andi $a0, $a0, -1", "1:16", "Cannot encode andi: ui12 is -1, range is 0 to 4095"],
  ["ll.d $a0, $a1, 6", "1:16", "Cannot encode ll.d: si14 is 6, it must be a multiple of 4"],
  ["alsl.d $a0, $a1, $a2, 5", "1:23", "Cannot encode alsl.d: sa2 is 5, range is 1 to 4"],
  ["jirl $ra, $a0, 2", "1:16", "Cannot encode jirl: si16 is 2, it must be a multiple of 4"],
  ["invtlb 32, $a0, $a1", "1:8", "Cannot encode invtlb: op is 32, range is 0 to 31"],
  ["syscall 0x8000", "1:9", "Cannot encode syscall: code is 32768, range is 0 to 32767"],
  ["bstrpick.d $a0, $a1, 3, 5", "1:1", "Cannot encode bstrpick.d: msb is 3, range is 5 (lsb) to 63"],
  ["csrxchg $a0, $zero, 5", "1:1", "Cannot encode csrxchg: with these operands it is csrrd"],
  ["b 7", "1:3", "Cannot encode b: offs26 is 7, it must be a multiple of 4"],
  ["b 1 << 30", "1:3", "Cannot encode b: offs26 is 1073741824, range is -134217728 to 134217724"],
  ["beq $a0, $a1, far\n.space 0x40000\nfar: nop", "1:15", "Cannot encode beq: the target far is 262148 bytes away, range is -131072 to 131068"],
  ["bgt $a0, $a1, far\n.space 0x20000\nfar: nop", "1:15", "Cannot encode bgt: the target far is 131076 bytes away, range is -131072 to 131068"],
  ["far: nop\n.space 0x400000\nbeqz $a0, far", "3:11", "Cannot encode beqz: the target far is -4194308 bytes away, range is -4194304 to 4194300"],
  ["nop\nb x + 2\nx: nop", "2:3", "Cannot encode b: the target x + 2 is 6 bytes away, it must be a multiple of 4"],
  ["b x * 2\nx:", "1:3", "Cannot encode b: x * 2 is neither an address nor a distance, but computed from addresses"],
  ["b -x\nx:", "1:3", "Cannot encode b: -x is neither an address nor a distance, but computed from addresses"],
  ["b x\nx = 8", "1:3", "Cannot encode b: x is a number that is known only later, it may be meant as distance or as address"],
  ["b y - x\nx: nop\ny: nop", "1:3", "Cannot encode b: y - x is a number that is known only later, it may be meant as distance or as address"],
  ["beq $a0, $a1, $a2", "1:15", "Cannot assemble beq: offs16 must be a target, $a2 is a register"],
  ["adi.d $a0, $a1, 1", "1:1", "Cannot assemble adi.d: it is no instruction, did you mean add.d or addi.d"],
  ["add $a0, $a1, $a2", "1:1", "Cannot assemble add: it is no instruction, did you mean add.d, add.w or and"],
  ["call f\nf:", "1:1", "Cannot assemble call: it is no instruction, did you mean call36"],
  ["li $a0, 5", "1:1", "Cannot assemble li: it is no instruction, did you mean la, li.d or li.w"],
  ["frobnicate $a0", "1:1", "Cannot assemble frobnicate: it is no instruction"],
  ["add.q $a0, $a1, $a2", "1:1", "Cannot assemble add.q: it is no instruction, did you mean add.d or add.w"],
  ["addi.d $a0, a1, 1", "1:13", "Cannot assemble addi.d: rj must be a register, a1 is none, did you mean $a1"],
  ["addi.d $a0, $b1, 1", "1:13", "Cannot use $b1: it is no register, did you mean $a1, $s1 or $t1"],
  ["addi.d $a0, $a32, 1", "1:13", "Cannot use $a32: it is no register, did you mean $a2 or $a3"],
  ["addi.d $A0, $a1, 1", "1:8", "Cannot use $A0: it is no register, did you mean $a0"],
  ["fadd.d $fa0, $fa1, $fa9", "1:20", "Cannot use $fa9: it is no register, did you mean $fa0, $fa1 or $fa2"],
  ["fadd.d $fa0, $fa1, $a2", "1:20", "Cannot assemble fadd.d: fk must be a floating-point register, $a2 is none"],
  ["add.d $a0, $a1, $fa2", "1:17", "Cannot assemble add.d: rk must be a general register, $fa2 is none"],
  ["fcmp.ceq.s $fa0, $fa1, $fa2", "1:12", "Cannot assemble fcmp.ceq.s: cd must be a condition flag, $fa0 is none"],
  ["movgr2fcsr $r0, $a0", "1:12", "Cannot assemble movgr2fcsr: fcsr must be a floating-point control register, $r0 is none"],
  ["fld.d fa0, $a1, 0", "1:7", "Cannot assemble fld.d: fd must be a register, fa0 is none, did you mean $fa0"],
  ["fld.d $fa0, fa1, 0", "1:13", "Cannot assemble fld.d: rj must be a register, fa1 is none"],
  ["addi.d $a0, $a1, $a2", "1:18", "Cannot assemble addi.d: si12 must be a number, $a2 is a register"],
  ["add.d $a0, $a1, 5", "1:17", "Cannot assemble add.d: rk must be a register, 5 is none"],
  ["move $a0, 1", "1:11", "Cannot assemble move: rj must be a register, 1 is none"],
  ["li.w $a0, $a1", "1:11", "Cannot assemble li.w: value must be a number, $a1 is a register"],
  ["jr ra", "1:4", "Cannot assemble jr: rj must be a register, ra is none, did you mean $ra"],
  ["add.d $a0, $a1", "1:1", "Cannot assemble add.d: it takes 3 operands (rd, rj, rk), got 2"],
  ["beqz $a0", "1:1", "Cannot assemble beqz: it takes 2 operands (rj, offs21), got 1"],
  ["nop $a0", "1:5", "Cannot assemble nop: it takes no operands, got 1"],
  ["ertn 1", "1:6", "Cannot assemble ertn: it takes no operands, got 1"],
  ["syscall", "1:1", "Cannot assemble syscall: it takes 1 operand (code), got 0"],
  ["addi.d $a0, $a1, 1, 2", "1:21", "Cannot assemble addi.d: it takes 3 operands (rd, rj, si12), got 4"],
  ["addi.d $a0 $a1, 1", "1:12", "Cannot read the operands of addi.d: `$a1` is not expected here"],
  ["addi.d $a0, $a1,", "1:17", "Cannot read an expression: a number or a symbol is missing before the end of the statement"],
  ["addi.d , $a0", "1:8", "Cannot read an expression: a number or a symbol is missing before `,`"],
  ["ld.d $a0, 8($a1)", "1:12", "Cannot read the operands of ld.d: `(` is not expected here"],
  ["b nowhere", "1:3", "Cannot find symbol nowhere: it is not defined"],
  ["lop: nop\nb loop", "2:3", "Cannot find symbol loop: it is not defined, did you mean lop"],
  [".align 4, , 0", "1:13", "Cannot read .align: the maximum is 0, it must be 1 at least"],
  ["nop\n.balign 4, 0, 1 - 1", "2:15", "Cannot read .balign: the maximum is 0, it must be 1 at least"],
  [".uleb128 x - y\ny: nop\nx: nop", "1:10", "Cannot use x here: it is defined later, and the size of the program depends on it"],
  [".sleb128 .", "1:10", "Cannot read .sleb128: . is an address, not a number"],
  [".uleb128", "1:9", "Cannot read an expression: a number or a symbol is missing before the end of the statement"],
  ["nop\n\vnop", "2:1", "Cannot read the character U+000B: no token starts with it"],
  ["b 1b", "1:3", "Cannot find 1b: no label `1:` stands before it"],
  ["b 1f", "1:3", "Cannot find 1f: no label `1:` stands after it"],
  ["x: nop\nx: nop", "2:1", "Cannot define label x: it is defined in line 1"],
  ["x = 1\nx: nop", "2:1", "Cannot define label x: it is defined in line 1"],
  ["x: nop\nx = 1", "2:1", "Cannot define symbol x: it is defined in line 1"],
  [".equiv x, 1\n.equiv x, 2", "2:8", "Cannot define symbol x: it is defined in line 1"],
  ["a = b\nb = a", "2:1", "Cannot evaluate b: its value depends on itself"],
  ["a = a + 1", "1:1", "Cannot evaluate a: its value depends on itself"],
  ["a = a + 1\na = 1", "1:1", "Cannot evaluate a: its value depends on itself"],
  [".set a, b + 1\n.set b, c\n.set c, a * 2", "3:6", "Cannot evaluate c: its value depends on itself"],
  [".dword a0", "1:8", "Cannot find symbol a0: it is not defined, did you mean $a0"],
  ["x = 1 / 0\n.word x, x", "1:7", "Cannot evaluate /: division by zero"],
  ["csrrd $a0, ESTATT", "1:12", "Cannot find CSR ESTATT: it is not known, did you mean ESTAT"],
  ["csrrd $a0, estat", "1:12", "Cannot find CSR estat: it is not known, did you mean ESTAT"],
  ["csrrd $a0, 0x4000", "1:12", "Cannot encode csrrd: csr is 16384, range is 0 to 16383"],
  ["csrrd $a0, $a1", "1:12", "Cannot assemble csrrd: csr must be a CSR, $a1 is a register"],
  ["x: csrrd $a0, x", "1:15", "Cannot encode csrrd: csr must be a CSR, x is an address"],
  ["addi.d $a0, $zero, ESTAT", "1:20", "Cannot find symbol ESTAT: it is not defined"],
  ["li.w $a0, 0x100000000", "1:11", "Cannot expand li.w: the value is 4294967296, range is -2147483648 to 4294967295"],
  ["li.w $a0, -0x80000001", "1:11", "Cannot expand li.w: the value is -2147483649, range is -2147483648 to 4294967295"],
  ["x: li.d $a0, x", "1:14", "Cannot expand li.d: x is an address, use la.local"],
  ["li.d $a0, y\ny = 5", "1:11", "Cannot use y here: it is defined later, and the size of the program depends on it"],
  ["la.local $a0, %pc_lo12(x)\nx:", "1:15", "Cannot assemble la.local: it takes no modifier"],
  ["la.pcrel $a0, $a1, x\nx:", "1:20", "Cannot assemble la.pcrel: it takes 2 operands (rd, symbol), got 3"],
  ["la.pcrel $a0, far\nfar = 0x9000000000000000", "1:15", "Cannot encode la.pcrel: far is at 0x9000000000000000, out of reach from 0x1000, use la.abs"],
  ["addi.d $a0, $a0, x\nx: nop", "1:18", "Cannot encode addi.d: si12 must be a number, x is an address, use la.local or a modifier such as %pc_lo12"],
  ["ori $a0, $a0, %pc_lo12(x)\nx:", "1:15", "Cannot encode ori: %pc_lo12(x) does not fit, this modifier is for addi.w, addi.d, ld.*, st.* and jirl"],
  ["addi.d $a0, $a0, %pc_low12(x)\nx:", "1:18", "Cannot use %pc_low12: it is no modifier known here, did you mean %pc_lo12"],
  ["addi.d $a0, $a0, %le_lo12(x)\nx:", "1:18", "Cannot use %le_lo12: it is no modifier known here, did you mean %pc_lo12"],
  ["addi.d $a0, $a0, %\nx:", "1:18", "Cannot use %: it is no modifier known here"],
  ["addi.d $a0, $a0, %pc_lo12 x\nx:", "1:27", "Cannot read %pc_lo12: `(` is missing before `x`"],
  ["addi.d $a0, $a0, %pc_lo12(x\nx:", "1:28", "Cannot read %pc_lo12: `)` is missing before the end of the statement"],
  ["jirl $ra, $a0, %call36_rest(x)\nx:", "1:16", "Cannot use %call36_rest: it is no modifier known here"],
  ["pcaddi $a0, %pcrel_20(x + 1)\nx:", "1:13", "Cannot encode pcaddi: %pcrel_20(x + 1) is 5 bytes away, it must be a multiple of 4"],
  ["call36 x + 2\nx:", "1:8", "Cannot encode call36: x + 2 is 10 bytes away, it must be a multiple of 4"],
  ["amadd.w $a0, $a1, $a0", "1:19", "Cannot assemble amadd.w: rd must differ from rk and rj, unless it is $zero"],
  ["amcas.d $a0, $a0, $a1", "1:14", "Cannot assemble amcas.d: rd must differ from rk and rj, unless it is $zero"],
  ["amadd.w $a0, $a1, $a2, 4", "1:24", "Cannot assemble amadd.w: the offset must be 0 if there is one"],
  [".asciz \"abcde\"\nnop\nret\n", "2:1", "Cannot place nop: instructions are aligned to 4 bytes, offset in .text is 6, use .align 2 before it"],
  [".word 1/0", "1:8", "Cannot evaluate /: division by zero"],
  [".word 5 % (3-3)", "1:9", "Cannot evaluate %: division by zero"],
  [".word 1 << 64", "1:9", "Cannot evaluate <<: the shift count is 64, range is 0 to 63"],
  [".word 1 >> -1", "1:9", "Cannot evaluate >>: the shift count is -1, range is 0 to 63"],
  [".word (1 + 2", "1:13", "Cannot read an expression: `)` is missing before the end of the statement"],
  [".word 1 + 2)", "1:12", "Cannot read .word: `)` is not expected here"],
  [".word 1 +", "1:10", "Cannot read an expression: a number or a symbol is missing before the end of the statement"],
  [".word 1 2", "1:9", "Cannot read .word: `2` is not expected here"],
  [".word", "1:6", "Cannot read an expression: a number or a symbol is missing before the end of the statement"],
  [".word 1,,2", "1:9", "Cannot read an expression: a number or a symbol is missing before `,`"],
  [".word 1,", "1:9", "Cannot read an expression: a number or a symbol is missing before the end of the statement"],
  [".byte 256", "1:7", "Cannot encode .byte: the value is 256, range is -128 to 255"],
  [".half -32769", "1:7", "Cannot encode .half: the value is -32769, range is -32768 to 65535"],
  [".word 0x100000000", "1:7", "Cannot encode .word: the value is 4294967296, range is -2147483648 to 4294967295"],
  [".dword 0x10000000000000000", "1:8", "Cannot read 0x10000000000000000: numbers are 64 bits wide, the greatest is 0xffffffffffffffff"],
  [".word 12x", "1:7", "Cannot read 12x: it is no number"],
  [".word 08", "1:7", "Cannot read 08: it is no number, a leading 0 means octal"],
  [".word 1.5", "1:7", "Cannot read 1.5: it is no number, floating point is not supported"],
  [".word \"a\"", "1:7", "Cannot use `\"a\"` in an expression: it is a string"],
  [".word $a0", "1:7", "Cannot use register $a0 in an expression: it is no number"],
  [".word %pc_lo12(x)\nx:", "1:7", "Cannot read an expression: a number or a symbol is missing before `%`"],
  [".ascii", "1:7", "Cannot read .ascii: a string is missing before the end of the statement"],
  [".ascii 5", "1:8", "Cannot read .ascii: a string is missing before `5`"],
  [".ascii \"abc", "1:8", "Cannot read a string: it has no end, `\"` is missing in this line"],
  [".ascii \"a\\q\"", "1:10", "Cannot read a string: the escape \\q is unknown"],
  [".ascii \"\\x\"", "1:9", "Cannot read a string: \\x needs hexadecimal digits"],
  [".ascii \"\\777\"", "1:9", "Cannot read a string: \\777 is more than a byte"],
  [".asciz \"a\" \"b\"", "1:12", "Cannot read .asciz: `\"b\"` is not expected here"],
  [".byte 'ab'", "1:7", "Cannot read a character: it is one character between two `'`"],
  [".byte 'é'", "1:7", "Cannot read 'é': it is no ASCII character, use .ascii"],
  [".byte '\\q'", "1:7", "Cannot read '\\q': the escape \\q is unknown"],
  [".byte '", "1:7", "Cannot read a character: it is one character between two `'`"],
  [".space", "1:7", "Cannot read an expression: a number or a symbol is missing before the end of the statement"],
  [".space -1", "1:8", "Cannot read .space: the size is -1, it must not be negative"],
  [".space 1 << 40", "1:1", "Cannot add 1099511627776 bytes to .text: of the program's 67108864 bytes 67108864 are left"],
  [".space x\nx:", "1:8", "Cannot use x here: it is defined later, and the size of the program depends on it"],
  [".space x\nx = 5", "1:8", "Cannot use x here: it is defined later, and the size of the program depends on it"],
  ["x: .space x", "1:11", "Cannot read .space: x is an address, not a number"],
  [".space 4, 256", "1:11", "Cannot read .space: the value is 256, range is -128 to 255"],
  [".space 4, 1, 2", "1:12", "Cannot read .space: `,` is not expected here"],
  [".fill 1, 9, 0", "1:10", "Cannot read .fill: the size is 9, range is 0 to 8"],
  [".fill -1", "1:7", "Cannot read .fill: the count is -1, it must not be negative"],
  [".fill 1, 1, 256", "1:13", "Cannot read .fill: the value is 256, range is -128 to 255"],
  [".fill 1, 8, -1", "1:13", "Cannot read .fill: the value is -1, range is 0 to 4294967295"],
  [".align 32", "1:8", "Cannot read .align: the power of two is 32, range is 0 to 31"],
  [".align -1", "1:8", "Cannot read .align: the power of two is -1, range is 0 to 31"],
  [".align", "1:7", "Cannot read an expression: a number or a symbol is missing before the end of the statement"],
  [".balign 3", "1:9", "Cannot read .balign: the alignment is 3, it must be a power of two up to 2^31"],
  [".balign -8", "1:9", "Cannot read .balign: the alignment is -8, it must be a power of two up to 2^31"],
  [".align 2, 0, -1", "1:14", "Cannot read .align: the maximum is -1, it must not be negative"],
  ["nop\n.align 31", "2:1", "Cannot add 2147483644 bytes to .text: of the program's 67108864 bytes 67108860 are left"],
  [".org 4\n.org 2", "2:6", "Cannot move to 2: it is offset 2 in .text, which is at offset 4 already"],
  [".data\n.org foo\nfoo:", "2:6", "Cannot use foo here: it is defined later, and the size of the program depends on it"],
  ["x: nop\n.data\n.org x", "3:6", "Cannot move to x: it is no place in .data"],
  [". = -1", "1:5", "Cannot move to -1: it is offset -1 in .text, which is at offset 0 already"],
  [".bss\n.word 5", "2:1", "Cannot add to .bss: a section without contents holds only zeros"],
  [".bss\nx: .space 3, 1", "2:4", "Cannot add to .bss: a section without contents holds only zeros"],
  [".bss\nnop", "2:1", "Cannot add to .bss: a section without contents holds only zeros"],
  [".section", "1:9", "Cannot read .section: the name of a section is missing"],
  [".section .foo", "1:10", "Cannot enter .foo: its flags are missing, as in `.section .foo, \"aw\"`"],
  [".section .foo, \"q\"", "1:16", "Cannot read .section: of the flags \"q\" one is not of a, w, x, e, o, M, S, G, R, ?"],
  [".section .text, \"aw\"", "1:10", "Cannot enter .text: its flags make it data, its name text"],
  [".section .foo, \"aw\"\n.byte 1\n.section .foo, \"ax\"", "3:10", "Cannot enter .foo: its flags make it text, its name data"],
  [".section .foo, \"aw\", @foo", "1:23", "Cannot read .section: the type is not @progbits, @nobits or @note"],
  [".section .debug, \"\"\nx: .byte 1\n.text\nla.local $a0, x", "4:15", "Cannot use an address in .debug: this section is not loaded"],
  [".text 1 2", "1:9", "Cannot read .text: `2` is not expected here"],
  [".text -1", "1:7", "Cannot read .text: the subsection is -1, range is 0 to 8192"],
  [".subsection 9000", "1:13", "Cannot read .subsection: the subsection is 9000, range is 0 to 8192"],
  [".subsection 1\n.org 4", "2:1", "Cannot use .org: its place in a subsection is known only later"],
  ["nop\n.subsection 1\n.align 3\nnop", "3:1", "Cannot place .text: subsection 1 cannot follow, the parts before it end at 0x1004, its alignment is 8"],
  [".popsection", "1:1", "Cannot use .popsection: no .pushsection stands before it"],
  [".previous", "1:1", "Cannot use .previous: no other section stands before it"],
  [".pushsection .foo\nnop\n.popsection", "1:14", "Cannot enter .foo: its flags are missing, as in `.section .foo, \"aw\"`"],
  [".section .foo, \"axG\", @progbits, foo, x", "1:39", "Cannot read .section: `comdat` is missing before `x`"],
  [".option rvc", "1:9", "Cannot read .option: rvc is not one of push, pop, relax, norelax"],
  [".cfi_startprocs", "1:1", "Cannot assemble .cfi_startprocs: it is no directive, did you mean .cfi_startproc"],
  [".error \"not here\"", "1:1", "Cannot assemble: the source says \"not here\""],
  [".err", "1:1", "Cannot assemble: the source says .err"],
  [".warning", "1:9", "Cannot read .warning: a string is missing before the end of the statement"],
  [".incbin \"x\"", "1:9", "Cannot read \"x\": the assembler has no access to files, option \"readFile\" gives it"],
  [".incbin x", "1:9", "Cannot read .incbin: a string is missing before `x`"],
  ["pcalau12i $a0, %got_pc_hi20(x + 4)\nx:", "1:29", "Cannot read %got_pc_hi20: x + 4 is not one symbol, a table has no entry for it"],
  ["lu12i.w $a0, %pc64_lo20(x)\nx:", "1:14", "Cannot encode lu12i.w: %pc64_lo20(x) does not fit, this modifier is for lu32i.d"],
  ["pcaddu18i $ra, %call36(x)\nx: nop", "1:16", "Cannot assemble pcaddu18i: %call36 needs a jirl right behind the instruction"],
  [".glob x", "1:1", "Cannot assemble .glob: it is no directive, did you mean .globl"],
  [".globl", "1:7", "Cannot read .globl: a symbol is missing before the end of the statement"],
  [".globl 5", "1:8", "Cannot read .globl: a symbol is missing before `5`"],
  [".globl a b", "1:10", "Cannot read .globl: `b` is not expected here"],
  [".type x, @foo", "1:11", "Cannot read .type: foo is no type of a symbol"],
  [".type", "1:6", "Cannot read .type: a symbol is missing before the end of the statement"],
  [".size x", "1:8", "Cannot read .size: `,` is missing before the end of the statement"],
  [".size x, y", "1:10", "Cannot find symbol y: it is not defined"],
  [".equ x", "1:7", "Cannot read .equ: `,` is missing before the end of the statement"],
  [".equ x 5", "1:8", "Cannot read .equ: `,` is missing before `5`"],
  [".equ 5, 5", "1:6", "Cannot read .equ: a symbol is missing before `5`"],
  [".set x, 1 +\n.word x", "1:12", "Cannot read an expression: a number or a symbol is missing before the end of the statement"],
  [".foo 1", "1:1", "Cannot assemble .foo: it is no directive"],
  [".file", "1:6", "Cannot read .file: a string is missing before the end of the statement"],
  [".ident", "1:7", "Cannot read .ident: a string is missing before the end of the statement"],
  ["5 nop", "1:1", "Cannot assemble this statement: 5 is no label, mnemonic or directive"],
  ["$a0 = 5", "1:1", "Cannot assemble this statement: $a0 is no label, mnemonic or directive"],
  ["x == 5", "1:1", "Cannot assemble x: it is no instruction"],
  ["nop @", "1:5", "Cannot read an expression: a number or a symbol is missing before `@`"],
  ["$ a0", "1:1", "Cannot read `$`: no token starts with it"],
  ["nop \\", "1:5", "Cannot read `\\`: no token starts with it"],
  ["nop\n/* open\nret", "2:1", "Cannot read a comment: it has no end, `*/` is missing"],
  [": nop", "1:1", "Cannot assemble this statement: : is no label, mnemonic or directive"],
  ["0x1: nop", "1:1", "Cannot define 0x1: it is no name for a label"],
  [".: nop", "1:1", "Cannot define .: it is no name for a label"],
  ["\"x\": nop", "1:1", "Cannot define \"x\": it is no name for a label"],
];

for (const [source, place, reason] of REFUSED) {
  Deno.test(`assemble() refuses ${JSON.stringify(source)}`, () => {
    const [line = 0, column = 0] = place.split(":").map(Number);
    const shown = source.split("\n")[line - 1];
    assertEquals(
      mistakes(source).message,
      `guest.s:${place}: ${reason}\n${shown}\n${" ".repeat(column - 1)}^`,
    );
  });
}

/** A source, and the lines of the message about it. */
const SHOWN: readonly (readonly [source: string, ...message: string[]])[] = [
  ["nop\u00a0", "guest.s:1:4: Cannot read the character U+00A0: no token starts with it", "nop", "   ^"],
  [
    "\taddi.d\t$a0, $a1,\t5000",
    "guest.s:1:19: Cannot encode addi.d: si12 is 5000, range is -2048 to 2047",
    "\taddi.d\t$a0, $a1,\t5000",
    "\t      \t         \t^",
  ],
  [
    "a: add $a0,$a1,$a2; b nowhere; .byte 256 # three",
    "guest.s:1:4: Cannot assemble add: it is no instruction, did you mean add.d, add.w or and",
    "a: add $a0,$a1,$a2; b nowhere; .byte 256 # three",
    "   ^",
    "guest.s:1:23: Cannot find symbol nowhere: it is not defined",
    "a: add $a0,$a1,$a2; b nowhere; .byte 256 # three",
    "                      ^",
    "guest.s:1:38: Cannot encode .byte: the value is 256, range is -128 to 255",
    "a: add $a0,$a1,$a2; b nowhere; .byte 256 # three",
    "                                     ^",
  ],
];

Deno.test("assemble() shows the line of each mistake with its tabs, and a caret", () => {
  for (const [source, ...message] of SHOWN) assertEquals(mistakes(source).message, message.join("\n"));
});

Deno.test("AssemblyErrors has every mistake in the order of the source", () => {
  const { errors, line, column, text, file } = mistakes("b nowhere\n\tadd $a0\nx: .byte 256, 'z', 257; foo", {
    name: "a.s",
  });
  assertEquals([file, line, column, text], ["a.s", 1, 3, "nowhere"]);
  const places = errors.map((error) => [error.line, error.column, error.text]);
  assertEquals(places, [[1, 3, "nowhere"], [2, 2, "add"], [3, 10, "256"], [3, 20, "257"], [3, 25, "foo"]]);
  for (const error of errors) {
    assertInstanceOf(error, AssemblyError);
    assertInstanceOf(error, SyntaxError);
    assert(error.message.startsWith(`a.s:${error.line}:${error.column}: Cannot `));
  }
});

Deno.test("AssemblyErrors shows twenty mistakes and counts the others", () => {
  const error = mistakes("foo\n".repeat(23));
  assertEquals(error.errors.length, 23);
  const lines = error.message.split("\n");
  assertEquals(lines.length, 20 * 3 + 1);
  assertEquals(lines[57], "guest.s:20:1: Cannot assemble foo: it is no instruction");
  assertEquals(lines[60], "guest.s: 3 more errors");
  assert(mistakes("foo\n".repeat(21)).message.endsWith("\nguest.s: 1 more error"));
});

Deno.test("assemble() stops reading after a thousand mistakes", () => {
  assertEquals(mistakes("5\n".repeat(3000)).errors.length, 1000);
});

Deno.test("assemble() shows a part of a long line, with the caret at the mistake", () => {
  const lines = mistakes(`${"nop; ".repeat(100)}foo; ${"nop; ".repeat(100)}`).message.split("\n");
  assertEquals(lines[0], "guest.s:1:501: Cannot assemble foo: it is no instruction");
  const [, shown = "", caret = ""] = lines;
  assert(shown.length > 150 && shown.length <= 160);
  assertEquals(shown.slice(caret.indexOf("^"), caret.indexOf("^") + 3), "foo");
});

Deno.test("assemble() takes one mistake in an assignment for one, however often the symbol is used", () => {
  const { errors } = mistakes('x = 1 +\ny = x + 1\n.word x, y\naddi.d $a0, $a0, x\nz = "a\nb z');
  assertEquals(errors.map(({ line }) => line), [1, 5]);
});

/** Sources and options whose sections cannot be placed. */
const MISPLACED: readonly (readonly [source: string, options: AssembleOptions, ...message: string[]])[] = [
  [
    "nop",
    { origin: 0x1002n },
    "guest.s:1:1: Cannot place .text: its address is 0x1002, its alignment 4",
    "nop",
    "^",
  ],
  [
    ".data\n.byte 1\n.align 5\nx:",
    { sections: { ".data": 0x8010n } },
    "guest.s:3:1: Cannot place .data: its address is 0x8010, its alignment 32",
    ".align 5",
    "^",
  ],
  [
    "nop\n.data\n.byte 1",
    { origin: 0x8000n, sections: { ".data": 0x8003n } },
    "guest.s:3:1: Cannot place .data: it is at 0x8003, but .text takes 0x8000 to 0x8003",
    ".byte 1",
    "^",
  ],
  [
    "nop\nnop",
    { origin: 0xfffffffffffffffcn },
    "guest.s:1:1: Cannot place .text: it is 8 bytes at 0xfffffffffffffffc, addresses have 64 bits",
    "nop",
    "^",
  ],
  [
    ".space 100\n.data\n.space 29",
    { maximumSize: 128 },
    "guest.s:3:1: Cannot add 29 bytes to .data: of the program's 128 bytes 28 are left",
    ".space 29",
    "^",
  ],
];

Deno.test("assemble() refuses sections that have no place", () => {
  for (const [source, options, ...message] of MISPLACED) {
    assertEquals(mistakes(source, options).message, message.join("\n"));
  }
});

const SCRAPS: readonly string[] = [
  ..."\n;:,()%$#'\"\\+-*/<>=!~&|^.@ \t\0é0918xabf",
  ...[
    "$a0",
    "$zero",
    " -1",
    "0x",
    "0x7fffffffffffffff",
    "1<<63",
    "1b",
    "1f",
    "1:",
    "x:",
    "x=",
    ".",
    "/*",
    "*/",
    "//",
  ],
  ...[
    ".space ",
    ".fill ",
    ".align ",
    ".org ",
    ".word ",
    ".set x,",
    ".text\n",
    ".bss\n",
    ".section ",
    '"',
    "\\x",
  ],
  ...[
    "%pc_lo12(",
    "b x",
    "li.d $a0,",
    "la $a0,x",
    "==",
    "<<",
    ">>",
    "&&",
    "((((",
    "-----",
    "\u{1F600}",
    "\ud800",
  ],
];

const NUMBERS = [
  "0",
  "1",
  "2",
  "3",
  "4",
  "-1",
  "8",
  "0x7fc",
  "2047",
  "-2048",
  "4096",
  "0xffffffff",
  "1 << 40",
  "-x",
];
const REGISTERS = ["$zero", "$ra", "$a0", "$a1", "$t8", "$r21", "$s9"];

/** Breaks a text somewhere, at any character. */
function damage(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const to = Math.min(text.length, at + random.below(12));
  const scrap = random.pick(SCRAPS);
  return random.pick([
    text.slice(0, at) + text.slice(to),
    text.slice(0, at) + scrap + text.slice(at),
    text.slice(0, at) + scrap + text.slice(to),
    text.slice(0, to) + text.slice(at, to).repeat(1 + random.below(3)) + text.slice(to),
  ]);
}

/** Changes a text so that it has a fair chance to stay correct: whole lines, numbers and registers. */
function rearrange(text: string, random: Random): string {
  const lines = text.split("\n");
  const index = random.below(lines.length);
  const line = lines[index] ?? "";
  const other = random.below(lines.length);
  const number = random.pick(NUMBERS);
  const register = random.pick(REGISTERS);
  const way = random.below(5);
  if (way === 0) lines.splice(index, 1);
  else if (way === 1) lines.splice(other, 0, line);
  else if (way === 2) lines.splice(index, 1, lines.splice(other, 1, line)[0] ?? "");
  else if (way === 3) lines[index] = line.replace(/\b\d+\b/, number);
  else lines[index] = line.replace(/\$[a-z]\d/, register);
  return lines.join("\n");
}

function mutate(source: string, random: Random): string {
  let text = source;
  const change = random.below(2) === 0 ? damage : rearrange;
  for (let count = 1 + random.below(3); count > 0; count--) text = change(text, random);
  return text;
}

Deno.test("assemble() throws nothing but AssemblyErrors, whatever the source", () => {
  const random = new Random(0x5eed1a64);
  const sources = GOLDEN_SOURCES.map(({ source }) => source).filter(({ length }) => length < 1000);
  let refused = 0;
  const rounds = 1500;
  for (let round = 0; round < rounds; round++) {
    const source = mutate(random.pick(sources), random);
    try {
      assemble(source, { ...OPTIONS, maximumSize: 1 << 19 });
    } catch (error) {
      const where = `seed ${random.seed}, round ${round}: ${JSON.stringify(source)}`;
      assertInstanceOf(error, AssemblyErrors, where);
      const lines = source.split("\n").length;
      assert(error.errors.every(({ line, column }) => line >= 1 && line <= lines && column >= 1), where);
      refused++;
    }
  }
  // Mutants that are all refused, or all taken, would show little.
  assert(refused > rounds / 4 && refused < rounds * 3 / 4, `${refused} of ${rounds} refused`);
});
