/**
 * The instructions of KVM's world switch, in lines as it executes them; which operands they need is in `vcpu.ts`. The steps are numbered as in the
 * rules.
 *
 * @module
 */
import { BADI, BADV, ECFG, EENTRY, ERA, ESTAT, LLBCTL, PRMD, SAVE } from "../../core/csr/basic.ts";
import { GSTAT, GTLBC } from "../../core/csr/lvz.ts";
import { PGDL } from "../../core/csr/translation.ts";
import { type EntryRoutine, entryRoutine, R, type Routine, routine, ZERO } from "../routine.ts";

const VCPU_SAVE = SAVE[4]!;
const TEMPORARY_SAVE = SAVE[5]!;
const { VS } = ECFG;

/** PROTO-KVM-61, up to the timer. */
export const LOAD: Routine = routine(
  ["csrrd", R.t0, ECFG],
  ["csrrd", R.t1, EENTRY],
  ["csrrd", R.t2, PGDL],
  ["gcsrwr", R.t3, LLBCTL],
);
/** The pointer to the vCPU, and PROTO-KVM-11. */
export const SWITCH_IN: EntryRoutine = entryRoutine(
  ["csrwr", R.a0, VCPU_SAVE],
  ["csrrd", R.t0, ECFG], // 1
  ["bstrins.d", R.t0, ZERO, VS.spec.high, VS.spec.low],
  ["csrwr", R.t0, ECFG],
  ["csrwr", R.a1, EENTRY], // 2
  ["csrwr", R.a2, ERA], // 3
  ["csrwr", R.a3, PGDL], // 4
  ["csrrd", R.t1, GSTAT], // 5
  ["bstrpick.d", R.t1, R.t1, GSTAT.GID.spec.high, GSTAT.GID.spec.low],
  ["slli.d", R.t1, R.t1, GTLBC.TGID.spec.low],
  ["csrxchg", R.t1, R.a4, GTLBC],
  ["csrwr", R.a5, PRMD], // 6
  ["csrxchg", R.a6, R.a6, GSTAT], // 7
  // 8 and 9: all general registers are loaded, ertn.
);
/** PROTO-KVM-04. */
export const TAKE_VPID: Routine = routine(["gcsrxchg", R.t0, R.t0, LLBCTL], ["csrxchg", R.t1, R.t2, GSTAT]);
/** Linux has three levels where KVM runs. */
export const WALK: Routine = routine(["lddir", R.t0, R.t0, 3], ["lddir", R.t0, R.t0, 1]);
/** PROTO-KVM-12, behind the general registers. */
export const SWITCH_OUT: Routine = routine(
  ["csrwr", R.a2, TEMPORARY_SAVE],
  ["csrrd", R.t0, ESTAT], // 3
  ["csrrd", R.t1, ERA],
  ["csrrd", R.t2, BADV],
  ["csrrd", R.t3, BADI],
  ["csrrd", R.t4, ECFG], // 4
  ["or", R.t4, R.t4, R.a0],
  ["csrwr", R.t4, ECFG],
  ["csrwr", R.a1, EENTRY], // 5
  ["csrwr", R.a3, PGDL], // 6
  ["csrxchg", ZERO, R.a4, GSTAT], // 7
  ["csrxchg", ZERO, R.a5, GTLBC], // 8
);
