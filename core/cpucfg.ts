/**
 * What cpucfg reports, derived from the profile.
 *
 * Source of the layout: LoongArch manual Vol. 1 v1.10, CPUCFG; the LA464 values: QEMU's `virt` machine (VM-CPU-01).
 *
 * @module
 */
import type { Feature, Profile } from "./profile.ts";

/** Where a feature is reported: word and bit. */
const FEATURE_BITS: Readonly<Record<Feature, readonly [word: number, bit: number]>> = {
  FP: [2, 0],
  FRECIPE: [2, 25],
  UAL: [1, 20],
  CRC: [1, 25],
  LVZ: [2, 10],
  LSPW: [2, 21],
  LAM: [2, 22],
  LAM_BH: [2, 27],
  LAMCAS: [2, 28],
  LLACQ_SCREL: [2, 29],
  SCQ: [2, 30],
};

/** ARCH = LA64, PGMMU, IOCSR, RI, EP, RPLV, HP: what every profile of this machine has. Bit 26 (MSG_INT) it has not. */
function baseWord1(profile: Profile): bigint {
  const widths = BigInt(profile.palen - 1) << 4n | BigInt(profile.valen - 1) << 12n;
  const fixed = [21, 22, 23, 24].reduce((word, b) => word | 1n << BigInt(b), 0n);
  return 2n | 1n << 2n | 1n << 3n | widths | fixed;
}

/**
 * FP_SP, FP_DP and FP_ver = 1 in bits 1, 2 and 5:3; LVZ version 1 in bits 13:11 (LVZ-DET-02); LLFTP and its version 1 in bits 14
 * and 17:15.
 */
function baseWord2(profile: Profile): bigint {
  const fp = 1n << 1n | 1n << 2n | 1n << 3n;
  const timer = 1n << 14n | 1n << 15n;
  return timer | (profile.features.has("FP") ? fp : 0n) | (profile.features.has("LVZ") ? 1n << 11n : 0n);
}

/** Event version 1, PMNUM, counters of 64 bits in PMBITS, and UPM: MISC.RPCNTLn can open them to lower levels. */
function word6({ performanceCounters: n }: Profile): bigint {
  return n === 0 ? 0n : 1n | 1n << 1n | BigInt(n - 1) << 4n | 63n << 8n | 1n << 14n;
}

/** A configuration word, zero-extended. Words that do not exist read 0. */
export function cpucfgWord(profile: Profile, index: bigint): bigint {
  let word = profile.cpucfg.get(Number(index)) ?? 0n;
  if (index === 1n) word |= baseWord1(profile);
  if (index === 2n) word |= baseWord2(profile);
  if (index === 6n) word |= word6(profile);
  for (const feature of profile.features) {
    const [at, bit] = FEATURE_BITS[feature];
    if (BigInt(at) === index) word |= 1n << BigInt(bit);
  }
  return word;
}
