import { assert, assertEquals, assertThrows } from "@std/assert";
import { decode, type Decoded, noRegisters } from "../isa/decode.ts";
import { encode } from "../isa/encode.ts";
import type { Access, MeaningException, MemoryType } from "../isa/meaning.ts";
import { call, k, nop, rd, rj, seq, set, store } from "../isa/meaning.ts";
import { Instruction, InstructionTable, ISA } from "../isa/table.ts";
import { type CallTable, compile, type ExecutionContext, type Executor } from "./evaluate.ts";
import qemu from "./results_qemu.json" with { type: "json" };

/** What a meaning raised. */
class Raised extends Error {
  constructor(readonly exception: MeaningException, readonly badv: bigint | undefined) {
    super(exception);
  }
}

const WIDTH: Readonly<Record<MemoryType, bigint>> = {
  s8: 1n,
  u8: 1n,
  s16: 2n,
  u16: 2n,
  s32: 4n,
  u32: 4n,
  u64: 8n,
};

/** Registers and 16 bytes of memory. */
class FakeCpu implements ExecutionContext {
  readonly address32 = false;
  readonly gpr = new BigUint64Array(32);
  readonly fpr = new BigUint64Array(32);
  readonly fcc = new Uint8Array(8);
  fcsr = 0;
  pc = 0n;
  nextPc = 4n;
  readonly accesses: string[] = [];

  constructor(public memory = 0n, readonly base = 0n) {}

  /** The position of an access in bits; memory outside the 16 bytes is an error of the test. */
  #place(kind: string, address: bigint, type: MemoryType, access: Access): bigint {
    const width = WIDTH[type];
    this.accesses.push(
      `${kind} ${type}${access.aligned ? " aligned" : ""}${access.forStore ? " for store" : ""}`,
    );
    if (access.aligned && address % width !== 0n) throw new Raised("ALE", address);
    assert(address >= this.base && address + width <= this.base + 16n, `access at ${address.toString(16)}`);
    return (address - this.base) * 8n;
  }

  load(address: bigint, type: MemoryType, access: Access): bigint {
    const at = this.#place("load", address, type, access);
    const bits = Number(WIDTH[type] * 8n);
    const value = BigInt.asUintN(bits, this.memory >> at);
    return type.startsWith("s") ? BigInt.asUintN(64, BigInt.asIntN(bits, value)) : value;
  }

  store(address: bigint, type: MemoryType, value: bigint, access: Access): void {
    const at = this.#place("store", address, type, access);
    const ones = (1n << (WIDTH[type] * 8n)) - 1n;
    this.memory = (this.memory & ~(ones << at)) | ((value & ones) << at);
  }

  raise(exception: MeaningException, badv?: bigint): never {
    throw new Raised(exception, badv);
  }
}

/** What bound checks ask of an address before they compare it: here alignment alone. */
const CHECKS: CallTable<FakeCpu> = Object.fromEntries(
  Object.entries(WIDTH).flatMap(([type, width]) =>
    ["load", "store"].map((use) => [`check.${use}.${type}`, (cpu: FakeCpu, op: Decoded) => {
      const address = cpu.gpr[op.rj] ?? 0n;
      if (address % width !== 0n) throw new Raised("ALE", address);
    }])
  ),
);

const EXECUTORS = new Map<string, Executor<FakeCpu>>();

/** Executes a word; gives back what it raised. */
function execute(cpu: FakeCpu, word: number): Raised | undefined {
  const op = decode(word);
  assert(op !== undefined, word.toString(16));
  const { instruction } = op;
  const executor = EXECUTORS.get(instruction.name) ?? compile(instruction, CHECKS);
  EXECUTORS.set(instruction.name, executor);
  cpu.nextPc = cpu.pc + 4n;
  try {
    executor(cpu, op);
    return undefined;
  } catch (error) {
    if (error instanceof Raised) return error;
    throw error;
  }
}

function get(name: string, table = ISA): Instruction {
  const instruction = table.get(name);
  assert(instruction !== undefined, `no row ${name}`);
  return instruction;
}

function word(name: string, ...operands: (number | bigint)[]): number {
  return encode(get(name), operands.map(BigInt));
}

// Against QEMU ------------------------------------------------------------------------------------------------------

const ECODES: Readonly<Record<MeaningException, number>> = {
  ALE: 0x9,
  BCE: 0xa,
  SYS: 0xb,
  BRK: 0xc,
  INE: 0xd,
  IPE: 0xe,
  FPE: 0x12,
};

function numbers(text: string): bigint[] {
  return text.split(" ").map((digits) => BigInt(`0x${digits}`));
}

Deno.test("every written-out meaning gives the registers, memory, jumps and exceptions that QEMU gives", () => {
  const base = BigInt(qemu.scratch);
  for (const line of qemu.cases) {
    const [text = "", inputs = "", results = ""] = line.split(": ");
    const [bits = 0n, pc = 0n, a0 = 0n, a1 = 0n, a2 = 0n, memory = 0n] = numbers(inputs);
    const cpu = new FakeCpu(memory, base);
    cpu.gpr.set([a0, a1, a2], 4);
    cpu.pc = pc;
    const raised = execute(cpu, Number(bits));
    const skipped = cpu.nextPc === pc + 8n ? 0n : 1n;
    const outcome = raised === undefined ? skipped : BigInt(256 * ECODES[raised.exception] + 1);
    assertEquals([cpu.gpr[4], outcome, cpu.memory], numbers(results), line);
    assertEquals([cpu.gpr[0], cpu.gpr[5], cpu.gpr[6]], [0n, a1, a2], text);
  }
});

Deno.test("the recording has every row that calls no function, but for floating point, bl and the atomics of v1.1", () => {
  const recorded = new Set(qemu.cases.map((line) => line.split(" ")[0]));
  const called = new Set(ISA.callNames);
  // Floating point has a recording of its own, see `core/fp/fp_test.ts`.
  const missing = ISA.all.filter((i) => i.unit === undefined).map((i) => i.name).filter((name) =>
    !recorded.has(name) && !called.has(name)
  );
  const later = ISA.all.filter((i) => i.needs === "LAM_BH" || i.needs === "LAMCAS").map((i) => i.name);
  assertEquals(missing, ["bl", ...later]);
});

// What the recording cannot show ------------------------------------------------------------------------------------

Deno.test("jumps and links take their target from the PC or the register", () => {
  const rows: [string, number, bigint, bigint][] = [
    // text, word, next PC, r1
    ["bl", word("bl", -0x8000000), 0x10000000n, 0x18000004n],
    ["b", word("b", 0x7fffffc), 0x1ffffffcn, 0x1000n],
    ["jirl to its own link register", word("jirl", 1, 1, -4), 0xffcn, 0x18000004n],
    ["jirl without a link", word("jirl", 0, 1, 8), 0x1008n, 0x1000n],
  ];
  for (const [text, bits, next, link] of rows) {
    const cpu = new FakeCpu();
    cpu.pc = 0x18000000n;
    cpu.gpr[1] = 0x1000n;
    execute(cpu, bits);
    assertEquals([cpu.nextPc, cpu.gpr[1], cpu.gpr[0]], [next, link, 0n], text);
  }
});

Deno.test("addresses and targets wrap at 2^64", () => {
  const cpu = new FakeCpu(0x1122334455667788n);
  cpu.gpr[5] = 0xfffffffffffffff8n;
  execute(cpu, word("ld.d", 4, 5, 8));
  assertEquals(cpu.gpr[4], 0x1122334455667788n);
  execute(cpu, word("beqz", 0, -8));
  assertEquals(cpu.nextPc, 0xfffffffffffffff8n);
});

Deno.test("a load to r0 accesses memory", () => {
  const cpu = new FakeCpu(0x55n);
  execute(cpu, word("ld.b", 0, 0, 0));
  assertEquals(cpu.accesses, ["load s8"]);
  assertEquals(cpu.gpr[0], 0n);
});

Deno.test("atomics and bound checks require alignment, and atomics load as a store does", () => {
  for (const { name, group } of ISA.all) {
    if (!/^(am|ldgt|ldle|stgt|stle)/.test(name)) continue;
    const cpu = new FakeCpu();
    // 8 is above 7, so that neither check of the bound fails.
    cpu.gpr.set([0n, 8n, name.includes("gt") ? 7n : 8n], 4);
    assertEquals(execute(cpu, word(name, ...(group === "atomics" ? [4, 6, 5] : [4, 5, 6]))), undefined, name);
    const atomic = group === "atomics";
    for (const access of cpu.accesses) {
      assert(access.includes("aligned"), `${name}: ${access}`);
      assertEquals(access.includes("for store"), atomic && access.startsWith("load"), `${name}: ${access}`);
    }
    assertEquals(cpu.accesses.length, atomic ? 2 : 1, name);
  }
});

Deno.test("the atomics of v1.1 work on bytes, half-words and by comparison", () => {
  const memory = 0x1122334455667788_99aabbccddee80ffn;
  const rows: [name: string, a0: bigint, at: bigint, a2: bigint, old: bigint, after: bigint][] = [
    ["amswap.b", 0n, 1n, 0x12345n, 0xffffffffffffff80n, 0x1122334455667788_99aabbccddee45ffn],
    ["amadd.b", 0n, 0n, 0x102n, 0xffffffffffffffffn, 0x1122334455667788_99aabbccddee8001n],
    ["amswap.h", 0n, 8n, 0xabcdefn, 0x7788n, 0x112233445566cdef_99aabbccddee80ffn],
    ["amadd_db.h", 0n, 0n, 0x1_8001n, 0xffffffffffff80ffn, 0x1122334455667788_99aabbccddee0100n],
    ["amcas.b", 0xabc80n, 1n, 0x12345n, 0xffffffffffffff80n, 0x1122334455667788_99aabbccddee45ffn],
    ["amcas.b", 0x81n, 1n, 0x12345n, 0xffffffffffffff80n, memory],
    ["amcas.h", 0x17788n, 8n, 0xabcdefn, 0x7788n, 0x112233445566cdef_99aabbccddee80ffn],
    ["amcas_db.w", 0xddee80ffn, 0n, 0x1_00000002n, 0xffffffffddee80ffn, 0x1122334455667788_99aabbcc00000002n],
    ["amcas_db.w", 0xffffffffddee80ffn, 0n, 2n, 0xffffffffddee80ffn, 0x1122334455667788_99aabbcc00000002n],
    ["amcas.d", 0x1122334455667788n, 8n, 3n, 0x1122334455667788n, 0x0000000000000003_99aabbccddee80ffn],
    ["amcas.d", 0x55667788n, 8n, 3n, 0x1122334455667788n, memory],
  ];
  for (const [name, a0, at, a2, old, after] of rows) {
    const cpu = new FakeCpu(memory);
    cpu.gpr.set([a0, at, a2], 4);
    assertEquals(execute(cpu, word(name, 4, 6, 5)), undefined, name);
    assertEquals([cpu.gpr[4], cpu.memory], [old, after], name);
  }
  for (const name of ["amswap.h", "amadd_db.h", "amcas.h", "amcas.w", "amcas_db.d"]) {
    const cpu = new FakeCpu(memory);
    cpu.gpr[5] = 1n;
    assertEquals(execute(cpu, word(name, 4, 6, 5))?.exception, "ALE", name);
  }
});

Deno.test("bound checks raise ALE, then BCE with the address in BADV, before memory is accessed", () => {
  const high = 0xffffffffffffff00n;
  const rows: [string, bigint, bigint, MeaningException | undefined][] = [
    // name, rj, rk; the manual compares signed for the assertions, where QEMU compares unsigned
    ["asrtle.d", high, 1n, undefined],
    ["asrtle.d", 1n, high, "BCE"],
    ["asrtle.d", 1n, 1n, undefined],
    ["asrtgt.d", 1n, high, undefined],
    ["asrtgt.d", high, 1n, "BCE"],
    ["asrtgt.d", 1n, 1n, "BCE"],
    ["ldgt.b", 1n, 1n, "BCE"],
    ["ldgt.b", 1n, high, "BCE"],
    ["ldle.b", high, 1n, "BCE"],
    ["ldle.d", 8n, high, undefined],
    ["stgt.w", 4n, 4n, "BCE"],
    ["stle.h", 2n, 1n, "BCE"],
    ["ldgt.h", 1n, 1n, "ALE"],
    ["ldle.w", 2n, 1n, "ALE"],
    ["stgt.d", 4n, 4n, "ALE"],
    ["stle.d", 4n, 3n, "ALE"],
  ];
  for (const [name, address, limit, exception] of rows) {
    const cpu = new FakeCpu();
    cpu.gpr.set([address, limit], 5);
    const raised = execute(cpu, word(name, ...(name.startsWith("asrt") ? [5, 6] : [4, 5, 6])));
    assertEquals(raised?.exception, exception, `${name} ${address} ${limit}`);
    if (exception === undefined) continue;
    assertEquals(raised?.badv, address);
    assertEquals(cpu.accesses, []);
  }
});

Deno.test("syscall, break and reserved instructions leave BADV alone", () => {
  for (const [bits, exception] of [[word("syscall", 1), "SYS"], [word("break", 1), "BRK"]] as const) {
    const raised = execute(new FakeCpu(), bits);
    assertEquals([raised?.exception, raised?.badv], [exception, undefined]);
  }
});

// Compilation -------------------------------------------------------------------------------------------------------

Deno.test("compile() binds calls by name, and refuses a name that is not there", () => {
  const seen: string[] = [];
  const calls: CallTable<FakeCpu> = Object.fromEntries(
    ISA.callNames.map((
      name,
    ) => [name, (_: FakeCpu, op: Decoded) => void seen.push(`${name} ${op.rd} ${op.rj}`)]),
  );
  const op = decode(word("csrxchg", 4, 5, 6));
  assert(op !== undefined);
  compile(op.instruction, calls)(new FakeCpu(), op);
  assertEquals(seen, ["csrxchg 4 5"]);
  for (const instruction of ISA.all) compile(instruction, calls);
  const message = 'Cannot compile csrxchg: there is no function "csrxchg" to call';
  assertThrows(() => compile(op.instruction, {}), TypeError, message);
  const other = new Instruction("test", ["x", "code:32", "code", "native", call("toString")]);
  assertThrows(() => compile(other, {}), TypeError, 'there is no function "toString" to call');
});

Deno.test("a sequence has its effects in order, up to the first exception", () => {
  const table = new InstructionTable([{
    name: "test",
    rows: [[
      "x",
      "0000000000000000000000 rj rd",
      "rd, rj",
      "native",
      seq(
        nop,
        set(rd, k(1n)),
        seq(store("u8", rj, rd), set(rd, k(2n))),
        store("u8", k(99n), rd, { aligned: true }),
      ),
    ]],
  }]);
  const instruction = get("x", table);
  const cpu = new FakeCpu();
  cpu.gpr[5] = 3n;
  const op: Decoded = {
    ...noRegisters(),
    instruction,
    word: 0xa4,
    rd: 4,
    rj: 5,
    operands: {},
    immediates: [],
  };
  assertThrows(() => compile(instruction, {})(cpu, op), Error, "access at 63");
  assertEquals([cpu.gpr[4], cpu.memory], [2n, 1n << 24n]);
});
