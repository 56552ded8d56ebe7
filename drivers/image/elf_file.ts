/**
 * Writes ELF files.
 *
 * @module
 */

/** What an ELF file puts into memory. */
export interface FileSegment {
  /** Physical address. */
  readonly address: number;
  readonly bytes: Uint8Array;
}

const HEADER = 64;
const PROGRAM_HEADER = 56;
const EXECUTABLE = 2;
const LOONGARCH = 258;
const READ_WRITE_EXECUTE = 7;

/** A static executable of some segments, whose addresses are physical. */
export function elfFile(entry: number, segments: readonly FileSegment[]): Uint8Array {
  const headers = HEADER + PROGRAM_HEADER * segments.length;
  const file = new Uint8Array(segments.reduce((sum, { bytes }) => sum + bytes.length, headers));
  const view = new DataView(file.buffer);
  // Magic, 64 bits, little endian, version.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const halves = [[16, EXECUTABLE], [18, LOONGARCH], [52, HEADER], [54, PROGRAM_HEADER], [
    56,
    segments.length,
  ]];
  for (const [at = 0, value = 0] of halves) view.setUint16(at, value, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, BigInt(HEADER), true);
  let offset = headers;
  segments.forEach(({ address, bytes }, i) => {
    const at = HEADER + PROGRAM_HEADER * i;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, READ_WRITE_EXECUTE, true);
    const numbers = [offset, address, address, bytes.length, bytes.length, 8];
    numbers.forEach((v, n) => view.setBigUint64(at + 8 + 8 * n, BigInt(v), true));
    file.set(bytes, offset);
    offset += bytes.length;
  });
  return file;
}
