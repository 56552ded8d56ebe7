/**
 * Directives that put bytes into a section, or move on in it.
 *
 * @module
 */
import type { Cursor } from "./cursor.ts";
import type { Directive } from "./directives.ts";
import { SourceFault } from "./errors.ts";
import { readNamedFile } from "./files.ts";
import { signedLeb128, unsignedLeb128 } from "./leb128.ts";
import { littleEndian } from "./section.ts";
import type { Unit } from "./unit.ts";

/** Instructions that code is padded with. */
const NOP = Uint8Array.of(0x00, 0x00, 0x40, 0x03);
/** No alignment beyond 2^31. */
const MAXIMUM_POWER = 31n;

/** `.word` and its kin: a list of expressions, each `size` bytes. */
function numbers(size: number): Directive {
  const least = -(1n << BigInt(size * 8 - 1));
  const greatest = (1n << BigInt(size * 8)) - 1n;
  return (unit, cursor, name) => {
    const { section, statement } = unit;
    do {
      const expression = unit.expression(cursor);
      const offset = section.reserve(size, statement);
      unit.later(() => {
        const { n } = unit.finalValue(expression);
        if (n < least || n > greatest) {
          const reason = `the value is ${n}, range is ${least} to ${greatest}`;
          throw new SourceFault(`Cannot encode ${name}: ${reason}`, expression.span);
        }
        section.write(offset, littleEndian(n, size), statement);
      });
    } while (cursor.accept(","));
  };
}

/** `.ascii` and its kin: a list of strings, each followed by `end`. */
function strings(end: readonly number[], joins: boolean): Directive {
  return (unit, cursor, name) => {
    do {
      do {
        const token = cursor.peek();
        if (token?.bytes === undefined) {
          throw new SourceFault(
            `Cannot read ${name}: a string is missing before ${cursor.found}`,
            cursor.span,
          );
        }
        cursor.next();
        unit.section.append(token.bytes, unit.statement);
      } while (joins && cursor.peek()?.kind === "string");
      unit.section.append(Uint8Array.from(end), unit.statement);
    } while (cursor.accept(","));
  };
}

/** A count or size: a number known now that is not negative, nor more than fits a program of any size. */
function count(unit: Unit, cursor: Cursor, name: string, what: string): number {
  const { n, span } = unit.knownNumber(cursor, `Cannot read ${name}`);
  if (n < 0n) {
    throw new SourceFault(`Cannot read ${name}: the ${what} is ${n}, it must not be negative`, span);
  }
  return Number(n);
}

/** A number known now, as `size` bytes. */
function pattern(unit: Unit, cursor: Cursor, name: string, size: number): Uint8Array {
  const { n, span } = unit.knownNumber(cursor, `Cannot read ${name}`);
  // GAS takes no more than 4 bytes of a value; here more is refused rather than cut.
  const width = BigInt(Math.min(size, 4) * 8);
  const least = size === 0 || size > 4 ? 0n : -(1n << (width - 1n));
  const greatest = (1n << width) - 1n;
  if (n < least || n > greatest) {
    const reason = `the value is ${n}, range is ${least} to ${greatest}`;
    throw new SourceFault(`Cannot read ${name}: ${reason}`, span);
  }
  return littleEndian(n, size);
}

/** `.space size[, value]`. */
const space: Directive = (unit, cursor, name) => {
  const size = count(unit, cursor, name, "size");
  const value = cursor.accept(",") ? pattern(unit, cursor, name, 1) : Uint8Array.of(0);
  unit.section.fill(value, size, unit.statement);
};

/** `.fill repeat[, size[, value]]`. */
const fill: Directive = (unit, cursor, name) => {
  const repeat = count(unit, cursor, name, "count");
  let size = 1;
  let value: Uint8Array | undefined;
  if (cursor.accept(",")) {
    const span = cursor.span;
    size = count(unit, cursor, name, "size");
    if (size > 8) {
      throw new SourceFault(`Cannot read ${name}: the size is ${size}, range is 0 to 8`, span);
    }
    if (cursor.accept(",")) value = pattern(unit, cursor, name, size);
  }
  unit.section.fill(value ?? new Uint8Array(size), repeat, unit.statement);
};

/** What an alignment directive asks for. */
interface Alignment {
  readonly bytes: number;
  readonly fill: Uint8Array | undefined;
  /** No padding if it would take more bytes. */
  readonly maximum: number;
}

function alignmentBytes(unit: Unit, cursor: Cursor, name: string, unitOfFirst: "power" | "bytes"): number {
  const task = `Cannot read ${name}`;
  const { n, span } = unit.knownNumber(cursor, task);
  if (unitOfFirst === "power") {
    if (n >= 0n && n <= MAXIMUM_POWER) return 2 ** Number(n);
    throw new SourceFault(`${task}: the power of two is ${n}, range is 0 to ${MAXIMUM_POWER}`, span);
  }
  if (n === 0n) return 1;
  if (n > 0n && n <= 1n << MAXIMUM_POWER && (n & (n - 1n)) === 0n) return Number(n);
  throw new SourceFault(`${task}: the alignment is ${n}, it must be a power of two up to 2^31`, span);
}

/** LLVM refuses a maximum of 0, with which no padding could ever be; to GAS it is none. */
function maximumPadding(unit: Unit, cursor: Cursor, name: string): number {
  const span = cursor.span;
  const maximum = count(unit, cursor, name, "maximum");
  if (maximum > 0) return maximum;
  throw new SourceFault(`Cannot read ${name}: the maximum is 0, it must be 1 at least`, span);
}

/** `.align n[, fill[, maximum]]`, where each of the last two may be left out. */
function align(unitOfFirst: "power" | "bytes"): Directive {
  return (unit, cursor, name) => {
    const bytes = alignmentBytes(unit, cursor, name, unitOfFirst);
    let fill: Uint8Array | undefined;
    let maximum = Infinity;
    if (cursor.accept(",")) {
      if (!cursor.at(",")) fill = pattern(unit, cursor, name, 1);
      if (cursor.accept(",")) maximum = maximumPadding(unit, cursor, name);
    }
    pad(unit, { bytes, fill, maximum });
    unit.section.requireAlignment(bytes, unit.statement);
  };
}

function pad(unit: Unit, { bytes, fill, maximum }: Alignment): void {
  const { section, statement } = unit;
  const count = (bytes - section.size % bytes) % bytes;
  if (count === 0 || count > maximum) return;
  // LLVM pads code with nops when no fill is given, and when it is 0.
  const withNops = section.kind === "text" && (fill === undefined || fill[0] === 0);
  if (!withNops) {
    section.fill(fill ?? Uint8Array.of(0), count, statement);
    return;
  }
  section.fill(Uint8Array.of(0), count % NOP.length, statement);
  section.fill(NOP, Math.floor(count / NOP.length), statement);
}

/** Moves on to an offset in the section, given as a number or as a place in it. */
export function moveTo(unit: Unit, cursor: Cursor, name: string): void {
  const { section, statement } = unit;
  if (section.subsection > 0) {
    throw new SourceFault(`Cannot use ${name}: its place in a subsection is known only later`, statement);
  }
  const expression = unit.expression(cursor);
  const { n, base, weight } = unit.symbols.evaluate(expression);
  const fillWith = cursor.accept(",") ? pattern(unit, cursor, name, 1) : Uint8Array.of(0);
  const text = unit.text(expression.span);
  if (base === undefined ? weight !== 0 : base !== section) {
    throw new SourceFault(`Cannot move to ${text}: it is no place in ${section.name}`, expression.span);
  }
  if (n < BigInt(section.size)) {
    const reason = `it is offset ${n} in ${section.name}, which is at offset ${section.size} already`;
    throw new SourceFault(`Cannot move to ${text}: ${reason}`, expression.span);
  }
  section.fill(fillWith, Number(n) - section.size, statement);
}

/** `.incbin "file"[, skip[, count]]`, where `skip` may be left out. */
const binary: Directive = (unit, cursor, name) => {
  const { bytes } = readNamedFile(unit, cursor, name);
  let skip = 0;
  let length = Infinity;
  if (cursor.accept(",")) {
    const span = cursor.span;
    if (!cursor.at(",")) skip = count(unit, cursor, name, "offset");
    if (skip > bytes.length) {
      throw new SourceFault(
        `Cannot read ${name}: the offset is ${skip}, the file has ${bytes.length} bytes`,
        span,
      );
    }
    if (cursor.accept(",")) length = count(unit, cursor, name, "count");
  }
  unit.section.append(bytes.slice(skip, skip + length), unit.statement);
};

/** The directives of this module by name. */
export const DATA_DIRECTIVES: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  [".byte", numbers(1)],
  [".half", numbers(2)],
  [".hword", numbers(2)],
  [".short", numbers(2)],
  [".2byte", numbers(2)],
  [".word", numbers(4)],
  [".long", numbers(4)],
  [".4byte", numbers(4)],
  [".dword", numbers(8)],
  [".quad", numbers(8)],
  [".8byte", numbers(8)],
  [".uleb128", unsignedLeb128],
  [".sleb128", signedLeb128],
  [".ascii", strings([], true)],
  [".asciz", strings([0], false)],
  [".string", strings([0], false)],
  [".incbin", binary],
  [".space", space],
  [".skip", space],
  [".zero", space],
  [".fill", fill],
  [".align", align("power")],
  [".p2align", align("power")],
  [".balign", align("bytes")],
  [".org", moveTo],
]);
