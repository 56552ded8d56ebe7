/**
 * Breakpoints and watchpoints.
 *
 * @module
 */
import type { Access, MemoryType } from "../core/isa/meaning.ts";
import { Machine } from "../core/mod.ts";

/** What a watchpoint waits for. */
export type WatchKind = "write" | "read" | "access";

/** A place where execution stops. */
export type StopPoint =
  | { readonly kind: "breakpoint"; readonly hardware: boolean; readonly address: bigint }
  | { readonly kind: WatchKind; readonly address: bigint; readonly length: bigint };

/** What was met. */
export type Hit =
  | { readonly kind: "breakpoint"; readonly hardware: boolean }
  | { readonly kind: WatchKind; readonly address: bigint };

type Watchpoint = Extract<StopPoint, { readonly length: bigint }>;

const BYTES: Readonly<Record<MemoryType, bigint>> = {
  ...{ s8: 1n, u8: 1n, s16: 2n, u16: 2n, s32: 4n, u32: 4n, u64: 8n },
};

/** The points of one machine. Addresses are virtual ones, of whichever world is there. */
export class StopPoints {
  readonly #machine: Machine;
  /** By address; a place can have one breakpoint of each kind. */
  readonly #breakpoints = new Map<bigint, Set<boolean>>();
  readonly #watchpoints = new Map<string, Watchpoint>();
  #hit: Hit | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Sets a point; one that is there already stays. */
  add(point: StopPoint): void {
    if (point.kind === "breakpoint") {
      const kinds = this.#breakpoints.get(point.address) ?? new Set();
      this.#breakpoints.set(point.address, kinds.add(point.hardware));
      return;
    }
    this.#watchpoints.set(keyOf(point), point);
    this.#observeAccesses();
  }

  /** Takes a point away; one that is not there is none the less gone. */
  remove(point: StopPoint): void {
    if (point.kind === "breakpoint") {
      const kinds = this.#breakpoints.get(point.address);
      kinds?.delete(point.hardware);
      if (kinds?.size === 0) this.#breakpoints.delete(point.address);
      return;
    }
    this.#watchpoints.delete(keyOf(point));
    this.#observeAccesses();
  }

  /** Takes all points away. */
  clear(): void {
    this.#breakpoints.clear();
    this.#watchpoints.clear();
    this.#observeAccesses();
  }

  /** The breakpoint at an address. */
  breakpointAt(pc: bigint): Hit | undefined {
    const kinds = this.#breakpoints.get(pc);
    return kinds === undefined ? undefined : { kind: "breakpoint", hardware: !kinds.has(false) };
  }

  /** The watchpoint that was hit since the last call. */
  takeHit(): Hit | undefined {
    const hit = this.#hit;
    this.#hit = undefined;
    return hit;
  }

  /**
   * The machine has no place to look at accesses from outside; so the two methods through which instructions access memory are
   * covered on this machine alone, and only while there is a watchpoint.
   */
  #observeAccesses(): void {
    const m = this.#machine;
    if (this.#watchpoints.size === 0) {
      Reflect.deleteProperty(m, "load");
      Reflect.deleteProperty(m, "store");
      this.#hit = undefined;
      return;
    }
    const { load, store } = Machine.prototype;
    m.load = (address: bigint, type: MemoryType, access: Access) => {
      const value = load.call(m, address, type, access);
      this.#observe("read", address, BYTES[type]);
      return value;
    };
    m.store = (address: bigint, type: MemoryType, value: bigint, access: Access) => {
      store.call(m, address, type, value, access);
      this.#observe("write", address, BYTES[type]);
    };
  }

  /** The first hit of an instruction counts. */
  #observe(done: "read" | "write", accessed: bigint, bytes: bigint): void {
    if (this.#hit !== undefined) return;
    const first = this.#machine.effectiveAddress(accessed);
    for (const { kind, address, length } of this.#watchpoints.values()) {
      const wanted = kind === "access" || kind === done;
      if (!wanted || first >= address + length || address >= first + bytes) continue;
      this.#hit = { kind, address: first > address ? first : address };
      return;
    }
  }
}

function keyOf({ kind, address, length }: Watchpoint): string {
  return `${kind} ${address} ${length}`;
}
