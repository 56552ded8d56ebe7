import { assert, assertEquals, assertThrows } from "@std/assert";
import { assemble, type AssembleOptions, AssemblyErrors } from "../mod.ts";

const raw = String.raw;

function mistakes(source: string, options: AssembleOptions = {}): AssemblyErrors {
  return assertThrows(() => assemble(source, { origin: 0x1000n, ...options }), AssemblyErrors);
}

/** A source with one mistake outside all macros, its place, and the reason. */
// deno-fmt-ignore
const REFUSED: readonly (readonly [source: string, place: string, reason: string])[] = [
  [".macro\n.endm", "1:7", "Cannot define a macro: its name is missing"],
  [".macro 5\n.endm", "1:8", "Cannot define a macro: its name is missing"],
  [".macro m 5\n.endm", "1:10", "Cannot define macro m: a parameter is missing before `5`"],
  [".macro m a, a\n.endm\nm 1", "1:13", "Cannot define macro m: it has two parameters a"],
  [".macro m a:vararg, b\n.endm\nm 1", "1:20", "Cannot define macro m: a takes the rest, no parameter may follow"],
  [".macro m a:foo\n.endm", "1:12", "Cannot define macro m: `:req` or `:vararg` may stand behind a, not `foo`"],
  [".macro m a=(1\n.endm", "1:12", "Cannot define macro m: `)` is missing before the end of the statement"],
  [".macro m \\a\n.endm", "1:10", "Cannot read \\a: it is used outside a macro"],
  [".macro m\n.endm\n.macro m\n.endm", "3:8", "Cannot define macro m: it is defined in line 1, use .purgem before"],
  [".macro m\nnop", "1:1", "Cannot read .macro: .endm is missing before the end of the source"],
  [".macro m\n.macro n\n.endm\nnop\nb x", "1:1", "Cannot read .macro: .endm is missing before the end of the source"],
  [".macro m\n.endm x", "2:7", "Cannot read .endm: `x` is not expected here"],
  [".endm", "1:1", "Cannot use .endm: no .macro is open here"],
  [".endmacro", "1:1", "Cannot use .endmacro: no .macro is open here"],
  [".exitm", "1:1", "Cannot use .exitm: no macro or loop is open here"],
  [".exitm 5", "1:8", "Cannot read .exitm: `5` is not expected here"],
  [".purgem", "1:8", "Cannot read .purgem: a macro is missing before the end of the statement"],
  [".purgem n", "1:9", "Cannot forget macro n: it is not defined"],
  [".macro save\n.endm\n.purgem sav", "3:9", "Cannot forget macro sav: it is not defined, did you mean save"],
  [".macro m\n.endm\n.purgem m\nm", "4:1", "Cannot assemble m: it is no instruction"],
  [".altmacro", "1:1", "Cannot use .altmacro: the alternate macro syntax is not supported"],
  [".macro m\n.endm\nm 1", "3:3", "Cannot expand m: it takes no arguments, this is one more"],
  [".macro m a\n.endm\nm 1, 2", "3:6", "Cannot expand m: it takes 1 argument (a), this is one more"],
  [".macro m a\n.endm\nm 1,", "3:4", "Cannot expand m: it takes 1 argument (a), this is one more"],
  [".macro m a b\n.endm\nm 1 2 3", "3:7", "Cannot expand m: it takes 2 arguments (a, b), this is one more"],
  [".macro m base\n.endm\nm bas=3", "3:3", "Cannot expand m: it has no parameter bas, did you mean base"],
  [".macro m a, b\n.endm\nm a=1, 2", "3:8", "Cannot expand m: an argument without name stands behind one with a name"],
  [".macro m a, b:req\n.endm\nm 1", "3:4", "Cannot expand m: it needs a value for b"],
  [".macro m a\n.endm\nm (1", "3:3", "Cannot expand m: `)` is missing before the end of the statement"],
  [".macro m a\n.endm\nm 1=2", "3:4", "Cannot expand m: `=` is not expected here"],
  [".macro m a\n.endm\nm \"x", "3:3", "Cannot read a string: it has no end, `\"` is missing in this line"],
  [".rept -1\n.endr", "1:7", "Cannot read .rept: the count is -1, it must not be negative"],
  [".rept x\nnop\n.endr", "1:7", "Cannot use x here: it is defined later, and the size of the program depends on it"],
  ["x: .rept x\n.endr", "1:10", "Cannot read .rept: x is an address, not a number"],
  [".rept 2 3\n.endr", "1:9", "Cannot read .rept: `3` is not expected here"],
  [".rept\n.endr", "1:6", "Cannot read an expression: a number or a symbol is missing before the end of the statement"],
  [".rept 2\nnop", "1:1", "Cannot read .rept: .endr is missing before the end of the source"],
  [".rept 1 << 62\n.endr", "1:1", "Cannot expand .rept: all expansions together have more than 4194304 characters"],
  [".endr", "1:1", "Cannot use .endr: no .rept or .irp is open here"],
  [".irp x\nnop\n.endr", "1:7", "Cannot read .irp: `,` is missing before the end of the statement"],
  [".irp 5, 1\n.endr", "1:6", "Cannot read .irp: a parameter is missing before `5`"],
  [".irp x, (1\n.endr", "1:9", "Cannot read .irp: `)` is missing before the end of the statement"],
  [".irpc x, \"ab\"\n.endr", "1:10", "Cannot read .irpc: assemblers disagree whether the quotes are characters, write the word without"],
  [".irpc x, a b\n.endr", "1:12", "Cannot read .irpc: `b` is not expected here"],
  [".irpc x, a+b\n.endr", "1:10", "Cannot read .irpc: it takes one word"],
  [".irpc x,\n.endr", "1:9", "Cannot read .irpc: characters are missing before the end of the statement"],
  [".if 1\nnop", "1:1", "Cannot close .if: .endif is missing before the end of the source"],
  [".if 1\n.else 5\n.endif", "2:7", "Cannot read .else: `5` is not expected here"],
  [".if 1\n.endif 5", "2:8", "Cannot read .endif: `5` is not expected here"],
  [".if 1 2\n.endif", "1:7", "Cannot decide .if: `2` is not expected here"],
  [".if\nx:\n.endif\nb x", "1:4", "Cannot read an expression: a number or a symbol is missing before the end of the statement"],
  [".if FOO == 1\nx:\n.else\n.endif\nb x", "1:5", "Cannot decide .if: FOO has no value yet, .ifdef asks whether it is defined"],
  [".if 0\n.elseif y\n.endif\ny = 1", "2:9", "Cannot decide .elseif: y has no value yet, .ifdef asks whether it is defined"],
  [".if 1f\n.endif\n1:", "1:5", "Cannot decide .if: 1f has no value yet"],
  ["x: .if x\n.endif", "1:8", "Cannot decide .if: x is an address, not a number"],
  [".ifeq $a0\n.endif", "1:7", "Cannot use register $a0 in an expression: it is no number"],
  [".ifdef 5\n.endif", "1:8", "Cannot decide .ifdef: a symbol is missing before `5`"],
  [".ifndef x y\n.endif", "1:11", "Cannot decide .ifndef: `y` is not expected here"],
  [".ifc a\n.endif", "1:7", "Cannot decide .ifc: `,` is missing before the end of the statement"],
  [".ifeqs a, b\n.endif", "1:8", "Cannot decide .ifeqs: a string is missing before `a`"],
  [".ifnes \"a\"\n.endif", "1:11", "Cannot decide .ifnes: `,` is missing before the end of the statement"],
  [".else", "1:1", "Cannot use .else: no .if is open here"],
  [".elseif 1", "1:1", "Cannot use .elseif: no .if is open here"],
  [".endif", "1:1", "Cannot use .endif: no .if is open here"],
  [".if 1\n.else\n.else\n.endif", "3:1", "Cannot use .else: the .if in line 1 has had its .else"],
  [".if 0\n.else\n.elseif 1\n.endif", "3:1", "Cannot use .elseif: the .if in line 1 has had its .else"],
  [".include \"x.h\"", "1:10", "Cannot read \"x.h\": the assembler has no access to files, option \"readFile\" gives it"],
  [".include x", "1:10", "Cannot read .include: a string is missing before `x`"],
  ["nop \\foo", "1:5", "Cannot read \\foo: it is used outside a macro"],
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

/** A source with mistakes in what macros made, and the whole message. */
const SHOWN: readonly (readonly [source: string, message: string])[] = [
  [
    raw`.macro SAVE base, off
  st.d $a0, \base, \off
.endm
.macro OUTER x
  SAVE $sp, \x
.endm
nop
  OUTER 5000`,
    raw`guest.s:2:20: in expansion of SAVE, called at guest.s:5:3 in expansion of OUTER, called at guest.s:8:3: Cannot encode st.d: si12 is 5000, range is -2048 to 2047
  st.d $a0, $sp, 5000
                 ^`,
  ],
  [
    ".irp r, 1, 5000\naddi.d $a0, $a0, \\r\n.endr",
    `guest.s:2:18: in expansion of .irp with r = 5000, called at guest.s:1:1: Cannot encode addi.d: si12 is 5000, range is -2048 to 2047
addi.d $a0, $a0, 5000
                 ^`,
  ],
  [
    ".irp r, ,\n foo\\r\n.endr\n.irp r, , x\nfoo\\r\n.endr",
    `guest.s:5:1: in expansion of .irp with r = nothing, called at guest.s:4:1: Cannot assemble foo: it is no instruction
foo
^
guest.s:5:1: in expansion of .irp with r = x, called at guest.s:4:1: Cannot assemble foox: it is no instruction
foox
^`,
  ],
  // A loop reports a mistake once, and mistakes come in the order of the body.
  [
    ".macro m\nb nowhere\nfoo\n.endm\n.rept 3\nm\n.endr",
    `guest.s:2:3: in expansion of m, called at guest.s:6:1 in expansion of .rept, called at guest.s:5:1: Cannot find symbol nowhere: it is not defined
b nowhere
  ^
guest.s:3:1: in expansion of m, called at guest.s:6:1 in expansion of .rept, called at guest.s:5:1: Cannot assemble foo: it is no instruction
foo
^`,
  ],
  [
    ".macro m base\nld.d $a0, \\bass, 0\n.endm\nm $sp",
    `guest.s:2:11: in expansion of m, called at guest.s:4:1: Cannot read \\bass: m has no such parameter, did you mean \\base
ld.d $a0, \\bass, 0
          ^`,
  ],
  [
    '.macro m x\n.ascii "\\x"\n.endm\nm "a\\q"',
    `guest.s:2:9: in expansion of m, called at guest.s:4:1: Cannot read a string: the escape \\q is unknown
.ascii "a\\q"
         ^`,
  ],
  [
    ".macro m\nx: nop\n.endm\nm\nm",
    `guest.s:2:1: in expansion of m, called at guest.s:5:1: Cannot define label x: it is defined in line 2 by m called in line 4
x: nop
^`,
  ],
  [
    ".macro m\n.if 1\n.endm\nm\n.endif",
    `guest.s:2:1: in expansion of m, called at guest.s:4:1: Cannot close .if: .endif is missing before the end of m
.if 1
^
guest.s:5:1: Cannot use .endif: no .if is open here
.endif
^`,
  ],
  [
    ".macro m\n.rept 2\n.endm\nm\n.endr\nb x",
    `guest.s:2:1: in expansion of m, called at guest.s:4:1: Cannot read .rept: .endr is missing before the end of m
.rept 2
^`,
  ],
  [
    '.macro m n\n.error "no \\n"\n.endm\nm 5',
    `guest.s:2:1: in expansion of m, called at guest.s:4:1: Cannot assemble: the source says "no 5"
.error "no 5"
^`,
  ],
  [
    '# 1 "a.S"\nnop\n# 30 "b.h" 1\n.macro m\n foo\n.endm\n# 3 "a.S" 2\nm\nbar\nx: nop\nx: nop',
    `b.h:31:2: in expansion of m, called at a.S:3:1: Cannot assemble foo: it is no instruction
 foo
 ^
a.S:4:1: Cannot assemble bar: it is no instruction, did you mean dbar or ibar
bar
^
a.S:6:1: Cannot define label x: it is defined in line 5 of a.S
x: nop
^`,
  ],
  [
    ".macro m a\n.if \\a\nm (\\a - 1)\n.else\nfoo\n.endif\n.endm\nm 7",
    `guest.s:5:1: in expansion of m, called at guest.s:3:1 in expansion of m, called at guest.s:3:1 in expansion of m, called at guest.s:3:1 in 4 more calls, in expansion of m, called at guest.s:8:1: Cannot assemble foo: it is no instruction
foo
^`,
  ],
];

Deno.test("assemble() shows where a macro was called, and the line as it was expanded", () => {
  for (const [source, message] of SHOWN) assertEquals(mistakes(source).message, message);
});

Deno.test("assemble() names the file that a mistake is in, and where it was included", () => {
  const files: Readonly<Record<string, string>> = {
    "a.h": 'nop\n.include "b.h"',
    "b.h": " foo",
    "self.h": '.include "self.h"',
  };
  const readFile = (name: string) => {
    const text = files[name];
    return text === undefined ? undefined : new TextEncoder().encode(text);
  };
  assertEquals(
    mistakes('.include "a.h"', { readFile }).message,
    "b.h:1:2: included at a.h:2:1 included at guest.s:1:1: Cannot assemble foo: it is no instruction\n foo\n ^",
  );
  assertEquals(
    mistakes('.incbin "c.h"', { readFile }).message,
    'guest.s:1:9: Cannot read "c.h": there is no such file\n.incbin "c.h"\n        ^',
  );
  assertEquals(
    mistakes('.incbin "a.h", 40', { readFile }).message,
    'guest.s:1:16: Cannot read .incbin: the offset is 40, the file has 18 bytes\n.incbin "a.h", 40\n               ^',
  );
  assert(mistakes('.include "self.h"', { readFile }).message.includes("nested deeper than 100 levels"));
});

Deno.test("AssemblyError has the calls as data", () => {
  const [error] = mistakes(".macro m\nfoo\n.endm\nx: m", { name: "a.s" }).errors;
  assertEquals([error?.file, error?.line, error?.column, error?.text], ["a.s", 2, 1, "foo"]);
  assertEquals(error?.calls, [{ name: "m", kind: "expansion", file: "a.s", line: 4, column: 4 }]);
});

/** Sources that would go on without end, and the reason to stop. */
// deno-fmt-ignore
const ENDLESS: readonly (readonly [source: string, reason: string, options?: AssembleOptions])[] = [
  [".macro m\nm\n.endm\nm", "Cannot expand m: macros, loops and files are nested deeper than 100 levels"],
  [".macro m\nm\nm\n.endm\nm", "Cannot expand m: macros, loops and files are nested deeper than 100 levels"],
  [".macro m\n.irp x, 1\nm\n.endr\n.endm\nm", "Cannot expand .irp: macros, loops and files are nested deeper than 7 levels", { maximumDepth: 7 }],
  [".macro m a\n.if \\a\nm (\\a-1)\nm (\\a-1)\n.endif\n.endm\nm 40", "Cannot expand m: all expansions together have more than 50000 characters", { maximumExpansion: 50000 }],
  [".macro m a\nm \\a\\a\\a\\a\\a\\a\\a\\a\n.endm\nm xx", "Cannot expand m: all expansions together have more than 4194304 characters"],
  [".rept 1000000\n.rept 1000000\n.endr\n.endr", "Cannot expand .rept: all expansions together have more than 4194304 characters"],
  [".rept 1000\n.byte 1, 2\n.endr", "Cannot expand .rept: all expansions together have more than 9999 characters", { maximumExpansion: 9999 }],
  [".irp x, 1, 2, 3\n.rept 1000\n.endr\n.endr", "Cannot expand .rept: all expansions together have more than 2000 characters", { maximumExpansion: 2000 }],
  [".rept 1000000\n.space 1000\n.endr", "Cannot expand .rept: all expansions together have more than 4194304 characters"],
  [".rept 100000\n.space 1000\n.endr", "Cannot add 1000 bytes to .text: of the program's 9999 bytes 999 are left", { maximumSize: 9999 }],
];

Deno.test("assemble() stops at its limits, with one mistake", () => {
  for (const [source, reason, options] of ENDLESS) {
    const { errors: [error, ...others] } = mistakes(source, options);
    assertEquals(error?.message.split("\n")[0]?.replace(/^.*?: (?=Cannot)/, ""), reason, source);
    assertEquals(others.length, 0, source);
  }
});
