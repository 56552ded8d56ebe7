/**
 * The registers that LVZ adds; all belong to the host (LVZ-CSR-02).
 *
 * @module
 */
import type { Profile } from "../profile.ts";
import { bit, bits, csr, type CsrDeclaration } from "./define.ts";

const HOST = { guest: "gspr", width: 32, needs: "LVZ" } as const;

/** The worlds that a performance counter or watchpoint of the host can mean: PMCFGn bits 22:21, xWPnCFG3 bits 6:5 (LVZ-CSR-14). */
export const GMOD_NAMES = { 0: "host", 1: "host", 2: "guest", 3: "host and guest" } as const;

/** The bits of a GID field that this processor has. */
function gidMask({ gidBits }: Profile): bigint {
  return (1n << BigInt(gidBits)) - 1n;
}

const USETGID = 1n << 12n;

export const GTLBC = csr(0x15, "GTLBC", "guest TLB control", {
  GMTLBSZ: bits(5, 0, "MTLB entries for guest mode"),
  USETGID: bit(12, "TLB instructions of the host use TGID"),
  TOTI: bit(13, "TLB instructions and registers of the guest exit", {
    aka: ["totlbinv"],
    rules: "environment",
  }),
  TGID: bits(23, 16, "target GID", { writable: gidMask }),
}, {
  ...HOST,
  // TGID can be written only while, or together with, USETGID = 1 (LVZ-CSR section 1.6).
  legalise: (old, next) => next & USETGID ? next : (next & ~0xff0000n) | (old & 0xff0000n),
  legalWith: USETGID,
});

export const TRGP = csr(0x16, "TRGP", "guest information of the entry last read", {
  GTLB: bit(0, "the entry belongs to a guest", { access: "r", aka: ["GTEP"] }),
  RID: bits(23, 16, "its GID", { access: "r", aka: ["TRGID"] }),
}, HOST);

export const GSTAT = csr(0x50, "GSTAT", "guest status", {
  VM: bit(0, "in guest mode", { access: "r", rules: "mode" }),
  PVM: bit(1, "the next ertn enters guest mode", { aka: ["PGM"] }),
  GIDBITS: bits(9, 4, "width of GID", { access: "const", reset: (p) => BigInt(p.gidBits), aka: ["GIDBIT"] }),
  GID: bits(23, 16, "current guest", { writable: gidMask, rules: "environment" }),
}, { ...HOST, aka: ["VMCTL"] });

export const GCFG = csr(0x51, "GCFG", "guest configuration", {
  MATP: bits(3, 0, "bit n: MATC may be n", { access: "const", reset: 7n }),
  MATC: bits(5, 4, "memory access type", { names: { 0: "guest's", 1: "host's", 2: "weaker" } }),
  SITP: bit(6, "SIT implemented", { access: "const", reset: 1n, aka: ["TOPIP"] }),
  SIT: bit(7, "privileged instructions of the guest exit", { aka: ["TOPI"] }),
  TITP: bit(8, "TIT implemented", { access: "const", reset: 1n, aka: ["TOTIP"] }),
  TIT: bit(9, "timer accesses of the guest exit", { aka: ["TOTI"] }),
  TOEP: bit(10, "TOE implemented", { access: "const", reset: 1n }),
  TOE: bit(11, "exceptions and ertn of the guest exit with GCM"),
  TOPP: bit(12, "TOP implemented", { access: "const", reset: 1n }),
  TOP: bit(13, "a change of GCSR.CRMD.PLV exits with GCM"),
  TORUP: bit(14, "TORU implemented", { access: "const", reset: 1n, aka: ["TOHUP"] }),
  TORU: bit(15, "accesses to CSRs that the host lacks exit", { aka: ["TOHU"] }),
  GCIP: bits(19, 16, "bit n: GCI may be n", { access: "const", reset: 7n, aka: ["TOCIP"] }),
  GCI: bits(21, 20, "which cacop exit", {
    names: { 0: "all", 1: "all but hit", 2: "all but hit and index" },
    aka: ["TOCI"],
  }),
  // LVZ-PMU-03: there is nothing to give where there are no counters.
  GPMP: bit(23, "GPERF implemented", {
    access: "const",
    reset: (p) => p.performanceCounters > 0 ? 1n : 0n,
  }),
  GPERF: bits(26, 24, "counters given to the guest, counted from 0", { aka: ["GPMNum"] }),
}, {
  ...HOST,
  rules: "environment",
  aka: ["GCTL"],
  // LVZ-CSR-11: an encoding that the capability bits do not list leaves the field as it was.
  legalise: (old, next, profile) =>
    clampGperf(
      keepUnlessListed(keepUnlessListed(next, old, 4n, 7n), old, 20n, 7n),
      BigInt(profile.performanceCounters),
    ),
});

export const GINTC = csr(0x52, "GINTC", "guest interrupt control", {
  VIP: bits(7, 0, "bit n drives guest HWI n", { aka: ["HWIS"] }),
  PIP: bits(15, 8, "bit n passes host HWI n to the guest", { aka: ["HWIP"] }),
  HC: bits(23, 16, "clear control", { aka: ["HWIC"] }),
}, {
  ...HOST,
  rules: "interrupts",
  actsOnWrite: true,
  aka: ["GINTCTL"],
  // LVZ-INT-06, LVZ-CONF-07: a 1 written to HC clears the VIP bit in the same write; a 1 that is merely stored there does not.
  legalise: (_old, next, _profile, written) => next & ~(((next & written) >> 16n) & 0xffn),
});

export const GCNTC = csr(0x53, "GCNTC", "guest counter compensation", {
  Compensation: bits(63, 0, "added to the counter that a guest reads"),
}, { guest: "gspr", needs: "LVZ" });

export const LVZ: readonly CsrDeclaration[] = [GTLBC, TRGP, GSTAT, GCFG, GINTC, GCNTC];

/** LVZ-PMU-01: no more counters can be given than there are. */
function clampGperf(next: bigint, counters: bigint): bigint {
  const GPERF = 7n << 24n;
  return (next & GPERF) >> 24n > counters ? (next & ~GPERF) | counters << 24n : next;
}

/** Keeps the old two-bit field at `shift` where `listed` has no bit for the new value. */
function keepUnlessListed(next: bigint, old: bigint, shift: bigint, listed: bigint): bigint {
  const value = (next >> shift) & 3n;
  if ((listed >> value) & 1n) return next;
  return (next & ~(3n << shift)) | (old & (3n << shift));
}
