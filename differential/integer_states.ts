/**
 * States of instructions that compute a register from registers.
 *
 * @module
 */
import type { Maker, Order } from "./maker.ts";
import { chooseRegisters, immediate, related, value, wordOf } from "./operands.ts";
import { anyMode, Scene, STOP } from "./scene.ts";

/** Registers and other operands of an instruction by name. */
export function chooseOperands({ random, instruction }: Order): Map<string, number> {
  const chosen = chooseRegisters(random, instruction);
  for (const operand of instruction.immediates) chosen.set(operand.name, immediate(random, operand));
  return chosen;
}

/** Gives every general register operand a value, often one that has to do with the last. */
export function setRegisters(
  scene: Scene,
  { random, instruction }: Order,
  chosen: ReadonlyMap<string, number>,
): void {
  let last = value(random);
  for (const { name, kind, file } of instruction.operands) {
    if (kind !== "register" || file !== "general") continue;
    last = related(random, last);
    scene.gpr.set(chosen.get(name) ?? 0, last);
  }
}

/** Bit ranges mostly have their ends in order; the reverse is reserved. */
function orderRange(chosen: Map<string, number>): void {
  const [msb, lsb] = [chosen.get("msb"), chosen.get("lsb")];
  if (msb === undefined || lsb === undefined) return;
  chosen.set("msb", Math.max(msb, lsb));
  chosen.set("lsb", Math.min(msb, lsb));
}

export const integerState: Maker = (order) => {
  const scene = new Scene(order.random, anyMode(order.random));
  const chosen = chooseOperands(order);
  if (order.index % 16 !== 0) orderRange(chosen);
  setRegisters(scene, order, chosen);
  const tested = wordOf(order.instruction, chosen);
  scene.place(scene.codeAt, [tested, STOP]);
  return { scene, tested };
};
