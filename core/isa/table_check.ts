/**
 * What can be wrong with the rows of a table. It is not asked when the table is made, but in a test: who only uses the table need not wait for it.
 *
 * @module
 */
import { checkMeaning } from "./meaning_check.ts";
import type { GuestPolicy } from "./row.ts";
import { type Instruction, type InstructionTable, RowError } from "./table.ts";

const MNEMONIC = /^[a-z][a-z0-9]*(_db)?(\.[a-z0-9]+)*$/;
const GUEST_POLICIES: ReadonlySet<GuestPolicy> = new Set<GuestPolicy>(
  ["native", "bank", "gspr", "hvc", "cacop", "timer", "tlb", "ertn", "ine"],
);

/**
 * Checks the bits, the operands, the names, the guest policies and the meanings of all rows, and that no word is two instructions.
 *
 * @throws {RowError} if a row is malformed or contradicts another, or its meaning refers to what the row does not have
 */
export function checkTable(table: InstructionTable): void {
  for (const instruction of table.all) {
    const { name, guest, meaning, fields } = instruction;
    // Its text is parsed now, and refused if it is malformed.
    instruction.operands;
    if (!MNEMONIC.test(name)) throw new RowError(name, `"${name}" is not a mnemonic`);
    if (!GUEST_POLICIES.has(guest)) throw new RowError(name, `"${guest}" is not a guest policy`);
    checkMeaning(meaning, fields, (reason) => {
      throw new RowError(name, reason);
    });
  }
  for (const general of table.all) {
    for (const special of general.refinements) checkSpecial(special, general);
  }
  // Only words with equal top bits can be the same.
  for (let top = 0; top < 64; top++) checkOverlaps(table.withTop(top));
}

/** Every word that matches `special` must match `general`, and not the reverse. */
function checkSpecial(special: Instruction, general: Instruction): void {
  const isSpecial = special.mask !== general.mask && (special.mask & general.mask) >>> 0 === general.mask &&
    (special.match & general.mask) >>> 0 === general.match;
  if (!isSpecial) throw new RowError(special.name, `it is not a special case of ${general.name}`);
}

function checkOverlaps(instructions: readonly Instruction[]): void {
  instructions.forEach((a, index) => {
    for (const b of instructions.slice(0, index)) {
      if (((a.match ^ b.match) & a.mask & b.mask) !== 0 || a.refines === b.name || b.refines === a.name) {
        continue;
      }
      const shared = ((a.match | b.match) >>> 0).toString(16).padStart(8, "0");
      throw new RowError(a.name, `it overlaps ${b.name}, both match 0x${shared}`);
    }
  });
}
