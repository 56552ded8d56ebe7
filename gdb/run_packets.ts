/**
 * Packets that let the machine run, and the reports of its stops.
 *
 * @module
 */
import { type Conversation, type Handlers, OK } from "./conversation.ts";
import type { Resumption, StopReason } from "./debuggee.ts";
import { hexOfRegister, parseHex, quoted } from "./hex_text.ts";
import { Refusal } from "./refusal.ts";
import { THREADS, type World } from "./world_contexts.ts";

/** Signal numbers of the protocol. */
const SIGNAL = { interrupt: 2, trap: 5, kill: 9, bus: 10 } as const;
const SIGNALS: Readonly<Record<Exclude<StopReason["kind"], "exited">, number>> = {
  attached: SIGNAL.trap,
  step: SIGNAL.trap,
  world: SIGNAL.trap,
  breakpoint: SIGNAL.trap,
  write: SIGNAL.trap,
  read: SIGNAL.trap,
  access: SIGNAL.trap,
  interrupt: SIGNAL.interrupt,
  idle: SIGNAL.interrupt,
  error: SIGNAL.bus,
};
const WATCH_NAMES = { write: "watch", read: "rwatch", access: "awatch" } as const;
/** Registers that a report carries, so that clients need not ask: $sp, $fp, pc. */
const REPORTED = ["r3", "r22", "pc"];

function byte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/** The report of the last stop. */
export function stopReport(c: Conversation): string {
  const { reason } = c.debuggee;
  if (reason.kind === "exited") return `W${byte(reason.status)}`;
  const fields = [`thread:${THREADS[c.debuggee.focus]}`, ...reasonFields(c, reason), ...registerFields(c)];
  return `T${byte(SIGNALS[reason.kind])}${fields.join(";")};`;
}

function reasonFields(c: Conversation, reason: StopReason): readonly string[] {
  switch (reason.kind) {
    case "breakpoint": {
      const name = reason.hardware ? "hwbreak" : "swbreak";
      return c.reportsBreakpoints.has(name) ? [`${name}:`] : [];
    }
    case "write":
    case "read":
    case "access":
      return [`${WATCH_NAMES[reason.kind]}:${reason.address.toString(16)}`];
    case "step":
    case "world":
      // Without it lldb takes a step that ends in the other world for a signal.
      return c.isLldb ? ["reason:trace"] : [];
    default:
      return [];
  }
}

function registerFields(c: Conversation): readonly string[] {
  const { machine, contexts, focus } = c.debuggee;
  const context = contexts.of(focus);
  if (context === undefined) return [];
  return c.registers.flatMap((r, number) =>
    REPORTED.includes(r.name)
      ? [`${byte(number)}:${hexOfRegister(r.read(machine, context), r.bits / 8)}`]
      : []
  );
}

/** What the client prints about a stop that no number explains. */
export function stopExplanation(reason: StopReason): string | undefined {
  switch (reason.kind) {
    case "idle":
      return "The processor idles and nothing can wake it\n";
    case "error":
      return `${reason.message}\n`;
    case "exited":
      return `The program ended: ${reason.reason}\n`;
    default:
      return undefined;
  }
}

function resume(c: Conversation, resumption: Resumption): undefined {
  const { debuggee } = c;
  if (debuggee.isRunning) throw new Refusal("invalid", "Cannot resume: the machine is running");
  if (debuggee.hasExited) throw new Refusal("invalid", "Cannot resume: the program has ended");
  c.select(undefined);
  debuggee.resume(resumption);
}

/** `c` and `s`, with an address to go on at or without. */
function resumeAt(resumption: Resumption): (c: Conversation, args: string) => undefined {
  return (c, args) => {
    if (args !== "" && !c.debuggee.isRunning && !c.debuggee.hasExited) jump(c, parseHex(args));
    return resume(c, resumption);
  };
}

function jump(c: Conversation, address: bigint): void {
  c.registers.find((r) => r.name === "pc")?.write(c.debuggee.machine, address);
}

/** `C` and `S`: this machine takes no signals, so that they are dropped. */
function resumeWithSignal(resumption: Resumption): (c: Conversation, args: string) => undefined {
  return (c, args) => {
    const [, address = ""] = /^[0-9a-f]{2}(?:;(.+))?$/i.exec(args) ??
      refuseAction(args);
    return resumeAt(resumption)(c, address);
  };
}

function refuseAction(text: string): never {
  throw Refusal.malformed(`${quoted(text)} is no action`);
}

type Action = "step" | "continue";

/** One action of vCont. Without a world it is for all that no action before it named. */
interface ActionFor {
  readonly action: Action;
  readonly world: World | undefined;
}

function parseAction(c: Conversation, text: string): ActionFor {
  const [, stepped, continued, thread] =
    /^(?:(s|S[0-9a-f]{2})|(c|C[0-9a-f]{2}))(?::(-1|[0-9a-f]+))?$/i.exec(text) ?? [];
  if (stepped === undefined && continued === undefined) refuseAction(text);
  const world = thread === undefined ? undefined : c.world(thread);
  return { action: stepped === undefined ? "continue" : "step", world };
}

/** What the actions for the two worlds mean for the one processor. */
function resumption(c: Conversation, actions: readonly ActionFor[]): Resumption {
  const [first] = actions;
  if (actions.length === 1 && first?.world === undefined) return { kind: first?.action ?? "continue" };
  const of = (world: World) => actions.find((a) => a.world === undefined || a.world === world)?.action;
  const meant = c.debuggee.contexts.known.filter((world) => of(world) !== undefined);
  const stepped = meant.filter((world) => of(world) === "step");
  const [only] = actions.every((a) => a.world !== undefined) && meant.length === 1 ? meant : [];
  if (stepped.length === 0) return { kind: "continue", only };
  return { kind: "step", only, world: stepped.length === 1 ? stepped[0] : undefined };
}

function resumeThreads(c: Conversation, args: string): undefined {
  if (!args.startsWith(";")) throw Refusal.malformed("vCont has no action");
  const actions = args.slice(1).split(";").map((text) => parseAction(c, text));
  return resume(c, resumption(c, actions));
}

function kill(c: Conversation, answer: string): string {
  c.parting = "killed";
  return answer;
}

/** The packets of this file. */
export const RUN_PACKETS: Handlers = {
  "?": stopReport,
  c: resumeAt({ kind: "continue" }),
  s: resumeAt({ kind: "step" }),
  C: resumeWithSignal({ kind: "continue" }),
  S: resumeWithSignal({ kind: "step" }),
  vCont: resumeThreads,
  "vCont?": () => "vCont;c;C;s;S",
  // gdb waits for no answer to k, and lldb for this one.
  k: (c) => kill(c, `X${byte(SIGNAL.kill)}`),
  vKill: (c) => kill(c, OK),
  D: (c) => {
    c.debuggee.points.clear();
    c.parting = "detached";
    return OK;
  },
};
