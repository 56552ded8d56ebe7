/**
 * Results that are no numbers.
 *
 * @module
 */
import { type Environment, INVALID } from "./environment.ts";
import { type Format, isNan, type Unpacked } from "./format.ts";

/** The default NaN, for an operation that has no value. */
export function invalid(env: Environment, f: Format): bigint {
  env.raise(INVALID);
  return f.defaultNan;
}

/**
 * The NaN that an operation passes on: the first signalling one, made quiet, else the first quiet one. A signalling one raises
 * invalid. Undefined if there is no NaN.
 *
 * @param operands by priority
 */
export function propagated(env: Environment, f: Format, operands: readonly Unpacked[]): bigint | undefined {
  const signalling = operands.find((x) => x.kind === "signalling");
  if (signalling !== undefined) {
    env.raise(INVALID);
    return signalling.bits | f.quietBit;
  }
  return operands.find(isNan)?.bits;
}
