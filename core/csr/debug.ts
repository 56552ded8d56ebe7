/**
 * The registers of the watchpoints, and the numbers without a register whose access from guest mode exits all the same.
 *
 * Source of the layouts: LoongArch manual Vol. 1 v1.10, "Control and Status Registers Related to Watchpoints". What LVZ adds (the share of the
 * guest, the world watched, a GID) is from Loongson's old KVM and QEMU: LVZ-CSR-14, LVZ-WATCH-01.
 *
 * @module
 */
import type { Profile } from "../profile.ts";
import { DBG } from "./basic.ts";
import { bit, bits, csr, type CsrDeclaration, type CsrOptions, type Field } from "./define.ts";
import { GMOD_NAMES } from "./lvz.ts";

/** What is watched: fetches, or loads and stores. */
export type WatchKind = "fetch" | "memory";

/** The largest number of watchpoints of a kind that the architecture has room for. */
const MOST = 14;
const ALL = (1n << 64n) - 1n;

/** With a share that covers watchpoint `n` the guest has copies of its registers. */
function ownedBy(kind: WatchKind, n: number): Pick<CsrOptions, "guest" | "grant" | "exists"> {
  return {
    guest: "granted",
    grant: { by: kind === "fetch" ? "FWPC.GNum" : "MWPC.GNum", index: n },
    exists: (p) => n < p.watchpoints[kind],
  };
}

function controller(number: number, kind: WatchKind, name: string) {
  const SHARE = 0xfn << 16n;
  return csr(number, name, `${kind} watchpoints, overall`, {
    Num: bits(5, 0, "number of watchpoints", {
      access: "const",
      reset: (p: Profile) => BigInt(p.watchpoints[kind]),
    }),
    GNum: bits(19, 16, "watchpoints given to the guest, counted from 0", { needs: "LVZ" }),
  }, {
    guest: "gspr",
    rules: "environment",
    width: 32,
    // More than there are cannot be given away.
    legalise: (_old, next, { watchpoints }) => {
      const most = BigInt(watchpoints[kind]) << 16n;
      return (next & SHARE) > most ? (next & ~SHARE) | most : next;
    },
  });
}

function status(number: number, kind: WatchKind, name: string) {
  return csr(number, name, `${kind} watchpoints, status`, {
    Status: bits(MOST - 1, 0, "bit n: watchpoint n was hit; writing 1 clears", { access: "w1c" }),
    Skip: bit(16, "the next hit is ignored"),
  }, {
    ...ownedBy(kind, 0),
    width: 32,
    legalise: (_old, next, { watchpoints }) => next & (1n << 16n | ((1n << BigInt(watchpoints[kind])) - 1n)),
  });
}

/** The control register of a watchpoint; those of loads and stores say which accesses and how many bytes. */
export type WatchControl =
  & CsrDeclaration
  & Readonly<Record<"DMOnly" | "PLV0" | "PLV1" | "PLV2" | "PLV3" | "GMOD" | "LCL", Field>>
  & { readonly LoadEn?: Field; readonly StoreEn?: Field; readonly Size?: Field };

/** The four registers of one watchpoint. */
export interface WatchRegisters {
  readonly address: CsrDeclaration;
  readonly mask: CsrDeclaration;
  readonly control: WatchControl;
  readonly space: CsrDeclaration & { readonly ASID: Field; readonly GID: Field };
}

const CONTROL = {
  DMOnly: bit(0, "for debug mode alone; only debug mode can change this"),
  PLV0: bit(1, "watches PLV0"),
  PLV1: bit(2, "watches PLV1"),
  PLV2: bit(3, "watches PLV2"),
  PLV3: bit(4, "watches PLV3"),
  GMOD: bits(6, 5, "world watched", { needs: "LVZ", names: GMOD_NAMES }),
  LCL: bit(7, "only in the address space of CFG4"),
};
const MEMORY_CONTROL = {
  ...CONTROL,
  LoadEn: bit(8, "watches loads"),
  StoreEn: bit(9, "watches stores"),
  Size: bits(11, 10, "bytes watched", { names: { 0: "8", 1: "4", 2: "2", 3: "1" } }),
};

const ADDRESS = { VAddr: bits(63, 0, "virtual address") };
const MASK = { Mask: bits(63, 0, "address bits not compared") };
const SPACE = {
  ASID: bits(9, 0, "with LCL: the ASID watched"),
  GID: bits(23, 16, "with LCL: the guest watched", { needs: "LVZ" }),
};

function watchpoint(kind: WatchKind, n: number): WatchRegisters {
  const base = (kind === "fetch" ? 0x390 : 0x310) + 8 * n;
  const name = (part: number) => `${kind === "fetch" ? "F" : "M"}WP${n}CFG${part}`;
  const text = (part: string) => `${kind} watchpoint ${n}: ${part}`;
  const options = (aka: string, own: bigint): CsrOptions => ({
    ...ownedBy(kind, n),
    rules: "environment",
    aka: [`${kind === "fetch" ? "I" : "D"}B${n}${aka}`],
    // A watchpoint of debug mode is closed to everybody else, and only debug mode makes it one.
    locked: (bank) => bank.is(DBG.DST) ? 0n : bank.is(control.DMOnly) ? ALL : own,
  });
  const control: WatchControl = csr(
    base + 2,
    name(3),
    text("control"),
    kind === "fetch" ? CONTROL : MEMORY_CONTROL,
    { ...options("CTRL", 1n), width: 32 },
  );
  return {
    address: csr(base, name(1), text("address"), ADDRESS, options("ADDR", 0n)),
    mask: csr(base + 1, name(2), text("mask"), MASK, options("MASK", 0n)),
    control,
    space: csr(base + 3, name(4), text("address space"), SPACE, { ...options("ASID", 0n), width: 32 }),
  };
}

export const MWPC = controller(0x300, "memory", "MWPC");
export const MWPS = status(0x301, "memory", "MWPS");
export const FWPC = controller(0x380, "fetch", "FWPC");
export const FWPS = status(0x381, "fetch", "FWPS");

/** The watchpoints of each kind; a profile has the first of them. */
export const WATCHPOINTS: Readonly<Record<WatchKind, readonly WatchRegisters[]>> = {
  fetch: Array.from({ length: MOST }, (_, n) => watchpoint("fetch", n)),
  memory: Array.from({ length: MOST }, (_, n) => watchpoint("memory", n)),
};

export const DEBUG: readonly CsrDeclaration[] = [
  ...[MWPC, MWPS, FWPC, FWPS],
  ...[...WATCHPOINTS.fetch, ...WATCHPOINTS.memory].flatMap((w) => [w.address, w.mask, w.control, w.space]),
];

/**
 * Numbers without a register of this machine whose access from guest mode exits all the same (LVZ-GCSR-05, -06, -07).
 * Both ends belong to the range.
 */
export const EXITING_RANGES: readonly {
  readonly first: number;
  readonly last: number;
  readonly what: string;
}[] = [
  { first: 0xc0, last: 0xff, what: "vendor shadow of CPUCFG" },
  { first: 0x100, last: 0x109, what: "vendor registers" },
  { first: 0x200, last: 0x23f, what: "performance counters" },
  { first: 0x300, last: 0x34f, what: "load/store watchpoints" },
  { first: 0x380, last: 0x3cf, what: "fetch watchpoints" },
];
