/**
 * Which CSR accesses WebAssembly makes itself: those that are storage and nothing else, by the registers' declarations.
 *
 * @module
 */
import { readsAsStored, writesAsStored } from "../csr/access.ts";
import { csrSlot, hasCsr } from "../csr/bank.ts";
import { ESTAT } from "../csr/basic.ts";
import type { CsrDeclaration, TrapControl } from "../csr/define.ts";
import { csrByNumber, CSRS } from "../csr/table.ts";
import type { Decoded } from "../isa/decode.ts";
import type { Profile } from "../profile.ts";
import { BANK } from "./layout.ts";

/** What an access does with the register. */
type CsrAccess = typeof ACCESS_KINDS[number];
/** Whose register it is: see {@linkcode CONTROL} for when each may be accessed. */
export type CsrOwner = typeof OWNERS[number];

const ACCESS_KINDS = ["read", "write", "exchange"] as const;
const OWNERS = ["csrOwn", "csrTlb", "csrTimer", "csrHost", "csrGuest"] as const;

/** What accesses have in common that one function makes. */
export interface CsrForm {
  readonly access: CsrAccess;
  readonly owner: CsrOwner;
  /** Read sign-extended. */
  readonly is32: boolean;
  /** The interrupt lines show in it. */
  readonly hasLines: boolean;
  /** Only values with some bit set are legal without further ado. */
  readonly hasLegalBit: boolean;
  /** Every change is the engine's: only what leaves the register as it is, such as the same guest's value again, is not. */
  readonly keeps: boolean;
  /** rd is r0: 0 is written, and nobody wants the old value. */
  readonly discards: boolean;
  /** There is no such register, or the guest has no copy: it reads 0, and writes do nothing. */
  readonly isAbsent: boolean;
}

/** One access. */
export interface CsrOperation {
  readonly form: CsrForm;
  /** Where the value is in its bank, bytes. */
  readonly offset: number;
  /** The bits that software can write. */
  readonly writable: bigint;
  /** The bits that only the engine changes, because something depends on them; below 2^31. */
  readonly attention: number;
  /** Position of the bit that makes a value legal. */
  readonly legalBit: number;
}

/** Registers of which the host can make a guest's accesses exit. */
const TRAPPED: Readonly<Record<TrapControl, CsrOwner>> = { "GTLBC.TOTI": "csrTlb", "GCFG.TIT": "csrTimer" };

/** The instructions, with what they are. */
const ACCESSES: ReadonlyMap<string, readonly [CsrAccess, isGuests: boolean]> = new Map([
  ["csrrd", ["read", false]],
  ["csrwr", ["write", false]],
  ["csrxchg", ["exchange", false]],
  ["gcsrrd", ["read", true]],
  ["gcsrwr", ["write", true]],
  ["gcsrxchg", ["exchange", true]],
]);

const DOUBLE = 8;
/** More than a 32-bit operand of a decoded operation holds. */
const TOO_WIDE = 1n << 31n;

/** The access that a decoded instruction makes, undefined if it is the engine's. */
export function csrOperation(op: Decoded, profile: Profile): CsrOperation | undefined {
  const access = ACCESSES.get(op.instruction.name);
  if (access === undefined) return undefined;
  return operationOf(csrByNumber(Number(op.operands["csr"])), access, op.rd === 0, profile);
}

/** An access to nothing. A guest's may be an exit, so that only the host makes it without the engine. */
function toNothing(isGuests: boolean, discards: boolean): CsrForm {
  const owner = isGuests ? "csrGuest" : "csrHost";
  const never = { is32: false, hasLines: false, hasLegalBit: false, keeps: false };
  return { access: "read", owner, ...never, discards, isAbsent: true };
}

function operationOf(
  csr: CsrDeclaration | undefined,
  access: readonly [CsrAccess, boolean],
  discards: boolean,
  profile: Profile,
): CsrOperation | undefined {
  const form = formOf(csr, access, discards, profile);
  if (form === undefined) return undefined;
  if (csr === undefined || form.isAbsent) return { form, offset: 0, writable: 0n, attention: 0, legalBit: 0 };
  const { legalWith } = csr.options;
  return {
    form,
    offset: BANK.values + csrSlot(profile, csr.number) * DOUBLE,
    writable: csr.writeMask(profile, access[1] ? "host" : "own"),
    attention: form.access === "read" || form.keeps ? 0 : Number(attentionOf(csr)),
    legalBit: legalWith === undefined ? 0 : Math.log2(Number(legalWith)),
  };
}

function attentionOf(csr: CsrDeclaration): bigint {
  return csr.ruling("mode", "environment", "interrupts");
}

function formOf(
  csr: CsrDeclaration | undefined,
  [access, isGuests]: readonly [CsrAccess, boolean],
  discards: boolean,
  profile: Profile,
): CsrForm | undefined {
  if (csr === undefined || !hasCsr(profile, csr.number) || (isGuests && csr.options.guest === "gspr")) {
    return toNothing(isGuests, discards);
  }
  const hasLines = csr.number === ESTAT.number;
  if (!readsAsStored(csr.number) && !hasLines) return undefined;
  if (access !== "read" && !isStorage(csr)) return undefined;
  const { legalise, legalWith } = csr.options;
  const keeps = access !== "read" &&
    (attentionOf(csr) >= TOO_WIDE || (legalise !== undefined && legalWith === undefined));
  return {
    access,
    owner: ownerOf(csr, isGuests),
    is32: csr.width === 32,
    hasLines,
    hasLegalBit: access !== "read" && legalWith !== undefined,
    keeps,
    discards,
    isAbsent: false,
  };
}

/** A write stores what the mask lets through: perhaps made legal, or with consequences, but nothing else if the value stays the same. */
function isStorage(csr: CsrDeclaration): boolean {
  const { locked, actsOnWrite } = csr.options;
  return writesAsStored(csr.number) && csr.clearedByOne === 0n && locked === undefined &&
    actsOnWrite !== true;
}

/** A register of which a guest has a copy is the current world's; others only the host accesses without the engine. */
function ownerOf(csr: CsrDeclaration, isGuests: boolean): CsrOwner {
  if (isGuests) return "csrGuest";
  const { guest, trappedBy } = csr.options;
  if (guest !== "copy") return "csrHost";
  return trappedBy === undefined ? "csrOwn" : TRAPPED[trappedBy];
}

/** A form as a number to find it by. */
export function formKey(form: CsrForm): number {
  let key = ACCESS_KINDS.indexOf(form.access) * OWNERS.length + OWNERS.indexOf(form.owner);
  key = 2 * key + Number(form.is32);
  key = 2 * key + Number(form.hasLines);
  key = 2 * key + Number(form.hasLegalBit);
  key = 2 * key + Number(form.keeps);
  key = 2 * key + Number(form.discards);
  return 2 * key + Number(form.isAbsent);
}

/** Every form that occurs. Most registers have the same ones. */
export function csrForms(profile: Profile): Iterable<CsrForm> {
  const forms = new Map<number, CsrForm>();
  const find = (csr: CsrDeclaration | undefined, access: readonly [CsrAccess, boolean]) => {
    const form = formOf(csr, access, false, profile);
    if (form === undefined || forms.has(formKey(form))) return;
    for (const each of [form, { ...form, discards: true }]) forms.set(formKey(each), each);
  };
  for (const access of ACCESSES.values()) {
    find(undefined, access);
    CSRS.forEach((csr) => find(csr, access));
  }
  return forms.values();
}
