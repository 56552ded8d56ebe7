/**
 * What the bench sees of the machine around a stay in the guest. Looking changes nothing.
 *
 * @module
 */
import type { CsrBank, CsrDeclaration, Machine } from "../core/mod.ts";
import { CRMD } from "../core/csr/basic.ts";
import { TLBRERA } from "../core/csr/translation.ts";
import type { HostCpu } from "../vcpu/mod.ts";

/** The registers of one world at one moment. Taking one copies an array and nothing else: every exit takes several. */
export class RegisterSnapshot {
  readonly #bank: CsrBank;

  constructor(bank: CsrBank) {
    this.#bank = bank.copy();
  }

  /** A register's value, undefined if the machine has no such register. */
  get(csr: CsrDeclaration): bigint | undefined {
    return this.#bank.has(csr.number) ? this.#bank.read(csr) : undefined;
  }

  /** The same with some registers replaced. */
  with(values: Iterable<readonly [CsrDeclaration, bigint]>): RegisterSnapshot {
    const changed = new RegisterSnapshot(this.#bank);
    for (const [csr, value] of values) changed.#bank.write(csr, value);
    return changed;
  }

  /** The registers whose values differ, in the order of numbers. */
  differing(other: RegisterSnapshot): readonly CsrDeclaration[] {
    return this.#bank.differing(other.#bank);
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
