/**
 * The spec files, as something to import: literal, so that no permission is needed.
 *
 * @module
 */

/** What imports a spec file. */
export type SpecImport = () => Promise<unknown>;

/** The areas that every hypervisor meets first. */
export const FIRST_RANK: readonly SpecImport[] = [
  () => import("./entry_test.ts"),
  () => import("./gspr_test.ts"),
  () => import("./hvc_test.ts"),
  () => import("./irq_test.ts"),
  () => import("./restore_test.ts"),
  () => import("./stage2_test.ts"),
];

/** All others. */
export const REST: readonly SpecImport[] = [() => import("./full.ts")];
