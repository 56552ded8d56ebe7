/**
 * The registers of address translation.
 *
 * @module
 */
import { bit, bits, csr, type CsrDeclaration } from "./define.ts";

/** LVZ-GUEST-09: the registers that GTLBC.TOTI makes exit. */
const TLB = { guest: "copy", trappedBy: "GTLBC.TOTI" } as const;
const TLB32 = { ...TLB, width: 32 } as const;

/** VPPN is VALEN-1:13; bits 63:VALEN read as its sign. The manual gives both as one number, so it is stored as one. */
function signExtendVppn(_old: bigint, next: bigint): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(48, next));
}

const ELO = {
  V: bit(0, "valid"),
  D: bit(1, "dirty: stores allowed"),
  PLV: bits(3, 2, "privilege level"),
  MAT: bits(5, 4, "memory access type", { names: { 0: "SUC", 1: "CC", 2: "WUC" } }),
  G: bit(6, "global: any ASID"),
  PPN: bits(47, 12, "physical page"),
  NR: bit(61, "not readable"),
  NX: bit(62, "not executable"),
  RPLV: bit(63, "only at exactly PLV"),
};

export const TLBIDX = csr(0x10, "TLBIDX", "TLB index", {
  Index: bits(11, 0, "entry: STLB first, then MTLB"),
  PS: bits(29, 24, "page size, log2 of bytes"),
  NE: bit(31, "not existing: the entry is empty"),
}, TLB32);

export const TLBEHI = csr(0x11, "TLBEHI", "TLB entry, high part", {
  VPPN: bits(63, 13, "virtual number of the page pair, sign-extended"),
}, { ...TLB, legalise: signExtendVppn });

export const TLBELO0 = csr(0x12, "TLBELO0", "TLB entry, even page", ELO, TLB);
export const TLBELO1 = csr(0x13, "TLBELO1", "TLB entry, odd page", ELO, TLB);

export const ASID = csr(0x18, "ASID", "address space identifier", {
  ASID: bits(9, 0, "current address space"),
  ASIDBITS: bits(23, 16, "width of ASID", { access: "const", reset: (p) => BigInt(p.asidBits) }),
}, { ...TLB32, rules: "environment" });

const BASE = { Base: bits(63, 12, "base of the root directory") };
export const PGDL = csr(0x19, "PGDL", "page directory, lower half", BASE, TLB);
export const PGDH = csr(0x1a, "PGDH", "page directory, upper half", BASE, TLB);
// LVZ-INSN-04: derived from PGDL or PGDH, so that not even gcsrwr writes it.
export const PGD = csr(0x1b, "PGD", "page directory for the bad address", {
  Base: bits(63, 12, "PGDL or PGDH", { access: "const" }),
}, TLB);

export const PWCL = csr(0x1c, "PWCL", "page walk, lower levels", {
  PTbase: bits(4, 0, "lowest index bit of the page table"),
  PTwidth: bits(9, 5, "index bits of the page table"),
  Dir1_base: bits(14, 10, "lowest index bit of directory 1"),
  Dir1_width: bits(19, 15, "index bits of directory 1; 0: no such level"),
  Dir2_base: bits(24, 20, "lowest index bit of directory 2"),
  Dir2_width: bits(29, 25, "index bits of directory 2; 0: no such level"),
  PTEWidth: bits(31, 30, "entry size: 64 bits, times 1 + PTEWidth"),
}, { ...TLB32, aka: ["PWCTL0"] });

export const PWCH = csr(0x1d, "PWCH", "page walk, upper levels", {
  Dir3_base: bits(5, 0, "lowest index bit of directory 3"),
  Dir3_width: bits(11, 6, "index bits of directory 3; 0: no such level"),
  Dir4_base: bits(17, 12, "lowest index bit of directory 4"),
  Dir4_width: bits(23, 18, "index bits of directory 4; 0: no such level"),
}, { ...TLB32, aka: ["PWCTL1"] });

/** Base and width of the index at each level of a page walk: 0 is the page table, 1 to 4 the directories. */
export const WALK_LEVELS = [
  [PWCL.PTbase, PWCL.PTwidth],
  [PWCL.Dir1_base, PWCL.Dir1_width],
  [PWCL.Dir2_base, PWCL.Dir2_width],
  [PWCH.Dir3_base, PWCH.Dir3_width],
  [PWCH.Dir4_base, PWCH.Dir4_width],
] as const;

export const STLBPS = csr(
  0x1e,
  "STLBPS",
  "page size of the STLB",
  { PS: bits(5, 0, "log2 of bytes") },
  { ...TLB32, rules: "environment" },
);

export const RVACFG = csr(0x1f, "RVACFG", "reduced virtual addresses", {
  // More than 8 is undefined; here as many bits are taken away as it says.
  RBits: bits(3, 0, "address bits taken away, 0 to 8"),
}, { guest: "copy", width: 32, rules: "environment" });

export const TLBRENTRY = csr(
  0x88,
  "TLBRENTRY",
  "TLB refill entry",
  { PPN: bits(47, 12, "physical page") },
  TLB,
);
export const TLBRBADV = csr(
  0x89,
  "TLBRBADV",
  "TLB refill bad address",
  { VAddr: bits(63, 0, "address") },
  TLB,
);
export const TLBRERA = csr(0x8a, "TLBRERA", "TLB refill return address", {
  IsTLBR: bit(0, "in a TLB refill handler"),
  PC: bits(63, 2, "address, in words"),
}, TLB);
export const TLBRSAVE = csr(0x8b, "TLBRSAVE", "TLB refill scratch", { Data: bits(63, 0, "software's") }, TLB);
export const TLBRELO0 = csr(0x8c, "TLBRELO0", "TLB refill entry, even page", ELO, TLB);
export const TLBRELO1 = csr(0x8d, "TLBRELO1", "TLB refill entry, odd page", ELO, TLB);
export const TLBREHI = csr(0x8e, "TLBREHI", "TLB refill entry, high part", {
  PS: bits(5, 0, "page size, log2 of bytes"),
  VPPN: bits(63, 13, "virtual number of the page pair, sign-extended"),
}, { ...TLB, legalise: signExtendVppn });
export const TLBRPRMD = csr(0x8f, "TLBRPRMD", "mode before the TLB refill", {
  PPLV: bits(1, 0, "previous PLV"),
  PIE: bit(2, "previous IE"),
  PGM: bit(3, "previous GSTAT.VM (LVZ-CSR-14)", { needs: "LVZ" }),
  PWE: bit(4, "previous WE"),
}, TLB32);

export const DMW: readonly CsrDeclaration[] = [0, 1, 2, 3].map((n) =>
  csr(0x180 + n, `DMW${n}`, "direct mapping window", {
    PLV0: bit(0, "usable at PLV0"),
    PLV1: bit(1, "usable at PLV1"),
    PLV2: bit(2, "usable at PLV2"),
    PLV3: bit(3, "usable at PLV3"),
    MAT: bits(5, 4, "memory access type", { names: { 0: "SUC", 1: "CC", 2: "WUC" } }),
    VSEG: bits(63, 60, "virtual address bits 63:60"),
  }, { guest: "copy", rules: "environment" })
);

export const TRANSLATION: readonly CsrDeclaration[] = [
  ...[TLBIDX, TLBEHI, TLBELO0, TLBELO1, ASID, PGDL, PGDH, PGD, PWCL, PWCH, STLBPS, RVACFG],
  ...[TLBRENTRY, TLBRBADV, TLBRERA, TLBRSAVE, TLBRELO0, TLBRELO1, TLBREHI, TLBRPRMD, ...DMW],
];
