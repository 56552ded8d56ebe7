import { assert, assertEquals, assertMatch } from "@std/assert";
import { CSRS } from "../core/mod.ts";
import { PWCL, TLBELO0 } from "../core/csr/translation.ts";
import { pageBits } from "../core/mmu/tlb.ts";
import { bodies, bytes, CODE, COUNTER, little, packet, TestClient, text, textOfHex } from "./test_client.ts";

const PC = 33;
const BADV = 34;
const F1 = 36;
const FCC0 = 67;
const FCSR = 75;
const T0 = 12;

Deno.test("packets are framed, acknowledged and repeated as the protocol says", () => {
  // [what it is, sent, answer]
  const rows: readonly (readonly [string, string, string])[] = [
    ["a packet is acknowledged and answered", "$qsThreadInfo#c8", "+$l#6c"],
    ["digits of a checksum may be capital letters", "$qsThreadInfo#C8", "+$l#6c"],
    ["a wrong checksum is refused", "$qsThreadInfo#c9", "-"],
    ["a checksum that is no number is refused", "$qsThreadInfo#zz", "-"],
    ["a packet that is not known has an empty answer", "$vMustReplyEmpty#3a", "+$#00"],
    ["an empty packet has an empty answer", "$#00", "+$#00"],
    ["what stands between packets is skipped", "abc#12$qsThreadInfo#c8}", "+$l#6c"],
    ["a packet that breaks off is forgotten when the next one begins", "$m12$qsThreadInfo#c8", "+$l#6c"],
    ["two packets have two answers", "$qsThreadInfo#c8$qC#b4", "+$l#6c+$QC1#c5"],
    ["an interrupt of a machine that stands has no answer", "\x03", ""],
    ["a packet longer than announced is refused", text(packet("m".repeat(0x4001))), "-"],
  ];
  for (const [what, sent, answer] of rows) {
    assertEquals(new TestClient(COUNTER).exchange(bytes(sent)), answer, what);
    if (sent.length > 100) continue;
    const client = new TestClient(COUNTER);
    const piecewise = [...bytes(sent)].map((b) => client.exchange(Uint8Array.of(b))).join("");
    assertEquals(piecewise, answer, `${what}, byte by byte`);
  }
});

Deno.test("the last answer is repeated when the client did not understand it", () => {
  const client = new TestClient(COUNTER);
  client.exchange(packet("qC"));
  assertEquals(client.exchange(bytes("-")), "$QC1#c5");
  assertEquals(client.exchange(bytes("+")), "");
});

Deno.test("without acknowledgements there are none, and a broken packet is an error", () => {
  const client = new TestClient(COUNTER);
  assertEquals(client.exchange(bytes("$QStartNoAckMode#b0")), "+$OK#9a");
  assertEquals(client.exchange(bytes("+$qsThreadInfo#c8")), "$l#6c");
  assertEquals(bodies(client.exchange(bytes("$qsThreadInfo#00"))), ["E16"]);
});

Deno.test("registers are read and written one by one and together", () => {
  const client = new TestClient(COUNTER);
  const m = client.debuggee.machine;
  m.gpr[T0] = 0x0123456789abcdefn;
  m.fpr[1] = 0x3ff0000000000000n;
  m.fcc[0] = 1;
  assertEquals(client.ask("pc"), "efcdab8967452301");
  assertEquals(client.register(PC), CODE);
  assertEquals(client.ask(`p${F1.toString(16)}`), "000000000000f03f");
  assertEquals(client.ask(`p${FCC0.toString(16)}`), "01");
  assertEquals(client.ask("Pc=0807060504030201"), "OK");
  assertEquals(m.gpr[T0], 0x0102030405060708n);
  assertEquals(client.ask(`P0=${little(5n)}`), "OK", "r0 takes a write");
  assertEquals(m.gpr[0], 0n, "and stays 0");
  assertEquals(client.ask(`P${FCSR.toString(16)}=ffffffff`), "OK");
  assertEquals(m.fcsr, 0x1f1f031f, "only the bits that FCSR0 has");
  const all = client.ask("g") ?? "";
  // 35 registers of the base, 32 of floating point, 8 flags of a byte, 4 bytes of FCSR.
  assertEquals(all.length, 2 * (35 * 8 + 32 * 8 + 8 + 4));
  assertEquals(all.slice(16 * PC, 16 * (PC + 1)), little(CODE));
  assertEquals(client.ask(`G${all.replace(little(CODE), little(CODE + 8n))}`), "OK");
  assertEquals(m.pc, CODE + 8n);
  assertEquals(client.ask(`G${little(0n)}${little(7n)}`), "OK", "fewer are the first ones");
  assertEquals(m.gpr[1], 7n);
});

/** Reads target.xml in pieces. */
function targetXml(client: TestClient): string {
  let xml = "";
  for (let more = true; more;) {
    const piece = client.ask(`qXfer:features:read:target.xml:${xml.length.toString(16)},3fb`) ?? "";
    more = piece.startsWith("m");
    xml += piece.slice(1).replace(/\}(.)/gs, (_, c: string) => String.fromCharCode(c.charCodeAt(0) ^ 0x20));
  }
  return xml;
}

function registerNumbers(client: TestClient): ReadonlyMap<string, number> {
  const found = targetXml(client).matchAll(/<reg name="(\w+)"[^>]* regnum="(\d+)"/g);
  return new Map([...found].map(([, name = "", number]) => [name, Number(number)]));
}

Deno.test("target.xml describes every CSR of both worlds by its number", () => {
  const client = new TestClient(COUNTER);
  const xml = targetXml(client);
  const found = [...xml.matchAll(/<reg name="(\w+)" bitsize="(\d+)"[^>]* regnum="(\d+)"/g)];
  assertEquals(found.map((f) => Number(f[3])), found.map((_, n) => n), "numbers run on");
  const numbers = registerNumbers(client);
  // Names and places that gdb asks for (Target Description Features, LoongArch).
  assertEquals([numbers.get("r0"), numbers.get("r31"), numbers.get("pc"), numbers.get("badv")], [
    0,
    31,
    PC,
    BADV,
  ]);
  assertEquals([numbers.get("f1"), numbers.get("fcc0"), numbers.get("fcsr")], [F1, FCC0, FCSR]);
  const m = client.debuggee.machine;
  for (const csr of CSRS.filter((c) => m.host.has(c.number))) {
    const number = numbers.get(csr.name);
    assert(number !== undefined, csr.name);
    assertMatch(client.ask(`p${number.toString(16)}`) ?? "", /^[0-9a-f]{16}$/, csr.name);
    assertEquals(numbers.has(`g_${csr.name}`), csr.options.guest !== "gspr", `g_${csr.name}`);
  }
  const [host, guest] = [numbers.get("ECFG") ?? 0, numbers.get("g_ECFG") ?? 0];
  assertEquals(client.ask(`P${host.toString(16)}=${little(0xffffffffn)}`), "OK");
  assertEquals(client.register(host), 0x71fffn, "the bits that csrwr writes");
  assertEquals(client.register(guest), 0n, "the guest's register is another one");
  assertEquals(client.ask(`p${(numbers.get("vr0") ?? 0).toString(16)}`), "x".repeat(32), "unavailable");
});

Deno.test("memory is read and written in hexadecimal and in binary", () => {
  const client = new TestClient(COUNTER);
  const at = client.at("counter").toString(16);
  assertEquals(client.ask(`m${at},8`), "8877665544332211");
  assertEquals(client.ask(`M${at},2:abcd`), "OK");
  // 0x7d, 0x23, 0x24 and 0x2a are sent as 0x7d and the byte xor 0x20.
  assertEquals(client.ask(`X${at},6:}\x5d}\x03}\x04}\x0a\x00\xff`), "OK");
  assertEquals(client.ask(`m${at},8`), "7d23242a00ff2211");
  assertEquals(client.ask(`X${at},0:`), "OK", "clients try this to see whether X is known");
  assertEquals(client.ask("m3ffffe,8"), "0000", "what there is before the end of memory");
  assertEquals(client.ask("m400000,1"), "E0e");
  assertEquals(client.ask("M3ffffe,4:01020304"), "E0e");
  assertEquals(client.ask("m3ffffe,2"), "0000", "a write that does not fit writes nothing");
  assertEquals(client.ask("m1fe001e0,1"), "E0e", "a device is no memory");
  assertEquals(client.ask("m0,ffffffffffffffff")?.length, 0x4000, "as much as a packet holds");
});

Deno.test("malformed requests are errors", () => {
  const client = new TestClient(COUNTER);
  const at = client.at("counter").toString(16);
  const rows = [
    ...[
      "m",
      "m1",
      "m1,",
      "mx,1",
      "m1,2,3",
      "m11111111111111111,1",
      `M${at},2:0`,
      `M${at},2:zz`,
      `M${at},1:0000`,
    ],
    ...[
      `M${at},2`,
      `X${at},1:}`,
      `X${at},2:a`,
      "p",
      "pzz",
      "pffff",
      "P",
      "Pc",
      "Pc=",
      "Pc=00",
      "Pc=1=2",
      "Pffff=00",
    ],
    ...[
      "g1",
      "G0",
      "G00",
      `G${"00".repeat(2000)}`,
      "Z",
      "Z0",
      "Z0,1",
      "Zx,1,1",
      "Z2,1,0",
      "z0,g,4",
      "H",
      "Hx1",
    ],
    ...[
      "cxyz",
      "C",
      "Cx",
      "S5",
      "sg",
      "vCont",
      "vCont;",
      "vCont;x",
      "vCont;c:",
      "vCont;s:g",
      "vCont;c;",
      "T",
    ],
    ...[
      "qXfer:features:read:target.xml:0",
      "qXfer:features:read:other:0,1",
      "qXfer:features:read:target.xml:z,1",
    ],
    ...["qXfer:features:read:target.xml:fffffff,1", "qRcmd,1", "qRcmd,zz", "qThreadExtraInfo,zz"],
    `P${(76).toString(16)}=00`,
  ];
  for (const body of rows) assertMatch(client.ask(body) ?? "none", /^E[0-9a-f]{2}$/, body);
  for (const thread of ["Hg2", "Hg3", "T2", "T7", "vCont;s:2", "qThreadExtraInfo,2"]) {
    assertEquals(client.ask(thread), "E03", `${thread}: the guest has not run`);
  }
  assertEquals(client.ask("Z5,0,4"), "", "a kind of breakpoints that there is not");
  assertEquals(client.ask("qXfer:auxv:read::0,100"), "", "an object that there is not");
});

Deno.test("errors are explained to clients that say they understand it", () => {
  const client = new TestClient(COUNTER);
  client.ask("QEnableErrorStrings");
  const [code, message = ""] = (client.ask("m400000,1") ?? "").split(";");
  assertEquals(code, "E0e");
  assertEquals(textOfHex(message), "Cannot read memory at 0x400000: the host has no RAM there");
  const other = new TestClient(COUNTER);
  other.ask("qSupported:error-message+;swbreak+");
  assertEquals(other.ask("m400000,1"), "E.Cannot read memory at 0x400000: the host has no RAM there");
});

Deno.test("memory behind page tables and the TLB is found without the processor's help", () => {
  const client = new TestClient(COUNTER);
  const { machine } = client.debuggee;
  const { V, D } = TLBELO0;
  const words = (at: bigint, ...values: bigint[]) =>
    assertEquals(
      client.ask(`M${at.toString(16)},${(8 * values.length).toString(16)}:${values.map(little).join("")}`),
      "OK",
    );
  const [first, code] = [client.ask("m200000,4"), client.ask("m200008,4")];
  // Directory 1 at 0x300000: nothing, a page table, a huge page of 2 MiB at 0x200000, a page that is not valid.
  words(0x300000n, 0n, 0x301000n, 0x200000n | 1n << 6n | V.mask, 1n << 6n);
  words(0x301000n, 0x200000n | V.mask | D.mask, 0x200000n);
  machine.host.write(
    PWCL,
    PWCL.PTbase.of(12n) | PWCL.PTwidth.of(9n) | PWCL.Dir1_base.of(21n) | PWCL.Dir1_width.of(9n),
  );
  const numbers = registerNumbers(client);
  const setCsr = (name: string, value: bigint) =>
    assertEquals(client.ask(`P${(numbers.get(name) ?? 0).toString(16)}=${little(value)}`), "OK");
  setCsr("PGDL", 0x300000n);
  setCsr("CRMD", 0x10n);
  assertEquals(client.ask("m200000,4"), first, "by the page table");
  assertEquals(client.ask("m200008,4"), code);
  assertEquals(client.ask("m400008,4"), code, "by the huge page");
  assertEquals(client.ask("m201000,4"), "E0e", "a page that is not valid");
  assertEquals(client.ask("m200ffe,4")?.length, 4, "up to the end of what is mapped");
  assertEquals(client.ask("m600000,4"), "E0e", "a huge page that is not valid");
  assertEquals(client.ask("m0,4"), "E0e", "a directory that is not there");
  assertEquals(client.ask("m9000000000200008,4"), "E0e", "no window yet");
  setCsr("DMW0", 0x9000000000000011n);
  assertEquals(client.ask("m9000000000200008,4"), code, "by a window");
  const page = (physical: bigint) => pageBits(physical | V.mask);
  const lo = [page(0x200000n), page(0x200000n)] as const;
  machine.tlb.write(machine.tlb.stlbSize, {
    kind: "host",
    gid: 0,
    asid: 0,
    global: true,
    ps: 12,
    pair: 0,
    lo,
  });
  assertEquals(client.ask("m1008,4"), code, "by the TLB");
  assertEquals(client.ask("X1008,4:abcd"), "OK", "whatever its page allows");
  assertEquals(client.ask("m9000000000200008,4"), "61626364");
});
