/**
 * How a control and status register is declared. Everything else about it follows from the declaration: reset value,
 * what a write changes, names in failure reports, guest copy or exit.
 *
 * @module
 */
import { lowOf } from "../halves.ts";
import type { Feature, Profile } from "../profile.ts";

/**
 * Who can change a field:
 *
 * - `rw`: software;
 * - `r`: hardware; software writes are ignored, but the host's gcsrwr may restore the guest copy (LVZ-INSN-03);
 * - `const`: nobody; the value is the implementation's (a capability, a fixed 0);
 * - `w1`: writing 1 is an action, the field reads 0;
 * - `w1c`: hardware sets bits, software clears those to which it writes 1; the host's gcsrwr restores the guest copy.
 */
export type Access = "rw" | "r" | "const" | "w1" | "w1c";

/** A value that depends on the implementation. */
export type PerProfile = bigint | ((profile: Profile) => bigint);

/**
 * What derived state a field rules, so that whoever keeps some knows when it is stale:
 *
 * - `mode`: the privilege level and whether addresses are mapped, which change with every exception;
 * - `environment`: anything else that decides how instructions execute or addresses translate;
 * - `interrupts`: which interrupt is pending and enabled.
 */
export type Rules = "mode" | "environment" | "interrupts";

/** The exceptional properties of a field. */
export interface FieldOptions {
  readonly access?: Access;
  /** What the field rules, if not what its register does. */
  readonly rules?: Rules;
  /** The bits of the field that software can write, where not all of them (relative to the field's bit 0). */
  readonly writable?: PerProfile;
  /** The same for the host's gcsrwr, where it differs. */
  readonly hostWritable?: bigint;
  /** Value after reset; 0 by default. */
  readonly reset?: PerProfile;
  /** Names of values, for reports. */
  readonly names?: Readonly<Record<number, string>>;
  /** Names that other code bases use. */
  readonly aka?: readonly string[];
  /** The field exists only with this feature; otherwise its bits are a constant 0. */
  readonly needs?: Feature;
}

/** A field as written in a declaration. */
export interface FieldSpec extends FieldOptions {
  readonly high: number;
  readonly low: number;
  readonly text: string;
  /** {@linkcode low}. */
  readonly shift: bigint;
  /** As many ones as there are bits. */
  readonly ones: bigint;
}

/** The fields of a register by name. */
type FieldSpecs = Readonly<Record<string, FieldSpec>>;

/** A field that spans bits `high` to `low`. */
export function bits(high: number, low: number, text: string, options: FieldOptions = {}): FieldSpec {
  if (high < low || low < 0 || high > 63) {
    throw new RangeError(`Cannot declare bits ${high}:${low} (${text})`);
  }
  return { high, low, text, shift: BigInt(low), ones: (1n << BigInt(high - low + 1)) - 1n, ...options };
}

/** A field of one bit. */
export function bit(position: number, text: string, options: FieldOptions = {}): FieldSpec {
  return bits(position, position, text, options);
}

/** A field of a declared register. */
export class Field {
  readonly name: string;
  readonly csr: number;
  readonly spec: FieldSpec;
  /** The field's bits, in place. */
  readonly mask: bigint;
  /** The same as a number, of a field within bits 30:0; 0 of any other. */
  readonly lowMask: number;
  readonly #shift: bigint;
  readonly #ones: bigint;

  constructor(csr: number, name: string, spec: FieldSpec) {
    this.csr = csr;
    this.name = name;
    this.spec = spec;
    this.#shift = spec.shift;
    this.#ones = spec.ones;
    this.mask = spec.ones << spec.shift;
    this.lowMask = spec.high < 31 ? Number(this.mask) : 0;
  }

  /** The field's value in a register value. */
  get(value: bigint): bigint {
    return (value >> this.#shift) & this.#ones;
  }

  /**
   * The same as a number.
   *
   * @throws {RangeError} if the field is not within bits 30:0
   */
  number(value: bigint): number {
    if (this.lowMask === 0) {
      throw new RangeError(`Cannot read ${this.name} as a number: it is not in bits 30:0`);
    }
    return (lowOf(value) & this.lowMask) >>> this.spec.low;
  }

  /**
   * A register value with this field replaced.
   *
   * @throws {RangeError} if the new value does not fit the field
   */
  set(value: bigint, field: bigint): bigint {
    if (field < 0n || field > this.#ones) {
      throw new RangeError(
        `Cannot set ${this.name}: 0x${field.toString(16)} does not fit ${this.spec.high}:${this.spec.low}`,
      );
    }
    return (value & ~this.mask) | (field << this.#shift);
  }

  /** The field alone, in place: `CRMD.PLV.of(3n) | CRMD.IE.of(1n)`. */
  of(field: bigint): bigint {
    return this.set(0n, field);
  }
}

/**
 * What guest mode finds at a register's number:
 *
 * - `copy`: a guest copy, accessed without an exit (LVZ-GCSR-01, -02);
 * - `gspr`: no copy, an access exits (LVZ-GCSR-05);
 * - `granted`: a copy that the guest reaches if the host granted it, else an exit (LVZ-GCSR-06, -07).
 */
export type GuestAccess = "copy" | "gspr" | "granted";

/** What the host gives away of a series of registers: the first so many, by this field. */
export interface Grant {
  readonly by: "GCFG.GPERF" | "MWPC.GNum" | "FWPC.GNum";
  /** Place in the series: granted if the field is larger. */
  readonly index: number;
}

/** Which control bit makes guest accesses to a register with a copy exit. */
export type TrapControl = "GCFG.TIT" | "GTLBC.TOTI";

/** The properties of a register beside its fields. */
export interface CsrOptions {
  readonly guest: GuestAccess;
  /** Of a `granted` register: which field of the host grants it. */
  readonly grant?: Grant;
  /** 32-bit registers are read sign-extended. */
  readonly width?: 32 | 64;
  readonly trappedBy?: TrapControl;
  /** What its fields rule, where they do not say it themselves. */
  readonly rules?: Rules;
  /** The register exists only with this feature; otherwise it reads 0 and ignores writes. */
  readonly needs?: Feature;
  /** False where this implementation has fewer registers of a series. */
  readonly exists?: (profile: Profile) => boolean;
  /**
   * The value that sticks when `next` (already cut to writable bits) is written over `old`. For rules that a mask cannot
   * express, such as reserved encodings. `written` has the bits that the instruction writes: all, or the mask of csrxchg.
   */
  readonly legalise?: (old: bigint, next: bigint, profile: Profile, written: bigint) => bigint;
  /** A write does something even if the value stays as it is, because `legalise` asks which bits were written. */
  readonly actsOnWrite?: boolean;
  /** A value with all of these bits set is legal: `legalise` does not change it. */
  readonly legalWith?: bigint;
  /** Bits that software cannot change in the present state of the register's own bank. */
  readonly locked?: (bank: { is(field: Field): boolean }) => bigint;
  readonly aka?: readonly string[];
}

/** The declaration of one register. */
export class CsrDeclaration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly fields: readonly Field[];
  readonly options: CsrOptions;
  readonly width: 32 | 64;
  /** The bits that software clears by writing 1. */
  readonly clearedByOne: bigint;

  constructor(number: number, name: string, text: string, specs: FieldSpecs, options: CsrOptions) {
    this.number = number;
    this.name = name;
    this.text = text;
    this.options = options;
    this.width = options.width ?? 64;
    let seen = 0n;
    let cleared = 0n;
    this.fields = Object.keys(specs).map((name) => {
      const field = new Field(number, name, specs[name]!);
      this.#check(field, seen);
      seen |= field.mask;
      if (field.spec.access === "w1c") cleared |= field.mask;
      return field;
    });
    this.clearedByOne = cleared;
  }

  /** @param others the bits of other fields */
  #check({ name, spec, mask }: Field, others: bigint): void {
    if (spec.high >= this.width) {
      throw new RangeError(
        `Cannot declare ${this.name}.${name}: bit ${spec.high} is outside its ${this.width} bits`,
      );
    }
    if (others & mask) {
      throw new RangeError(`Cannot declare ${this.name}.${name}: it overlaps another field`);
    }
  }

  /** True if a machine of this profile has the register. */
  existsIn(profile: Profile): boolean {
    const { needs, exists } = this.options;
    return (needs === undefined || profile.features.has(needs)) && (exists === undefined || exists(profile));
  }

  /** The value after reset. */
  resetValue(profile: Profile): bigint {
    let value = 0n;
    for (const f of this.fields) {
      const reset = f.spec.reset ?? 0n;
      if (fieldExists(f, profile)) value |= f.of(typeof reset === "bigint" ? reset : reset(profile));
    }
    return value;
  }

  /** The bits that a write can change: by software of the register's own world, or by the host's gcsrwr. */
  writeMask(profile: Profile, writer: "own" | "host"): bigint {
    let mask = 0n;
    for (const f of this.fields) {
      if (fieldExists(f, profile)) mask |= writableBits(f, writer, profile);
    }
    return mask;
  }

  /** The bits whose fields rule any of these. */
  ruling(...what: readonly Rules[]): bigint {
    let mask = 0n;
    for (const f of this.fields) {
      const rules = f.spec.rules ?? this.options.rules;
      if (rules !== undefined && what.includes(rules)) mask |= f.mask;
    }
    return mask;
  }

  /** The fields whose values differ between two register values, decoded. */
  decode(
    value: bigint,
  ): readonly { readonly field: Field; readonly value: bigint; readonly name: string | undefined }[] {
    return this.fields.map((field) => {
      const v = field.get(value);
      return { field, value: v, name: field.spec.names?.[Number(v)] };
    });
  }
}

function fieldExists(f: Field, profile: Profile): boolean {
  return f.spec.needs === undefined || profile.features.has(f.spec.needs);
}

function writableBits(f: Field, writer: "own" | "host", profile: Profile): bigint {
  const access = f.spec.access ?? "rw";
  const shift = BigInt(f.spec.low);
  if (writer === "host" && f.spec.hostWritable !== undefined) return f.spec.hostWritable << shift;
  if (access === "const" || access === "w1") return 0n;
  if (access === "r" || access === "w1c") return writer === "host" ? f.mask : 0n;
  const { writable } = f.spec;
  if (writable === undefined) return f.mask;
  return (typeof writable === "bigint" ? writable : writable(profile)) << shift;
}

/** A register whose fields are members: `CRMD.PLV.get(value)`. */
export type Csr<F extends FieldSpecs> = CsrDeclaration & { readonly [K in keyof F]: Field };

/**
 * Declares a register.
 *
 * @throws {RangeError} if fields overlap or do not fit the width
 */
export function csr<const F extends FieldSpecs>(
  number: number,
  name: string,
  text: string,
  fields: F,
  options: CsrOptions,
): Csr<F> {
  const declaration = new CsrDeclaration(number, name, text, fields, options);
  const named = declaration as unknown as Record<string, Field>;
  declaration.fields.forEach((field) => named[field.name] = field);
  return declaration as Csr<F>;
}
