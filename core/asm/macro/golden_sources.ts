/**
 * Sources with macros, loops and conditions in the ways that kernels and hypervisors use them, for `goldens_llvm.json`
 * beside it. Each is text that LLVM takes too.
 *
 * @module
 */
import type { GoldenSource } from "../golden_sources.ts";

const raw = String.raw;

/** Macros by themselves. */
const MACROS: readonly GoldenSource[] = [
  {
    title: "a macro without parameters",
    source: raw`
.macro FENCE
    dbar 0
    ibar 0
.endm
FENCE
start: FENCE
    ret`,
  },
  {
    title: "positional parameters",
    source: raw`
.macro load3 a, b, c
    ld.d \a, $sp, 0
    ld.d \b, $sp, 8
    ld.d \c, $sp, 16
.endm
load3 $a0, $a1, $a2
load3 $t0 $t1 $t2
load3	$s0 ,$s1	, $s2`,
  },
  {
    title: "parameters without commas",
    source: raw`
.macro pair x y
.word \x, \y
.endm
.data
pair 1 2
pair 1, 2
pair (1 + 2) (3 * 4)
pair 1 +1 2
pair 5 - 2, -7`,
  },
  {
    title: "default values",
    source: raw`
.macro frame size=64, reg=$sp, extra
    addi.d \reg, \reg, -\size
.ifnb \extra
    st.d \extra, \reg, 0
.endif
.endm
frame
frame 128
frame , $fp
frame reg=$t0
frame 32, $sp, $ra
frame extra=$s0 size=16`,
  },
  {
    title: "named arguments in any order",
    source: raw`
.macro entry code:req, handler=0, flags=1
.word \code, \handler, \flags
.endm
.data
entry 1
entry code=2
entry flags=9, code=3
entry handler = 4, flags = 5, code = 6
entry 7, flags=8`,
  },
  {
    title: "required parameters",
    source: raw`
.macro need a:req b:req
.half \a, \b
.endm
.data
need 1, 2
need b=3, a=4`,
  },
  {
    title: "the rest of the arguments",
    source: raw`
.macro words first, rest:vararg
.word \first
.ifnb \rest
words \rest
.endif
.endm
.data
words 1
words 1, 2
words 1, 2, 3, 4, 5`,
  },
  {
    title: "the rest of the arguments with strings",
    source: raw`
.macro names list:vararg
.irp name, \list
.asciz "\name"
.endr
.endm
.data
names "one two", three , "four, five"
names x`,
  },
  {
    title: "the rest of the arguments as they are",
    source: raw`
.macro emit args:vararg
.word \args
.endm
.data
emit 1, 2 + 3, 4
emit 6 ,7 , 8 # comment
emit 9/* x */, 10`,
  },
  {
    title: "a serial number for labels",
    source: raw`
.macro wait reg
.Lwait\@:
    addi.d \reg, \reg, -1
    bnez \reg, .Lwait\@
.endm
wait $t0
wait $t1
wait $t2`,
  },
  {
    title: "serial numbers of nested macros",
    source: raw`
.macro inner
.word \@
.endm
.macro outer
.word \@
inner
.word \@
inner
.endm
.data
outer
inner
outer`,
  },
  {
    title: "how often a macro was expanded",
    source: raw`
.macro one
.word \+
.endm
.macro two
.word 0x100 + \+
one
.endm
.data
one
two
two
one`,
  },
  {
    title: "an empty mark between a parameter and text",
    source: raw`
.macro op name, size
\name\().\size $a0, $a1, 8
\name\()x.\size $a0, $a1, $a2
.endm
op ld, d
op st, w
op ld, bu`,
  },
  {
    title: "parameters within names and strings",
    source: raw`
.macro object name, n
obj_\name\()_\n: .asciz "\name-\n"
.endm
.data
object cpu, 1
object cpu, 2
object "disk", 0`,
  },
  {
    title: "escapes in strings of a macro",
    source: raw`
.macro line text
.ascii "\text\n\t\"\text\"\\"
.endm
.data
line hello
line "two words"`,
  },
  {
    title: "strings lose their quotes",
    source: raw`
.macro data kind, value
.\kind \value
.endm
.data
data word, 5
data "word" "6"
data "half", "1, 2, 3"`,
  },
  {
    title: "arguments in parentheses",
    source: raw`
.macro value n
.word \n
.endm
.data
value (1 + (2 * 3))
value ((4))`,
  },
  {
    title: "arguments with operators and blanks",
    source: raw`
.macro two a, b
.dword \a, \b
.endm
.data
x: two x + 8, x - 8
two 1 << 4 | 1, 7 & 3
two ~ 5, ! 0
two . - x, . - x + 4
two 1 == 1, 2 != 2`,
  },
  {
    title: "a macro that defines a macro",
    source: raw`
.macro make name, value
.macro \name x
.word \value, \x
.endm
.endm
.data
make seven, 7
make eight, 8
seven 1
eight 2`,
  },
  {
    title: "a macro that is forgotten and defined again",
    source: raw`
.macro m
.word 1
.endm
.data
m
.purgem m
.macro m
.word 2
.endm
m`,
  },
  {
    title: "leaving a macro early",
    source: raw`
.macro upto n
.word 1
.if \n == 1
.exitm
.endif
.word 2
.if \n == 2
.if 1
.exitm
.endif
.endif
.word 3
.endm
.data
upto 1
upto 2
upto 3`,
  },
  {
    title: "recursion with a counter",
    source: raw`
.macro count from, to
.word \from
.if \to - \from
count "(\from + 1)", \to
.endif
.endm
.data
count 0, 9`,
  },
  {
    title: "recursion over a list",
    source: raw`
.macro push reg, rest:vararg
.ifnb \rest
push \rest
.endif
    addi.d $sp, $sp, -8
    st.d \reg, $sp, 0
.endm
push $ra, $fp, $s0, $s1`,
  },
  {
    title: "recursion with two calls",
    source: raw`
.macro tree depth
.if \depth
tree (\depth - 1)
.byte \depth
tree (\depth - 1)
.endif
.endm
.data
tree 4`,
  },
  {
    title: "a macro with the name of an instruction",
    source: raw`
.macro syscall_nr n
    li.w $a7, \n
    syscall 0
.endm
.macro nop
    ori $zero, $zero, 0
.endm
syscall_nr 64
nop
.purgem nop
nop`,
  },
  {
    title: "several statements in a line",
    source: raw`.macro m a; .word \a; .endm; .data; m 1; m 2
.macro n a ; .half \a ; .half 0 ; .endm
x: m 3 ; n 4 ; y: n 5`,
  },
  {
    title: "comments in macros and calls",
    source: raw`
.macro m a, b // two
# .endm in a comment
.word \a /* .endm */
    /* over
lines .endm */ .word \b # \c
.endm # done
.data
m 1, 2 # three
m /* 1 */ 3, 4 // x`,
  },
  {
    title: "labels before calls and within",
    source: raw`
.macro body
1: addi.d $a0, $a0, -1
    bnez $a0, 1b
    b 2f
2:
.endm
first: body
second: third: body
    b first
    b third`,
  },
  {
    title: "symbols assigned by macros",
    source: raw`
.set offset, 0
.macro field name, size
.equ \name, offset
.set offset, offset + \size
.endm
field CTX_GPR, 32 * 8
field CTX_CRMD, 8
field CTX_ERA, 8
.equ CTX_SIZE, offset
addi.d $sp, $sp, -CTX_SIZE
st.d $a0, $sp, CTX_GPR + 4 * 8
st.d $a1, $sp, CTX_CRMD
st.d $a2, $sp, CTX_ERA`,
  },
  {
    title: "parameter names that are parts of each other",
    source: raw`
.macro m r, r1, rr
.word \r, \r1, \rr, \r\()1
.endm
.data
m 1, 2, 3`,
  },
];

/** Loops by themselves. */
const LOOPS: readonly GoldenSource[] = [
  {
    title: ".rept",
    source: raw`
.data
.rept 3
.byte 1, 2
.endr
.rept 0
.byte 9
.endr
.rep 2
.byte 3
.endr`,
  },
  {
    title: ".rept with a counter",
    source: raw`
.data
i = 0
.rept 8
.word i * i
i = i + 1
.endr
.word i`,
  },
  {
    title: ".rept counts its rounds",
    source: ".data\n.rept 3\n.word \\+\n.endr\n.irp x, 7, 8\n.word \\x, \\+\n.endr",
  },
  {
    title: ".rept in .rept",
    source: raw`
.data
.set row, 0
.rept 3
.set column, 0
.rept 4
.byte row * 16 + column
.set column, column + 1
.endr
.set row, row + 1
.endr`,
  },
  {
    title: ".irp over registers",
    source: raw`
.irp r, $a0, $a1, $t0, $s8
    st.d \r, $sp, 0
.endr
.irp n, 4 5 6
    move $r\n, $zero
.endr`,
  },
  {
    title: ".irp with empty values",
    source: raw`
.data
.irp x, 1, , 3
.byte 0x1\x
.endr
.irp x,
.byte 0x77
.endr
.irp x, 1,
.byte \x
.endr`,
  },
  {
    title: ".irp in .irp",
    source: raw`
.data
.irp a, 1, 2, 3
.irp b, 4, 5
.half \a\b, \a * \b
.endr
.endr`,
  },
  {
    title: ".irpc",
    source: ".data\n.irpc d, 0123456789\n.byte 0x\\d\\d\n.endr\n.irpc c, xyz\n\\c\\c: .byte '\\c'\n.endr",
  },
  {
    title: "leaving loops early",
    source: raw`
.data
i = 0
.rept 10
.if i == 3
.exitm
.endif
.byte i
i = i + 1
.endr
.irp x, 1, 2, 3, 4
.ifc \x, 3
.exitm
.endif
.byte \x
.endr
.macro find x
.irp y, 5, 6, 7
.if \x == \y
.byte \y
.exitm
.endif
.endr
.byte 0xff
.endm
find 6
find 9`,
  },
  {
    title: "loops with labels",
    source: raw`
.irp f, one, two
\f: addi.d $a0, $a0, 1
    b \f
.endr
1: .rept 2
    b 1b
    b 2f
.endr
2: ret`,
  },
  {
    title: "macros in loops and loops in macros",
    source: raw`
.macro put n
.byte \n, \@
.endm
.macro fill count, value
.rept \count
put \value
.endr
.endm
.data
.irp v, 1, 2
fill 2, \v
.endr
.irp v, 3, 4
.byte \@
put \v
.endr`,
  },
  {
    title: "macros defined and forgotten in a loop",
    source: raw`
.data
.irp n, 1, 2, 3
.macro val x
.byte \n, \x
.endm
val 9
.purgem val
.endr`,
  },
];

/** Conditions by themselves. */
const CONDITIONS: readonly GoldenSource[] = [
  {
    title: "comparisons with zero",
    source: raw`
.data
.irp n, -1, 0, 1
.if \n
.byte 1
.endif
.ifne \n
.byte 2
.endif
.ifeq \n
.byte 3
.endif
.iflt \n
.byte 4
.endif
.ifle \n
.byte 5
.endif
.ifgt \n
.byte 6
.endif
.ifge \n
.byte 7
.endif
.byte 0xff
.endr`,
  },
  {
    title: ".elseif and .else",
    source: raw`
.data
.irp n, 0, 1, 2, 3, 4
.if \n == 0
.ascii "zero"
.elseif \n == 1
.ascii "one"
.elseif \n == 2 || \n == 3
.ascii "some"
.else
.ascii "many"
.endif
.endr`,
  },
  {
    title: "conditions in conditions",
    source: raw`
.data
.irp a, 0, 1
.irp b, 0, 1
.if \a
  .if \b
    .byte 3
  .else
    .byte 2
  .endif
.else
  .if \b
    .byte 1
  .elseif 1
    .byte 0
  .else
    .byte 9
  .endif
.endif
.endr
.endr`,
  },
  {
    title: "what is left out may be anything",
    source: raw`
.data
.if 0
 this is ( no code
 .if nonsense
 .else
 .endif
 .macro x
 .endif
.if 1
.byte 1
.elseif nonsense
.byte 2
.endif`,
  },
  {
    title: "defined symbols",
    source: raw`
.set CONFIG_SMP, 1
.data
here:
.irp s, CONFIG_SMP, CONFIG_NUMA, here, there
.ifdef \s
.byte 1
.else
.byte 0
.endif
.ifndef \s
.byte 2
.endif
.ifnotdef \s
.byte 3
.endif
.endr
there:
.ifdef there
.byte 4
.endif`,
  },
  {
    title: "blank arguments",
    source: raw`
.macro m a, b
.ifb \a
.byte 1
.endif
.ifnb \a
.byte 2
.endif
.ifb \b
.byte 3
.else
.byte 4
.endif
.endm
.data
m
m x
m x, y
m , y
.ifb # comment
.byte 5
.endif
.ifnb ""
.byte 6
.endif`,
  },
  {
    title: "equal texts",
    source: raw`
.macro kind r
.ifc \r, $zero
.byte 0
.else
.ifnc \r,$sp
.byte 1
.else
.byte 2
.endif
.endif
.endm
.data
kind $zero
kind $sp
kind $a0
.ifc a b , a b
.byte 3
.endif
.ifc a  b, a b
.byte 4
.endif
.ifc ,
.byte 5
.endif
.ifc "x", x
.byte 6
.endif
.ifnc A, a
.byte 7
.endif`,
  },
  {
    title: "equal strings",
    source: raw`
.data
.ifeqs "a", "a"
.byte 1
.endif
.ifeqs "a", "A"
.byte 2
.endif
.ifnes "a b","a"
.byte 3
.else
.byte 4
.endif`,
  },
  {
    title: "sizes in conditions",
    source: raw`
start:
    nop
    nop
end:
.if end - start > 4
    ret
.endif
.if . - start == 12
    ertn
.endif
.ifge 0x40 - (. - start)
.space 0x40 - (. - start)
.endif`,
  },
  {
    title: "conditions and labels",
    source: raw`
a: .if 1
b: nop
.else
b: ret
.endif
.ifdef a
    b a
.endif
c: .ifndef d
    b c
.endif
    nop`,
  },
];

/** Sections. */
const SECTIONS: readonly GoldenSource[] = [
  {
    title: "pushed sections",
    order: [".text", ".rodata", ".data", ".table"],
    source: raw`
.macro message text
    la.local $a0, .Lmsg\@
.pushsection .rodata
.Lmsg\@: .asciz "\text"
.popsection
    bl print
.endm
.macro extable at, fixup
.pushsection .table, "aw"
.balign 8
.dword \at, \fixup
.popsection
.endm
print: ret
message "hello"
1: ld.d $a0, $a1, 0
2: ret
extable 1b, 2b
message "bye"
.data
.pushsection .text
    nop
.pushsection .data
.byte 1
.popsection
    nop
.popsection
.byte 2`,
  },
  {
    title: "the section before",
    source: raw`
    nop
.data
.byte 1
.previous
    ret
.previous
.byte 2
.section .rodata
.byte 3
.previous
.byte 4
.pushsection .text
.previous
.byte 5
.popsection
.byte 6
.previous
.byte 7`,
  },
  {
    title: "subsections",
    source: raw`
a: nop
.subsection 2
b: ret
.subsection 1
c: ertn
.previous
    b c
.text 0
    b a
    b b
.text 1
    b a
.data 1
.dword b - a
.data
.dword c, b
.pushsection .data, 3
.byte 1
.popsection
.byte 2`,
  },
  {
    title: "an alternative sequence in a subsection",
    source: raw`
.macro alternative old, new
661: \old
662:
.subsection 1
663: \new
664:
.previous
.pushsection .data
.word 661b, 663b
.byte 662b - 661b, 664b - 663b
.popsection
.endm
    move $a0, $a1
    alternative "dbar 0", "dbar 0x700"
    alternative "nop; nop", "addi.d $a0, $a0, 1; ret"
    ret`,
  },
  {
    title: "flags and types of sections",
    order: [".text", ".text.f", ".init.text", ".rodata", ".init_array", ".data", ".bss", ".bss.x"],
    source: raw`
nop
.section .text.f, "axG", @progbits, f, comdat
f: ret
.section .init.text, "ax"
.word f
.section .init_array, "aw", @init_array
.dword f
.section .bss.x, "aw", @nobits
.space 8
.section .note.x, "", @note
.word 5
.section .debug_str, "MS", @progbits, 1
.asciz "d"
.section .comment
.asciz "c"`,
  },
  {
    title: "directives without effect",
    source: raw`
# 1 "boot.S"
# 1 "<built-in>" 1
# 40 "include/asm.h" 1 3
.file "boot.S"
.file 1 "/src" "boot.S"
.globl f
.hidden f
.type f, @function
f:
.cfi_startproc
.loc 1 5 3
    addi.d $sp, $sp, -16
.cfi_def_cfa_offset 16
    st.d $ra, $sp, 8
.cfi_offset 1, -8
    ret
.cfi_endproc
.size f, . - f
.local g
g: nop
.ident "none"
.addrsig`,
  },
];

/** Modifiers. */
const ADDRESSES: readonly GoldenSource[] = [
  {
    title: "addresses from a table",
    order: [".text", ".data", ".got"],
    source: raw`
.globl x, y
pcalau12i $a0, %got_pc_hi20(x)
ld.d $a0, $a0, %got_pc_lo12(x)
pcalau12i $a1, %got_pc_hi20(y)
ld.d $a1, $a1, %got_pc_lo12(y)
pcalau12i $a1, %got_pc_hi20(x)
addi.d $a2, $zero, %got_pc_lo12(x)
lu32i.d $a2, %got64_pc_lo20(x)
lu52i.d $a2, $a2, %got64_pc_hi12(x)
ldx.d $a1, $a1, $a2
lu12i.w $a0, %got_hi20(y)
ori $a0, $a0, %got_lo12(y)
lu32i.d $a0, %got64_lo20(y)
lu52i.d $a0, $a0, %got64_hi12(y)
x: nop
.data
y: .dword 5`,
  },
  {
    title: "calls through a linkage table",
    source: "bl %plt(f)\nb %plt(g)\npcaddu18i $ra, %call36(f)\njirl $ra, $ra, 0\n.globl f\nf: nop\ng: ret",
  },
  ...[0x40000800n, 0x7ffff000n, 0x90000000n, 0x1_0000_0000n, 0x1_8000_0ff0n, 0x9000_0000_8000_0810n].flatMap(
    (far): GoldenSource[] =>
      [0x1000n, 0x9000_0000_0000_2ff8n].map((origin) => ({
        title: `far addresses from 0x${origin.toString(16)} to 0x${far.toString(16)}`,
        origin,
        sections: { ".data": far },
        source: raw`
.macro far_address rd, tmp, symbol
    pcalau12i \rd, %pc_hi20(\symbol)
    addi.d \tmp, $zero, %pc_lo12(\symbol)
    lu32i.d \tmp, %pc64_lo20(\symbol)
    lu52i.d \tmp, \tmp, %pc64_hi12(\symbol)
    add.d \rd, \rd, \tmp
.endm
far_address $a0, $t0, x
far_address $a1, $t1, y
far_address $a2, $t2, here
here: nop
.data
x: .dword 1
.space 0x7f8
y: .dword 2`,
      })),
  ),
];

/** Whole pieces of hypervisors and kernels. */
const PROGRAMS: readonly GoldenSource[] = [
  {
    title: "saving and restoring registers by a loop",
    source: raw`
.macro SAVE_GPRS base
.irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20
    st.d $r\n, \base, \n * 8
.endr
.irp n, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    st.d $r\n, \base, 8 * \n
.endr
.endm
.macro RESTORE_GPRS base, except
.irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20
.ifnc \n, \except
    ld.d $r\n, \base, \n * 8
.endif
.endr
    ld.d $r\except, \base, \except * 8
.endm
vector:
    csrwr $sp, 0x33
    SAVE_GPRS $sp
    bl handler
    RESTORE_GPRS $sp, 3
    ertn
handler: ret`,
  },
  {
    title: "a vector table with fixed spacing",
    origin: 0x9000000000200000n,
    source: raw`
.macro VECTOR name
.balign 0x80
vector_\name:
    csrwr $t0, 0x30
    li.w $t0, \@
    b common
.Lend\@:
.if .Lend\@ - vector_\name > 0x80
.error "too long"
.endif
.endm
.balign 0x1000
table:
.irp v, reset, pil, pis, pif, pme, pnr, pnx, ppi
VECTOR \v
.endr
.rept 4
.balign 0x80
    b common
.endr
.balign 0x80
common: ertn`,
  },
  {
    title: "a context structure by offsets",
    source: raw`
.macro STRUCT_BEGIN
.set __off, 0
.endm
.macro MEMBER name, size, count=1
.set \name, __off
.set __off, __off + \size * (\count)
.endm
.macro STRUCT_END name
.set \name, (__off + 15) & ~15
.endm
STRUCT_BEGIN
MEMBER VCPU_GPR, 8, 32
MEMBER VCPU_PC, 8
MEMBER VCPU_FLAGS, 4
MEMBER VCPU_CPU, 4
MEMBER VCPU_CSR, 8, 3
STRUCT_END VCPU_SIZE
.macro vcpu_ld reg, field, base=$a0
    ld.d \reg, \base, \field
.endm
    addi.d $sp, $sp, -VCPU_SIZE
    vcpu_ld $t0, VCPU_PC
    vcpu_ld $t1, VCPU_CSR + 8, $s0
    vcpu_ld base=$a1 field=VCPU_GPR+3*8 reg=$sp
    ld.w $t2, $a0, VCPU_CPU
.data
.word VCPU_SIZE, VCPU_FLAGS, VCPU_CSR`,
  },
  {
    title: "CSRs saved by a list",
    source: raw`
.macro CSR_LIST action, base
\action 0x0, \base, 0
\action 0x1, \base, 8
\action 0x4, \base, 16
\action 0x5, \base, 24
\action 0x6, \base, 32
.endm
.macro csr_save csr, base, offset
    csrrd $t0, \csr
    st.d $t0, \base, \offset
.endm
.macro csr_restore csr, base, offset
    ld.d $t0, \base, \offset
    csrwr $t0, \csr
.endm
.macro gcsr_save csr base offset
    gcsrrd $t0, \csr
    st.d $t0, \base, \offset
.endm
CSR_LIST csr_save, $a0
CSR_LIST csr_restore $a0
CSR_LIST gcsr_save, $a1
ret`,
  },
  {
    title: "features by symbols",
    source: raw`
.set CONFIG_LVZ, 1
.set CONFIG_FPU_LEVEL, 2
.macro save_fpu base
.ifdef CONFIG_FPU_LEVEL
.set __i, 0
.irp n, 0, 1, 2, 3
    fst.d $f\n, \base, __i * 8
.set __i, __i + 1
.endr
.if CONFIG_FPU_LEVEL >= 2
    movfcsr2gr $t0, $fcsr0
    st.w $t0, \base, __i * 8
.endif
.endif
.ifdef CONFIG_LSX
    vst $vr0, \base, 0
.endif
.endm
save_fpu $a0
.ifndef CONFIG_LVZ
.error "no LVZ"
.else
    hvcl 0x100
.endif`,
  },
  {
    title: "functions by macros",
    source: raw`
.macro FUNC name, local
.ifb \local
.globl \name
.endif
.type \name, @function
.balign 4
\name:
.set __function, 1
.endm
.macro ENDFUNC name
.size \name, . - \name
.endm
.macro PROLOGUE size=16, regs:vararg
    addi.d $sp, $sp, -(\size)
.set __slot, \size
.irp r, \regs
.set __slot, __slot - 8
    st.d \r, $sp, __slot
.endr
.endm
.macro EPILOGUE size=16, regs:vararg
.set __slot, \size
.irp r, \regs
.set __slot, __slot - 8
    ld.d \r, $sp, __slot
.endr
    addi.d $sp, $sp, \size
    ret
.endm
FUNC vcpu_run
    PROLOGUE 32, $ra, $fp, $s0
    bl helper
    EPILOGUE 32, $ra, $fp, $s0
ENDFUNC vcpu_run
FUNC helper, local
    PROLOGUE
    EPILOGUE
ENDFUNC helper`,
  },
  {
    title: "a page table by loops",
    source: raw`
.equ PAGE, 0x4000
.equ FLAGS, 0x1d1
.data
.balign 64
directory:
.set address, 0x90000000
.rept 16
.dword address | FLAGS
.set address, address + PAGE
.endr
level:
.irp attribute, 0x11, 0x13, 0x1f
.rept 2
.dword directory + \attribute
.endr
.endr
.fill 4, 8, 0`,
  },
  {
    title: "a jump table",
    source: raw`
.macro JUMP_TABLE prefix, names:vararg
\prefix\()_table:
.irp n, \names
.dword \prefix\()_\n
.endr
\prefix\()_count = (. - \prefix\()_table) / 8
.endm
    la.local $t0, exit_table
    alsl.d $t0, $a0, $t0, 3
    ld.d $t0, $t0, 0
    jr $t0
.irp n, none, gspr, hvc, gcm
exit_\n: ret
.endr
.data
JUMP_TABLE exit, none, gspr, hvc, gcm`,
  },
  {
    title: "loading numbers by a macro",
    source: raw`
.macro LOAD rd, n
.if \n == 0
    move \rd, $zero
.elseif (\n >= -2048) && (\n < 2048)
    addi.d \rd, $zero, \n
.else
    lu12i.w \rd, (\n >> 12) & 0x7ffff
.if \n & 0xfff
    ori \rd, \rd, \n & 0xfff
.endif
.endif
.endm
LOAD $a0, 0
LOAD $a1, 100
LOAD $a2, -1
LOAD $a3, 0x12000
LOAD $a4, 0x12345
LOAD $a5, 1 << 20`,
  },
  {
    title: "copying unrolled",
    source: raw`
.macro COPY dst, src, bytes, tmp=$t0
.set done, 0
.rept (\bytes) / 8
    ld.d \tmp, \src, done
    st.d \tmp, \dst, done
.set done, done + 8
.endr
.if (\bytes) & 4
    ld.w \tmp, \src, done
    st.w \tmp, \dst, done
.set done, done + 4
.endif
.irpc bit, 21
.if (\bytes) & \bit
.if \bit == 2
    ld.h \tmp, \src, done
    st.h \tmp, \dst, done
.else
    ld.b \tmp, \src, done
    st.b \tmp, \dst, done
.endif
.set done, done + \bit
.endif
.endr
.endm
COPY $a0, $a1, 31
COPY $a2, $a3, 8, $t5
COPY $a2, $a3, 3`,
  },
  {
    title: "spin locks with local labels",
    source: raw`
.macro LOCK addr, tmp0=$t0, tmp1=$t1
.Llock\@:
    ll.w \tmp0, \addr, 0
    bnez \tmp0, .Llock\@
    li.w \tmp1, 1
    sc.w \tmp1, \addr, 0
    beqz \tmp1, .Llock\@
    dbar 0x14
.endm
.macro UNLOCK addr
    dbar 0x12
    st.w $zero, \addr, 0
.endm
.macro WITH_LOCK addr, body:vararg
    LOCK \addr
    \body
    UNLOCK \addr
.endm
WITH_LOCK $a0, addi.d $a1, $a1, 1
WITH_LOCK $s0, bl work
LOCK $a3, tmp1=$t8
work: ret`,
  },
  {
    title: "a world switch",
    origin: 0x9000000000000000n,
    source: raw`
/* layout */
.equ LVZ_GSTAT, 0x50
.equ LVZ_GTLBC, 0x15
.set OFFSET, 0
.irp reg, ra, tp, sp, fp, s0, s1, s2, s3, s4, s5, s6, s7, s8
.set HOST_\reg, OFFSET
.set OFFSET, OFFSET + 8
.endr
.set HOST_SIZE, OFFSET
.macro host_regs insn
.irp reg, ra, tp, fp, s0, s1, s2, s3, s4, s5, s6, s7, s8
    \insn $\reg, $sp, HOST_\reg
.endr
.endm
.macro guest_regs insn, base, skip:vararg
.set skipped, 0
.irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
.set wanted, 1
.irp s, \skip
.if \s == \n
.set wanted, 0
.endif
.endr
.if wanted
    \insn $r\n, \base, 8 * \n
.else
.set skipped, skipped + 1
.endif
.endr
.endm
.globl enter_guest
.balign 16
enter_guest:
    addi.d $sp, $sp, -HOST_SIZE
    host_regs st.d
    st.d $sp, $a0, 0x108
    csrrd $t0, LVZ_GSTAT
    bstrins.d $t0, $a1, 23, 16
    csrwr $t0, LVZ_GSTAT
    guest_regs ld.d, $a0, 4, 12
    ld.d $a0, $a0, 32
    ertn
.balign 0x1000
exit_vector:
    csrwr $a0, 0x32
    guest_regs st.d, $a0, 4
    host_regs ld.d
.ifne skipped - 1
.error "one register is the base"
.endif
    addi.d $sp, $sp, HOST_SIZE
    ret`,
  },
  {
    title: "a boot stub with assertions",
    source: raw`
.macro ASSERT condition
.ifeq \condition
.error "assertion failed"
.endif
.endm
.equ STACK, 0x4000
ASSERT STACK > 0
ASSERT (STACK & (STACK - 1)) == 0
.macro putc c
    li.w $a1, \c
    st.b $a1, $a0, 0
.endm
.macro puts string
.irpc c, \string
putc '\c'
.endr
.endm
_start:
    lu12i.w $a0, 0x1fe00
    ori $a0, $a0, 0x1e0
    puts ok
    puts A
    la.local $sp, stack_top
1:  idle 0
    b 1b
.bss
.balign 16
stack: .space STACK
stack_top:`,
  },
  {
    title: "an interrupt table by recursion",
    source: raw`
.macro STUB n
stub_\n: li.w $a0, \n
    b dispatch
.endm
.irp n, 0, 1, 2, 3
STUB \n
.endr
.macro TABLE n, rest:vararg
.dword stub_\n
.ifnb \rest
TABLE \rest
.endif
.endm
dispatch: ret
.data
TABLE 0, 1, 2, 3`,
  },
  {
    title: "bit masks from lists",
    source: raw`
.macro MASK name, bits:vararg
.set \name, 0
.irp b, \bits
.set \name, \name | (1 << \b)
.endr
.endm
MASK LIE, 0, 1, 11, 12
MASK EMPTY
MASK TOP, 63
    li.d $a0, LIE
    li.d $a1, EMPTY
    li.d $a2, TOP
    csrxchg $a0, $a1, 0x4`,
  },
  {
    title: "text of the C preprocessor",
    source: raw`# 1 "switch.S"
# 1 "<command-line>"
# 1 "switch.S"
# 3 "asm.h" 1
.macro ENTRY name
.globl \name; .balign 4; \name:
.endm
# 9 "switch.S" 2
ENTRY f
 ld.d $a0, $a1, ((4) * 8) ; st.d $a0, $a1, ((0) + (5) * 8)
# 20 "switch.S"
 .if (1 && (0 || 1)) ; ret ; .endif
`,
  },
];

/** Sources for `goldens_llvm.json`. */
export const MACRO_GOLDEN_SOURCES: readonly GoldenSource[] = [
  ...MACROS,
  ...LOOPS,
  ...CONDITIONS,
  ...SECTIONS,
  ...ADDRESSES,
  ...PROGRAMS,
];
