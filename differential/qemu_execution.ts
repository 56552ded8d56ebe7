/**
 * Where QEMU differs from the manual in which exceptions instructions raise, and in what they do.
 *
 * @module
 */
import { EXCEPTIONS } from "../core/exception_codes.ts";
import { TLBELO0, TLBIDX } from "../core/csr/translation.ts";
import { startOf } from "./compare.ts";
import type { Deviation, Difference } from "./deviation.ts";
import {
  ecodeLeft,
  endsBy,
  endsByRefill,
  left,
  returnPlv,
  startGpr,
  startPlv,
  wentThrough,
} from "./qemu_facts.ts";

const ANY = /./;
const BOUNDED = /^f?(ld|st)(gt|le)\./;
const ATOMIC = /^(am|ll|sc)/;
/** The moves to and from FCSRs among others, fcmp.cond.s, fcmp.cond.d: bits 31 to 20. */
const FP_PREFIXES = [0x011, 0x0c1, 0x0c2];
const WALK_FORMS = /^(lddir|ldpte)$/;
const TLB_FORMS = /^(g?tlb|invtlb)/;
const { ADEF, ADEM, ALE, BCE, FPD, INE } = EXCEPTIONS;

/** The field belongs to a run that goes another way because our machine raises ALE. */
function misaligned({ ours, theirs }: Difference): boolean {
  return endsBy(ours.ending, ALE) && !endsBy(theirs.ending, ALE);
}

/** The bits above the address width agree among themselves, but not with the highest bit below. */
function isHalfCanonical(address: bigint): boolean {
  const high = address >> 48n;
  return (high === 0n || high === 0xffffn) && BigInt.asUintN(64, BigInt.asIntN(48, address)) !== address;
}

function isInBetween(plv: number): boolean {
  return plv === 1 || plv === 2;
}

/** Directories have levels 1 to 4. */
function isLevel(level: bigint | undefined): boolean {
  return level !== undefined && level >= 1n && level <= 4n;
}

/** All of them. */
export const QEMU_EXECUTION: readonly Deviation[] = [
  {
    id: "plv-1-and-2",
    reason: "PLV1 and PLV2 are levels of their own; QEMU knows PLV0 and PLV3 only",
    source: "Vol. 1, Privilege Levels; QEMU MMU_PLV_KERNEL, get_physical_address",
    forms: ANY,
    fields: ANY,
    explains: (_, d) =>
      isInBetween(startPlv(d)) ||
      (/^(ertn|g?tlb|invtlb)/.test(d.test.form.name) && isInBetween(returnPlv(d))),
  },
  {
    id: "misaligned-atomics",
    reason: "atomic accesses must be aligned; QEMU executes others too",
    source: "Vol. 1, Atomic Memory Access Instructions; QEMU gen_am, gen_ll, gen_sc",
    forms: ATOMIC,
    fields: ANY,
    before: 11,
    explains: (_, d) => misaligned(d),
  },
  {
    id: "misaligned-atomics-fatal",
    reason: "QEMU 11.1 itself dies of a misaligned atomic access (SIGSEGV)",
    source: "seen by running it",
    forms: ATOMIC,
    fields: ANY,
    from: 11,
    isFatal: (_, ours) => endsBy(ours.ending, ALE),
    explains: () => false,
  },
  {
    id: "not-executable-hangs",
    reason: "QEMU 7.2 hangs at a fetch from a page that is not executable",
    source: "seen by running it",
    forms: ANY,
    fields: ANY,
    before: 8,
    isFatal: (_, ours) => endsBy(ours.ending, EXCEPTIONS.PNX),
    explains: () => false,
  },
  {
    id: "privileged-fetch-hangs",
    reason: "QEMU hangs at a fetch from a page of another privilege level",
    source: "seen by running it",
    forms: ANY,
    fields: ANY,
    isFatal: (_, { ending, csr }) =>
      ending.kind === "exception" && endsBy(ending, EXCEPTIONS.PPI) && csr.get("BADV") === ending.at,
    explains: () => false,
  },
  {
    id: "refill-under-way",
    reason:
      "exceptions in a refill handler are general ones; in QEMU 7.2 they are refills while TLBRERA.IsTLBR is set",
    source: "Vol. 1, TLBRERA; QEMU 7.2 loongarch_cpu_do_interrupt",
    forms: ANY,
    fields: ANY,
    explains: (_, d) => (startOf(d.state, "TLBRERA") & 1n) === 1n,
  },
  {
    id: "lddir-levels",
    reason: "lddir of levels that there are not has no defined effect; QEMU 7.2 raises INE",
    source: "QEMU 7.2 helper_lddir",
    forms: /^lddir$/,
    fields: ANY,
    before: 8,
    explains: (_, d) => !isLevel(d.op?.operands["level"]) && endsBy(d.theirs.ending, INE),
  },
  {
    id: "misaligned-bounded",
    reason:
      "accesses with a bound must be aligned, which is found before the bound; QEMU executes others too, and compares first",
    source: "Vol. 1, Exception Priority, LDGT; QEMU gen_load_gt",
    forms: BOUNDED,
    fields: ANY,
    explains: (_, d) => misaligned(d),
  },
  {
    id: "bound-before-address-error",
    reason: "an address error comes before the bound; QEMU compares first",
    source: "Vol. 1, Exception Priority",
    forms: BOUNDED,
    fields: ANY,
    explains: (_, { ours, theirs }) => endsBy(ours.ending, ADEM) && endsBy(theirs.ending, BCE),
  },
  {
    id: "half-canonical",
    reason:
      "bits 63:48 of an address must equal bit 47; QEMU accepts any address in which they are equal among themselves",
    source: "Vol. 1, Virtual Address Space; QEMU get_physical_address",
    forms: ANY,
    fields: ANY,
    before: 8,
    explains: (_, d) =>
      (endsBy(d.ours.ending, ADEM) || endsBy(d.ours.ending, ADEF)) && endsByRefill(d.theirs.ending) &&
      isHalfCanonical(left(d, d.ours, "BADV")),
  },
  {
    id: "misaligned-jump",
    reason: "fetching from a misaligned PC raises ADEF; QEMU executes what is there",
    source: "Vol. 1, ADEF",
    forms: /^jirl$/,
    fields: ANY,
    explains: (_, { ours }) =>
      ours.ending.kind === "exception" && endsBy(ours.ending, ADEF) && (ours.ending.at & 3n) !== 0n,
  },
  {
    id: "asserts-unsigned",
    reason: "the assertions compare as signed numbers; QEMU compares as unsigned ones",
    source: "Vol. 1, ASRT{LE/GT}.D; QEMU helper_asrtle_d",
    forms: /^asrt/,
    fields: ANY,
    explains: (_, d) => ((startGpr(d, d.op?.rj) ^ startGpr(d, d.op?.rk)) >> 63n) !== 0n,
  },
  {
    id: "no-preldx",
    reason: "QEMU 7.2 has no preldx: INE",
    source: "QEMU 7.2 insns.decode",
    forms: /^preldx$/,
    fields: ANY,
    before: 8,
    explains: (_, { theirs }) => endsBy(theirs.ending, INE),
  },
  {
    id: "fp-branches-always-enabled",
    reason: "bceqz and bcnez need EUEN.FPE; in QEMU 7.2 they do not",
    source: "Vol. 1, FPD; QEMU 7.2 trans_bceqz",
    forms: /^bc(eqz|nez)$/,
    fields: ANY,
    before: 8,
    explains: (_, { ours }) => endsBy(ours.ending, FPD),
  },
  {
    id: "cacop-has-no-address",
    reason: "cacop by address translates it and may raise what a load raises; in QEMU it does nothing",
    source: "Vol. 1, CACOP; QEMU trans_cacop",
    forms: /^cacop$/,
    fields: ANY,
    explains: (_, { ours, theirs }) =>
      (endsBy(ours.ending, ADEM) || endsByRefill(ours.ending)) && wentThrough(theirs.ending),
  },
  {
    id: "narrow-iocsr",
    reason: "the identification can be read in any width; in QEMU bytes and halfwords of it read 0",
    source: "Vol. 1, IOCSRRD; QEMU loongarch_qemu_ops",
    forms: /^iocsrrd\.[bh]$/,
    fields: /^\$/,
    explains: ({ theirs }) => theirs === 0n,
  },
  {
    id: "no-identification",
    reason: "IOCSR 0, 0x10 and 0x20 tell version, vendor and name; in QEMU 7.2 the first reads 0",
    source: "rule VM-IOCSR-01; QEMU 7.2 loongarch_qemu_read",
    forms: /^iocsrrd\.[wd]$/,
    fields: /^\$/,
    before: 8,
    explains: ({ ours, theirs }) => ours === 0x11n && theirs === 0n,
  },
  {
    id: "iocsr-not-extended",
    reason: "iocsrrd.w gives its result sign-extended; QEMU does not extend it",
    source: "Vol. 1, IOCSRRD; QEMU helper_iocsrrd_w",
    forms: /^iocsr(rd|wr)\.w$/,
    fields: /^\$/,
    explains: ({ ours, theirs }) =>
      ours === BigInt.asUintN(64, BigInt.asIntN(32, theirs)) && theirs < 1n << 32n,
  },
  {
    id: "no-level-in-huge-entry",
    reason:
      "lddir notes the level of a huge page in bits 14:13; QEMU 7.2 follows manual 1.00, which had none",
    source: "Vol. 1 v1.10, Page Walking; QEMU 7.2 helper_lddir",
    forms: /^lddir$/,
    fields: /^\$/,
    before: 8,
    explains: ({ ours, theirs }) => ((ours ^ theirs) & ~0x6000n) === 0n,
  },
  {
    id: "walk-drops-flags",
    reason: "page table entries have NR, NX and RPLV in bits 61 to 63; QEMU 7.2 cuts them off",
    source: "Vol. 1, Page Table Entry; QEMU 7.2 helper_ldpte",
    forms: WALK_FORMS,
    fields: /^TLBRELO[01]$/,
    before: 8,
    explains: ({ ours, theirs }) => ((ours ^ theirs) & 0xffff_ffff_f03fn) === 0n && theirs >> 48n === 0n,
  },
  {
    id: "directory-cut",
    reason: "lddir gives a directory entry as it is in memory; QEMU gives its lowest 48 bits",
    source: "Vol. 1, LDDIR; QEMU helper_lddir",
    forms: /^lddir$/,
    fields: /^\$/,
    explains: ({ ours, theirs }) => ((ours ^ theirs) & 0xffff_ffff_9fffn) === 0n && theirs >> 48n === 0n,
  },
  {
    id: "old-huge-pages",
    reason: "QEMU 7.2 splits huge pages as manual 1.00 had it, which knew one size of them",
    source: "QEMU 7.2 helper_ldpte",
    forms: WALK_FORMS,
    fields: /^TLBR(ELO[01]|EHI)$/,
    before: 8,
    explains: (_, d) => (startGpr(d, d.op?.rj) & 0x40n) !== 0n,
  },
  {
    id: "cpucfg-walker",
    reason: "QEMU 7.2 has the page walking instructions, and does not say so in CPUCFG",
    source: "Vol. 1, CPUCFG word 2, LSPW; QEMU 7.2 loongarch_la464_initfn",
    forms: /^cpucfg$/,
    fields: /^\$/,
    before: 8,
    explains: ({ ours, theirs }, d) => startGpr(d, d.op?.rj) === 2n && (ours ^ theirs) === 1n << 21n,
  },
  {
    id: "cpucfg-word-3",
    reason: "word 3 describes what only caches and reordering show; QEMU has less of that, before 11 none",
    source: "Vol. 1, CPUCFG word 3",
    forms: /^cpucfg$/,
    fields: /^\$/,
    explains: ({ ours, theirs }, d) => startGpr(d, d.op?.rj) === 3n && (theirs & ~ours) === 0n,
  },
  {
    id: "cpucfg-counters",
    reason: "QEMU has no performance counters, and word 6 says so",
    source: "Vol. 1, CPUCFG word 6",
    forms: /^cpucfg$/,
    fields: /^\$/,
    explains: ({ theirs }, d) => startGpr(d, d.op?.rj) === 6n && theirs === 0n,
  },
  {
    id: "fp-disabled-first",
    reason:
      "words that would name FCSR4 to FCSR31 or a condition that there is not encode nothing; QEMU looks at EUEN.FPE first",
    source: "Vol. 1, MOVGR2FCSR, FCMP; QEMU trans_movgr2fcsr, trans_fcmp_cond_s",
    forms: /^undefined$/,
    fields: /^(ending|ESTAT)$/,
    explains: (_, { test, ours, theirs }) =>
      endsBy(ours.ending, INE) && endsBy(theirs.ending, FPD) &&
      FP_PREFIXES.some((prefix) => test.tested >>> 20 === prefix),
  },
  {
    id: "more-fp-operands",
    reason:
      "words that would name FCSR4 to FCSR31 or a condition that there is not encode nothing; QEMU executes them",
    source: "Vol. 1, MOVGR2FCSR, FCMP; QEMU trans_movgr2fcsr, trans_fcmp_cond_s",
    forms: /^undefined$/,
    fields: ANY,
    explains: (_, { test, ours, theirs }) =>
      endsBy(ours.ending, INE) && wentThrough(theirs.ending) &&
      FP_PREFIXES.some((prefix) => test.tested >>> 20 === prefix),
  },
  {
    id: "tlb-global-even",
    reason: "an entry is global if both halves say so; QEMU looks at the even one",
    source: "Vol. 1, TLB Entry; QEMU fill_tlb_entry",
    forms: TLB_FORMS,
    fields: ANY,
    explains(_, d) {
      const [even, odd] = [
        left(d, { ...d.ours, csr: new Map() }, "TLBELO0"),
        left(d, { ...d.ours, csr: new Map() }, "TLBELO1"),
      ];
      return TLBELO0.G.get(even) !== TLBELO0.G.get(odd);
    },
  },
  {
    id: "tlbrd-leaves-asid",
    reason: "tlbrd writes ASID; QEMU leaves it",
    source: "Vol. 1, ASID; QEMU helper_tlbrd",
    forms: TLB_FORMS,
    fields: ANY,
    explains: (_, d) => ((left(d, d.ours, "ASID") ^ left(d, d.theirs, "ASID")) & 0x3ffn) !== 0n,
  },
  {
    id: "tlbfill-existing-only",
    reason: "tlbfill with TLBIDX.NE set fills in no entry; QEMU fills one in",
    source: "Vol. 1, TLBFILL; QEMU helper_tlbfill",
    forms: /^tlbfill$/,
    fields: ANY,
    explains: (_, { state }) => ((state.host.csr.get("TLBIDX") ?? 0n) & TLBIDX.NE.mask) !== 0n,
  },
  {
    id: "not-readable-before-privilege",
    reason: "a page's privilege level is checked before NR; QEMU checks NR first",
    source: "Vol. 1, TLB-based Translation; QEMU loongarch_map_tlb_entry",
    forms: TLB_FORMS,
    fields: /^(ending|ESTAT)$/,
    explains: (_, { ours, theirs }) =>
      endsBy(ours.ending, EXCEPTIONS.PPI) && endsBy(theirs.ending, EXCEPTIONS.PNR),
  },
  {
    id: "pages-of-16k",
    reason:
      "QEMU 7.2 takes addresses apart in units of 16 KiB: of pages of 4 KiB it may find the neighbour, and TLBEHI loses bits 13 and 14",
    source: "QEMU 7.2 target/loongarch/cpu-param.h, TARGET_PAGE_BITS",
    forms: TLB_FORMS,
    fields: ANY,
    before: 8,
    explains(field, d) {
      if (field.field === "TLBEHI") return field.theirs === (field.ours & ~0x7fffn);
      return TLBIDX.PS.get(d.state.host.csr.get("TLBIDX") ?? 0n) === 12n &&
        d.state.host.csr.get("CRMD") === 0x10n;
    },
  },
  {
    id: "stlb-page-size-fixed",
    reason: "QEMU 10.0 does not write STLBPS: it is always 12",
    source: "QEMU 10.0 helper_csrwr_stlbps",
    forms: ANY,
    fields: ANY,
    from: 10,
    before: 10.01,
    explains: (_, d) => left(d, d.theirs, "STLBPS") === 12n && d.state.host.csr.has("STLBPS"),
  },
  {
    id: "sc-q-undeclared",
    reason: "sc.q is INE where CPUCFG does not declare it; QEMU 11 executes it",
    source: "CPUCFG word 2 of QEMU 11",
    forms: /^sc\.q$/,
    fields: ANY,
    from: 11,
    // And of a misaligned one it dies.
    isFatal: ({ host }, { ending }, tested) =>
      endsBy(ending, INE) && ((host.gpr.get((tested >>> 5) & 31) ?? 0n) & 15n) !== 0n,
    explains: (_, d) => ecodeLeft(d, d.ours) === INE.ecode,
  },
];
