import { assertEquals, assertThrows } from "@std/assert";
import { Code, signed, signed32, unsigned } from "./code.ts";
import { ModuleBuilder } from "./module.ts";

function encoded(append: (out: number[]) => void): number[] {
  const out: number[] = [];
  append(out);
  return out;
}

Deno.test("numbers are encoded as the specification's examples and limits ask", () => {
  // DWARF 5, figures C.1 and C.2, which define LEB128.
  const unsignedRows = [[2, [2]], [127, [127]], [128, [0x80, 1]], [129, [0x81, 1]], [12857, [
    0xb9,
    0x64,
  ]]] as const;
  for (const [value, bytes] of unsignedRows) assertEquals(encoded((out) => unsigned(out, value)), [...bytes]);
  const signedRows = [
    [2n, [2]],
    [-2n, [0x7e]],
    [127n, [0xff, 0]],
    [-127n, [0x81, 0x7f]],
    [128n, [0x80, 1]],
    [-128n, [0x80, 0x7f]],
    [-129n, [0xff, 0x7e]],
  ] as const;
  for (const [value, bytes] of signedRows) {
    assertEquals(encoded((out) => signed(out, value)), [...bytes]);
    assertEquals(encoded((out) => signed32(out, Number(value))), [...bytes]);
  }
  for (const value of [-(2 ** 31), 2 ** 31 - 1]) {
    assertEquals(encoded((out) => signed32(out, value)), encoded((out) => signed(out, BigInt(value))));
  }
  assertEquals(encoded((out) => unsigned(out, 0xffff_ffff)), [0xff, 0xff, 0xff, 0xff, 0x0f]);
  assertEquals(encoded((out) => signed(out, -(1n << 63n))).length, 10);
});

Deno.test("a module with functions, a table and two memories does what it says", () => {
  const builder = new ModuleBuilder();
  const log = builder.importFunction("log", { parameters: ["i64"], results: [] });
  builder.importMemory("first");
  builder.importMemory("second");
  builder.importTable("table", 2);
  const type = { parameters: ["i32"], results: ["i32"] } as const;
  // Counts down by tail calls through the table, which a million calls deep would not survive.
  const countdown = new Code(1).get(0).op("i32.eqz").if().i32(7).op("return").end();
  countdown.get(0).i32(1).op("i32.sub").i32(1).returnCallIndirect(builder.type(type));
  const copy = new Code(1).i32(8).get(0).access("i64.load", 0).access("i64.store", 0, 1);
  copy.i32(8).access("i64.load", 0, 1).call(log).i32(0);
  const functions = [builder.add(type, copy), builder.add(type, countdown)];
  builder.export("copy", functions[0]!);
  builder.export("countdown", functions[1]!);
  const [first, second] = [0, 1].map(() => new WebAssembly.Memory({ initial: 1 }));
  const table = new WebAssembly.Table({ element: "anyfunc", initial: 2 });
  const logged: bigint[] = [];
  const env = { first: first!, second: second!, table, log: (value: bigint) => logged.push(value) };
  builder.fillTable(functions);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(builder.build()), { env });
  new DataView(first!.buffer).setBigInt64(16, -5n, true);
  assertEquals((exports["copy"] as (at: number) => number)(16), 0);
  assertEquals(logged, [-5n]);
  assertEquals(new DataView(second!.buffer).getBigInt64(8, true), -5n);
  assertEquals((exports["countdown"] as (n: number) => number)(1_000_000), 7);
});

Deno.test("a table of jumps leads to one of its blocks or to the last, and hints and limits change nothing", () => {
  const builder = new ModuleBuilder();
  builder.importMemory("memory", 1);
  builder.importTable("table", 4);
  const type = { parameters: ["i32"], results: ["i32"] } as const;
  const code = new Code(1);
  const [outer, inner] = [code.block().depth, code.block().depth];
  code.get(0).i32(7).op("i32.eq").ifUnlikely().i32(70).op("return").end();
  code.get(0).brTable([inner, outer, inner], outer).end();
  code.i32(1).op("return").end().i32(2);
  code.local("i64");
  builder.fillTable([builder.add(type, code)], 3);
  const bytes = builder.build();
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const table = new WebAssembly.Table({ element: "anyfunc", initial: 4 });
  new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, table } });
  const f = table.get(3) as (n: number) => number;
  assertEquals([0, 1, 2, 3, 7, -1].map((n) => f(n)), [1, 2, 1, 2, 70, 2]);
});

Deno.test("functions of another module cannot be imported once there are own ones", () => {
  const builder = new ModuleBuilder();
  builder.add({ parameters: [], results: [] }, new Code(0));
  assertThrows(
    () => builder.importFunction("late", { parameters: [], results: [] }),
    TypeError,
    "Cannot import late: a function was already added",
  );
});
