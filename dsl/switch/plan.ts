/**
 * A description with its names looked up: what a vCPU needs of it, checked once.
 *
 * @module
 */
import type { CsrDeclaration, Field } from "../../core/mod.ts";
import { KVM } from "../../vcpu/mod.ts";
import { CODE_BASE } from "../stage.ts";
import { type MachineCode, PHYSICAL } from "../../vcpu/assembly/code.ts";
import { functionAddress } from "../../vcpu/assembly/runner.ts";
import { HOST_GPRS } from "../../vcpu/software_vcpu.ts";
import type { PageTableFormat, Promises } from "../../vcpu/mod.ts";
import { placeCode } from "./code.ts";
import type { SwitchDescription } from "./description.ts";
import { findCsr, findRegister, offsetValue, symbolAddress } from "./operand.ts";

/** A register of the host, or a field of it. */
export interface HostPart {
  readonly csr: CsrDeclaration;
  readonly field?: Field;
}

/** The places of a context, in bytes. */
export interface Places {
  readonly size: number;
  readonly gprs: readonly number[];
  readonly pc: number;
  readonly csrs: ReadonlyMap<CsrDeclaration, number>;
  readonly estat: number | undefined;
  readonly badv: number | undefined;
  readonly badi: number | undefined;
}

/** A description that makes sense. */
export interface SwitchPlan {
  readonly description: SwitchDescription;
  readonly code: MachineCode;
  readonly entry: bigint;
  readonly vector: bigint;
  /** Physical; undefined where the host's own handler serves the guest. */
  readonly refill: bigint | undefined;
  readonly places: Places;
  readonly promises: Promises;
  readonly restoresBeforeCalls: readonly HostPart[];
  readonly order: readonly (readonly CsrDeclaration[])[];
  readonly pageTable: PageTableFormat;
  /** The functions of the description, in its order, with their addresses. */
  readonly functions: readonly { readonly name: string; readonly address: bigint }[];
}

const GPRS = 32;

/**
 * Looks up every name of a description.
 *
 * @throws {RangeError} for one that means nothing
 * @throws {AssemblyErrors} for text
 * @throws {ElfError} for files
 */
export function planOf(description: SwitchDescription): SwitchPlan {
  const names = Object.keys(description.functions ?? {});
  const symbols = new Map(Object.entries(description.symbols ?? {}));
  const code = placeCode(description.code, description.base ?? CODE_BASE, { functions: names, symbols });
  const { exits, promises, enter } = description;
  const own = description.pageTable;
  if (own !== undefined && exits.refill === undefined) {
    throw new RangeError(
      `Cannot use ${description.name}: with a pageTable of its own it needs a refill handler of its own (exits.refill)`,
    );
  }
  return {
    description,
    code,
    entry: symbolAddress(code, enter.symbol),
    vector: symbolAddress(code, exits.vector),
    refill: exits.refill === undefined ? undefined : symbolAddress(code, exits.refill) & PHYSICAL,
    places: placesOf(description, code),
    promises: promisesOf(description),
    restoresBeforeCalls: (promises.restoresBeforeCalls ?? []).map(findCsr),
    order: (promises.order ?? []).map((list) => list.map((name) => findCsr(name).csr)),
    pageTable: own ?? KVM.pageTable,
    functions: names.map((name, i) => ({ name, address: code.symbol(name) ?? functionAddress(i) })),
  };
}

function placesOf({ context }: SwitchDescription, code: MachineCode): Places {
  const { gprs, exit = {} } = context;
  const place = (offset: number | string) => offsetValue(offset, code);
  const optional = (offset: number | string | undefined) => offset === undefined ? undefined : place(offset);
  const isList = typeof gprs === "object";
  if (isList && gprs.length !== GPRS) {
    throw new RangeError(
      `Cannot use context.gprs: it has ${gprs.length} places, must have ${GPRS}, r0 first`,
    );
  }
  const all = isList ? gprs.map(place) : Array.from({ length: GPRS }, (_, r) => place(gprs) + 8 * r);
  const csrs = Object.entries(context.csrs ?? {}).map(([name, offset]) =>
    [findCsr(name).csr, place(offset)] as const
  );
  const places = {
    size: place(context.size),
    gprs: all,
    pc: place(context.pc),
    csrs: new Map(csrs),
    estat: optional(exit.estat),
    badv: optional(exit.badv),
    badi: optional(exit.badi),
  };
  const highest = Math.max(...all, places.pc, ...places.csrs.values());
  if (highest + 8 <= places.size) return places;
  throw new RangeError(`Cannot use context.size: it is ${places.size}, and a place ends at ${highest + 8}`);
}

function promisesOf({ promises, exits, bound = {} }: SwitchDescription): Promises {
  const part = (name: string) => {
    const { csr, field } = findCsr(name);
    return field === undefined ? csr : [csr, field] as const;
  };
  return {
    restoredByRun: promises.restores.map(part),
    restoredByUnbind: [...new Set(Object.keys(bound).map((name) => findCsr(name).csr))],
    savedGprs: promises.keeps?.map(findRegister) ?? HOST_GPRS,
    vsInGuest: exits.vs,
  };
}
