/**
 * The stage-2 format of axvm: 4 KiB pages, four levels (PROTO-AV13-14; PWCL 0x13E4D52C, PWCH 0x267).
 *
 * @module
 */
import type { PageTableFormat } from "../contract.ts";

/** Four levels of 9 bits over 4 KiB pages. */
export const ARCEOS_PAGE_TABLE: PageTableFormat = {
  pageShift: 12,
  levels: [
    { directory: 0, width: 9 },
    { directory: 1, width: 9 },
    { directory: 2, width: 9 },
    { directory: 3, width: 9 },
  ],
};
