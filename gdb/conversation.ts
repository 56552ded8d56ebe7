/**
 * What the handlers of packets share: the machine, and what the client asked for so far.
 *
 * @module
 */
import type { Debuggee } from "./debuggee.ts";
import { parseHex, quoted } from "./hex_text.ts";
import { Refusal } from "./refusal.ts";
import { type DebugRegister, type RegisterFeature, registerFeatures } from "./registers.ts";
import { targetDescription } from "./target_description.ts";
import { THREADS, type World, type WorldContext, worldOfThread } from "./world_contexts.ts";

/**
 * Answers a packet.
 *
 * @param args what stands behind the packet's name
 * @returns the body of the answer; undefined if there is none, or none yet
 * @throws {Refusal} if it cannot
 */
export type Handler = (c: Conversation, args: string) => string | undefined;

/** Handlers by the names of packets. */
export type Handlers = Readonly<Record<string, Handler>>;

/** The answer to what the stub does not know. */
export const UNKNOWN = "";
export const OK = "OK";

const THREAD_SUFFIX = /^(.*?);?thread:([0-9a-f]+);?$/i;

/** A client and its debuggee. */
export class Conversation {
  readonly debuggee: Debuggee;
  /** The registers by number. */
  readonly registers: readonly DebugRegister[];
  /** Those of `g` and `G`: the first so many. */
  readonly generalRegisters: readonly DebugRegister[];
  readonly #features: readonly RegisterFeature[];
  /** The client understands `E.text`, or text behind `Enn`. */
  errorTexts: "none" | "gdb" | "lldb" = "none";
  /** Requests about registers and memory name their thread. */
  threadSuffix = false;
  acknowledges = true;
  /** The client understands why a breakpoint stopped. */
  reportsBreakpoints = new Set<"swbreak" | "hwbreak">();
  /** The client is gone: it detached, or killed the program. */
  parting: "killed" | "detached" | undefined;
  /** Text for the client's user, to be sent before the answer. */
  texts: string[] = [];
  /** The world that requests mean; that of the last stop until the client says otherwise. */
  #selected: World | undefined;

  constructor(debuggee: Debuggee) {
    this.debuggee = debuggee;
    this.#features = registerFeatures(debuggee.machine);
    this.registers = this.#features.flatMap((f) => f.registers);
    this.generalRegisters = this.registers.filter((r) => r.general);
  }

  /** True if the client is lldb, which alone asks for thread suffixes. */
  get isLldb(): boolean {
    return this.threadSuffix;
  }

  /** The description of the target; for lldb without what only gdb wants to see. */
  get description(): string {
    return targetDescription(this.#features.filter((f) => !(f.isAbsent && this.isLldb)));
  }

  /** The thread that the last stop is about. */
  get currentThread(): number {
    return THREADS[this.debuggee.focus];
  }

  /** Makes requests mean a thread; that of the last stop if undefined. */
  select(world: World | undefined): void {
    this.#selected = world;
  }

  /** The context that requests mean. */
  get selected(): WorldContext {
    const { contexts, focus } = this.debuggee;
    const context = contexts.of(this.#selected ?? focus);
    if (context === undefined) throw new Refusal("noSuchThread", "Cannot look at the guest: it has not run");
    return context;
  }

  /** A request without the thread that it names, and the context that it means. */
  threadOf(args: string): { readonly rest: string; readonly context: WorldContext } {
    const [, rest, thread] = (this.threadSuffix && THREAD_SUFFIX.exec(args)) || [];
    if (rest === undefined || thread === undefined) return { rest: args, context: this.selected };
    const world = this.world(thread);
    const context = world === undefined ? this.selected : this.debuggee.contexts.of(world);
    if (context === undefined) throw noSuchThread(thread);
    return { rest, context };
  }

  /**
   * The world of a thread number as the protocol writes it; undefined for any or all (0, -1).
   *
   * @throws {Refusal} if there is no such thread
   */
  world(thread: string): World | undefined {
    if (thread === "-1" || /^0+$/.test(thread)) return undefined;
    const world = worldOfThread(Number(parseHex(thread)));
    if (world === undefined || !this.debuggee.contexts.known.includes(world)) throw noSuchThread(thread);
    return world;
  }
}

function noSuchThread(thread: string): Refusal {
  return new Refusal("noSuchThread", `Cannot find thread ${quoted(thread)}`);
}
