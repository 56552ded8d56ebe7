/**
 * Plays sequences, checks the invariants, and compares the world switches.
 *
 * @module
 */
import { type Engine, exceptionByCode, INTERRUPT, ReferenceEngine, registerName } from "../core/mod.ts";
import { ESTAT } from "../core/csr/basic.ts";
import { TCFG } from "../core/csr/timer.ts";
import { decodeSensitive } from "../vcpu/guest_access.ts";
import {
  ARCEOS,
  type Entered,
  type HardwareExit,
  KVM,
  promised,
  serviceInterrupts,
  type WorldSwitch,
} from "../vcpu/mod.ts";
import { type Fault, SequenceBench } from "./bench.ts";
import { code as words } from "./instructions.ts";
import { CODE_GPA, END_CODE, PAGE, PAGES } from "./layout.ts";
import type { Action, GuestNumber, Sequence } from "./sequence.ts";
import { type Invariant, shown, Violation } from "./violation.ts";
import { BANK } from "./watch.ts";

/** The world switches that can put a guest away and run another; hvisor's guest keeps its processor. */
const TWO_GUESTS: readonly WorldSwitch[] = [ARCEOS, KVM];

/** What the guest shows at one exit. */
interface Transition {
  readonly action: number;
  readonly guest: GuestNumber;
  /** What happened and where; a stage-2 refill and an invalid page of the same GPA are the same. */
  readonly exit: string;
  readonly gprs: BigUint64Array;
  readonly csrs: BigUint64Array;
  readonly llbit: boolean;
}

/** A violation with where it was found. */
export interface Finding {
  readonly invariant: Invariant;
  readonly text: string;
  readonly worldSwitch: string;
  /** Position of the action. */
  readonly action: number;
}

/** The result of a check. */
export interface Checked {
  /** Host actions and guest instructions that were executed. */
  readonly actions: number;
  readonly exits: number;
  readonly finding?: Finding;
}

const ENGINE: Engine = new ReferenceEngine();
/** Exits of one `run`. */
const MOST_EXITS = 16;
/** Instructions for one stay: the guest's, and what refills take. */
const BUDGET = 20_000;
const PAGE_EXITS: ReadonlySet<string> = new Set(["PIL", "PIS", "PIF", "PME", "PNR", "PNX"]);
const INVALID: ReadonlySet<string> = new Set(["PIL", "PIS", "PIF"]);

/** Plays a sequence on each world switch; finds the first violation. */
export function checkSequence(sequence: Sequence, fault?: Fault): Checked {
  let [actions, exits] = [0, 0];
  let first: Play | undefined;
  for (const worldSwitch of TWO_GUESTS) {
    const play = new Play(sequence, worldSwitch, fault);
    const finding = play.play() ?? (first && !sequence.timed ? play.disagreement(first) : undefined);
    actions += play.actions;
    exits += play.transitions.length;
    if (finding) return { actions, exits, finding };
    first ??= play;
  }
  return { actions, exits };
}

/** A sequence on one world switch. */
class Play {
  readonly transitions: Transition[] = [];
  actions = 0;
  readonly #sequence: Sequence;
  readonly #name: string;
  readonly #start: () => SequenceBench;
  #action = -1;

  constructor(sequence: Sequence, worldSwitch: WorldSwitch, fault?: Fault) {
    this.#sequence = sequence;
    this.#name = worldSwitch.name;
    this.#start = () => new SequenceBench(sequence, worldSwitch, ENGINE, fault);
  }

  /** Plays all of it, or until something is wrong. */
  play(): Finding | undefined {
    let bench: SequenceBench | undefined;
    try {
      bench = this.#start();
      for (const [i, action] of this.#sequence.actions.entries()) {
        this.#action = i;
        this.#act(bench, action);
        this.actions++;
      }
      bench.checkMemory();
      bench.unbind();
      return undefined;
    } catch (error) {
      if (error instanceof Violation) return this.#finding(error.invariant, error.message);
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      const stack = error instanceof Error ? error.stack?.split("\n").slice(1, 4).join("\n") ?? "" : "";
      return this.#finding("bench", `${text}\n${stack}`);
    } finally {
      this.actions += bench?.watch.total ?? 0;
    }
  }

  #finding(invariant: Invariant, text: string, action = this.#action): Finding {
    return { invariant, text, worldSwitch: this.#name, action };
  }

  #act(bench: SequenceBench, action: Action): void {
    switch (action.kind) {
      case "run":
        return this.#run(bench, action);
      case "inject":
      case "withdraw":
        return bench.interrupt(action.guest, action.interrupt, action.kind === "inject");
      case "map":
        bench.map(action.guest, action.page, action.target, action.access);
        return bench.flush(action.guest, action.flush, action.page);
      case "flush":
        return bench.flush(action.guest, action.flush);
      case "trap":
        return bench.trap(action.fields, action.gci);
      case "gcsr":
        return bench.setCsr(action.guest, action.csr, BigInt(action.value));
      case "rebind":
        bench.unbind();
        return bench.bind(action.guest);
      case "advance":
        return bench.machine.clock.skip(action.ticks);
      case "hostTimer":
        bench.cpu.csrwr(TCFG, BigInt(action.tcfg));
        return;
      case "line":
        return bench.machine.setLine(action.line, action.level);
    }
  }

  #run(bench: SequenceBench, action: Extract<Action, { kind: "run" }>): void {
    const { guest, code, limit } = action;
    bench.bind(guest);
    const { vcpu } = bench.guest(guest);
    if (code.length > 0) {
      bench.write(guest, CODE_GPA, [...code, ...words(["hvcl", END_CODE])]);
      vcpu.pc = BigInt(CODE_GPA);
    }
    for (const [r, value] of Object.entries(action.gpr)) vcpu.setGpr(Number(r), BigInt(value));
    for (const [name, value] of Object.entries(action.csr)) bench.setCsr(guest, name, BigInt(value));
    bench.watch.arm(limit);
    for (let exits = 0; exits < MOST_EXITS; exits++) {
      const exit = this.#enter(bench, guest);
      const kind = kindOf(exit);
      this.#record(bench, guest, kind, exit);
      if (!this.#goesOn(bench, action, kind, exit)) break;
    }
    bench.watch.arm(Infinity);
    bench.machine.setLine(INTERRUPT.IPI, false);
  }

  #enter(bench: SequenceBench, guest: GuestNumber): HardwareExit {
    const { vcpu } = bench.guest(guest);
    const { host } = bench.machine;
    const before = host.values.slice();
    bench.beginEnter();
    const entered: Entered = vcpu.enter(BUDGET);
    if (entered.kind === "budget") {
      throw new Violation(
        "interruptible",
        `guest ${guest} runs on after its limit, with the host's IPI pending`,
      );
    }
    for (const { csr, mask } of vcpu.promises.restoredByRun.map(promised)) {
      const slot = BANK.indexOf(csr);
      const [was, is] = [before[slot] ?? 0n, host.values[slot] ?? 0n];
      if (((was ^ is) & mask) === 0n) continue;
      const [from, to] = [shown(was), shown(is)];
      throw new Violation("promises", `${vcpu.name} leaves ${csr.name} as ${to}, not ${from}`);
    }
    for (let r = 1; r < 32; r++) {
      const left = bench.gprAtExit(r);
      if (vcpu.gpr(r) !== left) {
        throw new Violation(
          "guest-gprs",
          `$r${r} was ${shown(left)} at the exit, ${vcpu.name} saved another value`,
        );
      }
    }
    return entered.exit;
  }

  #record(bench: SequenceBench, guest: GuestNumber, kind: string, exit: HardwareExit): void {
    const isPage = kind === "refill" || PAGE_EXITS.has(kind);
    const what = kind === "refill" || INVALID.has(kind) ? "invalid page" : kind;
    const detail = isPage ? ` GPA ${shown(exit.badv)}` : kind === "INT" ? "" : ` word ${shown(exit.badi)}`;
    this.transitions.push({
      action: this.#action,
      guest,
      exit: `${what} at ${shown(exit.pc)}${kind === "GCHC" ? "" : detail}`,
      ...bench.stateAtExit(),
    });
  }

  /** What the host does about an exit; false ends the run. */
  #goesOn(
    bench: SequenceBench,
    action: Extract<Action, { kind: "run" }>,
    kind: string,
    exit: HardwareExit,
  ): boolean {
    const { vcpu } = bench.guest(action.guest);
    switch (kind) {
      case "INT":
        serviceInterrupts(bench.cpu);
        return !bench.watch.raised;
      case "HVC":
        if (Number(exit.badi & 0x7fffn) === END_CODE) return false;
        break;
      case "GSPR": {
        const op = decodeSensitive(Number(exit.badi));
        if (op.kind === "cpucfg") vcpu.setGpr(op.rd, 0n);
        if (op.kind === "csr") vcpu.setGpr(op.access.rd, 0n);
        break;
      }
      case "GCHC":
        return true;
      case "GCSC":
        break;
      default: {
        if (kind !== "refill" && !PAGE_EXITS.has(kind)) {
          throw new Violation("exit-reason", `guest ${action.guest} exits with ${kind} at ${shown(exit.pc)}`);
        }
        const page = Number(exit.badv / BigInt(PAGE));
        if (action.onFault === "map" && page < PAGES) {
          bench.map(action.guest, page, page, "rwx");
          bench.flush(action.guest, "page", page);
          return true;
        }
      }
    }
    vcpu.pc = BigInt.asUintN(64, exit.pc + 4n);
    return true;
  }

  /** The first transition in which the guest saw another thing than on the other world switch. */
  disagreement(other: Play): Finding | undefined {
    const count = Math.max(this.transitions.length, other.transitions.length);
    for (let i = 0; i < count; i++) {
      const [mine, theirs] = [this.transitions[i], other.transitions[i]];
      const text = difference(mine, theirs);
      if (text === undefined) continue;
      const where = `transition ${i + 1}, ${other.#name} and ${this.#name}`;
      return this.#finding("agreement", `${where}: ${text}`, mine?.action ?? theirs?.action);
    }
    return undefined;
  }
}

function difference(mine: Transition | undefined, theirs: Transition | undefined): string | undefined {
  if (mine === undefined || theirs === undefined) return "one of them has fewer";
  if (mine.exit !== theirs.exit) return `${theirs.exit}; ${mine.exit}`;
  const gpr = mine.gprs.findIndex((v, r) => v !== theirs.gprs[r]);
  if (gpr >= 0) {
    const [a, b] = [theirs, mine].map((t) => shown(t.gprs[gpr] ?? 0n));
    return `${mine.exit}: ${registerName(gpr)} is ${a}; ${b}`;
  }
  const csr = mine.csrs.findIndex((v, i) => v !== theirs.csrs[i]);
  if (csr >= 0) {
    const [a, b] = [theirs, mine].map((t) => shown(t.csrs[csr] ?? 0n));
    return `${mine.exit}: guest ${BANK[csr]?.name} is ${a}; ${b}`;
  }
  return mine.llbit === theirs.llbit
    ? undefined
    : `${mine.exit}: the LLbit is ${theirs.llbit}; ${mine.llbit}`;
}

function kindOf(exit: HardwareExit): string {
  if (exit.via === "refill") return "refill";
  const [ecode, esubcode] = [ESTAT.Ecode, ESTAT.EsubCode].map((f) => Number(f.get(exit.estat)));
  return exceptionByCode(ecode ?? 0, esubcode ?? 0)?.name ?? `Ecode ${ecode}/${esubcode}`;
}
