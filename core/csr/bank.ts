/**
 * The values of one world's registers: the host's CSRs, or their guest copies (GCSRs).
 *
 * @module
 */
import type { Profile } from "../profile.ts";
import type { Restore, Stateful } from "../snapshot/stateful.ts";
import type { CsrDeclaration, CsrOptions, Field } from "./define.ts";
import { CSRS } from "./table.ts";

/**
 * A register of a bank with what accesses need of its declaration. All have the same shape, unlike declarations, which have members of their own:
 * accesses are several times faster for it.
 */
export interface CsrRow {
  readonly csr: CsrDeclaration;
  readonly number: number;
  /** Where its value is among those of a bank. */
  readonly slot: number;
  /** It is read sign-extended from 32 bits. */
  readonly isShort: boolean;
  /** There is a guest copy, whether or not the guest reaches it. */
  readonly hasCopy: boolean;
  /** The bits that software of the register's own world can write, and those that the host can with gcsrwr. */
  readonly ownMask: bigint;
  readonly hostMask: bigint;
  readonly clearedByOne: bigint;
  readonly legalise: CsrOptions["legalise"];
  readonly locked: CsrOptions["locked"];
}

/** What a bank needs of a profile, computed once a profile. */
interface Layout {
  /** The registers by number. */
  readonly rows: readonly (CsrRow | undefined)[];
  /** The registers, by position. */
  readonly present: readonly CsrDeclaration[];
  /** CSR number to position in the value array; -1 where there is no register. */
  readonly slots: Int16Array;
  readonly reset: BigUint64Array;
  /** The bits of each register for which {@linkcode ChangeCounter.modes} counts. */
  readonly modes: readonly bigint[];
  /** The same for {@linkcode ChangeCounter.environments}. */
  readonly environments: readonly bigint[];
  /** The low halves of both. */
  readonly lowModes: Int32Array;
  readonly lowEnvironments: Int32Array;
}

const HIGHEST = CSRS.at(-1)?.number ?? 0;

function lowHalf(mask: bigint): number {
  return Number(BigInt.asIntN(32, mask));
}

function rowOf(csr: CsrDeclaration, slot: number, profile: Profile): CsrRow {
  const { legalise, locked, guest } = csr.options;
  return {
    csr,
    number: csr.number,
    slot,
    isShort: csr.width === 32,
    hasCopy: guest !== "gspr",
    ownMask: csr.writeMask(profile, "own"),
    hostMask: csr.writeMask(profile, "host"),
    clearedByOne: csr.clearedByOne,
    legalise,
    locked,
  };
}

function layout(profile: Profile): Layout {
  const slots = new Int16Array(HIGHEST + 1).fill(-1);
  const present = CSRS.filter((c) => c.existsIn(profile));
  const rows = Array<CsrRow | undefined>(HIGHEST + 1).fill(undefined);
  present.forEach((c, i) => {
    slots[c.number] = i;
    rows[c.number] = rowOf(c, i, profile);
  });
  return {
    rows,
    present,
    slots,
    reset: BigUint64Array.from(present.map((c) => c.resetValue(profile))),
    modes: present.map((c) => c.ruling("mode", "environment")),
    environments: present.map((c) => c.ruling("environment")),
    lowModes: Int32Array.from(present, (c) => lowHalf(c.ruling("mode", "environment"))),
    lowEnvironments: Int32Array.from(present, (c) => lowHalf(c.ruling("environment"))),
  };
}

// A memo of a pure function of an immutable value; nothing can observe it.
const LAYOUTS = new WeakMap<Profile, Layout>();

function layoutOf(profile: Profile): Layout {
  let found = LAYOUTS.get(profile);
  if (found === undefined) LAYOUTS.set(profile, found = layout(profile));
  return found;
}

/** The registers of every machine of a profile, in the order of their numbers and of the values of a bank. */
export function presentCsrs(profile: Profile): readonly CsrDeclaration[] {
  return layoutOf(profile).present;
}

/** True if a machine of this profile has a register. */
export function hasCsr(profile: Profile, number: number): boolean {
  return (layoutOf(profile).slots[number] ?? -1) >= 0;
}

/**
 * Where the value of a register is among the {@linkcode CsrBank.values} of every machine of a profile.
 *
 * @throws {RangeError} if such machines have no such register
 */
export function csrSlot(profile: Profile, number: number): number {
  const slot = layoutOf(profile).slots[number] ?? -1;
  if (slot < 0) throw absent(profile, number);
  return slot;
}

function absent(profile: Profile, number: number): RangeError {
  return new RangeError(
    `Cannot access CSR 0x${number.toString(16)}: profile ${profile.name} has no such register`,
  );
}

/** Counts changes, so that whatever is derived from registers knows when it is stale. */
export interface ChangeCounter {
  changes: number;
  /** Changes of what rules how instructions execute or addresses translate. */
  modes: number;
  /** Those of them that are no change of privilege level, of mapping or of the world. */
  environments: number;
}

function wordsOf({ buffer, byteOffset, length }: BigUint64Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, 2 * length);
}

function outside(field: Field): RangeError {
  return new RangeError(`Cannot access ${field.name} as a number: it is not within bits 30:0`);
}

/** The registers of one world. Accesses here are the hardware's own; software's go through `core/csr/access.ts`. */
export class CsrBank implements Stateful {
  readonly profile: Profile;
  #values: BigUint64Array;
  /** The same memory: the low half of each value is at twice its slot. */
  #words: Uint32Array;
  readonly #layout: Layout;
  readonly #counter: ChangeCounter;

  /** @param values what the registers hold; as after reset by default */
  constructor(profile: Profile, counter: ChangeCounter, values?: BigUint64Array) {
    this.profile = profile;
    this.#layout = layoutOf(profile);
    this.#counter = counter;
    this.#values = (values ?? this.#layout.reset).slice();
    this.#words = wordsOf(this.#values);
  }

  /** The stored values, by {@linkcode slotOf}. */
  get values(): BigUint64Array {
    return this.#values;
  }

  /** Keeps the values elsewhere from now on, in an engine's memory. */
  moveTo(place: BigUint64Array): void {
    place.set(this.#values);
    this.#values = place;
    this.#words = wordsOf(place);
  }

  /** Bits 31:0 of the value in a slot. */
  low(slot: number): number {
    return this.#words[2 * slot]!;
  }

  /** Bits 31:0 of a register, unsigned. */
  word(csr: CsrDeclaration): number {
    return this.#words[2 * this.slotOf(csr.number)]!;
  }

  /** Bits 63:32 of a register, unsigned. */
  highWord(csr: CsrDeclaration): number {
    return this.#words[2 * this.slotOf(csr.number) + 1]!;
  }

  /** A register by its number; undefined if the machine has none. */
  row(number: number): CsrRow | undefined {
    return this.#layout.rows[number];
  }

  /** True if the machine has this register. */
  has(number: number): boolean {
    return (this.#layout.slots[number] ?? -1) >= 0;
  }

  /**
   * Where the value of a register is among {@linkcode values}.
   *
   * @throws {RangeError} if the machine has no such register
   */
  slotOf(number: number): number {
    const slot = this.#layout.slots[number] ?? -1;
    return slot < 0 ? csrSlot(this.profile, number) : slot;
  }

  /** The stored value of a register. */
  read(csr: CsrDeclaration): bigint {
    return this.#values[this.slotOf(csr.number)]!;
  }

  /** Replaces the stored value. */
  write(csr: CsrDeclaration, value: bigint): void {
    this.put(this.slotOf(csr.number), value);
  }

  /** Replaces the value in a slot. */
  put(slot: number, value: bigint): void {
    const counter = this.#counter;
    counter.changes++;
    const changed = this.#values[slot]! ^ value;
    if (changed === 0n) return;
    this.#values[slot] = value;
    if ((changed & this.#layout.modes[slot]!) === 0n) return;
    counter.modes++;
    if ((changed & this.#layout.environments[slot]!) !== 0n) counter.environments++;
  }

  /** A field's value. A register that the machine lacks reads as 0. */
  get(field: Field): bigint {
    if (field.lowMask !== 0) return BigInt(this.bits(field));
    const slot = this.#layout.slots[field.csr] ?? -1;
    return slot < 0 ? 0n : field.get(this.#values[slot]!);
  }

  /**
   * The value of a field within bits 30:0, as a number: many times faster than {@linkcode get}.
   *
   * @throws {RangeError} for any other field
   */
  bits(field: Field): number {
    const { lowMask } = field;
    if (lowMask === 0) throw outside(field);
    const slot = this.#layout.slots[field.csr] ?? -1;
    return slot < 0 ? 0 : (this.#words[2 * slot]! & lowMask) >>> field.spec.low;
  }

  /** True if a field is not 0. */
  is(field: Field): boolean {
    return field.lowMask === 0 ? this.get(field) !== 0n : this.bits(field) !== 0;
  }

  /**
   * Replaces a field's value.
   *
   * @throws {RangeError} if the value does not fit the field
   */
  set(field: Field, value: bigint): void {
    const slot = this.slotOf(field.csr);
    if (field.lowMask !== 0) this.#setLow(slot, field, Number(value));
    else this.put(slot, field.set(this.#values[slot]!, value));
  }

  /**
   * The same for a field within bits 30:0, as a number.
   *
   * @throws {RangeError} for any other field, or if the value does not fit
   */
  setBits(field: Field, value: number): void {
    if (field.lowMask === 0) throw outside(field);
    this.#setLow(this.slotOf(field.csr), field, value);
  }

  #setLow(slot: number, field: Field, number: number): void {
    const { lowMask, spec: { low } } = field;
    if (number < 0 || number > lowMask >>> low) field.set(0n, BigInt(number));
    const counter = this.#counter;
    counter.changes++;
    const old = this.#words[2 * slot]!;
    const changed = (old & lowMask) ^ (number << low);
    if (changed === 0) return;
    this.#words[2 * slot] = old ^ changed;
    if ((changed & this.#layout.lowModes[slot]!) === 0) return;
    counter.modes++;
    if ((changed & this.#layout.lowEnvironments[slot]!) !== 0) counter.environments++;
  }

  /** The bits of a register that software can write: its own world's, or the host through gcsrwr. */
  writeMask(csr: CsrDeclaration, writer: "own" | "host"): bigint {
    const row = this.row(csr.number);
    if (row === undefined) throw absent(this.profile, csr.number);
    return writer === "own" ? row.ownMask : row.hostMask;
  }

  /** The same registers with the same values, apart from this machine. */
  copy(): CsrBank {
    return new CsrBank(this.profile, { changes: 0, modes: 0, environments: 0 }, this.#values);
  }

  /** Keeps the values. */
  save(): Restore {
    const values = this.#values.slice();
    return () => {
      this.#values.set(values);
      this.#counter.changes++;
      this.#counter.modes++;
      this.#counter.environments++;
    };
  }

  /** The registers whose stored values differ, in the order of numbers. */
  differing(other: CsrBank): readonly CsrDeclaration[] {
    // Halves of values are compared several times faster than bigints.
    const [own, others] = [this.#words, other.#words];
    return this.#layout.present.filter((_, slot) =>
      own[2 * slot] !== others[2 * slot] || own[2 * slot + 1] !== others[2 * slot + 1]
    );
  }
}
