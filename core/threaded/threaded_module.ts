/**
 * The generated module: a function for each instruction that WebAssembly can express, and what binds them.
 *
 * @module
 */
import { cpucfgWord } from "../cpucfg.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import { type Instruction, ISA } from "../isa/table.ts";
import type { Profile } from "../profile.ts";
import { Code } from "../wasm/code.ts";
import { ModuleBuilder } from "../wasm/module.ts";
import { addHelpers } from "./arithmetic.ts";
import { csrForms, formKey } from "./csr_forms.ts";
import {
  CONTROL,
  CPUCFG,
  EXIT,
  FRAME,
  GPR,
  MEMBER,
  OP,
  STATE_PAGES,
  TABLE,
  TLB_ENTRIES,
  TLB_ENTRY,
  WARMTH,
} from "./layout.ts";
import { compileOperation, type Runtime } from "./op_code.ts";
import { returnCode } from "./return_code.ts";
import { configurationCode, exceptionCode, faultCodes } from "./taking_code.ts";

import { walkCodes } from "./walk_code.ts";

/** What the engine provides. */
export interface Imports {
  /** Executes the operation at `CONTROL.op`; the next operation, 0 to stop. */
  readonly step: () => number;
  /** Decodes an operation in place. */
  readonly decode: (op: number) => void;
  /**
   * Finds the translation of `CONTROL.missed`, for the operation at `CONTROL.op`, with which wasm goes on. Otherwise 0 to let the engine execute it,
   * or minus the number in the table of what takes the exception that it raises, which `CONTROL` then describes.
   */
  readonly load: () => number;
  readonly store: () => number;
  /**
   * Finds the operation at the virtual address `CONTROL.target`; 0 if the engine has to go on there, or minus the number of what takes the exception
   * of the fetch, as if an operation 0 were there.
   */
  readonly fetch: () => number;
  /**
   * Executes the instruction of the operation at `CONTROL.op`, which neither jumps nor changes what it is executed by; {@linkcode CALLED}.
   */
  readonly call: () => number;
  /** The place in RAM of `CONTROL.missed`, an address of the second stage that is loaded from; -1 where there is none. */
  readonly second: () => number;
  /** An operation is nearly hot, or hot. */
  readonly hot: (op: number) => void;
  /** A word that is part of a region was written. */
  readonly invalidate: (op: number) => void;
}

/** The module with what the decoder needs. */
export interface ThreadedModule {
  readonly module: WebAssembly.Module;
  /** Number in the table by instruction; others are {@linkcode TABLE.slow}. */
  readonly functions: ReadonlyMap<Instruction, number>;
  /** The same by the form of a CSR access, as {@linkcode formKey} writes it. */
  readonly csrs: ReadonlyMap<number, number>;
  /** Instructions that change the mode, by name. */
  readonly transitions: ReadonlyMap<string, number>;
  /** Steps of a page walk, by {@linkcode walkKey}. */
  readonly walks: ReadonlyMap<string, number>;
  /** What cpucfg reads, of the first indices. */
  readonly configuration: Int32Array;
  readonly heat: HeatLimits;
}

/** After how many jumps to it an operation is what: whole numbers. */
export interface HeatLimits {
  /** Nearly hot: it is translated with the next that is hot. */
  readonly nearly: number;
  readonly hot: number;
}

/** The functions that regions use too; the names by which the module exports them, with their signatures. */
export const SHARED = {
  slow: { parameters: ["i32", "i32"], results: ["i32"] },
  missedLoad: { parameters: ["i32", "i32", "i64"], results: ["i32"] },
  missedStore: { parameters: ["i32", "i32", "i64"], results: ["i32"] },
  enter: { parameters: ["i32", "i64"], results: ["i32"] },
  wrote: { parameters: ["i32", "i32", "i32"], results: ["i32"] },
  warm: { parameters: ["i32"], results: [] },
} as const;

/** What `call` answers: it was not for it, it is done, or it is done and translations may have changed. */
export const CALLED = { not: 0, done: 1, moved: 2 } as const;

/** The signature of an operation's function, and of a region's. */
export const OPERATION = SHARED.slow;

/** Tail-calls the function of an operation. */
function dispatch(code: Code, op: number, left: number, type: number): Code {
  return code.get(op).get(left).get(op).access("i32.load", OP.f).returnCallIndirect(type);
}

function slowCode(step: number, type: number): Code {
  const code = new Code(2);
  code.i32(0).get(0).access("i32.store", CONTROL.op);
  code.i32(0).get(1).access("i32.store", CONTROL.left);
  code.call(step).tee(0).op("i32.eqz").if().i32(EXIT.stop).op("return").end();
  code.i32(0).access("i32.load", CONTROL.left).set(1);
  return dispatch(code, 0, 1, type);
}

function missCode(find: number, slow: number, type: number): Code {
  const code = new Code(3);
  code.i32(0).get(0).access("i32.store", CONTROL.op);
  code.i32(0).get(1).access("i32.store", CONTROL.left);
  code.i32(0).get(2).access("i64.store", CONTROL.missed);
  code.call(find).tee(0).i32(0).op("i32.gt_s").if();
  code.i32(0).access("i32.load", CONTROL.left).set(1);
  dispatch(code, 0, 1, type).end();
  code.get(0).if().i32(0).access("i32.load", CONTROL.op).get(1).i32(0).get(0).op("i32.sub");
  code.returnCallIndirect(type).end();
  return code.i32(0).access("i32.load", CONTROL.op).get(1).returnCall(slow);
}

/** Continues with the operation behind, unless no instruction is left. */
function nextCode(type: number): Code {
  const [op, left] = [0, 1];
  const code = new Code(2);
  code.get(op).i32(OP.bytes).op("i32.add").set(op);
  code.get(left).i32(1).op("i32.sub").tee(left).op("i32.eqz").if();
  code.i32(0).get(op).access("i32.store", CONTROL.op).i32(EXIT.budget).op("return").end();
  return dispatch(code, op, left, type);
}

/** Lets the engine execute an instruction that is nothing but a call of a plain function. */
function callCode(call: number, { slow, next, enter }: Pick<Runtime, "slow" | "next" | "enter">): Code {
  const [op, left] = [0, 1];
  const code = new Code(2);
  const answer = code.local("i32");
  code.i32(0).get(op).access("i32.store", CONTROL.op);
  code.i32(0).get(left).access("i32.store", CONTROL.left);
  code.call(call).tee(answer).i32(CALLED.done).op("i32.eq").if().get(op).get(left).returnCall(next).end();
  code.get(answer).op("i32.eqz").if().get(op).get(left).returnCall(slow).end();
  // The page of the next instruction may be another one now.
  code.get(left).i32(1).op("i32.sub").i32(0).access("i64.load", CONTROL.pcDelta);
  code.get(op).i32(OP.bytes).op("i32.add").i32(3).op("i32.shr_u", "i64.extend_i32_u", "i64.add");
  return code.returnCall(enter);
}

/** Loads the general registers from the frame; it is no instruction. */
function loadFrameCode(type: number): Code {
  const [op, left] = [0, 1];
  const code = new Code(2);
  for (let r = 1; r < 32; r++) {
    code.i32(0).i32(0).access("i64.load", FRAME + 8 * r).access("i64.store", GPR + 8 * r);
  }
  code.get(op).i32(OP.bytes).op("i32.add").set(op);
  return dispatch(code, op, left, type);
}

/** Leaves at the virtual address in `CONTROL.target`. */
function leaveCode(): Code {
  return new Code(2).i32(0).get(1).access("i32.store", CONTROL.left).i32(EXIT.fetch);
}

/** Continues at a virtual address, unless the engine has to. */
function enterCode(warm: number, fetch: number, type: number): Code {
  const [left, target] = [0, 1];
  const code = new Code(2);
  const entry = code.local("i32");
  const op = code.local("i32");
  const f = code.local("i32");
  const leave = () => {
    code.i32(0).get(left).access("i32.store", CONTROL.left);
    code.i32(0).get(target).access("i64.store", CONTROL.target).i32(EXIT.fetch).op("return");
  };
  code.get(left).op("i32.eqz").ifUnlikely();
  leave();
  code.end();
  code.get(target).i64(12n).op("i64.shr_u", "i32.wrap_i64").i32(TLB_ENTRIES.fetch - 1).op("i32.and");
  code.i32(Math.log2(TLB_ENTRY.bytes)).op("i32.shl");
  code.i32(0).access("i32.load", CONTROL.fetchTlb).op("i32.add").tee(entry);
  // A target that is no multiple of 4 matches no tag.
  code.access("i64.load", TLB_ENTRY.tag).get(target).i64(~0xffcn).op("i64.and", "i64.ne").ifUnlikely();
  code.i32(0).get(left).access("i32.store", CONTROL.left);
  code.i32(0).get(target).access("i64.store", CONTROL.target);
  code.call(fetch).tee(op).op("i32.eqz").if().i32(EXIT.fetch).op("return").end();
  code.get(op).i32(0).op("i32.gt_s").if();
  dispatch(code, op, left, type).end();
  code.i32(0).get(left).i32(0).get(op).op("i32.sub").returnCallIndirect(type).end();
  code.i32(0).get(entry).access("i32.load", TLB_ENTRY.addend).tee(op).access("i32.store", CONTROL.page);
  code.i32(0).get(target).i64(~0xfffn).op("i64.and");
  code.get(op).i32(3).op("i32.shr_u", "i64.extend_i32_u", "i64.sub").access("i64.store", CONTROL.pcDelta);
  code.get(target).op("i32.wrap_i64").i32(0xfff).op("i32.and").i32(3).op("i32.shl").get(op).op("i32.add").tee(
    op,
  );
  // Jumps to a region need not be counted.
  code.get(op).access("i32.load", OP.f).tee(f).i32(TABLE.firstRegion).op("i32.lt_u").if();
  code.get(op).call(warm).get(op).access("i32.load", OP.f).set(f).end();
  return code.get(op).get(left).get(f).returnCallIndirect(type);
}

/** Counts jumps to an operation; says once that it is nearly hot, and with each jump that it is hot. */
function warmCode(hot: number, limits: HeatLimits): Code {
  const heat = 1;
  const code = new Code(1);
  code.local("i32");
  code.get(0).get(0).access("i32.load", OP.heat).i32(WARMTH).op("i32.add").tee(heat).access(
    "i32.store",
    OP.heat,
  );
  code.get(heat).i32(limits.hot * WARMTH).op("i32.ge_s");
  code.get(heat).i32(MEMBER).op("i32.or").i32(limits.nearly * WARMTH + MEMBER).op("i32.eq", "i32.or");
  return code.ifUnlikely().get(0).call(hot).end();
}

/** The operations of words that were written have to be decoded again. */
function wroteCode(invalidate: number): Code {
  const [operations, address, size, end, found] = [0, 1, 2, 3, 4];
  const code = new Code(3);
  code.local("i32");
  code.local("i32");
  const forget = (at: number) => {
    code.get(operations).get(at).i32(0xffc).op("i32.and").i32(3).op("i32.shl", "i32.add").tee(end);
    code.i32(TABLE.undecoded).access("i32.store", OP.f);
    code.get(end).access("i32.load", OP.heat).i32(MEMBER).op("i32.and").if();
    code.get(end).call(invalidate).i32(1).set(found).end();
  };
  forget(address);
  code.get(address).get(size).op("i32.add").i32(1).op("i32.sub").set(address);
  forget(address);
  return code.get(found);
}

function undecodedCode(decode: number, type: number): Code {
  return dispatch(new Code(2).get(0).call(decode), 0, 1, type);
}

/** Behind the last operation of a page. */
function pageEndCode(enter: number): Code {
  const code = new Code(2).get(1).i32(0).access("i64.load", CONTROL.pcDelta);
  return code.get(0).i32(3).op("i32.shr_u", "i64.extend_i32_u", "i64.add").returnCall(enter);
}

/** Instructions whose functions change the mode. */
const TRANSITIONS: ReadonlySet<string> = new Set(["syscall", "break", "hvcl", "ertn"]);

/** The exits of guests by instructions that need nothing but to be there (LVZ-GUEST-01 to -03). */
function gsprCodes(profile: Profile, runtime: Runtime): (readonly [string, Code])[] {
  return ISA.all.filter(({ guest }) => guest === "gspr").map(({ name, privileged }) => [
    name,
    exceptionCode(EXCEPTIONS.GSPR, privileged ? "privileged exit" : "exit", profile, runtime),
  ]);
}

/** A function for each form of a CSR access. The instructions differ in nothing but the form. */
function addCsrForms(
  builder: ModuleBuilder,
  table: number[],
  profile: Profile,
  runtime: Runtime,
): Map<number, number> {
  const functions = new Map<number, number>();
  const exchange = ISA.get("csrxchg");
  for (const form of csrForms(profile)) {
    const code = exchange === undefined ? undefined : compileOperation(exchange, runtime, form);
    if (code !== undefined) {
      functions.set(formKey(form), table.push(builder.add(OPERATION, code)) - 1);
    }
  }
  return functions;
}

function addTransitions(
  builder: ModuleBuilder,
  table: number[],
  profile: Profile,
  runtime: Runtime,
): Map<string, number> {
  const codes: readonly (readonly [string, Code])[] = [
    ["syscall", exceptionCode(EXCEPTIONS.SYS, "own", profile, runtime)],
    ["break", exceptionCode(EXCEPTIONS.BRK, "own", profile, runtime)],
    ...profile.features.has("LVZ")
      ? [
        ["hvcl", exceptionCode(EXCEPTIONS.HVC, "privileged exit", profile, runtime)] as const,
        ...gsprCodes(profile, runtime),
      ]
      : [],
    ["cpucfg", configurationCode(profile, runtime)],
    ["ertn", returnCode(profile, runtime)],
  ];
  return new Map(codes.map(([name, code]) => [name, table.push(builder.add(OPERATION, code)) - 1]));
}

/** Builds the module. It depends on nothing but the instruction table, the CSRs and the profile. */
export function buildThreadedModule(heat: HeatLimits, profile: Profile): ThreadedModule {
  const builder = new ModuleBuilder();
  const step = builder.importFunction("step", { parameters: [], results: ["i32"] });
  const decode = builder.importFunction("decode", { parameters: ["i32"], results: [] });
  const findLoad = builder.importFunction("load", { parameters: [], results: ["i32"] });
  const findStore = builder.importFunction("store", { parameters: [], results: ["i32"] });
  const fetch = builder.importFunction("fetch", { parameters: [], results: ["i32"] });
  const call = builder.importFunction("call", { parameters: [], results: ["i32"] });
  const second = builder.importFunction("second", { parameters: [], results: ["i32"] });
  const hot = builder.importFunction("hot", { parameters: ["i32"], results: [] });
  const invalidate = builder.importFunction("invalidate", { parameters: ["i32"], results: [] });
  builder.importMemory("state", STATE_PAGES);
  builder.importMemory("ram");
  builder.importTable("table", TABLE.firstInstruction);
  const opType = builder.type(OPERATION);
  const slow = builder.add(SHARED.slow, slowCode(step, opType));
  const warm = builder.add(SHARED.warm, warmCode(hot, heat));
  const enter = builder.add(SHARED.enter, enterCode(warm, fetch, opType));
  const helpers = addHelpers(builder);
  const runtime: Runtime = {
    helpers,
    opType,
    slow,
    enter,
    warm,
    next: builder.add(OPERATION, nextCode(opType)),
    wrote: builder.add(SHARED.wrote, wroteCode(invalidate)),
    missedLoad: builder.add(SHARED.missedLoad, missCode(findLoad, slow, opType)),
    missedStore: builder.add(SHARED.missedStore, missCode(findStore, slow, opType)),
  };
  const table: number[] = [];
  table[TABLE.undecoded] = builder.add(OPERATION, undecodedCode(decode, opType));
  table[TABLE.pageEnd] = builder.add(OPERATION, pageEndCode(enter));
  table[TABLE.slow] = slow;
  const called = builder.add(OPERATION, callCode(call, runtime));
  table[TABLE.call] = called;
  table[TABLE.loadFrame] = builder.add(OPERATION, loadFrameCode(opType));
  const ofFetches = { ...runtime, slow: builder.add(OPERATION, leaveCode()) };
  faultCodes(profile, runtime).forEach((code, i) => {
    table[TABLE.firstFault + i] = builder.add(OPERATION, code);
  });
  faultCodes(profile, ofFetches).forEach((code, i) => {
    table[TABLE.firstFetchFault + i] = builder.add(OPERATION, code);
  });
  const functions = new Map<Instruction, number>();
  for (const instruction of ISA.all) {
    // What depends on privilege or world is the engine's.
    const isPlain = !TRANSITIONS.has(instruction.name) && !instruction.privileged &&
      instruction.guest === "native";
    const code = isPlain ? compileOperation(instruction, runtime) : undefined;
    if (code !== undefined) functions.set(instruction, table.push(builder.add(OPERATION, code)) - 1);
  }
  const csrs = addCsrForms(builder, table, profile, runtime);
  const transitions = addTransitions(builder, table, profile, runtime);
  const walks = new Map<string, number>();
  for (const [key, code] of walkCodes(profile, { ...runtime, call: called, second })) {
    walks.set(key, table.push(builder.add(OPERATION, code)) - 1);
  }
  builder.export("run", builder.add(OPERATION, dispatch(new Code(2), 0, 1, opType)));
  for (const name of Object.keys(SHARED) as (keyof typeof SHARED)[]) builder.export(name, runtime[name]);
  for (const [name, f] of helpers) builder.export(name, f);
  if (table.length > TABLE.firstRegion) {
    throw new RangeError(`Cannot build the module: ${table.length} functions are where regions begin`);
  }
  builder.fillTable(table);
  const module = new WebAssembly.Module(builder.build());
  const configuration = Int32Array.from(
    { length: CPUCFG.words },
    (_, index) => Number(BigInt.asIntN(32, cpucfgWord(profile, BigInt(index)))),
  );
  return { module, functions, csrs, transitions, walks, configuration, heat };
}
