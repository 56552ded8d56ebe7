/**
 * The shape of a case, checked at run time: cases also come from JSON and from JavaScript, which no type checker has seen.
 *
 * @module
 */
import { didYouMean } from "../core/asm/suggest.ts";
import { EXCEPTIONS } from "../core/mod.ts";
import type { Exit } from "../vcpu/mod.ts";
import type { AnyCase } from "./any_case.ts";
import type { Case, ExpectedExit, GuestException, Mapping, TimedEvent } from "./case.ts";
import { CaseError } from "./errors.ts";
import type { HostCase, HostExpectation } from "./host_case.ts";
import type { ProtocolCase, ProtocolExpectation, ProtocolFunction } from "./protocol_case.ts";

/** Checks one value; `where` is its place in the case, empty for the case itself. Throws a {@linkcode CaseError} that names it. */
type Shape = (value: unknown, where: string) => void;

/** Longer values are shown in part. */
const SHOWN_LENGTH = 60;

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}

function must(be: string, holds: (value: unknown) => boolean): Shape {
  return (value, where) => {
    if (holds(value)) return;
    throw new CaseError(`Cannot run the case: ${where || "it"} is ${shown(value)}, must be ${be}`);
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A list without holes and without properties of its own, as JSON knows them. */
function isList(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const keys = Object.keys(value);
  // Indices come first, in their order: the last key is one only if all are.
  return keys.length === value.length && (keys.length === 0 || keys.at(-1) === `${keys.length - 1}`);
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value);
}

function isValue(value: unknown): boolean {
  return typeof value === "bigint" || typeof value === "string" || isWhole(value);
}

const TEXT = must("text", (v) => typeof v === "string");
const FLAG = must("true or false", (v) => typeof v === "boolean");
const WHOLE = must("a whole number", isWhole);
const ADDRESS = must("a bigint", (v) => typeof v === "bigint");
const VALUE = must("a bigint, a whole number or a label", isValue);
const INTERRUPT = must("an interrupt's name or position", (v) => typeof v === "string" || isWhole(v));
const OBJECT = must("an object", isObject);
const LIST = must("a list", isList);

function oneOf(...known: readonly string[]): Shape {
  return must(`one of ${known.join(", ")}`, (v) => typeof v === "string" && known.includes(v));
}

function list(element: Shape): Shape {
  return (value, where) => {
    LIST(value, where);
    const elements = value as readonly unknown[];
    for (let i = 0; i < elements.length; i++) element(elements[i], `${where}[${i}]`);
  };
}

/** One thing, or a list of them. */
function some(element: Shape): Shape {
  const several = list(element);
  return (value, where) => (Array.isArray(value) ? several : element)(value, where);
}

/** Any names, with values of one shape. */
function record(element: Shape): Shape {
  return (value, where) => {
    OBJECT(value, where);
    const members = value as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(members)) element(members[name], `${where}.${name}`);
  };
}

/** These names and no others; those in `required` may not be left out. */
function fields(known: Readonly<Record<string, Shape>>, ...required: readonly string[]): Shape {
  const names = Object.keys(known);
  const all = Object.entries(known).map(([name, shape]) => ({
    name,
    shape,
    isRequired: required.includes(name),
  }));
  const knownNames = new Set(names);
  const isUnknown = (name: string) => !knownNames.has(name);
  return (value, where) => {
    OBJECT(value, where);
    const members = value as Readonly<Record<string, unknown>>;
    const place = (name: string) => where === "" ? name : `${where}.${name}`;
    const unknown = Object.keys(members).find(isUnknown);
    if (unknown !== undefined) {
      const offer = didYouMean(unknown, names) || ` (there are ${names.join(", ")})`;
      throw new CaseError(`Cannot run the case: ${place(unknown)} is no field${offer}`);
    }
    for (const { name, shape, isRequired } of all) {
      const member = members[name];
      if (member !== undefined || isRequired) shape(member, place(name));
    }
  };
}

const REGISTERS = record(VALUE);
const CSRS = record((value, where) => (isObject(value) ? REGISTERS : VALUE)(value, where));
const LINES = record(FLAG);
const INTERRUPTS = some(INTERRUPT);
const MEMORY = list(fields({ at: VALUE, value: VALUE }, "at", "value"));
const OTHERS = oneOf("unchanged", "any");
const EXCEPTION_NAMES = Object.keys(EXCEPTIONS);

const MAPPING_FIELDS = {
  gpa: ADDRESS,
  size: ADDRESS,
  access: TEXT,
  alias: ADDRESS,
} satisfies Record<keyof Mapping, Shape>;
const MAPPINGS = list(fields(MAPPING_FIELDS, "gpa"));

const EVENT_FIELDS = { at: WHOLE, lines: LINES } satisfies Record<keyof TimedEvent, Shape>;
const EVENTS = list(fields(EVENT_FIELDS, "at", "lines"));

const TOOK_FIELDS = {
  kind: oneOf(...EXCEPTION_NAMES),
  at: VALUE,
  badv: VALUE,
} satisfies Record<keyof GuestException, Shape>;

/** The fields of each kind of exit that a world switch's handler reports. */
const HANDLED: { readonly [K in Exit["kind"]]: readonly (keyof Extract<Exit, { kind: K }>)[] } = {
  "hypercall": ["kind", "code", "nr", "args"],
  "mmio-read": ["kind", "address", "width", "register", "signExtend"],
  "mmio-write": ["kind", "address", "width", "data"],
  "nested-page-fault": ["kind", "address", "access"],
  "external-interrupt": ["kind", "vector"],
  "iocsr": ["kind", "address", "width", "register", "data"],
  "idle": ["kind"],
  "halt": ["kind"],
  "nothing": ["kind"],
};

const HANDLED_KIND = oneOf(...Object.keys(HANDLED));
const HANDLED_VALUE = must(
  "a number, text, a flag or a list of bigints",
  (v) =>
    isValue(v) || typeof v === "boolean" ||
    isList(v) && (v as readonly unknown[]).every((e) => typeof e === "bigint"),
);

/** What a handler is expected to report: a kind, and fields of it. */
const HANDLING: Shape = (value, where) => {
  OBJECT(value, where);
  const { kind } = value as { readonly kind?: unknown };
  HANDLED_KIND(kind, `${where}.kind`);
  const names: readonly string[] = HANDLED[kind as Exit["kind"]];
  fields(Object.fromEntries(names.map((name) => [name, HANDLED_VALUE])))(value, where);
};

const EXIT_FIELDS = {
  kind: oneOf(...EXCEPTION_NAMES, "refill", "running"),
  code: WHOLE,
  gpa: VALUE,
  pending: list(TEXT),
  at: VALUE,
  badi: VALUE,
  regs: REGISTERS,
  otherRegs: OTHERS,
  csr: CSRS,
  otherCsrs: OTHERS,
  took: fields(TOOK_FIELDS, "kind", "at"),
  host: CSRS,
  hostMayChange: list(TEXT),
  memory: MEMORY,
  refills: list(VALUE),
  resume: REGISTERS,
  skip: FLAG,
  handle: HANDLING,
  set: fields({ csr: CSRS, host: CSRS }),
  inject: INTERRUPTS,
  withdraw: INTERRUPTS,
  advance: WHOLE,
  lines: LINES,
  events: EVENTS,
  map: MAPPINGS,
  flush: FLAG,
  service: FLAG,
  rebind: FLAG,
} satisfies Record<keyof ExpectedExit, Shape>;

const ANY_CASE_FIELDS = {
  rule: some(TEXT),
  profile: TEXT,
  choices: record(TEXT),
} satisfies Record<keyof AnyCase, Shape>;

const CASE_FIELDS = {
  ...ANY_CASE_FIELDS,
  code: TEXT,
  set: REGISTERS,
  csr: CSRS,
  host: CSRS,
  lines: LINES,
  inject: INTERRUPTS,
  map: MAPPINGS,
  events: EVENTS,
  exits: list(fields(EXIT_FIELDS, "kind")),
  runsOn: FLAG,
  switches: list(TEXT),
  budget: WHOLE,
} satisfies Record<keyof Case, Shape>;
const CASE = fields(CASE_FIELDS, "rule", "code", "exits");

const EXPECTATION_FIELDS = {
  ends: oneOf("end", "refill", "machine error", ...EXCEPTION_NAMES),
  at: VALUE,
  regs: REGISTERS,
  otherRegs: OTHERS,
  csr: CSRS,
  otherCsrs: OTHERS,
  gcsr: CSRS,
  otherGcsrs: OTHERS,
  memory: MEMORY,
} satisfies Record<keyof HostExpectation, Shape>;

const HOST_CASE_FIELDS = {
  ...ANY_CASE_FIELDS,
  code: TEXT,
  set: REGISTERS,
  csr: CSRS,
  gcsr: CSRS,
  lines: LINES,
  machineErrorAt: VALUE,
  expect: fields(EXPECTATION_FIELDS),
  budget: WHOLE,
} satisfies Record<keyof HostCase, Shape>;
const HOST_CASE = fields(HOST_CASE_FIELDS, "rule", "code", "expect");

const STEP: Shape = (value, where) => {
  if (typeof value === "string") return;
  LIST(value, where);
  const [name, written, more] = value as readonly unknown[];
  TEXT(name, `${where}[0]`);
  if (written !== undefined) (isObject(written) ? REGISTERS : VALUE)(written, `${where}[1]`);
  if (more !== undefined) {
    throw new CaseError(`Cannot run the case: ${where} has more than a CSR and a value`);
  }
};

const EXPECTED_OF_CALL = {
  vcpu: WHOLE,
  set: CSRS,
  lines: LINES,
  advance: WHOLE,
  executes: list(STEP),
  otherSteps: oneOf("none", "any"),
  host: CSRS,
  guest: CSRS,
  regs: REGISTERS,
  pc: VALUE,
  memory: MEMORY,
} satisfies Record<keyof ProtocolExpectation, Shape>;

/** The arguments of each call; those of the second list may not be left out. */
const CALLS: Readonly<
  Record<ProtocolFunction["call"], readonly [Readonly<Record<string, Shape>>, ...string[]]>
> = {
  enable: [{}],
  disable: [{}],
  create: [{ boot: fields({ cpuId: WHOLE, deviceTree: ADDRESS }, "cpuId", "deviceTree") }],
  setup: [{ passthroughTimer: FLAG }],
  setEntry: [{ gpa: VALUE }, "gpa"],
  setNestedPageTable: [{ root: ADDRESS }],
  setGpr: [{ register: TEXT, value: VALUE }, "register", "value"],
  setReturnValue: [{ value: VALUE }, "value"],
  bind: [{}],
  unbind: [{}],
  inject: [{ interrupt: INTERRUPT }, "interrupt"],
  withdraw: [{ interrupt: INTERRUPT }, "interrupt"],
  enter: [{ exit: oneOf(...EXCEPTION_NAMES, "refill"), at: VALUE, vector: WHOLE }, "exit"],
  handle: [{ reports: HANDLING }, "reports"],
  wait: [{}],
};
const CALL_NAME = oneOf(...Object.keys(CALLS));

const CALL: Shape = (value, where) => {
  OBJECT(value, where);
  const { call } = value as { readonly call?: unknown };
  CALL_NAME(call, `${where}.call`);
  const [own, ...required] = CALLS[call as ProtocolFunction["call"]];
  fields({ call: TEXT, ...own, ...EXPECTED_OF_CALL }, ...required)(value, where);
};

const PROTOCOL_FIELDS = {
  ...ANY_CASE_FIELDS,
  switches: list(TEXT),
  code: TEXT,
  host: CSRS,
  calls: list(CALL),
} satisfies Record<keyof ProtocolCase, Shape>;
const PROTOCOL = fields(PROTOCOL_FIELDS, "rule", "switches", "calls");

/**
 * Checks that a value has the shape of a case about a hypervisor's software.
 *
 * @throws {CaseError} with the place in the case
 */
export function checkProtocolShape(c: unknown): asserts c is ProtocolCase {
  PROTOCOL(c, "");
}

/**
 * Checks that a value has the shape of a case.
 *
 * @throws {CaseError} with the place in the case
 */
export function checkShape(c: unknown): asserts c is Case {
  CASE(c, "");
}

/**
 * Checks that a value has the shape of a case in host mode.
 *
 * @throws {CaseError} with the place in the case
 */
export function checkHostShape(c: unknown): asserts c is HostCase {
  HOST_CASE(c, "");
}
