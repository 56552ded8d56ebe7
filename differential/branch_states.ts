/**
 * States of branches: near and far, taken or not, to places where nothing can be fetched.
 *
 * @module
 */
import type { Instruction } from "../core/isa/table.ts";
import { setRegisters } from "./integer_states.ts";
import type { Maker, Order } from "./maker.ts";
import { chooseRegisters, related, wordOf } from "./operands.ts";
import { oneIn, type Random } from "./random.ts";
import { anyMode, MEMORY, Scene, STOP, word } from "./scene.ts";

/** Words around a branch, each of which stops the run in a way of its own. */
const AROUND = 9;
const MIDDLE = 4;
/** From here every offset of 23 bits stays in memory. */
const CENTRE = 0x100_0000;

/** The words to both sides of a branch. */
function surroundings(branch: number): readonly number[] {
  return Array.from({ length: AROUND }, (_, i) => i === MIDDLE ? branch : word("break", i));
}

function nearOffset(random: Random): number {
  return 4 * random.pick([-4, -3, -2, -1, 1, 2, 3, 4]);
}

/** An offset at an end of the range, or any, whose target is memory of the state's; a near one where there is none. */
function farOffset(random: Random, scene: Scene, instruction: Instruction): number {
  const offset = instruction.operands.find((o) => o.kind === "offset");
  if (offset === undefined) return nearOffset(random);
  const units = random.word() % (offset.max / 4) * random.pick([1, -1]);
  const chosen = random.pick([offset.min, offset.max, 4 * units]);
  const target = scene.codeAt + 4 * MIDDLE + chosen;
  const inMemory = target >= MEMORY.start && target < MEMORY.end - 4;
  const isNear = Math.abs(chosen) <= 4 * AROUND;
  // Below the cached window lies the other one, which only the highest level may use.
  const fails = scene.mode.mapped && scene.mode.plv !== 0 && target < 0;
  if (isNear || !(inMemory || fails)) return nearOffset(random);
  if (inMemory) scene.place(target, [STOP]);
  return chosen;
}

/** A target for jirl: near, misaligned, not mapped, beyond the address width. */
function jumpTarget(random: Random, scene: Scene): bigint {
  const near = scene.pc + BigInt(4 * MIDDLE + nearOffset(random));
  switch (random.below(scene.mode.mapped ? 10 : 7)) {
    case 0:
      return near + BigInt(random.below(4));
    case 7:
      return BigInt.asUintN(64, BigInt.asIntN(48, random.bits64())) & ~3n;
    case 8:
      return (random.bits64() & ~(3n << 62n) & ~3n) | (1n << 60n);
    default:
      return near;
  }
}

function conditionFlags(scene: Scene, order: Order): void {
  scene.setCsr("EUEN", oneIn(order.random, 24) ? 0n : 1n);
  for (let n = 0; n < 8; n++) scene.fcc.set(n, oneIn(order.random, 2) ? 0 : 1);
}

export const branchState: Maker = (order) => {
  const { random, instruction } = order;
  const scene = new Scene(random, anyMode(random));
  const isJump = instruction.name === "jirl";
  const chosen = chooseRegisters(random, instruction, isJump ? { nonzero: ["rj"] } : {});
  setRegisters(scene, order, chosen);
  if (instruction.unit === "FPE") conditionFlags(scene, order);
  const far = !isJump && oneIn(random, 3);
  if (far) scene.codeAt = CENTRE + 4 * random.below(64);
  const offset = far ? farOffset(random, scene, instruction) : nearOffset(random);
  for (const { name, kind, min, max } of instruction.operands) {
    if (kind === "offset") chosen.set(name, offset);
    else if (kind === "immediate") chosen.set(name, random.pick([min, max, 0, 4, -4]));
  }
  if (isJump) {
    const target = jumpTarget(random, scene) - BigInt(chosen.get("si16") ?? 0);
    scene.gpr.set(chosen.get("rj") ?? 0, target);
  } else if (oneIn(random, 4)) {
    scene.gpr.set(chosen.get("rd") ?? 0, related(random, scene.gpr.get(chosen.get("rj") ?? 0)));
  }
  const tested = wordOf(instruction, chosen);
  const start = scene.codeAt;
  scene.place(start, surroundings(tested));
  scene.codeAt = start + 4 * MIDDLE;
  return { scene, tested };
};
