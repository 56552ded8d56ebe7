/**
 * Where QEMU is known to differ from the manual, or settles otherwise what the manual leaves open: the only differences that a run accepts.
 * Errors of our machine do not belong here.
 *
 * @module
 */
import type { Deviation } from "./deviation.ts";
import { QEMU_CSR } from "./qemu_csr.ts";
import { QEMU_EXECUTION } from "./qemu_execution.ts";
import { QEMU_FP } from "./qemu_fp.ts";

/** All of them. */
export const QEMU_DEVIATIONS: readonly Deviation[] = [...QEMU_EXECUTION, ...QEMU_FP, ...QEMU_CSR];
