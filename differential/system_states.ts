/**
 * States of instructions that have to do with the system: configuration, counter, calls, caches, IOCSRs, return, idling.
 *
 * @module
 */
import { PRMD } from "../core/csr/basic.ts";
import type { Made, Maker, Order } from "./maker.ts";
import { chooseRegisters, immediate, value, wordOf } from "./operands.ts";
import { oneIn } from "./random.ts";
import { chooseAddress } from "./memory_states.ts";
import { anyMode, CACHED, type Mode, Scene, STOP, unprivileged, word } from "./scene.ts";

const zero = 0;
const [a0, a1, a2] = [4, 5, 6];

function plain(scene: Scene, tested: number, behind: readonly number[] = []): Made {
  scene.place(scene.codeAt, [tested, ...behind, STOP]);
  return { scene, tested, budget: 16 };
}

/** With any operands, at a level where it may be forbidden. */
function sometimesDenied({ random, instruction }: Order): Scene {
  return new Scene(
    random,
    instruction.privileged && oneIn(random, 8) ? unprivileged(random) : anyMode(random),
  );
}

function anyOperands({ random, instruction }: Order): Map<string, number> {
  const chosen = chooseRegisters(random, instruction);
  for (const operand of instruction.immediates) chosen.set(operand.name, immediate(random, operand));
  return chosen;
}

/** syscall, break, hvcl, dbar, ibar and others without operands of consequence. */
export const callState: Maker = (order) =>
  plain(sometimesDenied(order), wordOf(order.instruction, anyOperands(order)));

/** The counter itself is not comparable: only its number and that reading it does not trap, or does. */
export const timeState: Maker = (order) => {
  const { random, instruction } = order;
  const scene = sometimesDenied(order);
  const chosen = chooseRegisters(random, instruction);
  scene.setCsr("TID", BigInt(random.word()));
  if (oneIn(random, 2)) scene.setCsr("MISC", BigInt(random.below(8) << 5));
  scene.gpr.set(chosen.get("rj") ?? 0, value(random));
  const counted = chosen.get("rd") === chosen.get("rj") ? zero : chosen.get("rd") ?? zero;
  return plain(scene, wordOf(instruction, chosen), [word("or", counted, zero, zero)]);
};

export const cpucfgState: Maker = (order) => {
  const { random, instruction, index } = order;
  const scene = sometimesDenied(order);
  const chosen = chooseRegisters(random, instruction);
  const number = oneIn(random, 8) ? value(random) & 0xffffffffn : BigInt(index % 24);
  scene.gpr.set(chosen.get("rd") ?? 0, value(random));
  scene.gpr.set(chosen.get("rj") ?? 0, number);
  return plain(scene, wordOf(instruction, chosen));
};

/** Mailboxes of this processor's IPI, which hold what is written, and can be accessed by words and doublewords. */
const MAILBOX = 0x1020;
/** Version, features, vendor and name, which are constant. */
const IDENTITY = [0x0, 0x8, 0x10, 0x20];

export const iocsrState: Maker = (order) => {
  const { random, instruction } = order;
  const [, direction = "rd", letter = "w"] = /^iocsr(rd|wr)\.(.)$/.exec(instruction.name) ?? [];
  const isWide = "wd".includes(letter);
  // No device takes narrow writes.
  const isDenied = oneIn(random, 8) || (direction === "wr" && !isWide);
  const scene = new Scene(random, isDenied ? unprivileged(random) : anyMode(random));
  const inMailbox = isWide && (direction === "wr" || oneIn(random, 2));
  scene.gpr.set(a0, BigInt(inMailbox ? MAILBOX + 8 * random.below(4) : random.pick(IDENTITY)));
  scene.gpr.set(a1, value(random));
  scene.gpr.set(a2, value(random));
  const tested = word(instruction.name, a1, a0);
  // What is read was written just before; and what is written is taken back.
  const fill = word("iocsrwr.d", a2, a0);
  const empty = word("iocsrwr.d", zero, a0);
  const readBack = word(`iocsrrd.${letter}`, a2, a0);
  const isPrivileged = scene.mode.plv === 0;
  const first = direction === "rd" && isPrivileged && inMailbox ? [fill] : [];
  const last = [...(direction === "wr" ? [readBack] : []), ...(inMailbox && isPrivileged ? [empty] : [])];
  scene.place(scene.codeAt, [...first, tested, ...last, STOP]);
  return { scene, tested, budget: 16 };
};

/** cacop: of every kind; those by address reach data, or nothing. */
export const cacheState: Maker = (order) => {
  const { random, instruction } = order;
  const scene = sometimesDenied(order);
  const chosen = chooseRegisters(random, instruction, { nonzero: ["rj"] });
  const offset = instruction.operands.find((o) => o.name === "si12");
  chosen.set("si12", offset === undefined ? 0 : immediate(random, offset));
  chosen.set("code", random.below(32));
  const address = chooseAddress(random, scene, "ld.d");
  scene.gpr.set(chosen.get("rj") ?? 0, address - BigInt(chosen.get("si12") ?? 0));
  scene.placeData(value);
  return plain(scene, wordOf(instruction, chosen));
};

/** ertn: to another level and mode, from a general or a refill handler. */
export const returnState: Maker = (order) => {
  const { random } = order;
  const tested = word("ertn");
  if (oneIn(random, 12)) return plain(new Scene(random, atUserLevel(order)), tested);
  const scene = new Scene(random, { mapped: oneIn(random, 2), plv: 0 });
  const plv = random.below(4);
  const ie = random.below(2);
  const target = scene.codeAt + 4 * (2 + random.below(4));
  const fromRefill = oneIn(random, 3);
  scene.setCsr("DMW1", CACHED | 0x10n | 1n | (1n << BigInt(plv)));
  const mode = PRMD.PPLV.of(BigInt(plv)) | PRMD.PIE.of(BigInt(ie));
  scene.setCsr("PRMD", mode);
  scene.setCsr("ERA", scene.address(target));
  if (fromRefill) {
    scene.setCsr("TLBRPRMD", mode ^ BigInt(random.below(8)) & 7n);
    scene.setCsr("DMW1", CACHED | 0x1fn);
    scene.setCsr("TLBRERA", CACHED + BigInt(target) | 1n);
  }
  scene.setCsr("LLBCTL", oneIn(random, 4) ? 4n : 0n);
  scene.place(scene.codeAt, [tested, ...[1, 2, 3, 4, 5].map((n) => word("break", n))]);
  return { scene, tested, budget: 8 };
};

/** Where the instruction must not execute: a machine that does not tell PLV1 and PLV2 from PLV0 would be lost. */
function atUserLevel({ random }: Order): Mode {
  return { mapped: oneIn(random, 2), plv: 3 };
}

/** idle, woken by the timer: interrupts stay off, so that it goes on behind it. */
export const idleState: Maker = (order) => {
  const { random } = order;
  const tested = wordOf(order.instruction, anyOperands(order));
  if (oneIn(random, 2)) return plain(new Scene(random, atUserLevel(order)), tested);
  const scene = new Scene(random, { mapped: oneIn(random, 2), plv: 0 });
  const TCFG = 0x41;
  scene.setCsr("ECFG", 1n << 11n);
  scene.gpr.set(a0, BigInt(4 * (1 + random.below(5000)) | 1));
  scene.place(scene.codeAt, [word("csrwr", a0, TCFG), tested, STOP]);
  return { scene, tested, budget: 8 };
};

/** dbcl, at levels where it is forbidden: the manual leaves open where it leads. */
export const debugState: Maker = (order) =>
  plain(new Scene(order.random, atUserLevel(order)), wordOf(order.instruction, anyOperands(order)));
