import { assertEquals } from "@std/assert";
import type { Bus, RamWindow } from "../bus.ts";
import { BADV, EENTRY, ERA, ESTAT } from "../csr/basic.ts";
import { exceptionByCode } from "../exception_codes.ts";
import { decode } from "../isa/decode.ts";
import { parseRegister, registerName } from "../isa/registers.ts";
import { ISA } from "../isa/table.ts";
import { Machine } from "../machine.ts";
import { LA464_V1_1 } from "../profile.ts";
import { MEANING_CASES, PC, usualRegister, WINDOW, WINDOW_WORDS } from "./meaning_cases.ts";
import recorded from "./meanings.json" with { type: "json" };
import { ReferenceEngine } from "./reference.ts";

const PAGE = 4096;
const HANDLER = 0x1000;
/** `break 0x5a5`, which fills memory around the code. */
const END = 0x002a05a5;

/** RAM everywhere, in pages that come into being full of END. */
class EndlessRam implements Bus {
  readonly pages = new Map<number, RamWindow>();

  ramAt(address: number): RamWindow {
    const base = Math.floor(address / PAGE) * PAGE;
    let page = this.pages.get(base);
    if (page === undefined) {
      page = { base, view: new DataView(new Uint32Array(PAGE / 4).fill(END).buffer) };
      this.pages.set(base, page);
    }
    return page;
  }

  read(): undefined {}

  write(): boolean {
    return false;
  }
}

const engine = new ReferenceEngine();

/** One line of the recording. */
interface Line {
  readonly text: string;
  readonly words: readonly number[];
  readonly set: string;
  /** What the manual has where it differs from the oracle, else what the oracle has. */
  readonly result: string;
}

function parse(line: string): Line {
  const [text = "", words = "", set = "", oracle = "", manual] = line.split("|").map((part) => part.trim());
  const result = manual === undefined ? oracle : manual.replace(/^\d+ ?/, "");
  return { text, words: words.split(" ").map((w) => parseInt(w, 16)), set, result };
}

const LINES = recorded.cases.map(parse);

function assignments(text: string): readonly (readonly [name: string, value: bigint])[] {
  return text.split(" ").filter((item) => item.includes("=")).map((item) => {
    const [name = "", value = ""] = item.split("=");
    return [name, BigInt(`0x${value}`)] as const;
  });
}

function registersOf(set: string): bigint[] {
  const registers = Array.from({ length: 32 }, (_, n) => usualRegister(n));
  for (const [name, value] of assignments(set)) registers[parseRegister(`$${name}`) ?? NaN] = value;
  return registers;
}

/** The machine after the case, in its handler. */
function run(line: Line): { readonly m: Machine; readonly ram: EndlessRam } {
  const ram = new EndlessRam();
  const m = new Machine({ bus: ram, iocsr: ram, profile: LA464_V1_1 });
  const code = ram.ramAt(PC);
  line.words.forEach((word, i) => code.view.setUint32(PC - code.base + 4 * i, word, true));
  WINDOW_WORDS.forEach((word, i) => m.writePhysical(WINDOW + 8 * i, 8, word));
  m.gpr.set(registersOf(line.set));
  m.host.write(EENTRY, BigInt(HANDLER));
  m.pc = BigInt(PC);
  const stop = engine.run(m, { budget: 30, onInstruction: ({ pc }) => pc === BigInt(HANDLER) });
  assertEquals(stop.kind, "requested", line.text);
  return { m, ram };
}

const hex = (value: bigint | number) => value.toString(16);

/** What changed, in the notation of the recording: registers, then memory, then how it ended. */
function outcome(line: Line): string {
  const { m, ram } = run(line);
  const initial = registersOf(line.set);
  const parts = [...m.gpr].flatMap((v, n) =>
    v === initial[n] ? [] : [`${registerName(n).slice(1)}=${hex(v)}`]
  );
  parts.push(...changedMemory(ram, line.words));
  const era = m.host.read(ERA);
  const behind = BigInt(PC + 4 * line.words.length);
  const kind = exceptionByCode(Number(m.host.get(ESTAT.Ecode)), Number(m.host.get(ESTAT.EsubCode)));
  const isInside = era >= BigInt(PC) && era < behind;
  if (kind?.name === "BRK" && !isInside) {
    if (era !== behind) parts.push(`pc=${hex(era)}`);
    assertEquals(m.host.read(BADV), 0n, line.text);
    return parts.join(" ");
  }
  parts.push(kind?.name ?? "?");
  if (era !== BigInt(PC)) parts.push(`pc=${hex(era)}`);
  const badv = m.host.read(BADV);
  if (badv !== 0n) parts.push(`badv=${hex(badv)}`);
  return parts.join(" ");
}

/** The doublewords of all memory that are not what they were. */
function changedMemory(ram: EndlessRam, code: readonly number[]): string[] {
  const filler = BigInt(END) << 32n | BigInt(END);
  const pages = [...ram.pages.values()].sort((a, b) => a.base - b.base);
  return pages.flatMap(({ base, view }) => {
    code.forEach((_, i) => base <= PC && PC < base + PAGE && view.setUint32(PC - base + 4 * i, END, true));
    const changes: string[] = [];
    for (let at = 0; at < PAGE; at += 8) {
      const value = view.getBigUint64(at, true);
      if (value !== (WINDOW_WORDS[(base + at - WINDOW) / 8] ?? filler)) {
        changes.push(`[${hex(base + at)}]=${hex(value)}`);
      }
    }
    return changes;
  });
}

Deno.test("every recorded case leaves registers, memory, PC and exception as QEMU or, against it, the manual has them", () => {
  const wrong = LINES.map((line) => ({ ...line, got: outcome(line) })).filter(({ got, result }) =>
    got !== result
  );
  const list = wrong.map(({ text, set, got, result }) =>
    `${text} with ${set}: got ${got}, expected ${result}`
  );
  assertEquals(list, []);
});

Deno.test("the recording is of the cases as they are now", () => {
  const reasons = new Set(recorded.reasons);
  assertEquals(
    LINES.map(({ text, set }) => `${text} | ${set}`),
    MEANING_CASES.map(({ code, set }) =>
      `${code} | ${Object.entries(set ?? {}).map(([n, v]) => `${n}=${hex(v)}`).join(" ")}`
    ),
  );
  MEANING_CASES.forEach((c, i) => {
    if (c.manual === undefined) return;
    assertEquals(LINES[i]?.result, c.manual.result, c.code);
    assertEquals(reasons.has(c.manual.reason), true, c.code);
  });
});

const ofGroup = (group: string) => ISA.all.filter((i) => i.group === group).map((i) => i.name);
const IOCSR = ["b", "h", "w", "d"].flatMap((size) => [`iocsrrd.${size}`, `iocsrwr.${size}`]);

/** The rows that a single recorded state cannot show, by the place that has their tests. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  "core/machine_test.ts": ["dbcl", ...IOCSR],
  "core/exception_test.ts": ["ertn"],
  "core/interrupts_test.ts": ["idle"],
  "core/mmu/tlb_test.ts": ["tlbclr", "tlbflush", "tlbsrch", "tlbrd", "tlbwr", "tlbfill", "invtlb"],
  "specs/": ofGroup("lvz"),
  "core/fp/": ofGroup("fp"),
};

Deno.test("every instruction has a recorded case, or its tests elsewhere", () => {
  const covered = new Set(LINES.flatMap(({ words }) => words.map((w) => decode(w)?.instruction.name)));
  const elsewhere = Object.values(ELSEWHERE).flat();
  const missing = ISA.all.map((i) => i.name).filter((name) =>
    !covered.has(name) && !elsewhere.includes(name)
  );
  assertEquals(missing, []);
  assertEquals(elsewhere.filter((name) => covered.has(name) || ISA.get(name) === undefined), []);
});
