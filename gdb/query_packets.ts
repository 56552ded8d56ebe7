/**
 * Packets that ask about the stub and its threads, or settle how to talk.
 *
 * @module
 */
import { type Conversation, type Handlers, OK, UNKNOWN } from "./conversation.ts";
import { bytesOfHex, hexOfText, parseHex, quoted } from "./hex_text.ts";
import { monitor } from "./monitor.ts";
import { PACKET_LIMIT } from "./packet.ts";
import { Refusal } from "./refusal.ts";
import { CRMD } from "../core/csr/basic.ts";
import { guestId, THREADS, type World, type WorldContext } from "./world_contexts.ts";

const SUPPORTED = [
  `PacketSize=${PACKET_LIMIT.toString(16)}`,
  ...["QStartNoAckMode+", "qXfer:features:read+", "qXfer:threads:read+", "vContSupported+"],
  ...["swbreak+", "hwbreak+"],
].join(";");

const TRIPLE = "loongarch64-unknown-unknown";

function supported(c: Conversation, args: string): string {
  const features = args.replace(/^:/, "").split(";");
  for (const name of ["swbreak", "hwbreak"] as const) {
    if (features.includes(`${name}+`)) c.reportsBreakpoints.add(name);
  }
  if (features.includes("error-message+")) c.errorTexts = "gdb";
  return SUPPORTED;
}

function startNoAckMode(c: Conversation): string {
  c.acknowledges = false;
  return OK;
}

/** Objects that are read in pieces. */
function transfer(c: Conversation, args: string): string {
  const [, object = "", annexAndRange = ""] = /^:([^:]*):read:(.*)$/s.exec(args) ?? [];
  const read = Object.hasOwn(OBJECTS, object) ? OBJECTS[object] : undefined;
  if (read === undefined) return UNKNOWN;
  const [, annex = "", offset = "", length = ""] = /^([^:]*):([^,]*),(.*)$/s.exec(annexAndRange) ??
    refuseRange(annexAndRange);
  const text = read(c, annex);
  const start = Number(parseHex(offset));
  const wanted = Number(parseHex(length));
  if (start > text.length) throw new Refusal("invalid", `Cannot read ${object}: it ends before ${start}`);
  // Escapes and the frame need room too.
  const piece = text.slice(start, start + Math.min(wanted, PACKET_LIMIT / 2));
  return `${start + piece.length < text.length ? "m" : "l"}${piece}`;
}

/** The objects, and what is in them. */
const OBJECTS: Readonly<Record<string, (c: Conversation, annex: string) => string>> = {
  features: targetFile,
  threads: threadsXml,
};

function refuseRange(text: string): never {
  throw Refusal.malformed(`${quoted(text)} is no part of an object`);
}

function targetFile(c: Conversation, annex: string): string {
  if (annex !== "target.xml") {
    throw new Refusal("invalid", `Cannot read ${quoted(annex)}: there is target.xml alone`);
  }
  return c.description;
}

/** What a world is like, in a few words. */
function describe(c: Conversation, { world, isCurrent, host }: WorldContext): string {
  const { machine } = c.debuggee;
  const mode = (world === "guest" ? machine.guest : machine.host).read(CRMD);
  const paging = CRMD.PG.get(mode) ? "mapped" : "direct";
  const id = world === "guest" ? ` GID ${guestId(host)}` : "";
  return `${world}${id}, PLV${CRMD.PLV.get(mode)}, ${paging}${isCurrent ? "" : ", away"}`;
}

function contextsOf(c: Conversation): readonly WorldContext[] {
  const { contexts } = c.debuggee;
  return contexts.known.flatMap((world) => contexts.of(world) ?? []);
}

function threadsXml(c: Conversation): string {
  const threads = contextsOf(c).map((context) =>
    `  <thread id="${THREADS[context.world]}" core="0" name="${context.world}">${
      describe(c, context)
    }</thread>\n`
  );
  return `<?xml version="1.0"?>\n<threads>\n${threads.join("")}</threads>\n`;
}

function threadList(c: Conversation): string {
  return `m${c.debuggee.contexts.known.map((world) => THREADS[world]).join(",")}`;
}

function extraInfo(c: Conversation, args: string): string {
  const world = c.world(args.replace(/^,/, ""));
  const context = world === undefined ? c.selected : c.debuggee.contexts.of(world);
  return context === undefined ? UNKNOWN : hexOfText(describe(c, context));
}

function selectThread(c: Conversation, args: string): string {
  const world: World | undefined = c.world(args.slice(1));
  // The thread that will go on is always the one that the processor is in.
  if (args.startsWith("g")) c.select(world);
  else if (!args.startsWith("c")) throw Refusal.malformed(`H${quoted(args)} is for no operation`);
  return OK;
}

function isAlive(c: Conversation, args: string): string {
  c.world(args);
  return OK;
}

function command(c: Conversation, args: string): string {
  const text = new TextDecoder().decode(bytesOfHex(args.replace(/^,/, "")));
  c.texts.push(monitor(c.debuggee, text));
  return OK;
}

const HOST_INFO = [
  `triple:${hexOfText(TRIPLE)}`,
  "endian:little",
  "ptrsize:8",
  // The machine stops behind the access, which is done.
  "watchpoint_exceptions_received:after",
  "",
].join(";");

/** The packets of this file. */
export const QUERY_PACKETS: Handlers = {
  qSupported: supported,
  QStartNoAckMode: startNoAckMode,
  QThreadSuffixSupported: (c) => {
    c.threadSuffix = true;
    return OK;
  },
  QEnableErrorStrings: (c) => {
    c.errorTexts = "lldb";
    return OK;
  },
  qXfer: transfer,
  qfThreadInfo: threadList,
  qsThreadInfo: () => "l",
  qThreadExtraInfo: extraInfo,
  qC: (c) => `QC${c.currentThread}`,
  // The program was there before the client: it is to be left running when the client leaves.
  qAttached: () => "1",
  qRcmd: command,
  qHostInfo: () => HOST_INFO,
  qProcessInfo: () => `pid:1;${HOST_INFO}`,
  H: selectThread,
  T: isAlive,
};
