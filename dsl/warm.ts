/**
 * Machines that are ready for a case: made once, with their host set up, and taken back to that moment for each case that comes.
 *
 * A case cannot tell such a machine from a new one. What is kept here is only speed: a machine is used by one case at a time, and nobody who
 * never gives one back does any harm.
 *
 * @module
 */
import type { Engine, Machine, Profile, Restore } from "../core/mod.ts";
import type { AddressMap } from "../devices/address_map.ts";
import { createVirtMachine } from "../devices/virt.ts";

/** A machine, and what was made along with it. */
export interface Warm<Made> {
  readonly machine: Machine;
  readonly made: Made;
  /** Gives the machine back. It is no longer the caller's. */
  release(): void;
}

/** What a machine has to be like. */
export interface WarmOptions<Made> {
  /** Stands for whatever else `prepare` depends on. */
  readonly key: object;
  readonly engine: Engine;
  readonly profile: Profile;
  /** RAM in bytes. */
  readonly memory: number;
  /** Brings a new machine to where cases begin. What it makes may have state, which it has to add to `parts`. */
  prepare(vm: BareVm, parts: Restorable[]): Made;
}

/** A machine as it comes. */
export interface BareVm {
  readonly machine: Machine;
  readonly bus: AddressMap;
}

/** Something beside the machine that goes back with it. */
export interface Restorable {
  save(): Restore;
}

interface Kept {
  readonly machine: Machine;
  readonly made: unknown;
  readonly restore: Restore;
}

/** Machines that wait, by what they are for; each of them at most once. */
const WAITING = new WeakMap<Engine, WeakMap<object, Map<Profile, Kept>>>();

/** Takes a machine that waits, or makes one. */
export function warmMachine<Made>(options: WarmOptions<Made>): Warm<Made> {
  const waiting = shelf(options.engine, options.key);
  const { profile } = options;
  const found = waiting.get(profile);
  waiting.delete(profile);
  found?.restore();
  // The key stands for what was made.
  const kept = (found ?? make(options)) as Kept & { readonly made: Made };
  return {
    machine: kept.machine,
    made: kept.made,
    release: () => {
      waiting.set(profile, kept);
      if (waiting.size > MOST_PROFILES) waiting.delete(first(waiting));
    },
  };
}

/** Of machines with the same key; most cases are of one profile. */
const MOST_PROFILES = 4;

function first<K>(map: ReadonlyMap<K, unknown>): K {
  for (const key of map.keys()) return key;
  throw new RangeError("Cannot take the first of nothing");
}

function shelf(engine: Engine, key: object): Map<Profile, Kept> {
  let byKey = WAITING.get(engine);
  if (byKey === undefined) WAITING.set(engine, byKey = new WeakMap());
  let found = byKey.get(key);
  if (found === undefined) byKey.set(key, found = new Map());
  return found;
}

function make<Made>({ profile, memory, prepare }: WarmOptions<Made>): Kept {
  const vm = createVirtMachine({ memory, profile });
  const parts: Restorable[] = [vm.machine];
  const made = prepare(vm, parts);
  const restores = parts.map((part) => part.save());
  return { machine: vm.machine, made, restore: () => restores.forEach((restore) => restore()) };
}
