/**
 * What a run changed: the registers before and after, and the words of the state's own memory.
 *
 * @module
 */
import { type CsrBank, type CsrDeclaration, type Machine, readCsr } from "../core/mod.ts";
import { ESTAT, LLBCTL } from "../core/csr/basic.ts";
import { PMCNT } from "../core/csr/performance.ts";
import { TVAL } from "../core/csr/timer.ts";
import { PGD } from "../core/csr/translation.ts";
import { type CsrOwner, csrValueShown, hasGuestCopy } from "./csr_values.ts";
import type { StateBus } from "./state_bus.ts";
import type { Ending, MemoryBlock, Result } from "./state.ts";

/** The registers whose values are computed when they are read: what is stored says nothing of them. */
export const COMPUTED: readonly CsrDeclaration[] = [ESTAT, LLBCTL, TVAL, PGD, ...PMCNT];
const IS_COMPUTED: ReadonlySet<CsrDeclaration> = new Set(COMPUTED);

/** One world's CSRs at one moment. Reading all of them as software does would take longer than most runs. */
class CsrSnapshot {
  readonly #owner: CsrOwner;
  readonly #stored: CsrBank;
  readonly #computed: ReadonlyMap<CsrDeclaration, bigint>;

  constructor(m: Machine, owner: CsrOwner) {
    this.#owner = owner;
    this.#stored = this.#bank(m).copy();
    this.#computed = new Map(this.#present(COMPUTED).map((csr) => [csr, readCsr(m, owner === "guest", csr)]));
  }

  #bank(m: Machine): CsrBank {
    return this.#owner === "guest" ? m.guest : m.host;
  }

  #present(csrs: readonly CsrDeclaration[]): readonly CsrDeclaration[] {
    return csrs.filter((csr) => this.#stored.has(csr.number));
  }

  /** A register's value as software reads it; 0 where there is none. */
  value(csr: CsrDeclaration): bigint {
    if (!this.#stored.has(csr.number)) return 0n;
    return this.#computed.get(csr) ?? csrValueShown(csr, this.#stored.read(csr));
  }

  /** The registers that read differently now, in the order of numbers, with their values. */
  changed(m: Machine): Map<string, bigint> {
    const stored = this.#bank(m).differing(this.#stored).filter((csr) => !IS_COMPUTED.has(csr));
    const candidates = [...stored, ...this.#computed.keys()].sort((a, b) => a.number - b.number);
    const changed = new Map<string, bigint>();
    for (const csr of candidates) {
      if (this.#owner === "guest" && !hasGuestCopy(csr)) continue;
      const value = readCsr(m, this.#owner === "guest", csr);
      if (value !== this.value(csr)) changed.set(csr.name, value);
    }
    return changed;
  }
}

/** Everything that a state's result may name, at one moment. */
export interface Snapshot {
  readonly gpr: BigUint64Array;
  readonly fpr: BigUint64Array;
  readonly fcc: Uint8Array;
  readonly fcsr: number;
  readonly host: CsrSnapshot;
  readonly guest: CsrSnapshot;
}

/** Looks at all registers. */
export function snapshot(m: Machine): Snapshot {
  return {
    gpr: m.gpr.slice(),
    fpr: m.fpr.slice(),
    fcc: m.fcc.slice(),
    fcsr: m.fcsr,
    host: new CsrSnapshot(m, "host"),
    guest: new CsrSnapshot(m, "guest"),
  };
}

/** What differs from the state at the start. */
export function resultOf(
  m: Machine,
  before: Snapshot,
  memory: { readonly bus: StateBus; readonly blocks: readonly MemoryBlock[] },
  ending: Ending,
): Result {
  return {
    ending,
    gpr: changedNumbers(before.gpr, m.gpr),
    fpr: changedNumbers(before.fpr, m.fpr),
    fcc: new Map([...changedNumbers(before.fcc, m.fcc)].map(([n, value]) => [n, value === 0 ? 0 : 1])),
    ...(m.fcsr === before.fcsr ? {} : { fcsr: m.fcsr }),
    csr: before.host.changed(m),
    gcsr: before.guest.changed(m),
    memory: changedWords(memory.bus, memory.blocks),
  };
}

function changedNumbers<T extends bigint | number>(
  before: { readonly [n: number]: T; readonly length: number },
  after: { readonly [n: number]: T },
): Map<number, T> {
  const changed = new Map<number, T>();
  for (let n = 0; n < before.length; n++) {
    const value = after[n];
    if (value !== undefined && value !== before[n]) changed.set(n, value);
  }
  return changed;
}

function changedWords(bus: StateBus, blocks: readonly MemoryBlock[]): Map<number, number> {
  const changed = new Map<number, number>();
  for (const { at, words } of blocks) {
    words.forEach((word, i) => {
      const now = bus.word(at + 4 * i);
      if (now !== word) changed.set(at + 4 * i, now);
    });
  }
  return changed;
}
