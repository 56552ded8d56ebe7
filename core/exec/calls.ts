/**
 * The plain functions that meanings `call` by name.
 *
 * @module
 */
import type { Machine } from "../machine.ts";
import { CHECK_CALLS } from "./check_calls.ts";
import { CSR_CALLS } from "./csr_calls.ts";
import type { CallTable } from "./evaluate.ts";
import { FCSR_CALLS } from "./fcsr_calls.ts";
import { LLSC_CALLS } from "./llsc_calls.ts";
import { SYSTEM_CALLS } from "./system_calls.ts";
import { TLB_CALLS } from "./tlb_calls.ts";
import { WALK_CALLS } from "./walk_calls.ts";

/** All of them. A meaning that names another is refused when it is compiled. */
export const CALLS: CallTable<Machine> = {
  ...CHECK_CALLS,
  ...CSR_CALLS,
  ...TLB_CALLS,
  ...WALK_CALLS,
  ...SYSTEM_CALLS,
  ...LLSC_CALLS,
  ...FCSR_CALLS,
};
