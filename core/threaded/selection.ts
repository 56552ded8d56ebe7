/**
 * Which function executes a decoded instruction, and with which operands.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import { registerUse } from "../isa/register_use.ts";
import type { Profile } from "../profile.ts";
import { csrOperation, formKey } from "./csr_forms.ts";
import { TABLE } from "./layout.ts";
import { packCsr } from "./op_code.ts";
import type { ThreadedModule } from "./threaded_module.ts";
import { walkKey } from "./walk_code.ts";

/** A function of the table, and the operands that are no registers: see {@linkcode OP}. */
export interface Selected {
  readonly f: number;
  readonly first: bigint;
  readonly second: number;
  /** What stands in the place of rk, if not a register. */
  readonly third?: number;
  /** True if a region can contain it. */
  readonly inRegions: boolean;
  /** True if the engine may be called to execute it: `second` is what it goes by then. */
  readonly calls?: boolean;
  /** Present if it means the same wherever it is: it leads to the next instruction, or perhaps elsewhere. */
  readonly alone?: "leads on" | "leads away";
}

/**
 * What the engine executes without any ceremony: it neither asks where it is nor jumps, and nothing that it changes rules how instructions are
 * executed or which interrupt is pending. Translations it may change. Where it raises an exception it has changed nothing.
 */
const CALLS: ReadonlySet<string> = new Set([
  ...["lddir", "ldpte", "tlbsrch", "tlbwr", "tlbfill", "tlbclr", "tlbflush", "invtlb"],
  ...["gtlbsrch", "gtlbwr", "gtlbfill", "gtlbclr", "gtlbflush"],
  ...["csrrd", "gcsrrd", "rdtime.d", "rdtimel.w", "rdtimeh.w"],
]);
const CALL: Selected = {
  f: TABLE.call,
  first: 0n,
  second: 0,
  inRegions: false,
  calls: true,
  alone: "leads on",
};

/** Where the engine has to execute an instruction. */
export const SLOW: Selected = { f: TABLE.slow, first: 0n, second: 0, inRegions: false };

/** Selects the function of an instruction; the slow one where the engine has to execute it. */
export function select(op: Decoded, built: ThreadedModule, profile: Profile): Selected {
  const { needs, name } = op.instruction;
  if (needs !== undefined && !profile.features.has(needs)) return SLOW;
  const transition = built.transitions.get(name);
  if (transition !== undefined) {
    return {
      f: transition,
      first: BigInt(op.word >>> 0),
      second: 0,
      inRegions: false,
      ...(name === "ertn" && { alone: "leads away" }),
    };
  }
  return selectWalk(op, built) ?? selectCsr(op, built, profile) ?? selectPlain(op, built) ??
    (CALLS.has(name) ? CALL : SLOW);
}

function selectWalk(op: Decoded, built: ThreadedModule): Selected | undefined {
  const key = walkKey(op);
  const f = key === undefined ? undefined : built.walks.get(key);
  return f === undefined ? undefined : { ...CALL, f };
}

function selectCsr(op: Decoded, built: ThreadedModule, profile: Profile): Selected | undefined {
  const csr = csrOperation(op, profile);
  const f = csr === undefined ? undefined : built.csrs.get(formKey(csr.form));
  if (csr === undefined || f === undefined) return undefined;
  const { writable, offset, legalBit, attention } = csr;
  return {
    f,
    first: writable,
    second: packCsr(offset, legalBit),
    third: attention,
    inRegions: true,
    alone: "leads on",
  };
}

function selectPlain({ instruction, rd, immediates }: Decoded, built: ThreadedModule): Selected | undefined {
  const { reads, writes, isPure } = registerUse(instruction.meaning);
  // r0 cannot be both the constant 0 and the place for a result that nobody wants.
  if (rd === 0 && writes.has("rd") && reads.has("rd")) return undefined;
  const f = built.functions.get(instruction);
  if (f === undefined) return undefined;
  const second = Number(BigInt.asIntN(32, immediates[1] ?? 0n));
  return { f, first: immediates[0] ?? 0n, second, inRegions: true, ...(isPure && { alone: "leads on" }) };
}
