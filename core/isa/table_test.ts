import { assert, assertEquals, assertThrows } from "@std/assert";
import { decode } from "./decode.ts";
import { disassemble } from "./disassemble.ts";
import { encode } from "./encode.ts";
import llvm from "./encodings_llvm.json" with { type: "json" };
import manual from "./manual_rows.json" with { type: "json" };
import { add, bind, bound, call, imm, k, load, nop, rd, rj, rk, seq, set, sext, store } from "./meaning.ts";
import { isRegisterField } from "./pattern.ts";
import { parseAnyRegister, parseRegister, REGISTER_NAMES, registerName } from "./registers.ts";
import type { Row } from "./row.ts";
import { type Instruction, InstructionTable, ISA, RowError } from "./table.ts";
import { checkTable } from "./table_check.ts";

function get(name: string): Instruction {
  const instruction = ISA.get(name);
  assert(instruction !== undefined, `no row ${name}`);
  return instruction;
}

function tableOf(...rows: Row[]): InstructionTable {
  const table = new InstructionTable([{ name: "test", rows }]);
  checkTable(table);
  return table;
}

// The table against the lists of others ----------------------------------------------------------------------------

const SLOTS: Readonly<Record<number, string>> = { 0: "d", 5: "j", 10: "k", 15: "a", 16: "m", 18: "n" };
const REGISTER_LETTERS: Readonly<Record<string, string>> = {
  ...{ rd: "D", rj: "J", rk: "K", fd: "Fd", fj: "Fj", fk: "Fk", fa: "Fa", cd: "Cd", cj: "Cj", ca: "Ca" },
};

/** The operands in the notation of loongarch-opcodes: `DJSk14ps2`, pieces from the most significant. */
function notation(instruction: Instruction): string {
  return instruction.operands.map(({ name, field, shift, plus }) => {
    const letter = REGISTER_LETTERS[name];
    if (letter !== undefined) return letter;
    // Five bits, of which registers that exist use two.
    if (name === "fcsr") return `U${SLOTS[field.pieces[0]?.at ?? 0]}5`;
    const pieces = [...field.pieces].sort((a, b) => b.from - a.from);
    const slots = pieces.map(({ at, width }) => `${SLOTS[at]}${width}`).join("");
    return `${field.signed ? "S" : "U"}${slots}${shift > 0 ? `ps${shift}` : ""}${
      plus > 0 ? `pp${plus}` : ""
    }`;
  }).join("");
}

Deno.test("every instruction of the manual has a row with its base word and operands, and there are no others", () => {
  const ours = ISA.all.filter((i) => i.refines === undefined).map((i) => [
    i.name,
    `0x${i.match.toString(16).padStart(8, "0")}`,
    notation(i),
  ]);
  assertEquals(ours.sort(), [...manual.rows].sort());
  const refinements = ISA.all.filter((i) => i.refines !== undefined);
  assertEquals(refinements.map((i) => [i.name, i.refines, notation(i)]), [
    ["csrrd", "csrxchg", "DUk14"],
    ["csrwr", "csrxchg", "DUk14"],
    ["gcsrrd", "gcsrxchg", "DUk14"],
    ["gcsrwr", "gcsrxchg", "DUk14"],
  ]);
});

const ENCODINGS = llvm.encodings as unknown as readonly (readonly [string, number[], string, string])[];
const REJECTED = llvm.rejected as unknown as readonly (readonly [string, number[]])[];

Deno.test("encode() gives the words of LLVM, disassemble() its text", () => {
  const seen = new Set(llvm.unknown);
  for (const [name, values, hex, text] of ENCODINGS) {
    seen.add(name);
    assertEquals(encode(get(name), values.map(BigInt)), Number(hex), text);
    assertEquals(disassemble(Number(hex)), text);
  }
  assertEquals(
    ISA.all.filter((i) => !seen.has(i.name)).map((i) => i.name),
    [],
    "rows that were not recorded",
  );
});

Deno.test("encode() refuses every operand that LLVM refuses", () => {
  for (const [name, values] of REJECTED) {
    assertThrows(() => encode(get(name), values.map(BigInt)), RangeError, `Cannot encode ${name}: `);
  }
});

// Encoding and decoding ---------------------------------------------------------------------------------------------

/** Values at the edges of each operand, with registers that no refinement or atomic rule concerns. */
function edgeValues(instruction: Instruction): bigint[][] {
  const edges = (pick: "min" | "max") =>
    instruction.operands.map((o, i) =>
      BigInt(o.file === "general" ? 4 + i + (pick === "max" ? 24 : 0) : o[pick])
    );
  return [edges("min"), edges("max")];
}

Deno.test("decode() gives back what encode() was given, for every row at the edges of its operands", () => {
  for (const instruction of ISA.all) {
    for (const values of edgeValues(instruction)) {
      const word = encode(instruction, values);
      const decoded = decode(word);
      assert(decoded !== undefined, `${instruction.name} ${values}`);
      assertEquals(decoded.instruction.name, instruction.name);
      const back = instruction.operands.map(({ name }) =>
        isRegisterField(name) ? BigInt(decoded[name]) : decoded.operands[name]
      );
      assertEquals(back, values, instruction.name);
      assertEquals(
        decoded.immediates,
        instruction.immediates.map(({ name }) => BigInt.asUintN(64, decoded.operands[name] ?? -1n)),
      );
    }
  }
});

Deno.test("encode() refuses every operand one unit out of its range", () => {
  for (const instruction of ISA.all) {
    instruction.operands.forEach((operand, position) => {
      const unit = operand.kind === "register" ? 1 : 2 ** operand.shift;
      for (const value of [operand.min - unit, operand.max + unit]) {
        const values = edgeValues(instruction)[0] ?? [];
        values[position] = BigInt(value);
        // A bit range may be found empty first, with another text.
        const isRange = operand.name === "msb" || operand.name === "lsb";
        const reason = isRange
          ? ""
          : `${operand.name} is ${value}, range is ${operand.min} to ${operand.max}`;
        const message = `Cannot encode ${instruction.name}: ${reason}`;
        assertThrows(() => encode(instruction, values), RangeError, message);
      }
    });
  }
});

Deno.test("encode() says which operand is wrong, with its value and range", () => {
  const rows: [string, bigint[], string][] = [
    ["addi.d", [4n, 5n, 5000n], "Cannot encode addi.d: si12 is 5000, range is -2048 to 2047"],
    ["add.d", [4n, 32n, 5n], "Cannot encode add.d: rj is 32, range is 0 to 31"],
    ["alsl.d", [4n, 5n, 6n, 0n], "Cannot encode alsl.d: sa2 is 0, range is 1 to 4"],
    ["ldptr.d", [4n, 5n, 6n], "Cannot encode ldptr.d: si14 is 6, must be a multiple of 4"],
    ["b", [134217728n], "Cannot encode b: offs26 is 134217728, range is -134217728 to 134217724"],
    ["beq", [4n, 5n, 2n], "Cannot encode beq: offs16 is 2, must be a multiple of 4"],
    ["bstrpick.w", [4n, 5n, 3n, 4n], "Cannot encode bstrpick.w: msb is 3, range is 4 (lsb) to 31"],
    ["csrxchg", [4n, 1n, 5n], "Cannot encode csrxchg: with these operands it is csrwr"],
    ["addi.d", [4n, 5n], "Cannot encode addi.d: it has 3 operands, received 2"],
  ];
  for (const [name, values, message] of rows) {
    const error = assertThrows(() => encode(get(name), values), RangeError);
    assertEquals(error.message, message);
  }
});

Deno.test("decode() finds the special case first, and nothing where no row matches", () => {
  const rows: [number, string | undefined][] = [
    [0x04000004, "csrrd"],
    [0x04000024, "csrwr"],
    [0x04000044, "csrxchg"],
    [0x05000004, "gcsrrd"],
    [0x06482800, "tlbsrch"],
    [0x06482801, "gtlbsrch"],
    [0x06482802, undefined],
    [0x06493000, undefined],
    [0x00000000, undefined],
    [0xffffffff, undefined],
    [0x00010001, undefined],
    [0x06440001, undefined],
  ];
  for (const [word, name] of rows) {
    assertEquals(ISA.decode(word)?.name, name, word.toString(16));
    assertEquals(decode(word)?.instruction.name, name);
  }
});

Deno.test("decode() agrees with a search of all rows on 40,000 words", () => {
  // A linear congruential generator over all words; the search takes the row with the most fixed bits.
  const rows = [...ISA.all].sort((a, b) => fixedBits(b) - fixedBits(a));
  let word = 0x12345678;
  for (let i = 0; i < 20000; i++) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    const near = rows[word % rows.length];
    assert(near !== undefined);
    for (const candidate of [word, (near.match | (word & ~near.mask)) >>> 0]) {
      const expected = rows.find((r) => (candidate & r.mask) >>> 0 === r.match);
      assertEquals(ISA.decode(candidate)?.name, expected?.name);
    }
  }
});

function fixedBits(instruction: Instruction): number {
  return instruction.mask.toString(2).replaceAll("0", "").length;
}

// Text --------------------------------------------------------------------------------------------------------------

Deno.test("disassemble() shows targets where it knows the address, and CSR names where it is told them", () => {
  const pc = 0x9000000000200000n;
  const csrNames = (csr: number) => csr === 4 ? "ECFG" : undefined;
  const rows: [number, string][] = [
    [encode(get("b"), [-8n]), "b 0x90000000001ffff8"],
    [encode(get("beqz"), [4n, 16n]), "beqz $a0, 0x9000000000200010"],
    [encode(get("bltu"), [4n, 5n, 4n]), "bltu $a0, $a1, 0x9000000000200004"],
    [encode(get("jirl"), [1n, 4n, 8n]), "jirl $ra, $a0, 8"],
    [encode(get("csrrd"), [4n, 4n]), "csrrd $a0, ECFG"],
    [encode(get("csrrd"), [4n, 5n]), "csrrd $a0, 5"],
    [0, ".word 0x00000000"],
  ];
  for (const [word, text] of rows) assertEquals(disassemble(word, { pc, csrNames }), text);
  assertEquals(disassemble(encode(get("b"), [-4n]), { pc: 0n }), "b 0xfffffffffffffffc");
});

Deno.test("registers have an ABI name, a number and the aliases of GNU as", () => {
  REGISTER_NAMES.forEach((name, number) => {
    assertEquals(registerName(number), name);
    assertEquals(parseRegister(name), number);
    assertEquals(parseRegister(`$r${number}`), number);
  });
  const aliases = ["$x", "$u0", "$s9", "$fp", "$s8", "$zero", "$ra", "$r32", "a0", "$a8"];
  assertEquals(aliases.map(parseRegister), [21, 21, 22, 22, 31, 0, 1, undefined, undefined, undefined]);
  assertThrows(() => registerName(32), RangeError, "Cannot name register 32: numbers are 0 to 31");
});

Deno.test("floating-point registers, condition flags and control registers have names of their own", () => {
  // LLVM's, which is asked for each in the encodings above.
  const ends = [[0, "$fa0"], [7, "$fa7"], [8, "$ft0"], [23, "$ft15"], [24, "$fs0"], [31, "$fs7"]] as const;
  for (const [number, name] of ends) {
    assertEquals(registerName(number, "float"), name);
    assertEquals(parseAnyRegister(name), { file: "float", number });
    assertEquals(parseAnyRegister(`$f${number}`), { file: "float", number });
    assertEquals(parseRegister(name), undefined);
  }
  assertEquals(parseAnyRegister("$fcc7"), { file: "flag", number: 7 });
  assertEquals(parseAnyRegister("$fcsr3"), { file: "fcsr", number: 3 });
  assertEquals(parseAnyRegister("$fp"), { file: "general", number: 22 });
  assertEquals(
    ["$fa8", "$ft16", "$fs8", "$f32", "$fcc8", "$fcsr4"].map(parseAnyRegister),
    Array(6).fill(undefined),
  );
  assertThrows(() => registerName(8, "flag"), RangeError, "Cannot name flag register 8: numbers are 0 to 7");
});

// Columns -----------------------------------------------------------------------------------------------------------

function namesWhere(condition: (i: Instruction) => boolean): string[] {
  return ISA.all.filter(condition).map((i) => i.name);
}

Deno.test("guest policy, privilege and features are those of the instruction's group", () => {
  const policy = new Map(ISA.all.map((i) => [i.name, i.guest]));
  const expected: Record<string, RegExp> = {
    gspr: /^(cpucfg|idle|dbcl|iocsr.*)$/,
    cacop: /^cacop$/,
    timer: /^rdtime/,
    tlb: /^(tlb.*|invtlb|lddir|ldpte)$/,
    bank: /^csr/,
    ertn: /^ertn$/,
    ine: /^(gcsr|gtlb)/,
    hvc: /^hvcl$/,
  };
  for (const [name, guest] of policy) {
    const column = Object.entries(expected).find(([, pattern]) => pattern.test(name))?.[0] ?? "native";
    assertEquals(guest, column, name);
  }
  const privileged = /^(csr|gcsr|gtlb|tlb|invtlb$|lddir$|ldpte$|iocsr|ertn$|idle$|hvcl$|dbcl$|cacop$)/;
  for (const i of ISA.all) assertEquals(i.privileged, privileged.test(i.name), i.name);
  assertEquals(namesWhere((i) => i.needs === "LVZ"), namesWhere((i) => i.group === "lvz"));
  assertEquals(namesWhere((i) => i.needs === "LSPW"), ["lddir", "ldpte"]);
  assertEquals(namesWhere((i) => i.needs === "CRC"), namesWhere((i) => /^crcc?\./.test(i.name)));
  assertEquals(namesWhere((i) => i.needs === "SCQ"), ["sc.q"]);
  assertEquals(namesWhere((i) => i.unit === "FPE"), namesWhere((i) => i.group === "fp"));
  assertEquals(
    namesWhere((i) => i.needs === "FP"),
    namesWhere((i) => i.group === "fp" && !/^(frecipe|frsqrte)/.test(i.name)),
  );
  assertEquals(
    namesWhere((i) => i.needs === "FRECIPE"),
    namesWhere((i) => /^(frecipe|frsqrte)\./.test(i.name)),
  );
  assertEquals(
    namesWhere((i) => i.needs === "LLACQ_SCREL"),
    namesWhere((i) => /^(llacq|screl)/.test(i.name)),
  );
  assertEquals(namesWhere((i) => i.needs === "LAMCAS"), namesWhere((i) => /^amcas/.test(i.name)));
  assertEquals(
    namesWhere((i) => i.needs === "LAM_BH"),
    namesWhere((i) => /^am(swap|add).*\.[bh]$/.test(i.name)),
  );
  assertEquals(
    namesWhere((i) => i.needs === "LAM"),
    namesWhere((i) => /^am(?!cas).*\.[wd]u?$/.test(i.name)),
  );
});

Deno.test("a meaning calls the function of its own name, where it calls one", () => {
  const calling = ISA.all.filter((i) => i.meaning.kind === "call");
  for (const i of calling) assertEquals(i.meaning.kind === "call" && i.meaning.name, i.name);
  const checks = [
    "load.s8",
    "load.s16",
    "load.s32",
    "load.u32",
    "load.u64",
    "store.u8",
    "store.u16",
    "store.u32",
    "store.u64",
  ];
  // Bound checks ask about the address first, and then say themselves what they mean.
  const names = [...calling.map((i) => i.name), ...checks.map((name) => `check.${name}`)];
  assertEquals(ISA.callNames, names.sort());
});

// Bad rows ----------------------------------------------------------------------------------------------------------

const OPCODE = "00000000000100000";

// deno-fmt-ignore
const BAD_ROWS: readonly (readonly [title: string, reason: string, ...rows: Row[]])[] = [
  ["31 bits", "its bits add to 31, not 32", ["x", "0000000000010000 rk rj rd", "rd, rj, rk", "native", nop]],
  ["33 bits", "its bits add to 33, not 32", ["x", `0${OPCODE} rk rj rd`, "rd, rj, rk", "native", nop]],
  ["two spaces", "its bits have two spaces together, or at an end", ["x", `${OPCODE}  rk rj rd`, "rd, rj, rk", "native", nop]],
  ["an upper-case name", '"X" is not a mnemonic', ["X", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", nop]],
  ["an unknown guest policy", '"trap" is not a guest policy', ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "trap" as "native", nop]],
  ["a field without width", 'field "level" is unknown, or has no width', ["x", `${OPCODE} level rd`, "rd, level", "native", nop]],
  ["an immediate without width", 'field "si" is unknown, or has no width', ["x", `${OPCODE} si rd`, "rd, si", "native", nop]],
  ["a vector register", 'field "vd" is unknown, or has no width', ["x", `${OPCODE} rk rj vd`, "vd, rj, rk", "native", nop]],
  ["a flag as a general register", "its meaning uses register rd, which is no field of its bits", ["x", "0000000000010000000 rk rj cd", "cd, rj, rk", "native", set(rd, rj)]],
  ["width 0", 'field "si0" is 0 bits wide, range is 1 to 31', ["x", `${OPCODE} rk rj rd si0`, "rd, rj, rk, si0", "native", nop]],
  ["width 32", 'field "code:32" is 32 bits wide, range is 1 to 31', ["x", "code:32", "code", "native", nop]],
  ["a register with a width", 'field "rd:5" must not give its width', ["x", `${OPCODE} rk rj rd:5`, "rd, rj, rk", "native", nop]],
  ["a field that stands twice", "field rd has bit 0 twice", ["x", `${OPCODE} rd rj rd`, "rd, rj", "native", nop]],
  ["a piece out of the field", 'piece "ui5[5:1]" is not a range of the 5 bits of ui5', ["x", `${OPCODE} ui5[5:1] rj rd`, "rd, rj, ui5", "native", nop]],
  ["a reversed piece", 'piece "ui5[0:4]" is not a range of the 5 bits of ui5', ["x", `${OPCODE} ui5[0:4] rj rd`, "rd, rj, ui5", "native", nop]],
  ["a piece that lacks low bits", "field ui10 lacks bit 0", ["x", `${OPCODE} ui10[9:5] rj rd`, "rd, rj, ui10", "native", nop]],
  ["a piece that lacks high bits", "field ui10 lacks bit 5", ["x", `${OPCODE} ui10[4:0] rj rd`, "rd, rj, ui10", "native", nop]],
  ["pieces that leave a hole", "field ui15 lacks bit 5", ["x", `${OPCODE} ui15[14:10] ui15[4:0] rd`, "rd, ui15", "native", nop]],
  ["pieces that overlap", "field ui9 has bit 4 twice", ["x", `${OPCODE} ui9[8:4] ui9[4:0] rd`, "rd, ui9", "native", nop]],
  ["one name with two widths", "field code has two widths", ["x", `${OPCODE} code:10[9:5] code:8[4:0] rd`, "rd, code", "native", nop]],
  ["an operand that is no field", "operand rk is no field of its bits", ["x", `${OPCODE} 00000 rj rd`, "rd, rj, rk", "native", nop]],
  ["a field that is no operand", "field rk is no operand", ["x", `${OPCODE} rk rj rd`, "rd, rj", "native", nop]],
  ["an operand twice", "operand rd stands twice", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk, rd", "native", nop]],
  ["a malformed operand", 'operand "rj rk" is malformed', ["x", `${OPCODE} rk rj rd`, "rd, rj rk", "native", nop]],
  ["a scaled register", 'operand "rk<<2" scales a register', ["x", `${OPCODE} rk rj rd`, "rd, rj, rk<<2", "native", nop]],
  ["an operand scaled too far", 'operand "si12<<21" is wider than 32 bits', ["x", "0000001011 si12 rj rd", "rd, rj, si12<<21", "native", nop]],
  ["a name twice", "group test has a row of this name", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", nop], ["x", `1${OPCODE.slice(1)} rk rj rd`, "rd, rj, rk", "native", nop]],
  ["equal patterns", "it overlaps y, both match 0x00100000", ["y", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", nop], ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", nop]],
  ["a special case that does not say so", "it overlaps y, both match 0x00100000", ["y", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", nop], ["x", `${OPCODE} rk rj 00000`, "rj, rk", "native", nop]],
  ["two special cases that overlap", "it overlaps z, both match 0x00100000", ["y", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", nop], ["z", `${OPCODE} rk rj 00000`, "rj, rk", "native", nop, { refines: "y" }], ["x", `${OPCODE} rk 00000 rd`, "rd, rk", "native", nop, { refines: "y" }]],
  ["a refinement of nothing", "it refines y, which is no row", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", nop, { refines: "y" }]],
  ["a refinement of itself", "it is not a special case of x", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", nop, { refines: "x" }]],
  ["a refinement that is more general", "it is not a special case of y", ["y", `${OPCODE} rk rj 00000`, "rj, rk", "native", nop], ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", nop, { refines: "y" }]],
  ["a refinement of a disjoint row", "it is not a special case of y", ["y", `1${OPCODE.slice(1)} rk rj rd`, "rd, rj, rk", "native", nop], ["x", `${OPCODE} rk rj 00000`, "rj, rk", "native", nop, { refines: "y" }]],
  ["a meaning with an unknown register", "its meaning uses register rk, which is no field of its bits", ["x", `${OPCODE} 00000 rj rd`, "rd, rj", "native", set(rd, add(rj, rk))]],
  ["a meaning that sets an unknown register", "its meaning uses register rd, which is no field of its bits", ["x", `${OPCODE} rk rj 00000`, "rj, rk", "native", set(rd, rj)]],
  ["a meaning with an unknown immediate", "its meaning uses immediate si12, which is no field of its bits", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", set(rd, imm("si12"))]],
  ["a register as an immediate", "its meaning takes register rj for an immediate", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", set(rd, imm("rj"))]],
  ["a value used before it is bound", "its meaning uses old before it is bound", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", seq(set(rd, bound("old")), bind("old", rj))]],
  ["a value bound by itself", "its meaning uses old before it is bound", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", bind("old", bound("old"))]],
  ["a value bound twice", "its meaning binds old twice", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", seq(bind("old", rj), bind("old", rk))]],
  ["an extension of 0 bits", "its meaning extends 0 bits, range is 1 to 63", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", set(rd, sext(0, rj))]],
  ["an error inside a load", "its meaning uses immediate si12, which is no field of its bits", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", set(rd, load("u8", add(rj, imm("si12"))))]],
  ["an error inside a store", "its meaning uses old before it is bound", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", store("u8", k(0n), bound("old"))]],
  ["a call without a name", "its meaning calls a function without a name", ["x", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", call("")]],
];

Deno.test("the rows of this machine are good", () => checkTable(ISA));

for (const [title, reason, ...rows] of BAD_ROWS) {
  Deno.test(`the table refuses ${title}`, () => {
    const error = assertThrows(() => tableOf(...rows), RowError);
    const last = rows.at(-1)?.[0];
    assertEquals([error.row, error.message], [last, `Cannot accept row ${last}: ${reason}`]);
  });
}

Deno.test("the table accepts the good neighbours of the bad rows", () => {
  const table = tableOf(
    ["y", `${OPCODE} rk rj rd`, "rd, rj, rk", "native", seq(bind("old", rj), set(rd, bound("old")))],
    ["x", `${OPCODE} rk rj 00000`, "rj, rk", "native", nop, { refines: "y" }],
    ["z", `1${OPCODE.slice(1)} ui10[4:0] ui10[9:5] rd`, "rd, ui10<<22", "native", set(rd, imm("ui10"))],
  );
  assertEquals([0x00100000, 0x00100001, 0x80100000].map((word) => table.decode(word)?.name), ["x", "y", "z"]);
});
