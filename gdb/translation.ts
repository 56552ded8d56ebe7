/**
 * Addresses as a debugger sees them: without permissions, and with the page tables asked where the TLB has no entry yet. Nothing of
 * the machine changes.
 *
 * @module
 */
import type { CsrBank, Machine } from "../core/mod.ts";
import { CRMD } from "../core/csr/basic.ts";
import {
  ASID,
  DMW,
  PGDH,
  PGDL,
  PWCL,
  RVACFG,
  STLBPS,
  TLBELO0,
  WALK_LEVELS,
} from "../core/csr/translation.ts";
import { low48 } from "../core/halves.ts";
import { pageValue, type TlbScope } from "../core/mmu/tlb.ts";
import { guestId, type WorldContext } from "./world_contexts.ts";

const ELO = TLBELO0;
/** In an entry of a directory: it is a page itself. */
const HUGE = 1n << 6n;
const UPPER_HALF = 1n << 47n;

/** Reads a word of a page table at its physical address, as its owner counts; undefined where there is no memory. */
type ReadEntry = (address: bigint) => bigint | undefined;

/** The host physical address behind a virtual one; undefined where none is mapped. */
export function physicalAddress(m: Machine, context: WorldContext, address: bigint): bigint | undefined {
  const at = context.isCurrent ? m.effectiveAddress(address) : address;
  if (context.world === "host") return stage1(m, m.host, HOST, at, (pa) => readRam(m, pa));
  const { host } = context;
  const scope: TlbScope = { kind: "stage1", gid: Number(guestId(host)) };
  const gpa = stage1(m, m.guest, scope, at, (table) => {
    const pa = stage2(m, host, table);
    return pa === undefined ? undefined : readRam(m, pa);
  });
  return gpa === undefined ? undefined : stage2(m, host, gpa);
}

const HOST: TlbScope = { kind: "host", gid: 0 };

function stage1(m: Machine, bank: CsrBank, scope: TlbScope, address: bigint, read: ReadEntry) {
  const mask = physicalMask(m);
  if (bank.is(CRMD.DA) && !bank.is(CRMD.PG)) return address & mask;
  if (DMW.some((csr) => isWindow(bank.read(csr), address))) return address & mask;
  const width = m.profile.valen - Number(bank.get(RVACFG.RBits));
  if (BigInt.asUintN(64, BigInt.asIntN(width, address)) !== address) return undefined;
  return lookedUp(m, scope, Number(bank.get(ASID.ASID)), address, bank) ??
    walked(m, bank, bank.read(address & UPPER_HALF ? PGDH : PGDL), address, read);
}

/** The tables of the second stage are where the host's TLB refills look for them while the guest runs. */
function stage2(m: Machine, host: CsrBank, gpa: bigint): bigint | undefined {
  return lookedUp(m, { kind: "stage2", gid: Number(guestId(host)) }, 0, gpa, host) ??
    walked(m, host, host.read(PGDL), gpa, (pa) => readRam(m, pa));
}

/** A window for any privilege level. */
function isWindow(window: bigint, address: bigint): boolean {
  return window >> 60n === address >> 60n && (window & 0xfn) !== 0n;
}

function lookedUp(m: Machine, scope: TlbScope, asid: number, address: bigint, bank: CsrBank) {
  const entry = m.tlb.at(m.tlb.find(scope, asid, low48(address), Number(bank.get(STLBPS.PS))));
  if (entry === undefined) return undefined;
  const ps = BigInt(entry.ps);
  return pageOf(pageValue(entry.lo[(address >> ps) & 1n ? 1 : 0]), ps, address);
}

function pageOf(entry: bigint, ps: bigint, address: bigint): bigint | undefined {
  if ((entry & ELO.V.mask) === 0n) return undefined;
  const offset = (1n << ps) - 1n;
  return (entry & ELO.PPN.mask & ~offset) | (address & offset);
}

/** Goes down the page tables as lddir and ldpte do, by the levels of PWCL and PWCH. */
function walked(m: Machine, bank: CsrBank, root: bigint, address: bigint, read: ReadEntry) {
  const entryBytes = 8n * (1n + bank.get(PWCL.PTEWidth));
  let table = root;
  for (let level = WALK_LEVELS.length - 1; level >= 0; level--) {
    const [base, width] = (WALK_LEVELS[level] ?? WALK_LEVELS[0]).map((field) => bank.get(field));
    if (base === undefined || width === undefined || (level > 0 && width === 0n)) continue;
    if (table === 0n) return undefined;
    const index = (address >> base) & ((1n << width) - 1n);
    const entry = read((table & physicalMask(m) & ~7n) + index * entryBytes);
    if (entry === undefined) return undefined;
    if (level === 0 || entry & HUGE) return pageOf(entry, base, address);
    table = entry;
  }
  return undefined;
}

function physicalMask(m: Machine): bigint {
  return (1n << BigInt(m.profile.palen)) - 1n;
}

function readRam(m: Machine, address: bigint): bigint | undefined {
  const ram = m.bus.ramAt(Number(address));
  return ram?.view.getBigUint64(Number(address) - ram.base, true);
}
