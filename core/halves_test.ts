import { assertEquals } from "@std/assert";
import { highOf, isSame, low48, lowBits, lowOf, whole } from "./halves.ts";

const VALUES = [
  0n,
  1n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_8000_0000n,
  0x9000_0000_0101_0004n,
  (1n << 64n) - 1n,
];

Deno.test("values of 64 bits are what their halves make", () => {
  for (const value of VALUES) {
    assertEquals([BigInt(lowOf(value)), BigInt(highOf(value))], [value & 0xffff_ffffn, value >> 32n]);
    assertEquals(whole(highOf(value), lowOf(value)), value);
    assertEquals(BigInt(low48(value)), BigInt.asUintN(48, value));
  }
});

Deno.test("two values are the same if both halves are", () => {
  for (const a of VALUES) {
    for (const b of VALUES) assertEquals(isSame(a, b), a === b, `${a} and ${b}`);
  }
});

Deno.test("the lowest bits of a number above 2^32 are those of its lower half", () => {
  assertEquals(lowBits(0x1234_5678_9abc, 12), 0xabc);
  assertEquals(lowBits(0x1234_5678_9abc, 48), 0x1234_5678_9abc);
});
