/**
 * What a board or an emulator printed of an image, long after.
 *
 * @module
 */
import type { Profile } from "../../core/profile.ts";
import type { Answer } from "../driver.ts";
import type { State } from "../state.ts";
import { decodeResult } from "./decode_result.ts";
import { encodeState, ertnLeftovers } from "./encode_state.ts";
import { makeImage } from "./image.ts";
import { monitorFor } from "./monitor.ts";
import { LineReader } from "./reader.ts";
import { slotsOf } from "./slots.ts";

/**
 * The ELF file of an image of all these states, in their order.
 *
 * @throws {ImageError} if an image cannot hold one of them
 * @throws {RangeError} if they are too many
 */
export function imageOf(states: readonly State[], profile: Profile): Uint8Array {
  const slots = slotsOf(profile);
  return makeImage(states.map((state, i) => encodeState(state, i, slots, monitorFor(slots))), slots);
}

/** The answers in what such an image printed; rubbish in it does no harm but to the states that it stands for. */
export function readLines(states: readonly State[], profile: Profile, text: string): readonly Answer[] {
  const slots = slotsOf(profile);
  const answers: Answer[] = states.map(() => ({ kind: "broken", reason: "its line is missing" }));
  let keepsCodes = false;
  const reader = new LineReader(states.length, {
    first: (line) => keepsCodes = line.keepsCodes,
    result: (line) => {
      const state = states[line.index];
      if (state === undefined) return;
      const leftovers = ertnLeftovers(state, slots);
      const how = { ...(leftovers && { leftovers }), keepsCodes };
      answers[line.index] = decodeResult(line, state, slots, how);
    },
    broken: (index, reason) => answers[index] = { kind: "broken", reason },
  });
  reader.feed(`${text}\n`);
  if (reader.hasBegun) return answers;
  const reason = `there is no first line of an image of ${states.length} states`;
  return states.map(() => ({ kind: "broken", reason }));
}
