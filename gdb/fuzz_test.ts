import { assert, assertEquals } from "@std/assert";
import { bodies, bytes, packet, TestClient } from "./test_client.ts";

/** Change it to look for more. */
const SEED = 0x1f2e3d4c;
const CONVERSATIONS = 60;
const PACKETS = 40;

const PROGRAM = `
_start: la.pcrel $t2, word
loop:   ld.d  $t0, $t2, 0
        addi.d $t0, $t0, 1
        st.d  $t0, $t2, 0
        b     loop
        .data
        .balign 8
word:   .dword 0
`;

/** Packets that mean something, from which the senseless ones are made. */
const SENSIBLE = [
  ...[
    "?",
    "g",
    "p21",
    "pc",
    `P1=${"01".repeat(8)}`,
    `P21=${"00".repeat(8)}`,
    `G${"11".repeat(64)}`,
    "m200000,10",
  ],
  ...["mffffffffffffffff,ffffffff", "M200020,4:00010203", "X200020,4:abcd", "Z0,200004,4", "z0,200004,4"],
  ...[
    "Z2,200018,8",
    "z2,200018,8",
    "Z4,0,ffffffffffffffff",
    "z4,0,ffffffffffffffff",
    "c",
    "s",
    "c200004",
    "C05",
  ],
  ...[
    "s200000",
    "vCont?",
    "vCont;c",
    "vCont;s:1;c",
    "vCont;s:2",
    "Hg0",
    "Hg1",
    "Hc-1",
    "T1",
    "qC",
    "qAttached",
  ],
  ...["qSupported:swbreak+;error-message+", "QThreadSuffixSupported", "QEnableErrorStrings", "qHostInfo"],
  ...[
    "qProcessInfo",
    "qfThreadInfo",
    "qsThreadInfo",
    "qThreadExtraInfo,1",
    "qXfer:features:read:target.xml:0,100",
  ],
  ...[
    "qXfer:threads:read::0,100",
    "qRcmd,696e666f",
    "qRcmd,6373722043524d44",
    "qRcmd,686973746f7279",
    "k",
    "D",
  ],
  ...["vKill;1", "g;thread:1;", "p3;thread:1;", "QStartNoAckMode", "jThreadsInfo", "vMustReplyEmpty", ""],
];

/** Numbers that follow from a seed (xorshift). */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

type Random = ReturnType<typeof generator>;

function pick<T>(random: Random, all: readonly T[]): T {
  const found = all[random(all.length)];
  if (found === undefined) throw new RangeError("Cannot pick from nothing");
  return found;
}

/** A packet with characters replaced, left out, put in and repeated. */
function mutated(random: Random, body: string): string {
  let made = body;
  for (let n = random(4); n > 0; n--) {
    const at = random(made.length + 1);
    const character = random(3) === 0 ? String.fromCharCode(random(256)) : pick(random, [..."0f,;:=-1sc}"]);
    const changes = [
      made.slice(0, at) + character + made.slice(at + 1),
      made.slice(0, at) + made.slice(at + 1),
      made.slice(0, at) + character + made.slice(at),
      made.slice(0, at) + made.slice(at).repeat(2),
      made.slice(0, at) + pick(random, SENSIBLE),
    ];
    made = pick(random, changes).slice(0, 400);
  }
  // Within a packet these two would be its frame.
  return made.replace(/[$#]/g, "x");
}

Deno.test("every well-framed packet is answered, whatever it says", () => {
  for (let n = 0; n < CONVERSATIONS; n++) {
    const seed = SEED + n;
    const random = generator(seed);
    const client = new TestClient(PROGRAM);
    const sent: string[] = [];
    let acknowledges = true;
    while (sent.length < PACKETS && !client.session.isOver) {
      const body = mutated(random, pick(random, SENSIBLE));
      sent.push(body);
      const history = `seed ${seed}: ${JSON.stringify(sent)}`;
      const answer = attempt(() => client.exchange(packet(body), 1), history);
      assertEquals(answer.startsWith("+"), acknowledges, history);
      if (/^QStartNoAckMode(?![A-Za-z])/.test(body)) acknowledges = false;
      if (client.session.isOver) break;
      const count = bodies(answer).length + (client.session.isRunning ? 1 : 0);
      assert(count >= 1, `no answer, ${history}`);
      if (!client.session.isRunning) continue;
      const interrupted = attempt(() => client.exchange(bytes("\x03")), history);
      assertEquals(bodies(interrupted).filter((b) => /^T0/.test(b)).length, 1, history);
    }
  }
});

Deno.test("bytes that are no packets neither stop the stub nor use up memory", () => {
  for (let n = 0; n < CONVERSATIONS; n++) {
    const seed = SEED + n;
    const random = generator(seed);
    const client = new TestClient(PROGRAM);
    const common = [0x24, 0x23, 0x2b, 0x2d, 0x03, 0x7d, 0x6d, 0x30];
    const noise = Uint8Array.from(
      { length: 500 },
      () => random(2) === 0 ? random(256) : pick(random, common),
    );
    attempt(() => client.exchange(noise, 1), `seed ${seed}`);
    if (client.session.isOver) continue;
    // Two digits end whatever checksum is still awaited.
    attempt(() => client.exchange(bytes("#00\x03"), 1), `seed ${seed}`);
    const last = bodies(client.exchange(packet("qC"))).at(-1);
    assert(last === "QC1", `seed ${seed}: ${last}`);
  }
});

function attempt(action: () => string, history: string): string {
  try {
    return action();
  } catch (error) {
    throw new Error(`The stub failed, ${history}`, { cause: error });
  }
}
