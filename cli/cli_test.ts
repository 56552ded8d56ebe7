import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import helloElf from "../fixtures/hello_elf.json" with { type: "json" };
import hello from "../fixtures/hello.s" with { type: "text" };
import { runCommandLine } from "./main.ts";
import { parseSize } from "./options.ts";
import { UsageError } from "./io.ts";

/** As recorded from QEMU: see devices/devices_test.ts. */
const HELLO_OUTPUT = "hello from Loongson 3A5000\nESTAT 0800: timer\nESTAT 1000: mail 1234\nbye\n";

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  "hello.s": hello,
  "hello.elf": Uint8Array.from(atob(helloElf.base64), (c) => c.charCodeAt(0)),
  "wild_store.s": `
_start: li.d  $t0, 0x30000000
        bl    f
        nop
f:      st.d  $t0, $t0, 8
`,
  "device.s": "_start: li.w $t0, 0x5000\n iocsrrd.w $t0, $t0\n",
  "idle.s": "_start: li.w $t0, 0x804\n csrwr $t0, ECFG\n idle 0\n",
  "self.s": "_start: nop\n1: b 1b\n",
  "no_handler.s": "_start: nop\n syscall 0\n",
  "count.s":
    "_start: li.w $t0, 100\nloop: addi.d $t0, $t0, -1\n bnez $t0, loop\n li.d $t1, 0x100e001c\n li.w $t2, 0x34\n st.b $t2, $t1, 0\n",
  "wait.s": `
        li.d  $t1, 0x100e001c         # EENTRY: power off
        li.w  $t2, 0x34
        st.b  $t2, $t1, 0
_start: li.d  $t0, 0x200000
        csrwr $t0, EENTRY
        li.w  $t0, 0x800
        csrwr $t0, ECFG
        li.w  $t0, 0x401
        csrwr $t0, TCFG
        li.w  $t0, 4
        csrxchg $t0, $t0, CRMD
1:      b     1b
`,
  "reset.s": "_start: li.d $t1, 0x100e001e\n li.w $t2, 0x42\n st.b $t2, $t1, 0\n",
  "stack.s":
    "_start: li.d $t0, 0x400000\n beq $sp, $t0, 1f\n break 0\n1: li.d $t1, 0x100e001c\n li.w $t2, 0x34\n st.b $t2, $t1, 0\n",
  "mistakes.s": "_start: addi.d $a0, $a1, 5000\n adi.d $a0, $a0, 1\n",
  "empty.s": "# nothing\n",
  "empty.bin": new Uint8Array(0),
  "three.bin": Uint8Array.of(1, 2, 3),
  // li.w $a0, 1 · b .
  "loop.bin": Uint8Array.of(0x04, 0x04, 0x80, 0x03, 0x00, 0x00, 0x00, 0x50),
  "broken.elf": Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1),
  "data.s": '_start: b _start\n .half 1, 2\n .asciz "abc"\n .bss\nroom: .space 100\n',
};

interface Result {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function lvz(args: readonly string[], color = false): Promise<Result> {
  let out = "";
  let err = "";
  const decoder = new TextDecoder();
  const status = await runCommandLine(args, {
    out: (data) => out += typeof data === "string" ? data : decoder.decode(data),
    err: (text) => err += text,
    readFile: (path) => {
      const file = FILES[path];
      if (file === undefined) return Promise.reject(new Error("there is no such file"));
      return Promise.resolve(typeof file === "string" ? new TextEncoder().encode(file) : file);
    },
    listFolder: (path) => {
      const names = Object.keys(FILES).filter((name) => name.startsWith(`${path}/`));
      return Promise.resolve(
        names.length === 0 ? undefined : names.map((name) => name.slice(path.length + 1)),
      );
    },
    // Importing specs inside a test would register their cases with the runner.
    specFiles: () => Promise.resolve([]),
    color,
  });
  return { status, out, err };
}

// run -------------------------------------------------------------------------------------------------------------

for (const file of ["hello.s", "hello.elf"]) {
  Deno.test(`lvz run ${file} sends what QEMU sends, and nothing to standard error`, async () => {
    assertEquals(await lvz(["run", file]), { status: 0, out: HELLO_OUTPUT, err: "" });
  });
}

/** Programs that do not power off: the whole report. */
const FAILURES: readonly (readonly [args: string, err: string])[] = [
  [
    "run wild_store.s",
    `Stopped: Cannot write 8 bytes at physical 0x30000008: …, in host mode at pc 0x20000c (word 0x29c0218c)
  at host 0x20000c f (wild_store.s:5): st.d $t0, $t0, 8
  last 3 of 3 instructions:
    host  0x200000  _start      lu12i.w $t0, 196608
    host  0x200004  _start+0x4  bl 0x20000c
    host  0x20000c  f           st.d $t0, $t0, 8
`,
  ],
  [
    "run idle.s --trace 0",
    `Stopped: the processor idles and nothing can wake it: ECFG.LIE enables only HWI0, TI, and no timer is running
  at host 0x200008 _start+0x8 (idle.s:3): idle 0
`,
  ],
  [
    "run self.s",
    `Stopped: the processor repeats one instruction for ever: interrupts are disabled
  at host 0x200004 _start+0x4 (self.s:2): b 0x200004
  last 4 of 4 instructions:
    host  0x200000  _start      nop
    host  0x200004  _start+0x4  b 0x200004
    host  0x200004  _start+0x4  b 0x200004
    host  0x200004  _start+0x4  b 0x200004
`,
  ],
  [
    "run no_handler.s",
    `Stopped: the processor repeats one instruction for ever: it is where exceptions go (EENTRY), and raises one itself
  at host 0x0: .word 0x00000000
  last exception INE, instruction not defined: ERA 0x0, BADV 0x0
  last 5 of 5 instructions:
    host  0x200000  _start      nop
    host  0x200004  _start+0x4  syscall 0
    host  0x0                   .word 0x00000000
    host  0x0                   .word 0x00000000
    host  0x0                   .word 0x00000000
`,
  ],
  [
    "run count.s --budget 20 --trace 2",
    `Stopped: the budget of 20 instructions is used up (--budget)
  at host 0x200004 loop (count.s:2): addi.d $t0, $t0, -1
  last 2 of 20 instructions:
    host  0x200008  loop+0x4  bnez $t0, 0x200004
    host  0x200004  loop      addi.d $t0, $t0, -1
`,
  ],
  [
    "run reset.s --trace 0",
    `Stopped: the program asked for: reset
  at host 0x20000c _start+0xc (reset.s:3): st.b $t2, $t1, 0
`,
  ],
  [
    "run loop.bin --base 0x8000 --trace 1",
    `Stopped: the processor repeats one instruction for ever: interrupts are disabled
  at host 0x8004: b 0x8004
  last 1 of 4 instructions:
    host  0x8004    b 0x8004
`,
  ],
];

for (const [args, err] of FAILURES) {
  Deno.test(`lvz ${args} reports why it ended, and fails`, async () => {
    const result = await lvz(args.split(" "));
    // How the core words a bus error is the core's business.
    const ours = result.err.replace(/(physical 0x[0-9a-f]+): .*, in host/, "$1: …, in host");
    assertEquals({ ...result, err: ours }, { status: 1, out: "", err });
  });
}

Deno.test("lvz run names an address at which no IOCSR is", async () => {
  const { status, err } = await lvz(["run", "device.s"]);
  assertEquals(status, 1);
  assertStringIncludes(err, "at IOCSR 0x5000");
  assertStringIncludes(err, "  at host 0x200004 _start+0x4 (device.s:2): iocsrrd.w $t0, $t0\n");
});

Deno.test("lvz run --trace prints as many instructions as it is told, after a success too", async () => {
  const lines = (await lvz(["run", "count.s", "--trace", "50"])).err.split("\n");
  // 1 + 2 * 100 + 4 instructions are executed; of the last 50 the loop has 46, half of them its first.
  assertEquals(lines[0], "  last 50 of 205 instructions:");
  assertEquals(lines.filter((line) => line.includes(" loop")).length, 50);
  assertEquals(lines.filter((line) => line.includes("addi.d $t0, $t0, -1")).length, 23);
  assertEquals(lines.length, 52);
  assertEquals(lines[1], "    host  0x200004  loop       addi.d $t0, $t0, -1");
  assertEquals(lines[50], "    host  0x200018  loop+0x14  st.b $t2, $t1, 0");
});

Deno.test("lvz run lets a program wait for an interrupt in a jump to itself", async () => {
  assertEquals(await lvz(["run", "wait.s"]), { status: 0, out: "", err: "" });
});

Deno.test("lvz run gives assembly text a stack at the end of low RAM", async () => {
  assertEquals(await lvz(["run", "stack.s", "--memory", "4M"]), { status: 0, out: "", err: "" });
});

// Wrong use -------------------------------------------------------------------------------------------------------

const WRONG_USE: readonly (readonly [args: readonly string[], message: string])[] = [
  [[], "Cannot start: no command is given"],
  [["rnu"], "Cannot find command rnu, did you mean run"],
  [
    ["boot"],
    "Cannot find command boot: there are run, gdb, asm, disasm, explain, rules, export, image, diff, trace, conform, help",
  ],
  [["help", "rum"], "Cannot find command rum, did you mean run"],
  [["run"], "Cannot run: no file is named"],
  [["run", "a.s", "b.s"], "Cannot run b.s: one file at a time"],
  [["run", "missing.s"], "Cannot read missing.s: there is no such file"],
  [["run", "empty.s"], "Cannot use empty.s: it assembles to nothing"],
  [["run", "empty.bin", "--base", "0"], "Cannot use empty.bin: it is empty"],
  [["run", "loop.bin"], "Cannot use loop.bin: it is no ELF file; a flat binary needs --base ADDR"],
  [["run", "hello.elf", "--base", "0x1000"], "Cannot use --base: hello.elf is an ELF file"],
  [["run", "broken.elf"], "Cannot load this ELF file: the ELF header (0x40 at offset 0x0)"],
  [
    ["run", "hello.s", "--memroy", "1M"],
    "Cannot use --memroy: there is no such option, did you mean --memory",
  ],
  [["run", "hello.s", "-x"], "Cannot use -x: there is no such option"],
  [["run", "hello.s", "--memory", "12Q"], 'Cannot use --memory: "12Q" is no number'],
  [["run", "hello.s", "--memory", "9999999G"], "Cannot use --memory: 9999999G is too large"],
  [["run", "hello.s", "--memory", "5000"], "Cannot use --memory: Cannot create low RAM: its size is 5000"],
  [["run", "hello.s", "--memory", "0"], "Cannot use --memory: Cannot create low RAM: its size is 0"],
  [["run", "hello.s", "--memory", "1M"], "Cannot load .text: there is no RAM for all of its"],
  [["run", "hello.s", "--budget", "-1"], "Cannot use -1: there is no such option"],
  [["run", "hello.s", "--budget=-1"], 'Cannot use --budget: "-1" is no number; write it as 4096 or 0x1000'],
  [["run", "hello.s", "--budget", "1e6"], 'Cannot use --budget: "1e6" is no number'],
  [["run", "hello.s", "--budget", "1", "--budget", "2"], "Cannot use --budget: it is given 2 times"],
  [["run", "hello.s", "--budget"], "Cannot use --budget: its value is missing"],
  [["run", "hello.s", "--trace", "2000000"], "Cannot use --trace: 2000000 is above the greatest, 1000000"],
  [
    ["run", "hello.s", "--base", "0x1000000000000"],
    "Cannot use --base: 0x1000000000000 is above the greatest",
  ],
  [
    ["run", "hello.s", "--profile", "la465"],
    "Cannot use --profile: there is no profile la465, did you mean la464",
  ],
  [["run", "mistakes.s"], "mistakes.s:1:"],
  [["asm"], 'Cannot assemble: neither a file nor -e "TEXT" is given'],
  [["asm", "hello.s", "-e", "nop"], "Cannot assemble hello.s: -e is given as well"],
  [["asm", "-e", "adi.d $a0, $a0, 1"], "-e:1:1: Cannot assemble adi.d: it is no instruction, did you mean "],
  [["disasm"], "Cannot disassemble: neither words nor a file are given"],
  [["disasm", "03400000", "xyz"], 'Cannot disassemble "xyz": a word is up to 8 hexadecimal digits'],
  [["disasm", "0x123456789"], 'Cannot disassemble "0x123456789"'],
  [["disasm", "three.bin"], "Cannot disassemble three.bin: its size is 3, not a multiple of 4"],
  [["disasm", "hello.elf", "--pc", "0"], "Cannot use --pc: hello.elf is an ELF file"],
  [["explain"], "Cannot explain: nothing is given"],
  [
    ["explain", "ESTATS"],
    "Cannot explain ESTATS: it is no CSR, exception, interrupt or mnemonic, did you mean ESTAT",
  ],
  [["explain", "ESTA", "1"], "Cannot explain ESTA: it is no CSR, did you mean ESTAT"],
  [["explain", "ESTAT", "0x1g"], 'Cannot use the value: "0x1g" is no number'],
  [["explain", "ESTAT", "0x100000000"], "Cannot explain 0x100000000: ESTAT has 32 bits"],
  [["explain", "0x100000000"], "Cannot use the word: 0x100000000 is above the greatest, 0xffffffff"],
  [["explain", "0x3ff", "1"], "Cannot explain CSR 0x3ff: no CSR has this number"],
  [["explain", "0x101", "1"], "Cannot explain CSR 0x101: it is one of the vendor registers"],
  [["explain", "ecode", "30"], "Cannot explain ecode 30: no exception has it"],
  [
    ["explain", "ecode", "8", "2"],
    "Cannot explain ecode 8, esubcode 2: its sub-codes are 0 (ADEF), 1 (ADEM)",
  ],
  [["explain", "ESTAT", "1", "2"], 'Cannot explain "ESTAT 1 2": too many words'],
];

for (const [args, message] of WRONG_USE) {
  Deno.test(`lvz ${args.join(" ")} is refused: ${message}`, async () => {
    const { status, out, err } = await lvz(args);
    assertEquals([status, out], [2, ""]);
    assertStringIncludes(err, message);
  });
}

Deno.test("sizes take K, M and G, in hexadecimal too", () => {
  const rows: [string, number][] = [["4096", 4096], ["64K", 65536], ["1m", 1048576], ["0x10M", 16777216], [
    "2G",
    2 ** 31,
  ]];
  for (const [text, size] of rows) assertEquals(parseSize("--memory", text), size);
  for (const text of ["", "K", "1KB", "1 M", "1.5G", "0x"]) {
    assertThrows(() => parseSize("--memory", text), UsageError);
  }
});

Deno.test("an assembly error begins with file and line, and shows every mistake", async () => {
  const { err } = await lvz(["run", "mistakes.s"]);
  assertEquals(err.split("\n").filter((line) => line.startsWith("mistakes.s:")).length, 2);
});

// asm, disasm -----------------------------------------------------------------------------------------------------

/** Words as llvm-mc-19 gives them. */
const OUTPUTS: readonly (readonly [args: readonly string[], out: string])[] = [
  [
    ["asm", "-e", "addi.d $a0, $a1, 1; csrwr $t0, ESTAT"],
    `.text, 8 bytes
0x200000  02c004a4  addi.d $a0, $a1, 1
0x200004  0400142c  csrwr $t0, ESTAT
`,
  ],
  [
    ["asm", "-e", "1: nop\n b 1b", "--base", "0x9000"],
    `.text, 8 bytes
0x9000  03400000  nop
0x9004  53ffffff  b 0x9000
`,
  ],
  [
    ["asm", "data.s"],
    `.text, 12 bytes
_start:
0x200000  50000000  b 0x200000
0x200004  01 00 02 00  .half 1, 2
0x200008  61 62 63 00  .asciz "abc"

.bss, 100 bytes
room:
0x200010  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  .space 100
0x200020  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
0x200030  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
0x200040  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          … 36 more bytes
`,
  ],
  [
    ["disasm", "02c004a4", "0x53fffbff", "0"],
    `02c004a4  addi.d $a0, $a1, 1
53fffbff  b -8
00000000  .word 0x00000000
`,
  ],
  [
    ["disasm", "0x53fffbff", "--pc", "0x9000000000000008"],
    `0x9000000000000008  53fffbff  b 0x9000000000000000
`,
  ],
  [
    ["disasm", "loop.bin"],
    `0x0  03800404  ori $a0, $zero, 1
0x4  50000000  b 0x4
`,
  ],
];

for (const [args, out] of OUTPUTS) {
  Deno.test(`lvz ${args.join(" ")} prints the listing`, async () => {
    assertEquals(await lvz(args), { status: 0, out, err: "" });
  });
}

Deno.test("lvz disasm shows an ELF file's code under its symbols", async () => {
  const { out } = await lvz(["disasm", "hello.elf"]);
  // llvm-objdump-19 -d shows the same instruction there.
  assertStringIncludes(
    out,
    "\nprint_hex:\n0x2001e0  0015008f  move $t3, $a0\n",
  );
});

// explain ---------------------------------------------------------------------------------------------------------

/** Parts of what is explained, from the manual and the rules. */
const EXPLAINED: readonly (readonly [words: string, ...parts: RegExp[]])[] = [
  [
    "ESTAT 0x160000",
    /^ESTAT \(CSR 0x5\), .* = 0x160000\n/,
    /^ {2}12:0 +IS +0x0 +pending interrupts: none$/m,
    /^ {2}21:16 +Ecode +0x16 +exception code: GSPR$/m,
    /^ {2}GSPR: /m,
  ],
  ["estat 0x1804", /: HWI0, TI, IPI$/m, /^ {2}INT: interrupt$/m],
  ["5 0x480000", /^ESTAT /, /^ {2}30:22 +EsubCode +0x1 /m, /^ {2}ADEM: /m],
  ["ESTAT 0xffffffff80000000", /0x80000000 +in bits that belong to no field/],
  ["ESTAT 0x7fff0000", /no exception has ecode 63, esubcode 511/],
  ["GINTC 0x0201", /^ {2}7:0 +VIP +0x1 .*: HWI0$/m, /^ {2}15:8 +PIP +0x2 .*: HWI1$/m],
  ["VMCTL 3", /^GSTAT \(CSR 0x50\)/, /^ {2}1 +PVM +0x1 /m],
  ["0x44 1", /^TICLR /],
  ["TINTCLR", /^TICLR /, /other names +TINTCLR/, /in guest mode .*GCFG\.TIT = 1 it exits with GSPR/],
  ["MERRCTL", /in guest mode +no guest copy: an access in guest mode exits with GSPR/],
  ["CRMD", /after reset +0x8\n/],
  ["0x06488000", /^0x06488000, idle 0\n/, /privilege +PLV0 only/, /in guest mode +exits with GSPR\n/],
  [
    "0x02c004a4",
    /addi\.d \$a0, \$a1, 1\n/,
    /rj +\$a1\n/,
    /si12 +1 /,
    /in guest mode +executes as in host mode/,
  ],
  ["0x04001404", /csrrd \$a0, ESTAT/, /csr +0x5, ESTAT/, /in guest mode +has a guest copy/],
  ["0x04024004", /csr +0x90, MERRCTL/, /in guest mode +no guest copy: .* exits with GSPR/],
  ["0x002b8007", /hvcl 7/, /needs +LVZ/, /in guest mode +exits with HVC/],
  ["0", /^0x00000000, no instruction\n {2}executing it raises INE/],
  ["GSPR", /ecode +0x16 \(22\)/, /EENTRY \| 22 \* 4 \* 2\^VS/],
  ["gcm", /GCSC, exception/, /GCHC, exception/],
  ["ecode 22", /^GSPR, /],
  ["ecode 0x8 1", /^ADEM, /, /same ecode +ADEF/],
  ["TI", /^TI, interrupt\n/, /bit +11 /, /EENTRY \| 75 \* /],
  ["invtlb", /^invtlb op, rj, rk, instruction/, /op +0 to 31/, /in guest mode /],
  ["ld.d", /si12 +-2048 to 2047/],
];

for (const [words, ...parts] of EXPLAINED) {
  Deno.test(`lvz explain ${words} says what the manual says`, async () => {
    const { status, out, err } = await lvz(["explain", ...words.split(" ")]);
    assertEquals([status, err], [0, ""]);
    for (const part of parts) assertEquals(part.test(out), true, `${part} is not in:\n${out}`);
  });
}

// help, colour ----------------------------------------------------------------------------------------------------

Deno.test("lvz help lists the commands, and each command's help its options", async () => {
  const overview = await lvz(["help"]);
  assertEquals(overview.status, 0);
  for (const name of ["run", "asm", "disasm", "explain"]) {
    assertStringIncludes(overview.out, `\n  ${name} `);
    const forms = await Promise.all([lvz(["help", name]), lvz([name, "--help"]), lvz([name, "-h"])]);
    for (const form of forms) assertEquals(form, { status: 0, out: forms[0]?.out ?? "", err: "" });
    assertStringIncludes(forms[0]?.out ?? "", `  lvz ${name} `);
  }
  assertEquals(await lvz(["--help"]), overview);
  for (const option of ["--memory", "--budget", "--trace", "--base", "--profile"]) {
    assertStringIncludes((await lvz(["help", "run"])).out, option);
  }
});

Deno.test("colour changes nothing but colour", async () => {
  for (const args of [["explain", "ESTAT", "1"], ["run", "self.s"], ["asm", "data.s"]]) {
    const plain = await lvz(args);
    const colored = await lvz(args, true);
    assertEquals(stripAnsiCode(plain.out + plain.err), plain.out + plain.err);
    assertEquals(stripAnsiCode(colored.out + colored.err), plain.out + plain.err);
    // NO_COLOR in the environment of the tests switches the library off.
    if (!Deno.noColor) assertNotEquals(colored.out + colored.err, plain.out + plain.err);
  }
});

// rules -----------------------------------------------------------------------------------------------------------

Deno.test("lvz rules fails while a testable rule has no case, and says which", async () => {
  const { status, out } = await lvz(["rules", "exit-08"]);
  assertEquals(status, 1);
  assertMatch(out, /^LVZ-EXIT-08\s+high\s+disputed\s+no case\n/);
  assertMatch(out, /\n1 rule: 0 with cases, 0 not testable, 1 without a case\n$/);
});

Deno.test("lvz rules gives the reason why a rule is not testable", async () => {
  const { status, out } = await lvz(["rules", "DET-04"]);
  assertEquals(status, 0);
  assertMatch(out, /not testable: /);
});

Deno.test("lvz rules refuses a selection that selects nothing", async () => {
  const { status, err } = await lvz(["rules", "nonsense"]);
  assertEquals(status, 2);
  assertMatch(err, /Cannot list rules: no id contains nonsense/);
});

Deno.test("trace lists what instructions write, CSRs alone and from a symbol on if asked", async () => {
  const { out, status } = await lvz(["trace", "wait.s", "--csr", "--from", "_start", "--budget", "20"]);
  assertEquals(status, 0);
  assertEquals(out.split("\n").map((line) => line.trim().split(/ {2,}/).slice(1)), [
    ["_start+0x4", "csrwr $t0, EENTRY", "EENTRY 0x0 -> 0x200000"],
    ["_start+0xc", "csrwr $t0, ECFG", "ECFG 0x0 -> 0x800"],
    ["_start+0x14", "csrwr $t0, TCFG", "TCFG 0x0 -> 0x401"],
    ["_start+0x1c", "csrxchg $t0, $t0, CRMD", "CRMD 0x8 -> 0xc"],
    [],
  ]);
  const stores = await lvz(["trace", "wild_store.s", "--memory"]);
  assertMatch(stores.out, /st\.d \$t0, \$t0, 8 +\[0x30000008\] = \$t0/);
  const wrong = await lvz(["trace", "wait.s", "--from", "nowhere"]);
  assertMatch(wrong.err, /Cannot begin at nowhere: nothing was executed there/);
});
