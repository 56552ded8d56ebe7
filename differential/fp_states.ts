/**
 * States of floating-point instructions other than loads, stores and branches.
 *
 * @module
 */
import { typesOf } from "../core/fp/forms.ts";
import { makeState, type State as FpOperands } from "../core/fp/states.ts";
import type { Maker, Order } from "./maker.ts";
import { chooseRegisters, value, wordOf } from "./operands.ts";
import { oneIn } from "./random.ts";
import { anyMode, Scene, STOP } from "./scene.ts";

type Operand = "fd" | "fj" | "fk" | "fa";
const OPERANDS: readonly Operand[] = ["fd", "fj", "fk", "fa"];

function setOperands(
  scene: Scene,
  order: Order,
  chosen: ReadonlyMap<string, number>,
  given: FpOperands,
): void {
  for (const name of OPERANDS) {
    const register = chosen.get(name);
    if (register !== undefined) scene.fpr.set(register, given[name]);
  }
  for (const name of ["cd", "cj", "ca"]) {
    const flag = chosen.get(name);
    if (flag !== undefined) scene.fcc.set(flag, given.flag);
  }
  for (const name of ["rd", "rj"]) scene.gpr.set(chosen.get(name) ?? 0, value(order.random));
}

export const fpState: Maker = (order) => {
  const { random, instruction, form, index } = order;
  const scene = new Scene(random, anyMode(random));
  if (!oneIn(random, 32)) scene.setCsr("EUEN", 1n);
  const chosen = chooseRegisters(random, instruction);
  if (form.fcsr !== undefined) chosen.set("fcsr", form.fcsr);
  const given = makeState(random, typesOf(instruction), index);
  setOperands(scene, order, chosen, given);
  scene.fcsr = given.fcsr;
  const tested = wordOf(instruction, chosen);
  scene.place(scene.codeAt, [tested, STOP]);
  return { scene, tested };
};
