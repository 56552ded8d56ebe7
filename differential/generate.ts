/**
 * States of a form: the same seed, form and index give the same state, whatever else is asked for.
 *
 * @module
 */
import type { Instruction } from "../core/isa/table.ts";
import { LA464, type Profile, PROFILES } from "../core/profile.ts";
import { branchState } from "./branch_states.ts";
import { csrStates } from "./csr_states.ts";
import { type Form, SEQUENCE, UNDEFINED } from "./forms.ts";
import { fpState } from "./fp_states.ts";
import { integerState } from "./integer_states.ts";
import type { Made, Maker } from "./maker.ts";
import { conditionalState, memoryState } from "./memory_states.ts";
import { type Random, randomFor } from "./random.ts";
import type { Test } from "./scene.ts";
import { sequenceState } from "./sequence_states.ts";
import {
  cacheState,
  callState,
  cpucfgState,
  debugState,
  idleState,
  iocsrState,
  returnState,
  timeState,
} from "./system_states.ts";
import { invtlbStates, tlbStates, walkStates } from "./tlb_states.ts";
import { undefinedState } from "./undefined_states.ts";

/** What makes the states of which instructions; the first that matches does. */
function makersFor(profile: Profile): readonly (readonly [names: RegExp, maker: Maker])[] {
  return [
    [/^g?csr(rd|wr|xchg)$/, csrStates(profile)],
    [/^g?tlb/, tlbStates(profile)],
    [/^invtlb$/, invtlbStates(profile)],
    [/^(lddir|ldpte)$/, walkStates()],
    [/^iocsr/, iocsrState],
    [/^rdtime/, timeState],
    [/^cpucfg$/, cpucfgState],
    [/^cacop$/, cacheState],
    [/^ertn$/, returnState],
    [/^idle$/, idleState],
    [/^dbcl$/, debugState],
    [/^(break|syscall|hvcl|dbar|ibar)$/, callState],
    [/^(sc\.|screl)/, conditionalState],
    [/^(am(?!$)|ll|preld|f?(ld|st))/, memoryState],
    [/^(b|bl|beqz?|bnez?|blt|bge|bltu|bgeu|jirl|bceqz|bcnez)$/, branchState],
  ];
}

/** Makes states for machines of one profile. */
export class Generator {
  readonly #profile: Profile;
  readonly #makers: readonly (readonly [RegExp, Maker])[];
  readonly #chosen = new Map<Instruction, Maker>();

  /** @throws {RangeError} if there is no such profile */
  constructor(profile: string = LA464.name) {
    const found = PROFILES.find((p) => p.name === profile);
    if (found === undefined) {
      throw new RangeError(
        `Cannot make states for ${profile}: profiles are ${PROFILES.map((p) => p.name).join(", ")}`,
      );
    }
    this.#profile = found;
    this.#makers = makersFor(found);
  }

  /** The state of a form with an index. */
  make(seed: number, form: Form, index: number): Test {
    const made = this.#make(randomFor(seed, form.name, index), form, index);
    const { scene, tested, budget = 4, end } = made;
    const state = scene.state(`${form.name} ${seed}/${index}`, this.#profile.name, budget, end);
    return { form, index, state, tested };
  }

  #make(random: Random, form: Form, index: number): Made {
    const { instruction } = form;
    if (form.name === SEQUENCE.name) return sequenceState(random);
    if (form.name === UNDEFINED.name || instruction === undefined) return undefinedState(random);
    return this.#maker(instruction)({ random, form, instruction, index });
  }

  #maker(instruction: Instruction): Maker {
    let maker = this.#chosen.get(instruction);
    if (maker === undefined) {
      maker = this.#makers.find(([names]) => names.test(instruction.name))?.[1] ??
        (instruction.unit === "FPE" ? fpState : integerState);
      this.#chosen.set(instruction, maker);
    }
    return maker;
  }
}
