/**
 * Values that are computed when somebody first asks.
 *
 * @module
 */

/** A pure function without parameters that computes its result once: what a module would else have to compute whenever it is imported. */
export function once<T>(compute: () => T): () => T {
  let known: { readonly value: T } | undefined;
  return () => (known ??= { value: compute() }).value;
}
