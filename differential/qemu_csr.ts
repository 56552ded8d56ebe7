/**
 * Where QEMU differs from the manual in what CSRs hold.
 *
 * @module
 */
import { CRMD, PRMD } from "../core/csr/basic.ts";
import { TLBRPRMD } from "../core/csr/translation.ts";
import { csrByName } from "../core/csr/table.ts";
import { EXCEPTIONS } from "../core/exception_codes.ts";
import type { CsrDeclaration } from "../core/csr/define.ts";
import type { FieldDifference } from "./compare.ts";
import type { Deviation, Difference } from "./deviation.ts";
import { accessed, csrOfField, ecodeLeft, endsByRefill, left, writable } from "./qemu_facts.ts";

/** The exceptions that record no address; and BCE, which does. */
const BADV_IS_PC: readonly number[] = [
  EXCEPTIONS.SYS,
  EXCEPTIONS.BRK,
  EXCEPTIONS.INE,
  EXCEPTIONS.IPE,
  EXCEPTIONS.FPD,
  EXCEPTIONS.FPE,
  EXCEPTIONS.BCE,
].map(({ ecode }) => ecode);

const ANY = /./;
const CSR_FORMS = /^csr(rd|wr|xchg)$/;
const LOW_HALF = 0xffff_ffffn;
/** Of a virtual page number, those that are not its sign. */
const VALEN_BITS = (1n << 48n) - 1n;

/** Counters and watchpoints. */
function isSeries(csr: CsrDeclaration | undefined): boolean {
  return csr !== undefined && csr.number >= 0x200 && csr.number < 0x400;
}

/** Differs in bits only that are reserved, or above the 32 bits of a short register. */
function onlyReserved({ field, ours, theirs }: FieldDifference, difference: Difference): boolean {
  const csr = csrOfField(field, difference);
  if (csr === undefined) return false;
  const low = csr.width === 32 ? LOW_HALF : /^TLBR?EHI$/.test(csr.name) ? VALEN_BITS : (1n << 64n) - 1n;
  return ((ours ^ theirs) & writable(csr) & low) === 0n;
}

function signExtends({ ours, theirs }: FieldDifference): boolean {
  return (ours & LOW_HALF) === theirs && ours === BigInt.asUintN(64, BigInt.asIntN(32, theirs));
}

/** All of them. */
export const QEMU_CSR: readonly Deviation[] = [
  {
    id: "badv-is-pc",
    reason: "BCE records the address, exceptions without one leave BADV; QEMU writes the PC for both",
    source: "Vol. 1, BADV; QEMU 7.2 loongarch_cpu_do_interrupt",
    forms: ANY,
    fields: /^BADV$/,
    before: 9,
    explains: ({ theirs }, d) =>
      BADV_IS_PC.includes(ecodeLeft(d, d.theirs)) && theirs === left(d, d.theirs, "ERA"),
  },
  {
    id: "bce-badv-is-pc",
    reason: "BCE records the address; QEMU writes the PC",
    source: "Vol. 1, BADV; QEMU loongarch_cpu_do_interrupt",
    forms: ANY,
    fields: /^BADV$/,
    from: 9,
    explains: ({ theirs }, d) =>
      ecodeLeft(d, d.theirs) === EXCEPTIONS.BCE.ecode && theirs === left(d, d.theirs, "ERA"),
  },
  {
    id: "badi-at-refill",
    reason: "whether a refill records BADI is open; QEMU does",
    source: "rule LVZ-EXIT-18",
    forms: ANY,
    fields: /^BADI$/,
    explains: (_, { ours, theirs }) => endsByRefill(ours.ending) && endsByRefill(theirs.ending),
  },
  {
    id: "tlbehi-at-address-error",
    reason: "address errors leave TLBEHI; QEMU writes it",
    source: "Vol. 1, TLBEHI; QEMU raise_mmu_exception",
    forms: ANY,
    fields: /^TLBEHI$/,
    explains: ({ theirs }, d) =>
      ecodeLeft(d, d.theirs) === EXCEPTIONS.ADEF.ecode && (theirs ^ left(d, d.theirs, "BADV")) < 0x8000n,
  },
  {
    id: "vppn-not-extended",
    reason: "VPPN is read sign-extended from VALEN bits; QEMU does not extend it",
    source: "Vol. 1, TLBEHI, Sign_Ext",
    forms: ANY,
    fields: /^TLBR?EHI$/,
    explains: ({ ours, theirs }) =>
      BigInt.asIntN(48, ours) === BigInt.asIntN(48, theirs) && theirs >> 48n === 0n,
  },
  {
    id: "short-csr-not-extended",
    reason: "registers of 32 bits are read sign-extended; QEMU does not extend them",
    source: "Vol. 1, Length of CSRs in LA32 and LA64",
    forms: ANY,
    fields: /^(TLBIDX|BADI)$/,
    explains: signExtends,
  },
  {
    id: "timer-id-not-extended",
    reason: "the number of the counter has 32 bits and is read sign-extended; QEMU does not extend it",
    source: "Vol. 1, TID, Length of CSRs in LA32 and LA64; QEMU gen_rdtime",
    forms: /^rdtime/,
    fields: /^\$/,
    explains: signExtends,
  },
  {
    id: "reserved-bits-stored",
    reason:
      "reserved and read-only bits keep their value, and bits 63:32 of short registers their sign; QEMU stores what is written",
    source: "Vol. 1, Attributes of Reading and Writing; QEMU trans_csrwr",
    forms: CSR_FORMS,
    fields: /^[A-Z$]/,
    explains: onlyReserved,
  },
  {
    id: "more-save-registers",
    reason: "what the missing ones of SAVE0 to SAVE15 read is open; QEMU has all, and PRCFG1 says 8",
    source: "Vol. 1, Undefined and Unimplemented CSRs; QEMU csr_info",
    forms: CSR_FORMS,
    fields: /^\$/,
    explains: (_, d) => /^SAVE([89]|1\d)$/.test(accessed(d)?.name ?? ""),
  },
  {
    id: "pte-width-fixed",
    reason:
      "PWCL.PTEWidth can be written; QEMU keeps it 0, as page table entries of 64 bits are all that it knows",
    source: "Vol. 1, PWCL; QEMU helper_csrwr_pwcl",
    forms: ANY,
    fields: /^(PWCL|\$.*)$/,
    from: 9,
    explains: ({ ours, theirs, field }, d) =>
      csrOfField(field, d)?.name === "PWCL" && ((ours ^ theirs) & 0x3fff_ffffn) === 0n,
  },
  {
    id: "stlb-page-size-checked",
    reason: "what sizes STLBPS refuses is open; QEMU refuses those that PRCFG2 does not list",
    source: "Vol. 1, STLBPS; QEMU helper_csrwr_stlbps",
    forms: /^csr(wr|xchg)$/,
    fields: /^(STLBPS|\$.*)$/,
    from: 10.01,
    explains: (_, d) => accessed(d)?.name === "STLBPS",
  },
  {
    id: "reserved-bits-walked",
    reason: "reserved bits of TLBRELO0 and TLBRELO1 stay 0; QEMU's ldpte keeps those of the page table entry",
    source: "Vol. 1, TLBRELO0; QEMU helper_ldpte",
    forms: /^(ldpte|lddir)$/,
    fields: /^TLBRELO[01]$/,
    from: 8,
    explains: onlyReserved,
  },
  {
    id: "read-only-write-undefined",
    reason: "writes to read-only registers are ignored; QEMU raises INE",
    source: "Vol. 1, Attributes of Reading and Writing; QEMU check_csr_flags",
    forms: /^csr(wr|xchg)$/,
    fields: ANY,
    explains: (_, d) =>
      writable(accessed(d)) === 0n && ecodeLeft(d, d.theirs) === EXCEPTIONS.INE.ecode &&
      ecodeLeft(d, d.ours) === 0,
  },
  {
    id: "misc-not-implemented",
    reason: "QEMU has no MISC: it reads 0, and cannot be written",
    source: "QEMU csr_info, MISC",
    forms: ANY,
    fields: /^(MISC|\$)/,
    explains: ({ field, theirs }, d) =>
      field === "MISC" ? theirs === 0n : CSR_FORMS.test(d.test.form.name) && accessed(d)?.name === "MISC",
  },
  {
    id: "misc-write-undefined",
    reason: "QEMU has no MISC: a write raises INE",
    source: "QEMU csr_info, MISC",
    forms: /^csr(wr|xchg)$/,
    fields: ANY,
    explains: (_, d) => accessed(d)?.name === "MISC" && ecodeLeft(d, d.theirs) === EXCEPTIONS.INE.ecode,
  },
  {
    id: "rdtime-always-allowed",
    reason: "MISC.DRDTL1 to DRDTL3 forbid rdtime; QEMU has no MISC",
    source: "Vol. 1, MISC; QEMU gen_rdtime",
    forms: /^rdtime/,
    fields: ANY,
    explains: (_, d) => left(d, d.theirs, "MISC") === 0n && ecodeLeft(d, d.ours) === EXCEPTIONS.IPE.ecode,
  },
  {
    id: "pgd-by-bit-63",
    reason:
      "bit 47 of the bad address chooses between PGDL and PGDH, and QEMU goes by bit 63; nor is the bad address always the same",
    source: "Vol. 1, Page Walking; QEMU helper_csrrd_pgd",
    forms: ANY,
    fields: /^(PGD|\$.*)$/,
    before: 8,
    explains: ({ field, theirs }, d) =>
      csrOfField(field, d)?.name === "PGD" &&
      ["PGDL", "PGDH"].some((name) => left(d, d.theirs, name) === theirs),
  },
  {
    id: "no-counters-or-watchpoints",
    reason: "QEMU has no performance counters and no watchpoints: their registers read 0",
    source: "QEMU csr_info",
    forms: ANY,
    fields: /^([A-Z]|\$)/,
    explains: ({ field, theirs }, d) =>
      isSeries(csrOfField(field, d)) && (CSR_FORMS.test(d.test.form.name) || theirs === 0n),
  },
  {
    id: "no-llbit-register",
    reason: "LLBCTL.ROLLB shows the LLbit; in QEMU it is always 0",
    source: "Vol. 1, LLBCTL; QEMU csr_info",
    forms: ANY,
    fields: /^LLBCTL$/,
    explains: ({ ours, theirs }) => (ours & 1n) === 1n && theirs === (ours & ~1n),
  },
  {
    id: "klo-stays",
    reason: "ertn clears LLBCTL.KLO; in QEMU it stays",
    source: "Vol. 1, LLBCTL; QEMU helper_ertn",
    forms: /^(ertn|tlb.*)$/,
    fields: /^LLBCTL$/,
    explains: ({ ours, theirs }) => (ours & 4n) === 0n && theirs === (ours | 4n),
  },
  {
    id: "pwe-not-recorded",
    reason: "exceptions record CRMD.WE in PRMD.PWE and TLBRPRMD.PWE; QEMU leaves both",
    source: "Vol. 1, General Hardware Exception Handling",
    forms: ANY,
    fields: /^(PRMD|TLBRPRMD)$/,
    explains: ({ field, ours, theirs }) =>
      (ours ^ theirs) === (field === "PRMD" ? PRMD.PWE : TLBRPRMD.PWE).mask,
  },
  {
    id: "we-stays",
    reason: "exceptions clear CRMD.WE; in QEMU it stays, as do reserved bits",
    source: "Vol. 1, General Hardware Exception Handling",
    forms: /^csr(wr|xchg)$/,
    fields: /^CRMD$/,
    explains: ({ ours, theirs }) =>
      !CRMD.WE.get(ours) && ((ours ^ theirs) & writable(csrByName("CRMD")) & ~CRMD.WE.mask) === 0n,
  },
  {
    id: "timer-stops-enabled",
    reason: "EN stays set when a one-shot timer expires; QEMU clears it",
    source: "rule LVZ-TIME-11; QEMU loongarch_constant_timer_cb",
    forms: /^idle$/,
    fields: /^TCFG$/,
    explains: ({ ours, theirs }) => ours === theirs + 1n,
  },
];
