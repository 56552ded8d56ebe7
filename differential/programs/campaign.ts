/**
 * Generated programs, answered by our machine and by an oracle.
 *
 * @module
 */
import type { Driver } from "../../drivers/driver.ts";
import type { State } from "../../drivers/state.ts";
import { compareAnswers, type FieldDifference } from "../compare.ts";
import { type GeneratedProgram, generateProgram } from "./program.ts";

/** What is to be compared. */
export interface ProgramCampaign {
  readonly seed: string;
  /** Programs `first` to `first + count - 1`. */
  readonly first: number;
  readonly count: number;
  readonly profile: string;
  readonly subject: Driver;
  readonly oracle: Driver;
  /** Programs that one image holds. */
  readonly batch: number;
  readonly onProgress: (done: number) => void;
}

/** A program on which the two do not agree. */
export interface ProgramDifference {
  readonly index: number;
  readonly program: GeneratedProgram;
  /** Why there is nothing to compare, if one of them broke down. */
  readonly broken: string | undefined;
  readonly fields: readonly FieldDifference[];
}

/** Runs the programs; those on which the two differ. There are no known deviations: programs keep away from all of them. */
export async function comparePrograms(campaign: ProgramCampaign): Promise<readonly ProgramDifference[]> {
  const { seed, first, count, profile, subject, oracle, batch, onProgress } = campaign;
  const found: ProgramDifference[] = [];
  for (let done = 0; done < count; done += batch) {
    const programs = Array.from({ length: Math.min(batch, count - done) }, (_, i) => {
      const index = first + done + i;
      return { index, program: generateProgram(seed, index) };
    });
    const states = programs.map(({ program }): State => ({ ...program.state, profile }));
    const [ours, theirs] = await Promise.all([subject.answers(states), oracle.answers(states)]);
    programs.forEach(({ index, program }, i) => {
      const [state, our, their] = [states[i], ours[i], theirs[i]];
      if (state === undefined || our === undefined || their === undefined) {
        throw new RangeError(`Cannot compare program ${index}: a driver did not answer`);
      }
      const unobserved = [subject.unobserved, oracle.unobserved];
      const { differences, broken } = compareAnswers(state, our, their, unobserved);
      if (broken !== undefined || differences.length > 0) {
        found.push({ index, program, broken, fields: differences });
      }
    });
    onProgress(Math.min(count, done + batch));
  }
  return found;
}
