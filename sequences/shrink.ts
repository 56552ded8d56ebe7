/**
 * Makes a sequence that breaks an invariant as short as it gets.
 *
 * @module
 */
import { code } from "./instructions.ts";
import type { Action, Sequence } from "./sequence.ts";

/** True if a sequence still shows what is looked for. */
export type StillFails = (sequence: Sequence) => boolean;

/** Sequences tried before shrinking gives up. */
const MOST_TRIES = 3_000;

/** The smallest sequence found that still fails; deterministic. */
export function shrink(sequence: Sequence, stillFails: StillFails): Sequence {
  let tries = 0;
  const fails: StillFails = (s) => tries++ < MOST_TRIES && stillFails(s);
  let best = sequence;
  for (let size = Infinity; sizeOf(best) < size && tries < MOST_TRIES;) {
    size = sizeOf(best);
    best = fewer(best.actions, (actions) => ({ ...best, actions }), fails) ?? best;
    best = simplerHandlers(best, fails);
    best.actions.forEach((_, i) => {
      best = simplerAction(best, i, fails);
    });
  }
  return best;
}

function sizeOf({ actions, handlers }: Sequence): number {
  const words = handlers.reduce((sum, h) => sum + h.general.length + h.refill.length, 0);
  return actions.reduce((sum, a) => sum + 1 + (a.kind === "run" ? runSize(a) : 0), words);
}

function runSize({ code: words, gpr, csr }: Extract<Action, { kind: "run" }>): number {
  return words.length + Object.keys(gpr).length + Object.keys(csr).length;
}

/** Leaves out as much of a list as possible: halves first, single elements last. */
function fewer<T>(
  list: readonly T[],
  sequenceWith: (list: readonly T[]) => Sequence,
  fails: StillFails,
): Sequence | undefined {
  let best: { readonly list: readonly T[]; readonly sequence: Sequence } | undefined;
  for (let chunk = Math.ceil(list.length / 2); chunk >= 1; chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)) {
    for (let at = (best?.list ?? list).length - chunk; at > -chunk; at -= chunk) {
      const current = best?.list ?? list;
      const shorter = [...current.slice(0, Math.max(0, at)), ...current.slice(Math.max(0, at + chunk))];
      const sequence = sequenceWith(shorter);
      if (shorter.length < current.length && fails(sequence)) best = { list: shorter, sequence };
    }
  }
  return best?.sequence;
}

function withAction(sequence: Sequence, i: number, action: Action): Sequence {
  return { ...sequence, actions: sequence.actions.map((a, j) => (j === i ? action : a)) };
}

function simplerAction(sequence: Sequence, i: number, fails: StillFails): Sequence {
  const action = sequence.actions[i];
  if (action?.kind !== "run") return sequence;
  let best = sequence;
  const now = () => best.actions[i] as typeof action;
  // An empty block means "go on", which is something else.
  const words = (list: readonly number[]) => withAction(best, i, { ...now(), code: list });
  best = fewer(now().code, words, (s) => nonEmpty(s, i) && fails(s)) ?? best;
  for (const key of ["gpr", "csr"] as const) {
    const entries = Object.entries(now()[key]);
    best = fewer(entries, (list) =>
      withAction(best, i, { ...now(), [key]: Object.fromEntries(list) }), fails) ??
      best;
  }
  const plain = withAction(best, i, { ...now(), onFault: "skip", limit: 160 });
  return now().limit !== 160 && fails(plain) ? plain : best;
}

function nonEmpty({ actions }: Sequence, i: number): boolean {
  const action = actions[i];
  return action?.kind !== "run" || action.code.length > 0;
}

function simplerHandlers(sequence: Sequence, fails: StillFails): Sequence {
  let best = sequence;
  for (const [n] of sequence.handlers.entries()) {
    for (const key of ["general", "refill"] as const) {
      const current = best.handlers[n]?.[key] ?? [];
      const ertn = code(["ertn"]);
      const shorter = {
        ...best,
        handlers: best.handlers.map((h, i) => (i === n ? { ...h, [key]: ertn } : h)),
      };
      if (current.length > 1 && fails(shorter)) best = shorter;
    }
  }
  return best;
}
