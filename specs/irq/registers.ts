/**
 * Bits, register values and code that the specs of interrupts share.
 *
 * @module
 */
/** Bits of ESTAT.IS and ECFG.LIE. */
export const SWI0 = 0x1;
export const SWI1 = 0x2;
export const TI = 0x800;
export const IPI = 0x1000;
export const ALL = 0x1fff;
export const LINES = [0, 1, 2, 3, 4, 5, 6, 7];
export const hwi = (n: number) => 0x4 << n;

/** GCSR.CRMD at PLV0 in direct mode, with interrupts off and on. */
export const CRMD_OFF = 0x8;
export const CRMD_ON = 0xc;

/** A guest that takes every interrupt at `handler`. Its PRMD starts as 0, so that a change shows. */
export const TAKES_ALL = { CRMD: CRMD_ON, PRMD: 0, ECFG: { LIE: ALL }, EENTRY: "handler" };

/** The guest's registers after it took an interrupt in front of the instruction at `era`. */
export function taken(era: string, pending: number) {
  return { CRMD: CRMD_OFF, PRMD: { PPLV: 0, PIE: 1 }, ERA: era, ESTAT: pending };
}

/** Guest code behind which nothing may come: reaching the handler is wrong. */
export const NO_HANDLER = `
          .balign 4096
  handler: hvcl   99
`;

/** A one-shot of the host that expires after so many ticks, a multiple of 4. */
export const oneShot = (ticks: number) => ({ En: 1, Periodic: 0, InitVal: ticks / 4 });
export const periodic = (ticks: number) => ({ En: 1, Periodic: 1, InitVal: ticks / 4 });
