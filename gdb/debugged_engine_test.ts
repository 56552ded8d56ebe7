import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ReferenceEngine } from "../core/mod.ts";
import { guest, host, hvc } from "../dsl/mod.ts";
import { ARCEOS, KVM } from "../vcpu/mod.ts";
import { channelMemory, ChannelReader, ChannelWriter, type Client, DebuggedEngine } from "./mod.ts";
import { bodies, little, packet, text, textOfHex } from "./test_client.ts";

const CALLS = guest({
  rule: "LVZ-EXIT-08",
  set: { a0: 7n },
  code: `
    call:   hvcl  5
            addi.d $a0, $a0, 1
    after:  hvcl  6
  `,
  exits: [hvc(5, { at: "call" }), hvc(6, { at: "after", regs: { a0: 8 } })],
});

/** A client that says what it has to say one packet after the other, and then hangs up. */
class Script implements Client {
  readonly answers: string[] = [];
  readonly #lines: readonly string[];
  #next = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  receive(wait: boolean): Uint8Array | undefined {
    if (!wait) return new Uint8Array();
    const line = this.#lines[this.#next++];
    return line === undefined ? undefined : packet(line);
  }

  send(sent: Uint8Array): void {
    this.answers.push(...bodies(text(sent)));
  }
}

function engineFor(client: Client, from: "first" | "guest"): DebuggedEngine {
  return new DebuggedEngine({ engine: new ReferenceEngine(), client, from, place: () => undefined });
}

Deno.test("a case stops at the guest's first instruction, is stepped and goes on to its end", () => {
  for (const worldSwitch of [ARCEOS, KVM]) {
    const script = new Script([
      "?",
      "p21",
      "m10000,4",
      "Z1,10004,4",
      "c",
      "p4",
      "qfThreadInfo",
      "z1,10004,4",
      "c",
    ]);
    const engine = engineFor(script, "guest");
    const outcomes = CALLS.run({ engine, worldSwitches: [worldSwitch], traced: true });
    engine.finish(0, "pass");
    assertEquals(outcomes.map((o) => o.problem), [undefined]);
    const [first = "", pc, code, set, stop = "", a0, threads, removed, said = "", end] = script.answers;
    assertMatch(first, /^T05thread:2;/);
    // Nothing was fetched yet: only the page tables of the second stage lead to the code. 0x002b8005 is hvcl 5.
    assertEquals([pc, code], [little(0x10000n), "05802b00"]);
    assertMatch(stop, /^T05thread:2;.*21:0400010000000000;/);
    assertEquals([set, a0, threads, removed], ["OK", little(7n), "m1,2", "OK"]);
    assertEquals([textOfHex(said.slice(1)), end], ["The program ended: pass\n", "W00"]);
  }
});

Deno.test("what the debugger changes, the case finds changed", () => {
  const script = new Script(["Z1,10004,4", "c", `P4=${little(40n)}`, "D"]);
  const [outcome] = CALLS.run({ engine: engineFor(script, "guest"), worldSwitches: [ARCEOS], traced: true });
  assertEquals(outcome?.problem?.result, "fail");
  assertEquals(outcome?.problem?.differences.map((d) => d.what), ["$a0"]);
});

Deno.test("the software of the host is stepped instruction by instruction", () => {
  const script = new Script(["s", "s", "m1030004,4", "m1030006,1", "m1030004,8", "k"]);
  const engine = engineFor(script, "guest");
  const [outcome] = CALLS.run({ engine, worldSwitches: [KVM], traced: true });
  assertStringIncludes(outcome?.problem?.headline ?? "", "the debugger killed the program");
  assertEquals(engine.wasKilled, true);
  // The first fetch of the guest is a refill, served at the physical address of the host's handler.
  assertMatch(script.answers[0] ?? "", /^T05thread:1;.*21:0000030100000000;/);
  assertMatch(script.answers[1] ?? "", /^T05thread:1;.*21:0400030100000000;/);
  // Its instruction, csrrd $t1, 0x8a, stands in no memory: 0x0402280d (LLVM).
  assertEquals(script.answers.slice(2, 5), ["0d280204", "02", "E0e"]);
});

Deno.test("a case without a guest stops at its first instruction, and runs on when nobody listens", () => {
  const script = new Script(["p21"]);
  const test = host({ rule: "LVZ-INSN-10", code: "call: hvcl 0", expect: { ends: "INE", at: "call" } });
  const outcomes = test.run({ engine: engineFor(script, "first"), traced: true });
  assertEquals(outcomes.map((o) => o.problem), [undefined]);
  assertEquals(script.answers, [little(0x10000n)]);
});

Deno.test("a channel carries bytes in order, however many, until it is closed", () => {
  const memory = channelMemory();
  const [writer, reader] = [new ChannelWriter(memory), new ChannelReader(memory)];
  assertEquals(reader.read(false), new Uint8Array());
  const sent: number[] = [];
  const got: number[] = [];
  for (let n = 0; n < 3; n++) {
    const piece = Uint8Array.from({ length: 40_000 }, (_, i) => (i * 7 + n) & 0xff);
    for (let done = 0; done < piece.length;) {
      const taken = writer.write(piece.subarray(done));
      if (taken === 0) got.push(...reader.read(true) ?? []);
      done += taken;
    }
    sent.push(...piece);
  }
  writer.close();
  for (let last = reader.read(true); last !== undefined; last = reader.read(true)) got.push(...last);
  assertEquals(got, sent);
  assertEquals(reader.read(false), undefined);
});
