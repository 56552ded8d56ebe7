/**
 * Files that a source names.
 *
 * @module
 */
import type { Cursor } from "./cursor.ts";
import { SourceFault } from "./errors.ts";
import type { Unit } from "./unit.ts";

/** A file that was read. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the file whose name is the string at the cursor.
 *
 * @param directive what asks for it
 * @throws {SourceFault} if files cannot be read, or this one cannot
 */
export function readNamedFile(unit: Unit, cursor: Cursor, directive: string): NamedFile {
  const token = cursor.peek();
  if (token?.bytes === undefined) {
    throw new SourceFault(
      `Cannot read ${directive}: a string is missing before ${cursor.found}`,
      cursor.span,
    );
  }
  cursor.next();
  const name = new TextDecoder().decode(token.bytes);
  if (unit.readFile === undefined) {
    const reason = 'the assembler has no access to files, option "readFile" gives it';
    throw new SourceFault(`Cannot read ${token.text}: ${reason}`, token);
  }
  const bytes = unit.readFile(name);
  if (bytes === undefined) throw new SourceFault(`Cannot read ${token.text}: there is no such file`, token);
  return { name, bytes };
}
