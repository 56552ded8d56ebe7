/**
 * The refill handler behind a state's stage 2. No host code has a part in it: the guest goes on as if the translation had been there,
 * a tick later, and the host's registers are as they were.
 *
 * @module
 */
import type { CsrDeclaration, Machine } from "../core/mod.ts";
import { CRMD } from "../core/csr/basic.ts";
import { STLBPS, TLBELO0, TLBRBADV, TLBREHI, TLBRERA, TLBRPRMD } from "../core/csr/translation.ts";
import { low48 } from "../core/halves.ts";
import { pageBits, pairNumber } from "../core/mmu/tlb.ts";
import { currentGid } from "../core/mmu/regime.ts";
import type { Stage2Range } from "./state.ts";

/** Pages of 4 KiB, the smallest: a range may begin and end at any of them. */
const PAGE_SHIFT = 12;
const PAGE = 1n << BigInt(PAGE_SHIFT);

/** What a refill records in the host's registers. */
const RECORDED: readonly CsrDeclaration[] = [CRMD, TLBRBADV, TLBREHI, TLBRERA, TLBRPRMD];

/** Serves the stage-2 refills of one run. */
export class Stage2Refill {
  readonly #machine: Machine;
  readonly #ranges: readonly Stage2Range[];
  /** The registers that a refill overwrites, as they were when the guest was entered. */
  #before: readonly bigint[] = [];

  constructor(machine: Machine, ranges: readonly Stage2Range[]) {
    this.#machine = machine;
    this.#ranges = ranges;
  }

  /** The guest is about to execute its first instruction since the host ran. */
  entered(): void {
    const { host } = this.#machine;
    this.#before = RECORDED.map((csr) => host.read(csr));
  }

  /**
   * Fills the TLB for the refill that has just arrived and goes back into the guest. A page that no range maps becomes an invalid one,
   * so that the guest's next attempt exits with a page fault, as behind any hypervisor.
   */
  serve(): void {
    const m = this.#machine;
    const gpa = m.host.read(TLBRBADV);
    const returns = m.host.read(TLBRERA) & ~3n;
    RECORDED.forEach((csr, i) => m.host.write(csr, this.#before[i] ?? 0n));
    m.setGuestMode(true);
    const even = gpa & ~(2n * PAGE - 1n);
    m.tlb.fill({
      kind: "stage2",
      gid: currentGid(m),
      asid: 0,
      global: false,
      ps: PAGE_SHIFT,
      pair: pairNumber(low48(gpa), PAGE_SHIFT),
      lo: [pageBits(this.#leaf(even)), pageBits(this.#leaf(even + PAGE))],
    }, Number(m.host.get(STLBPS.PS)));
    m.pc = m.nextPc = returns;
  }

  #leaf(gpa: bigint): bigint {
    const range = this.#ranges.find((r) => gpa >= r.gpa && gpa < r.gpa + r.size);
    if (range === undefined) return 0n;
    const { hpa, perm } = range;
    return TLBELO0.V.mask | TLBELO0.MAT.of(1n) | (hpa + (gpa - range.gpa)) |
      (perm.includes("w") ? TLBELO0.D.mask : 0n) |
      (perm.includes("r") ? 0n : TLBELO0.NR.mask) |
      (perm.includes("x") ? 0n : TLBELO0.NX.mask);
  }
}
