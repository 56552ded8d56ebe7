import { assertEquals, assertThrows } from "@std/assert";
import { bareMachine } from "../bare_machine.ts";
import { PageHistory } from "./page_history.ts";
import { SnapshotError } from "./stateful.ts";

const PAGE = 4096;
const PAGES = 8;

/** RAM whose writes are announced, as a machine's are. */
class Block {
  readonly bytes = new Uint8Array(PAGES * PAGE);
  readonly history = new PageHistory(this.bytes);
  readonly replaced: number[] = [];
  cleaned = 0;

  constructor() {
    this.history.listener = {
      cleaned: () => this.cleaned++,
      replaced: (offset) => this.replaced.push(offset / PAGE),
    };
  }

  write(page: number, value: number): void {
    this.history.touch(page * PAGE + 5);
    this.bytes[page * PAGE + 5] = value;
  }

  get values(): readonly number[] {
    return Array.from({ length: PAGES }, (_, page) => this.bytes[page * PAGE + 5] ?? 0);
  }
}

Deno.test("a restore puts back the pages that were written since and no others", () => {
  const block = new Block();
  block.write(0, 1);
  block.write(3, 1);
  const restore = block.history.save();
  for (let round = 0; round < 2; round++) {
    block.write(3, 2);
    block.write(4, 2);
    restore();
    assertEquals(block.values, [1, 0, 0, 1, 0, 0, 0, 0]);
  }
  assertEquals(block.replaced, [3, 4, 3, 4]);
  restore();
  assertEquals(block.replaced.length, 4);
  // Once when it was taken, once at each restore.
  assertEquals(block.cleaned, 4);
});

Deno.test("versions are taken up in any order, and each has versions of its own behind it", () => {
  const block = new Block();
  const expected = new Map<() => void, readonly number[]>();
  const save = () => expected.set(block.history.save(), block.values);
  save();
  for (let n = 1; n < 6; n++) {
    block.write(n, n);
    block.write(0, n);
    save();
  }
  const back = [...expected.keys()];
  for (const n of [0, 5, 2, 2, 4, 1, 5]) {
    back[n]?.();
    assertEquals(block.values, expected.get(back[n] ?? save), `version ${n}`);
    block.write(n, 10 + n);
    block.write(7, 20 + n);
    save();
  }
  for (const [restore, values] of expected) {
    restore();
    assertEquals(block.values, values);
  }
});

Deno.test("a page that is held is restored though nobody announces its writes", () => {
  const block = new Block();
  block.history.hold(2 * PAGE + 16, 8);
  const restore = block.history.save();
  for (let round = 0; round < 2; round++) {
    block.bytes[2 * PAGE + 5] = 9;
    restore();
    assertEquals(block.values, [0, 0, 0, 0, 0, 0, 0, 0]);
  }
});

Deno.test("a machine with something that takes no part in snapshots has none", () => {
  const { m } = bareMachine("nop");
  m.clock.add({ due: undefined, fire: () => {} });
  assertThrows(() => m.save(), SnapshotError, "an alarm of the clock does not take part in snapshots");
  const strange = bareMachine("nop", { iocsr: { read: () => 0n, write: () => true } });
  assertThrows(() => strange.m.save(), SnapshotError, "its IOCSR space does not take part in snapshots");
});
