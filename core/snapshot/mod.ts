/**
 * Snapshots: everything that a machine is at one moment, to be taken up again.
 *
 * @module
 */
export { PageHistory, type PageListener } from "./page_history.ts";
export { type Restore, SnapshotError, type Stateful } from "./stateful.ts";
