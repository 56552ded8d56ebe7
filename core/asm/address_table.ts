/**
 * The table of addresses that `%got…` modifiers refer to: what a linker would make of them.
 *
 * @module
 */
import { SourceFault } from "./errors.ts";
import { addressValue, constantExpression } from "./expression.ts";
import { littleEndian } from "./section.ts";
import type { SymbolExpression } from "./symbols.ts";
import type { Unit } from "./unit.ts";

const SECTION = ".got";
/** Bytes of an entry. */
const ENTRY = 8;

/** The table of one unit. It is there only if something refers to it. */
export class AddressTable {
  readonly #unit: Unit;
  readonly #offsets = new Map<string, number>();

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  /**
   * The address of the entry that holds the address of a symbol.
   *
   * @param task what it is for, as a message begins
   * @throws {SourceFault} if the expression is not one symbol
   */
  entryFor(expression: SymbolExpression, task: string): SymbolExpression {
    const [step, more] = expression.steps;
    const name = step?.kind === "reference" ? step.reference.name : "";
    if (step?.kind !== "reference" || more !== undefined || /^\d/.test(name)) {
      const text = this.#unit.text(expression.span);
      throw new SourceFault(
        `${task}: ${text} is not one symbol, a table has no entry for it`,
        expression.span,
      );
    }
    const section = this.#unit.sectionNamed(SECTION, "data");
    const offset = this.#offsets.get(name) ?? this.#add(name, expression);
    return constantExpression(addressValue(section, offset), expression.span);
  }

  #add(name: string, expression: SymbolExpression): number {
    const unit = this.#unit;
    const { statement } = unit;
    const section = unit.sectionNamed(SECTION, "data");
    section.requireAlignment(ENTRY, statement);
    const offset = section.reserve(ENTRY, statement);
    this.#offsets.set(name, offset);
    unit.later(() => {
      section.write(offset, littleEndian(unit.finalValue(expression).n, ENTRY), statement);
    });
    return offset;
  }
}
