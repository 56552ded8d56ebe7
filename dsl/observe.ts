/**
 * What the bench sees of the machine around a stay in the guest. Looking changes nothing.
 *
 * @module
 */
import type { CsrBank, CsrDeclaration, Machine, Profile } from "../core/mod.ts";
import { csrSlot, hasCsr, presentCsrs } from "../core/csr/bank.ts";
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

/** The registers of one world at one moment. Taking one copies values and nothing else: every exit takes several. */
export class RegisterSnapshot {
  readonly #profile: Profile;
  readonly #shelf: Shelf;
  readonly #start: number;

  /** @param values of a bank's registers */
  constructor({ profile, values }: Pick<CsrBank, "profile" | "values">) {
    const shelf = shelfFor(values.length);
    this.#profile = profile;
    this.#shelf = shelf;
    this.#start = shelf.free;
    shelf.values.set(values, shelf.free);
    shelf.free += values.length;
  }

  /** A register's value, undefined if the machine has no such register. */
  get(csr: CsrDeclaration): bigint | undefined {
    if (!hasCsr(this.#profile, csr.number)) return undefined;
    return this.#shelf.values[this.#start + csrSlot(this.#profile, csr.number)];
  }

  /** The same with some registers replaced. */
  with(replaced: Iterable<readonly [CsrDeclaration, bigint]>): RegisterSnapshot {
    const { length } = presentCsrs(this.#profile);
    const values = this.#shelf.values.slice(this.#start, this.#start + length);
    for (const [csr, value] of replaced) values[csrSlot(this.#profile, csr.number)] = value;
    return new RegisterSnapshot({ profile: this.#profile, values });
  }

  /** The registers whose values differ, in the order of numbers. */
  differing(other: RegisterSnapshot): readonly CsrDeclaration[] {
    const [own, others] = [this.#shelf.halves, other.#shelf.halves];
    const [a, b] = [2 * this.#start, 2 * other.#start];
    return presentCsrs(this.#profile).filter((_, slot) =>
      own[a + 2 * slot] !== others[b + 2 * slot] || own[a + 2 * slot + 1] !== others[b + 2 * slot + 1]
    );
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
        const now = snapshotBoth(m);
        this.#stays.push({ entry: { ...now, host: afterErtn(now.host) } });
        this.#onEntry?.();
        this.#onEntry = undefined;
      },
      afterExit: (m) => {
        const stay = this.#stays.pop();
        if (stay !== undefined) this.#stays.push({ ...stay, exit: snapshotBoth(m), vector: m.pc });
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
