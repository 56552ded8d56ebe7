/**
 * `%` modifiers: the parts of an address that one instruction of a sequence can hold. What a linker would do with a
 * relocation is done at once here, because every address is known.
 *
 * @module
 */

/** A modifier such as `%pc_hi20`. */
export interface Modifier {
  /** Names of the instructions that can carry it. */
  readonly instructions: RegExp;
  /** The same for messages. */
  readonly usedBy: string;
  /** Only the expansion of a pseudo-instruction uses it. */
  readonly internal?: boolean;
  /** It means the place of a table that the address is in, as a linker makes it. */
  readonly viaTable?: boolean;
  /** It belongs to a sequence for any distance: the `pcalau12i` stands this many bytes before. */
  readonly farFrom?: number;
  /** The distance from the instruction to the address must be a multiple of this. */
  readonly unit?: bigint;
  /** The operand for an address (signed 64 bits), in an instruction at `pc`. */
  readonly compute: (address: bigint, pc: bigint) => bigint;
}

function signed(value: bigint, from: bigint, width: number): bigint {
  return BigInt.asIntN(width, value >> from);
}

function distance(address: bigint, pc: bigint): bigint {
  return BigInt.asIntN(64, address - pc);
}

/** Pages of 4 KiB from that of `pc` to the one from which a signed 12-bit offset reaches the address. */
function pages(address: bigint, pc: bigint): bigint {
  return BigInt.asIntN(52, ((address + 0x800n) >> 12n) - (pc >> 12n));
}

/**
 * The pages between, where a sequence puts together all 64 bits: each part undoes what the sign of the part below
 * does to it.
 */
function farPages(address: bigint, pc: bigint): bigint {
  const page = (at: bigint) => at & ~0xfffn;
  let result = page(address) - page(pc);
  if ((address & 0x800n) !== 0n) result += 0x1000n - 0x1_0000_0000n;
  if ((result & 0x8000_0000n) !== 0n) result += 0x1_0000_0000n;
  return result;
}

/** The operand of the `pcalau12i` that such a sequence starts with. */
export function farPageOperand(address: bigint, pc: bigint): bigint {
  return signed(farPages(address, pc), 12n, 20);
}

const LO20 = { instructions: /^lu32i\.d$/, usedBy: "lu32i.d" };
const HI12 = { instructions: /^lu52i\.d$/, usedBy: "lu52i.d" };
const CALL = { instructions: /^(b|bl)$/, usedBy: "b and bl" };

/** `call36` splits a distance into multiples of 2^18 and a signed rest. */
function farUpper(delta: bigint): bigint {
  return (delta + 0x20000n) >> 18n;
}

/** Modifiers for an address, each of which has one for the address of a table's entry. */
const ADDRESS_MODIFIERS: readonly (readonly [name: string, modifier: Modifier, viaTable: string])[] = [
  ["pc_hi20", { instructions: /^pcalau12i$/, usedBy: "pcalau12i", compute: pages }, "got_pc_hi20"],
  [
    "pc_lo12",
    {
      instructions: /^(addi\.[wd]|ld\.\w+|st\.\w+|jirl)$/,
      usedBy: "addi.w, addi.d, ld.*, st.* and jirl",
      compute: (address) => signed(address, 0n, 12),
    },
    "got_pc_lo12",
  ],
  [
    "pc64_lo20",
    { ...LO20, farFrom: 8, compute: (address, pc) => signed(farPages(address, pc - 8n), 32n, 20) },
    "got64_pc_lo20",
  ],
  [
    "pc64_hi12",
    { ...HI12, farFrom: 12, compute: (address, pc) => signed(farPages(address, pc - 12n), 52n, 12) },
    "got64_pc_hi12",
  ],
  [
    "abs_hi20",
    { instructions: /^lu12i\.w$/, usedBy: "lu12i.w", compute: (address) => signed(address, 12n, 20) },
    "got_hi20",
  ],
  [
    "abs_lo12",
    { instructions: /^ori$/, usedBy: "ori", compute: (address) => address & 0xfffn },
    "got_lo12",
  ],
  ["abs64_lo20", { ...LO20, compute: (address) => signed(address, 32n, 20) }, "got64_lo20"],
  ["abs64_hi12", { ...HI12, compute: (address) => signed(address, 52n, 12) }, "got64_hi12"],
];

/** Modifiers by name, without the `%`. */
export const MODIFIERS: ReadonlyMap<string, Modifier> = new Map<string, Modifier>([
  ...ADDRESS_MODIFIERS.map(([name, modifier]): [string, Modifier] => [name, modifier]),
  ...ADDRESS_MODIFIERS.map((
    [, modifier, name],
  ): [string, Modifier] => [name, { ...modifier, viaTable: true }]),
  ["pcrel_20", {
    instructions: /^pcaddi$/,
    usedBy: "pcaddi",
    unit: 4n,
    compute: (address, pc) => distance(address, pc) >> 2n,
  }],
  ["b16", {
    instructions: /^(beq|bne|blt|bge|bltu|bgeu)$/,
    usedBy: "beq, bne, blt, bge, bltu and bgeu",
    compute: distance,
  }],
  ["b21", { instructions: /^(beqz|bnez)$/, usedBy: "beqz and bnez", compute: distance }],
  ["b26", { ...CALL, compute: distance }],
  // In one program every function is reached without a linkage table.
  ["plt", { ...CALL, compute: distance }],
  ["call36", {
    instructions: /^pcaddu18i$/,
    usedBy: "pcaddu18i",
    unit: 4n,
    compute: (address, pc) => farUpper(distance(address, pc)),
  }],
  ["call36_rest", {
    instructions: /^jirl$/,
    usedBy: "jirl",
    internal: true,
    // The base is the address of the pcaddu18i before it, which has refused a distance that is no multiple of 4.
    compute: (address, pc) => {
      const delta = distance(address, pc - 4n);
      return (delta - (farUpper(delta) << 18n)) & ~3n;
    },
  }],
]);
