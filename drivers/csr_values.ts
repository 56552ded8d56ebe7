/**
 * What a CSR can hold, for states: a value that would not stick is a mistake of whoever wrote the state.
 *
 * @module
 */
import { csrByName, type CsrDeclaration, type Profile } from "../core/mod.ts";

/** Whose register: the host's own, or the guest's copy as the host's gcsrwr writes it. */
export type CsrOwner = "host" | "guest";

const ALL_BITS = (1n << 64n) - 1n;

/** True if guests have a register of their own, whether or not the host lets them reach it. */
export function hasGuestCopy(csr: CsrDeclaration): boolean {
  return csr.options.guest !== "gspr";
}

/** A value as csrrd shows it: registers of 32 bits are sign-extended. */
export function csrValueShown(csr: CsrDeclaration, value: bigint): bigint {
  return csr.width === 32 ? BigInt.asUintN(64, BigInt.asIntN(32, value)) : value;
}

/** The value that csrrd shows after a register in its reset state was written. */
export function keptValue(csr: CsrDeclaration, profile: Profile, value: bigint, owner: CsrOwner): bigint {
  const old = csr.resetValue(profile);
  const mask = csr.writeMask(profile, owner === "host" ? "own" : "host");
  const next = (old & ~mask) | (value & mask);
  return csrValueShown(csr, csr.options.legalise?.(old, next, profile, ALL_BITS) ?? next);
}

/** The bits that no write changes and that are not simply 0: capabilities, which a state may name or leave out. */
function capabilityBits(csr: CsrDeclaration, profile: Profile): bigint {
  const constant = csr.fields.filter((f) => f.spec.access === "const").reduce((m, f) => m | f.mask, 0n);
  return constant & csr.resetValue(profile);
}

/** Why a state cannot give a register a value; undefined if it can. */
export function whyNotHeld(
  csr: CsrDeclaration,
  profile: Profile,
  value: bigint,
  owner: CsrOwner,
): string | undefined {
  if (!csr.existsIn(profile)) return `profile ${profile.name} has no ${csr.name}`;
  if (owner === "guest" && !hasGuestCopy(csr)) return `a guest has no ${csr.name} of its own`;
  if (csr.width === 32 && value !== BigInt.asUintN(32, value) && value !== csrValueShown(csr, value)) {
    return `${csr.name} has 32 bits`;
  }
  const kept = keptValue(csr, profile, value, owner);
  const low = BigInt.asUintN(csr.width, value);
  const capabilities = capabilityBits(csr, profile);
  const named = low & capabilities;
  const differs = (low ^ BigInt.asUintN(csr.width, kept)) & ~capabilities;
  if (differs === 0n && (named === 0n || named === capabilities)) return undefined;
  return `${csr.name} cannot hold 0x${value.toString(16)}, it would keep 0x${kept.toString(16)}`;
}

/**
 * A register that a state names.
 *
 * @throws {RangeError} if there is no such register
 */
export function csrOfState(name: string): CsrDeclaration {
  const csr = csrByName(name);
  if (csr === undefined) throw new RangeError(`Cannot use CSR ${name}: there is no such register`);
  return csr;
}
