/**
 * Why a run ended, for people.
 *
 * @module
 */
import type { CsrBank } from "../core/csr/bank.ts";
import { BADV, CRMD, ECFG, ERA, ESTAT } from "../core/csr/basic.ts";
import type { Stop } from "../core/engine.ts";
import { MachineError } from "../core/errors.ts";
import { exceptionByCode } from "../core/exception_codes.ts";
import { INTERRUPT_NAMES } from "../core/interrupts.ts";
import type { Machine } from "../core/machine.ts";
import type { ProgramFile } from "./program_file.ts";
import { hex } from "../core/hex.ts";
import { instructionText } from "./text.ts";
import type { TracedInstruction } from "./trace.ts";

/** How a run ended: the engine's answer, or what it threw. */
export type Ending = Stop | MachineError;

/** True if the program ended the run as a program should. */
export function isSuccess(ending: Ending): boolean {
  return !(ending instanceof MachineError) && ending.kind === "device" && ending.reason === "power off";
}

/** Why the run ended, in one sentence. */
export function endingText(ending: Ending, m: Machine, budget: number): string {
  if (ending instanceof MachineError) return ending.message;
  switch (ending.kind) {
    case "budget":
      return `the budget of ${budget} instructions is used up (--budget)`;
    case "idle":
      return `the processor idles and nothing can wake it: ${wakers(m)}, and no timer is running`;
    case "device":
      return `the program asked for: ${ending.reason}`;
    case "requested":
      return stuckText(m);
    case "host":
      return "the processor is in host mode";
  }
}

/** See `stuck.ts`. */
function stuckText(m: Machine): string {
  const raises = m.current.get(ESTAT.Ecode) !== 0n && m.current.read(ERA) === m.pc;
  const why = raises
    ? "it is where exceptions go (EENTRY), and raises one itself"
    : "interrupts are disabled";
  return `the processor repeats one instruction for ever: ${why}`;
}

function wakers(m: Machine): string {
  const enabled = ECFG.LIE.get(m.host.read(ECFG));
  const names = INTERRUPT_NAMES.filter((_, i) => (enabled >> BigInt(i)) & 1n);
  return names.length === 0 ? "ECFG.LIE enables no interrupt" : `ECFG.LIE enables only ${names.join(", ")}`;
}

/** The instruction that the run ended at, or after. */
export function endingPlace(ending: Ending, m: Machine): TracedInstruction {
  if (ending instanceof MachineError) return ending.place;
  return m.history.last(1)[0] ?? { pc: m.pc, word: undefined, world: m.inGuest ? "guest" : "host" };
}

/** `host 0x200010 main+0x10 (hello.s:12): st.b $a0, $t0, 0` */
export function placeText({ pc, word, world }: TracedInstruction, program: ProgramFile): string {
  const place = program.place(pc);
  const line = program.line(pc);
  const instruction = word === undefined ? "no instruction fetched" : instructionText(word, pc);
  return `${world} ${hex(pc)}${place ? ` ${place}` : ""}${line ? ` (${line})` : ""}: ${instruction}`;
}

/** The last exception of the current world, undefined if there was none but interrupts. */
export function lastException(m: Machine, program: ProgramFile): string | undefined {
  const bank: CsrBank = m.current;
  const ecode = Number(bank.get(ESTAT.Ecode));
  const esubcode = Number(bank.get(ESTAT.EsubCode));
  if (ecode === 0) return undefined;
  const kind = exceptionByCode(ecode, esubcode);
  const name = kind ? `${kind.name}, ${kind.text}` : `ecode ${hex(ecode)}, esubcode ${hex(esubcode)}`;
  const era = bank.read(ERA);
  const place = program.place(era);
  const handling = bank.get(CRMD.PLV) === 0n && !bank.is(CRMD.IE) ? "" : " (returned from)";
  return `${name}${handling}: ERA ${hex(era)}${place ? ` ${place}` : ""}, BADV ${hex(bank.read(BADV))}`;
}
