import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  bodies,
  bytes,
  CODE,
  COUNTER,
  hexText,
  little,
  packet,
  TestClient,
  textOfHex,
} from "./test_client.ts";

const PC = 33;
const T0 = 12;

Deno.test("the machine steps, continues to breakpoints, and is interrupted", () => {
  const client = new TestClient(COUNTER);
  const { machine } = client.debuggee;
  assertMatch(client.ask("?") ?? "", /^T05thread:1;/);
  assertMatch(client.ask("s") ?? "", /^T05thread:1;.*21:0400200000000000;/);
  assertEquals(machine.pc, CODE + 4n);
  const loop = client.at("loop").toString(16);
  assertEquals(client.ask(`Z0,${loop},4`), "OK");
  for (const times of [0n, 1n, 2n]) {
    assertMatch(client.ask("c") ?? "", /^T05thread:1;/);
    assertEquals([machine.pc, machine.gpr[T0]], [client.at("loop"), times]);
  }
  assertEquals(client.ask(`z0,${loop},4`), "OK");
  assertEquals(client.ask("c"), undefined, "it runs and owes a report");
  assert(client.session.isRunning);
  assertEquals(bodies(client.exchange(packet("s"))), ["E16"], "it runs already");
  const [report = ""] = bodies(client.exchange(bytes("\x03")));
  assertMatch(report, /^T02thread:1;/);
  assert(!client.session.isRunning);
  assertEquals(client.ask("?"), report);
  assertMatch(client.ask(`s${client.at("store").toString(16)}`) ?? "", /^T05/);
  assertEquals(machine.pc, client.at("load"), "it went on where the packet said");
});

Deno.test("a report says what kind of breakpoint was met to clients that asked for it", () => {
  const client = new TestClient(COUNTER);
  assertMatch(client.ask("qSupported:swbreak+;hwbreak+;multiprocess+") ?? "", /(^|;)PacketSize=4000;/);
  const loop = client.at("loop").toString(16);
  client.ask(`Z1,${loop},4`);
  assertStringIncludes(client.ask("c") ?? "", ";hwbreak:;");
  client.ask(`Z0,${loop},4`);
  assertStringIncludes(client.ask("c") ?? "", ";swbreak:;");
  client.ask(`z1,${loop},4`);
  assertStringIncludes(client.ask("c") ?? "", ";swbreak:;");
});

Deno.test("watchpoints stop behind the access that they watch, whatever makes it", () => {
  const accesses: readonly (readonly [code: string, reads: boolean, writes: boolean])[] = [
    ["ld.d $t1, $t2, 0", true, false],
    ["ld.bu $t1, $t2, 7", true, false],
    ["fld.d $fa0, $t2, 0", true, false],
    ["ll.w $t1, $t2, 4", true, false],
    ["st.w $t1, $t2, 4", false, true],
    ["fst.s $fa0, $t2, 4", false, true],
    ["stptr.d $t1, $t2, 0", false, true],
    ["amadd.d $t1, $t0, $t2", true, true],
    ["st.d $t1, $t2, 8", false, false],
    ["ld.d $t1, $t2, -8", false, false],
    ["sc.d $t1, $t2, 0", false, false],
    ["preld 0, $t2, 0", false, false],
  ];
  for (const [code, reads, writes] of accesses) {
    const kinds = [["2", "watch", writes], ["3", "rwatch", reads], ["4", "awatch", reads || writes]] as const;
    for (const [kind, name, hits] of kinds) {
      const client = new TestClient(`
        _start: li.w $t0, 1
                csrwr $t0, EUEN
                la.pcrel $t2, word
                ${code}
        after:  nop
        end:    nop
                .data
                .balign 16
                .dword 0
        word:   .dword 0, 0`);
      const word = client.at("word");
      client.ask(`Z1,${client.at("end").toString(16)},4`);
      assertEquals(client.ask(`Z${kind},${(word + 7n).toString(16)},1`), "OK");
      // The byte watched is the last; accesses of fewer bytes that do not reach it were given offsets.
      const report = client.ask("c") ?? "";
      const what = `${code} with Z${kind}`;
      assertEquals(
        new RegExp(`;${name}:${(word + 7n).toString(16)};`).test(report),
        hits,
        `${what}: ${report}`,
      );
      assertEquals(client.debuggee.machine.pc, client.at(hits ? "after" : "end"), what);
    }
  }
});

Deno.test("a watchpoint that was taken away stops nothing", () => {
  const client = new TestClient(COUNTER);
  const range = `${client.at("counter").toString(16)},8`;
  client.ask(`Z2,${range}`);
  assertStringIncludes(client.ask("c") ?? "", ";watch:");
  assertEquals(client.debuggee.machine.pc, client.at("load"));
  assertEquals(client.ask(`z2,${range}`), "OK");
  assertEquals(client.ask("c"), undefined);
});

Deno.test("the end of a program, a bus error and an idle processor are reported", () => {
  const cases: readonly (readonly [code: string, report: RegExp, said: string])[] = [
    ["li.d $t1, 0x100e001c\n li.w $t2, 0x34\n st.b $t2, $t1, 0", /^W00$/, "power off"],
    ["li.d $t1, 0x100e001e\n li.w $t2, 0x42\n st.b $t2, $t1, 0", /^W01$/, "reset"],
    ["li.d $t0, 0x30000000\n st.d $t0, $t0, 8", /^T0athread:1;/, "no RAM or device"],
    ["idle 0", /^T02thread:1;/, "nothing can wake it"],
  ];
  for (const [code, report, said] of cases) {
    const client = new TestClient(`_start: ${code}\n nop\n`);
    const [output = "", stop = ""] = bodies(client.exchange(packet("c")));
    assertMatch(output, /^O/);
    assertStringIncludes(textOfHex(output.slice(1)), said);
    assertMatch(stop, report);
    assertEquals(client.ask("?"), stop);
  }
  const over = new TestClient("_start: li.d $t1, 0x100e001c\n li.w $t2, 0x34\n st.b $t2, $t1, 0\n");
  over.ask("c");
  assertEquals(over.ask("c"), "E16", "a program that has ended does not go on");
});

/** The guest has no memory: its first fetch exits with a refill. */
const WORLDS = `
_start: la.pcrel $t0, refill
        csrwr $t0, TLBRENTRY
        li.d  $t0, 0x5000
        csrwr $t0, ERA
        li.w  $t0, 0x70002          # GID 7, PVM
        csrwr $t0, GSTAT
        li.w  $sp, 0x123
enter:  ertn
        .balign 4096
refill: li.w  $sp, 0x456
        nop
        b     refill
`;

Deno.test("host and guest are two threads, of which the one that does not run shows how it left", () => {
  const client = new TestClient(WORLDS);
  assertEquals(client.ask("qfThreadInfo"), "m1");
  client.ask(`Z0,${client.at("enter").toString(16)},4`);
  client.ask("c");
  assertMatch(client.ask("s") ?? "", /^T05thread:2;.*21:0050000000000000;/);
  assertEquals(client.ask("qfThreadInfo"), "m1,2");
  assertEquals(client.ask("qC"), "QC2");
  assertEquals(client.ask("Hg1"), "OK");
  assertEquals([client.register(PC), client.register(3)], [client.at("enter"), 0x123n]);
  assertEquals(client.ask(`P3=${little(1n)}`), "E16", "what is away is not written");
  assertMatch(client.ask(`m${CODE.toString(16)},4`) ?? "", /^[0-9a-f]{8}$/, "the host's memory");
  assertEquals(client.ask("Hg2"), "OK");
  assertEquals(client.ask("m5000,4"), "E0e", "the guest has none");
  assertMatch(client.ask("vCont;s") ?? "", /^T05thread:1;/);
  assertEquals(client.debuggee.machine.pc, client.at("refill"));
  client.ask("s");
  assertEquals(client.register(3), 0x456n);
  assertEquals(client.ask("Hg2"), "OK");
  assertEquals([client.register(PC), client.register(3)], [0x5000n, 0x123n]);
  assertEquals(textOfHex(client.ask("qThreadExtraInfo,2") ?? ""), "guest GID 7, PLV0, direct, away");
  assertMatch(
    client.ask("qXfer:threads:read::0,fff") ?? "",
    /^l.*<thread id="1" .*name="host".*<thread id="2" /s,
  );
  client.ask("QThreadSuffixSupported");
  assertEquals(client.ask("p3;thread:0001;"), little(0x456n), "a suffix names the thread");
  assertEquals(client.ask("p3;thread:2;"), little(0x123n));
});

/** The guest's code is its own copy of the host's memory, by a huge page of the second stage; its exits are counted and skipped. */
const EXITS = `
_start: la.pcrel $t0, refill
        csrwr $t0, TLBRENTRY
        li.w  $t0, 1                # a window at 0: a refill's ertn turns paging on
        csrwr $t0, DMW0
        la.pcrel $t0, exit
        csrwr $t0, EENTRY
        la.pcrel $t0, code
        csrwr $t0, ERA
        li.w  $t0, 0x70002          # GID 7, PVM
        csrwr $t0, GSTAT
enter:  ertn
        .balign 4096
refill: li.w  $t1, 0x19             # TLBREHI.PS: 32 MiB
        csrwr $t1, TLBREHI
        li.w  $t1, 0x43             # V, D, G at 0
        csrwr $t1, TLBRELO0
        csrwr $zero, TLBRELO1
        tlbfill
back:   ertn
        .balign 4096
exit:   csrrd $t1, ERA
        addi.d $t1, $t1, 4
        csrwr $t1, ERA
        ertn
        .balign 4096
code:   nop
call:   hvcl 1
after:  addi.d $s0, $s0, 1
self:   b self
`;

Deno.test("a step of one thread is an instruction of its own world, exits and their handling included", () => {
  const client = new TestClient(EXITS);
  const { machine } = client.debuggee;
  const guestPc = () => client.debuggee.contexts.of("guest")?.pc;
  client.ask(`Z0,${client.at("enter").toString(16)},4`);
  client.ask("c");
  assertMatch(client.ask("s") ?? "", /^T05thread:2;/);
  // The first fetch is a refill: the instruction is not done before the host has served it.
  assertMatch(client.ask("vCont;s:2") ?? "", /^T05thread:2;/);
  assertEquals([machine.inGuest, machine.pc], [true, client.at("call")]);
  client.ask(`Z0,${client.at("exit").toString(16)},4`);
  assertMatch(
    client.ask("vCont;s:2") ?? "",
    /^T05thread:2;/,
    "of the host's breakpoints only its own thread would hear",
  );
  assertEquals([machine.inGuest, machine.pc], [true, client.at("after")]);
  assertMatch(client.ask(`vCont;s:2;c`) ?? "", /^T05thread:2;/);
  assertEquals(guestPc(), client.at("self"));
  machine.pc = client.at("call");
  assertMatch(client.ask("vCont;s:2;c") ?? "", /^T05thread:1;/, "a breakpoint of a thread that goes on too");
  assertEquals([machine.pc, guestPc()], [client.at("exit"), client.at("call")]);
  assertMatch(client.ask("vCont;c:2") ?? "runs", /^runs$/);
  assertMatch(bodies(client.exchange(bytes("\x03")))[0] ?? "", /^T02thread:2;/);
  assertEquals(machine.pc, client.at("self"));
  machine.pc = client.at("self");
  assertMatch(client.ask("vCont;s:2") ?? "", /^T05thread:2;/, "a jump to itself is an instruction too");
});

Deno.test("a breakpoint where the processor stands counts if the client was told of another thread's stop", () => {
  const client = new TestClient(EXITS);
  const { machine } = client.debuggee;
  client.ask(`Z0,${client.at("code").toString(16)},4`);
  assertMatch(client.ask("c") ?? "", /^T05thread:2;/);
  assertEquals(client.ask("vCont;c:1"), undefined);
  assertMatch(bodies(client.exchange(bytes("\x03")))[0] ?? "", /^T02thread:1;/);
  assertEquals([machine.inGuest, machine.pc], [true, client.at("self")]);
  client.ask(`Z0,${client.at("self").toString(16)},4`);
  assertMatch(client.ask("vCont;c") ?? "", /^T05thread:2;/);
  assertEquals(machine.pc, client.at("self"));
});

Deno.test("on demand the machine stops whenever the world changes", () => {
  const client = new TestClient(EXITS);
  const { machine } = client.debuggee;
  assertEquals(client.ask(`qRcmd,${hexText("worlds on")}`), "OK");
  const stops = Array.from({ length: 5 }, () => [client.ask("c")?.slice(0, 12), machine.pc]);
  assertEquals(stops, [
    ["T05thread:2;", client.at("code")],
    ["T05thread:1;", client.at("refill")],
    ["T05thread:2;", client.at("code")],
    ["T05thread:1;", client.at("exit")],
    ["T05thread:2;", client.at("after")],
  ]);
  assertEquals(client.ask(`qRcmd,${hexText("worlds off")}`), "OK");
  assertEquals(client.ask("c"), undefined);
});

Deno.test("the stub's own commands print what they find, and say what they do not know", () => {
  const client = new TestClient(COUNTER);
  const monitor = (line: string) => {
    const [output = "", ok] = bodies(client.exchange(packet(`qRcmd,${hexText(line)}`)));
    assertEquals([output[0], ok], ["O", "OK"], line);
    return textOfHex(output.slice(1));
  };
  client.ask("s");
  assertStringIncludes(monitor("info"), "host mode, PLV0, direct addresses");
  assertMatch(monitor("history 4"), /^host {3}0x200000 {2}\tori \$t0, \$zero, 0\n$/);
  assertMatch(monitor("csr CRMD"), /^host {2}CRMD 0x8 {2}.*DA=0x1 .*\nguest CRMD 0x8 /);
  assertMatch(monitor("csr GSTAT"), /^host {2}GSTAT 0x[0-9a-f]+ {2}[^\n]*\n$/);
  assertStringIncludes(monitor("help"), "csr NAME");
  assertStringIncludes(monitor("csr ESTA"), "ESTAT");
  assertStringIncludes(monitor("csr"), "its name is missing");
  assertStringIncludes(monitor("history many"), "no number");
  assertStringIncludes(monitor("constructor"), "Cannot find command constructor");
});

Deno.test("a client that kills or detaches is let go", () => {
  for (
    const [body, answer, parting] of [
      ["k", "X09", "killed"],
      ["vKill;1", "OK", "killed"],
      ["D", "OK", "detached"],
      ["D;1", "OK", "detached"],
    ] as const
  ) {
    const client = new TestClient(COUNTER);
    client.ask("c");
    assertEquals(client.ask(body), answer, body);
    assertEquals([client.session.parting, client.session.isRunning], [parting, false], body);
    assertEquals(client.exchange(packet("qC")), "", "nobody is there any more");
  }
});
