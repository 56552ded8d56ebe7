/**
 * What the bench sees of the machine around a stay in the guest. Looking changes nothing.
 *
 * @module
 */
import type { CsrBank, CsrDeclaration, Machine } from "../core/mod.ts";
import { presentCsrs } from "../core/csr/bank.ts";
import { CRMD } from "../core/csr/basic.ts";
import { TLBRERA } from "../core/csr/translation.ts";
import type { HostCpu } from "../vcpu/mod.ts";

/** How many snapshots share an array. */
const SHARING = 64;

/** Values of some snapshots, behind each other. To make an array takes longer than to fill it. */
interface Shelf {
  readonly values: BigUint64Array;
  /** The halves of the values, which are compared several times faster. */
  readonly halves: Uint32Array;
  free: number;
}

/** The shelf that was begun last, by the number of values that a snapshot has. */
const SHELVES = new Map<number, Shelf>();

function shelfFor(length: number): Shelf {
  const found = SHELVES.get(length);
  if (found !== undefined && found.free < found.values.length) return found;
  const values = new BigUint64Array(length * SHARING);
  const made = { values, halves: new Uint32Array(values.buffer), free: 0 };
  SHELVES.set(length, made);
  return made;
}

/** Some values at one moment. Taking them copies them and nothing else: every exit does so several times. */
export class ValueSnapshot {
  readonly #shelf: Shelf;
  readonly #start: number;
  readonly #length: number;

  constructor(values: BigUint64Array) {
    const shelf = shelfFor(values.length);
    this.#shelf = shelf;
    this.#start = shelf.free;
    this.#length = values.length;
    shelf.values.set(values, shelf.free);
    shelf.free += values.length;
  }

  /** A view of the values. */
  protected get values(): BigUint64Array {
    return this.#shelf.values.subarray(this.#start, this.#start + this.#length);
  }

  /** One of the values. */
  at(index: number): bigint {
    return this.#shelf.values[this.#start + index]!;
  }

  /** True if a value is another one than in another snapshot. */
  differsAt(index: number, other: ValueSnapshot): boolean {
    const own = this.#shelf.halves;
    const others = other.#shelf.halves;
    const a = 2 * (this.#start + index);
    const b = 2 * (other.#start + index);
    return own[a] !== others[b] || own[a + 1] !== others[b + 1];
  }

  /** The first value from an index on that is another one than in another snapshot; how many there are if none is. */
  firstDifference(other: ValueSnapshot, from: number): number {
    const own = this.#shelf.halves;
    const others = other.#shelf.halves;
    const end = 2 * (this.#start + this.#length);
    const distance = 2 * (other.#start - this.#start);
    let at = 2 * (this.#start + from);
    while (at < end && own[at] === others[at + distance]) at++;
    return Math.floor(at / 2) - this.#start;
  }

  /** Replaces a value while nobody else has the snapshot. */
  protected put(index: number, value: bigint): void {
    this.#shelf.values[this.#start + index] = value;
  }
}

/** The registers of one world at one moment. */
export class RegisterSnapshot extends ValueSnapshot {
  /** Knows where the value of each register is. */
  readonly #bank: CsrBank;

  /** @param values what the registers hold; by default what they hold now */
  constructor(bank: CsrBank, values: BigUint64Array = bank.values) {
    super(values);
    this.#bank = bank;
  }

  /** A register's value, undefined if the machine has no such register. */
  get(csr: CsrDeclaration): bigint | undefined {
    const row = this.#bank.row(csr.number);
    return row && this.at(row.slot);
  }

  /** True if a register has the same value in another snapshot, or neither has it. */
  isSame(csr: CsrDeclaration, other: RegisterSnapshot): boolean {
    const row = this.#bank.row(csr.number);
    return row === undefined || !this.differsAt(row.slot, other);
  }

  /** The same with some registers replaced. */
  with(replaced: Iterable<readonly [CsrDeclaration, bigint]>): RegisterSnapshot {
    const copy = new RegisterSnapshot(this.#bank, this.values);
    for (const [csr, value] of replaced) copy.put(this.#bank.slotOf(csr.number), value);
    return copy;
  }

  /** The registers whose values differ, in the order of numbers. */
  differing(other: RegisterSnapshot): readonly CsrDeclaration[] {
    const present = presentCsrs(this.#bank.profile);
    const found: CsrDeclaration[] = [];
    let slot = this.firstDifference(other, 0);
    while (slot < present.length) {
      found.push(present[slot]!);
      slot = this.firstDifference(other, slot + 1);
    }
    return found;
  }
}

/** Both banks at one moment. */
export interface WorldSnapshot {
  readonly host: RegisterSnapshot;
  readonly guest: RegisterSnapshot;
}

/** From one ertn to the exit that ended it. */
export interface Stay {
  /** Before the ertn, but for what ertn itself changes. */
  readonly entry: WorldSnapshot;
  /** After the exit, before any host instruction; undefined while the guest runs. */
  readonly exit?: WorldSnapshot;
  /** Where the exit arrived. */
  readonly vector?: bigint;
}

function snapshotBoth(m: Machine): WorldSnapshot {
  return { host: new RegisterSnapshot(m.host), guest: new RegisterSnapshot(m.guest) };
}

/** What ertn itself changes when it returns from a refill handler (LVZ-ENTRY-07): that is not the exit's doing. */
function afterErtn(host: RegisterSnapshot): RegisterSnapshot {
  const era = host.get(TLBRERA) ?? 0n;
  if (TLBRERA.IsTLBR.get(era) === 0n) return host;
  const mode = CRMD.PG.set(CRMD.DA.set(host.get(CRMD) ?? 0n, 0n), 1n);
  return host.with([[TLBRERA, TLBRERA.IsTLBR.set(era, 0n)], [CRMD, mode]]);
}

/** Collects the stays of one entry: more than one where the hypervisor serves refills in between. */
export class StayObserver {
  #stays: Stay[] = [];
  #onEntry: (() => void) | undefined;

  constructor(cpu: HostCpu) {
    cpu.observer = {
      beforeEntry: (m) => {
        const { host, guest } = snapshotBoth(m);
        this.#stays.push({ entry: { host: afterErtn(host), guest } });
        this.#onEntry?.();
        this.#onEntry = undefined;
      },
      afterExit: (m) => {
        const stay = this.#stays.pop();
        if (stay !== undefined) this.#stays.push({ entry: stay.entry, exit: snapshotBoth(m), vector: m.pc });
      },
    };
  }

  /** Calls `act` once, right before the next ertn. */
  onEntry(act: () => void): void {
    this.#onEntry = act;
  }

  /** Hands over the stays since the last call, oldest first. */
  take(): readonly Stay[] {
    const stays = this.#stays;
    this.#stays = [];
    return stays;
  }
}
