/**
 * What takes part in snapshots of a machine.
 *
 * @module
 */

/** Puts a state back, any number of times. */
export type Restore = () => void;

/** Something with state. */
export interface Stateful {
  /**
   * Keeps the present state.
   *
   * @throws {SnapshotError} if part of it cannot be kept
   */
  save(): Restore;
}

/** Part of a machine has a state that it cannot keep. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
}

/** For what has no state. */
export const STATELESS: Restore = () => {};

/**
 * Keeps the state of something that may not take part in snapshots.
 *
 * @param what it is, for the error
 * @throws {SnapshotError} if it does not
 */
export function saveOf(thing: Partial<Stateful>, what: string): Restore {
  if (thing.save !== undefined) return thing.save();
  throw new SnapshotError(`Cannot take a snapshot: ${what} does not take part in snapshots`);
}

/** The restoring of several things, in their order. */
export function together(restores: readonly Restore[]): Restore {
  return () => {
    for (const restore of restores) restore();
  };
}
