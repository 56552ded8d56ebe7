/**
 * A profile: everything about a machine that the architecture leaves to the implementation, and the choices made where
 * sources about LVZ disagree.
 *
 * @module
 */

/** An optional part of the architecture; CPUCFG reports each, and an instruction that needs an absent one raises INE. */
export type Feature =
  | "FP"
  | "FRECIPE"
  | "LVZ"
  | "LAM"
  | "LAM_BH"
  | "LAMCAS"
  | "LLACQ_SCREL"
  | "SCQ"
  | "CRC"
  | "LSPW"
  | "UAL";

/**
 * The disputed questions about LVZ, each with its readings. The first reading is the default; the rule named has the
 * sources of both.
 */
export interface LvzChoices {
  /** LVZ-EXIT-04: what a general exception taken in host mode does to GSTAT.PVM: record VM (0), or keep it. */
  readonly pvmAtHostException: "records-vm" | "kept";
  /** LVZ-INSN-11: gcsr* and gtlb* executed in guest mode at PLV0. */
  readonly gcsrInGuest: "ine" | "gspr";
  /** LVZ-TIME-03: whether the guest timer counts while the host runs. */
  readonly guestTimerInHost: "counts" | "paused";
  /** LVZ-CONF-24: whether a refill ertn clears the LLbit. */
  readonly llbitOnRefillErtn: "kept" | "cleared";
  /** LVZ-CONF-33: a host gcsrwr of GCSR.TCFG with an unchanged value. */
  readonly gcsrTcfgUnchanged: "reloads" | "ignored";
  /** LVZ-CONF-20: BADV at GSPR and HVC exits. */
  readonly badvAtGspr: "unchanged" | "pc";
  /** LVZ-INT-05: whether a line passed through by GINTC.PIP stays visible in CSR.ESTAT. */
  readonly pipLineInHost: "hidden" | "visible";
  /** LVZ-INV-02: what `invtlb 0` in host mode removes. */
  readonly invtlb0: "everything" | "effective-gid";
}

/** A machine model. All sizes are in the units of the architecture's own fields. */
export interface Profile {
  readonly name: string;
  readonly features: ReadonlySet<Feature>;
  /** Virtual address width in bits. */
  readonly valen: number;
  /** Physical address width in bits. */
  readonly palen: number;
  /** Number of SAVE registers. */
  readonly saveCount: number;
  /** Width of the timer in bits. */
  readonly timerBits: number;
  /** Width of the ASID in bits. */
  readonly asidBits: number;
  /** Width of the GID in bits (GSTAT.GIDBITS). */
  readonly gidBits: number;
  /** The fully associative TLB: number of entries. */
  readonly mtlbEntries: number;
  /** The set-associative TLB: number of sets, a power of two. */
  readonly stlbSets: number;
  /** The set-associative TLB: number of ways. */
  readonly stlbWays: number;
  /** PRCFG2: bit n set where pages of 2^n bytes are supported. */
  readonly pageSizes: bigint;
  /** CPUCFG words by index; words not listed read 0. Feature bits are added by the machine. */
  readonly cpucfg: ReadonlyMap<number, bigint>;
  /** Number of performance counters, 0 to 32. */
  readonly performanceCounters: number;
  /** Number of watchpoints of each kind, 0 to 14. */
  readonly watchpoints: { readonly fetch: number; readonly memory: number };
  /** Stable counter ticks for a number of retired instructions. */
  readonly clock: { readonly ticks: number; readonly instructions: number };
  readonly lvz: LvzChoices;
}

const LVZ_DEFAULTS: LvzChoices = {
  pvmAtHostException: "records-vm",
  gcsrInGuest: "ine",
  guestTimerInHost: "counts",
  llbitOnRefillErtn: "kept",
  gcsrTcfgUnchanged: "reloads",
  badvAtGspr: "unchanged",
  pipLineInHost: "hidden",
  invtlb0: "everything",
};

/**
 * The LA464 core of the Loongson 3A5000, with LVZ. It reports no vectors because this bench does not implement them yet; a
 * vector instruction therefore raises INE.
 *
 * Words of CPUCFG as a 3C5000 (LA464 too) answers: areweloongyet, "Collection of typical configurations"; but for PRID, which is
 * that of a 3A5000. Word 3 tells of four levels of lddir, huge pages filled in halves, and 8 bits of RVACFG. Eight watchpoints of each
 * kind: the debugger of Loongson's QEMU for KVM counts on eight, and the manual's table of registers ends there.
 */
export const LA464: Profile = {
  name: "la464",
  features: new Set<Feature>(["FP", "LVZ", "LAM", "CRC", "LSPW", "UAL"]),
  valen: 48,
  palen: 48,
  saveCount: 8,
  timerBits: 48,
  asidBits: 10,
  gidBits: 8,
  mtlbEntries: 64,
  stlbSets: 256,
  stlbWays: 8,
  pageSizes: 0x3ffff000n,
  cpucfg: new Map([
    [0, 0x14c010n],
    [3, 0xfcffn],
    [4, 100_000_000n],
    [5, 0x10001n],
    [16, 0x2c3dn],
    [17, 0x6080003n],
    [18, 0x6080003n],
    [19, 0x608000fn],
    [20, 0x60e000fn],
  ]),
  performanceCounters: 4,
  watchpoints: { fetch: 8, memory: 8 },
  clock: { ticks: 1, instructions: 1 },
  lvz: LVZ_DEFAULTS,
};

/** What {@linkcode deriveProfile} may change. */
export interface ProfileChanges {
  readonly name: string;
  readonly add?: readonly Feature[];
  readonly remove?: readonly Feature[];
  readonly lvz?: Partial<LvzChoices>;
  readonly clock?: Profile["clock"];
  readonly performanceCounters?: number;
  readonly watchpoints?: Profile["watchpoints"];
}

/** A profile like `base` but for the changes named. */
export function deriveProfile(base: Profile, changes: ProfileChanges): Profile {
  const features = new Set(base.features);
  for (const f of changes.add ?? []) features.add(f);
  for (const f of changes.remove ?? []) features.delete(f);
  return {
    ...base,
    name: changes.name,
    features,
    lvz: { ...base.lvz, ...changes.lvz },
    clock: changes.clock ?? base.clock,
    performanceCounters: changes.performanceCounters ?? base.performanceCounters,
    watchpoints: changes.watchpoints ?? base.watchpoints,
  };
}

/** LA464 with the instructions that LoongArch v1.1 added. */
export const LA464_V1_1: Profile = deriveProfile(LA464, {
  name: "la464-v1.1",
  add: ["FRECIPE", "LAM_BH", "LAMCAS", "LLACQ_SCREL", "SCQ"],
});

/** LA464 with LVZ fused off. */
export const LA464_NO_LVZ: Profile = deriveProfile(LA464, { name: "la464-nolvz", remove: ["LVZ"] });

/** LA464 without performance counters and watchpoints. */
export const LA464_NO_PMU: Profile = deriveProfile(LA464, {
  name: "la464-nopmu",
  performanceCounters: 0,
  watchpoints: { fetch: 0, memory: 0 },
});

/** The profiles that a case or a command may name. */
export const PROFILES: readonly Profile[] = [LA464, LA464_V1_1, LA464_NO_LVZ, LA464_NO_PMU];
