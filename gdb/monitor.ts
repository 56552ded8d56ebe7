/**
 * The commands of the stub's own: `monitor` of gdb, `process plugin packet monitor` of lldb.
 *
 * @module
 */
import { hex } from "../core/hex.ts";
import {
  csrByName,
  type CsrDeclaration,
  csrName,
  CSRS,
  disassemble,
  type Executed,
  type Machine,
  readCsr,
} from "../core/mod.ts";
import { didYouMean } from "../core/asm/suggest.ts";
import { CRMD } from "../core/csr/basic.ts";
import { GSTAT } from "../core/csr/lvz.ts";
import type { Debuggee } from "./debuggee.ts";

interface Command {
  readonly use: string;
  readonly text: string;
  readonly run: (debuggee: Debuggee, argument: string | undefined) => string;
}

const DEFAULT_HISTORY = 16;

const COMMANDS: Readonly<Record<string, Command>> = {
  info: { use: "info", text: "what the processor does", run: info },
  history: { use: "history [N]", text: "the last instructions of both worlds", run: history },
  csr: { use: "csr NAME", text: "a control register of the host and of the guest, field by field", run: csr },
  worlds: {
    use: "worlds on|off",
    text: "stop whenever the processor goes from host to guest or back",
    run: worlds,
  },
  help: { use: "help", text: "this list", run: help },
};

/** Carries out a command; mistakes are part of the answer. */
export function monitor(debuggee: Debuggee, line: string): string {
  const [name = "help", argument, ...more] = line.trim().split(/\s+/).filter((word) => word !== "");
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const names = Object.keys(COMMANDS);
    return `Cannot find command ${name}${didYouMean(name, names) || `: there are ${names.join(", ")}`}\n`;
  }
  if (more.length > 0) return `Cannot use ${more.join(" ")}: the command is ${command.use}\n`;
  return command.run(debuggee, argument);
}

function worlds(debuggee: Debuggee, argument: string | undefined): string {
  if (argument !== "on" && argument !== "off") {
    return `Cannot use ${argument ?? "worlds"}: it is worlds on or worlds off\n`;
  }
  debuggee.stopsAtWorldChange = argument === "on";
  return "";
}

function help(): string {
  return Object.values(COMMANDS).map(({ use, text }) => `${use.padEnd(13)}  ${text}\n`).join("");
}

function info({ machine, place, given }: Debuggee): string {
  const { host, clock, pc } = machine;
  const world = machine.inGuest ? `guest mode, GID ${host.get(GSTAT.GID)}` : "host mode";
  const mode = machine.current.read(CRMD);
  const paging = CRMD.PG.get(mode) ? "mapped" : "direct";
  const interrupts = CRMD.IE.get(mode) ? "on" : "off";
  const at = place(pc);
  return [
    `profile ${machine.profile.name}, ${world}, PLV${CRMD.PLV.get(mode)}, ${paging} addresses`,
    `interrupts ${interrupts}${machine.idle ? ", idle" : ""}`,
    `pc ${hex(pc)}${at === undefined ? "" : ` ${at}`}`,
    ...(given === undefined ? [] : [`next, by software in TypeScript: ${instructionText(given, pc)}`]),
    `${clock.executed} instructions executed`,
    "",
  ].join("\n");
}

function history({ machine, place }: Debuggee, argument: string | undefined): string {
  if (argument !== undefined && !/^\d{1,9}$/.test(argument)) {
    return `Cannot show ${argument} instructions: that is no number\n`;
  }
  const last = machine.history.last(argument === undefined ? DEFAULT_HISTORY : Number(argument));
  return last.length === 0 ? "No instruction was executed yet\n" : last.map((e) => line(e, place)).join("");
}

function line({ pc, word, world }: Executed, place: Debuggee["place"]): string {
  return `${world.padEnd(5)}  ${hex(pc)}  ${place(pc) ?? ""}\t${instructionText(word, pc)}\n`;
}

function instructionText(word: number, pc: bigint): string {
  return disassemble(word, { csrNames: csrName, pc });
}

function csr({ machine }: Debuggee, argument: string | undefined): string {
  if (argument === undefined) return "Cannot show a register: its name is missing\n";
  const declaration = csrByName(argument.toUpperCase()) ?? csrByName(argument);
  if (declaration === undefined) {
    const near = didYouMean(argument, CSRS.map((c) => c.name));
    return `Cannot find a register ${argument}${near}\n`;
  }
  const guest = declaration.options.guest === "gspr" ? "" : shown(machine, declaration, true);
  return shown(machine, declaration, false) + guest;
}

function shown(m: Machine, declaration: CsrDeclaration, isGuest: boolean): string {
  const who = isGuest ? "guest" : "host ";
  if (!(isGuest ? m.guest : m.host).has(declaration.number)) {
    return `${who} ${declaration.name}: this processor has none\n`;
  }
  const value = readCsr(m, isGuest, declaration);
  const fields = declaration.decode(value).map(({ field, value, name }) =>
    `${field.name}=${hex(value)}${name === undefined ? "" : ` (${name})`}`
  );
  return `${who} ${declaration.name} ${hex(value)}  ${fields.join(" ")}\n`;
}
