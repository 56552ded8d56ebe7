/**
 * Listings of sensitive instructions and what is expected of each.
 *
 * @module
 */
import { type ExpectedExit, gspr, hvc } from "../../dsl/mod.ts";

export const hex = (n: number | bigint) => `0x${n.toString(16)}`;
export const NOTHING = { kind: "nothing" };

/** Each hypervisor with the rule about its emulation of sensitive instructions. */
export const HYPERVISORS = [["kvm", "PROTO-KVM-34"], ["arceos", "PROTO-AV5-09"]] as const;

/** Where a guest takes its own exceptions. */
export const HANDLER = `
          .balign 4096
  handler: hvcl   99
`;

/** Instructions one after the other, at the labels `p0`, `p1` and so on. */
export function listing(instructions: readonly string[]): string {
  return instructions.map((text, i) => `p${i}: ${text}`).join("\n");
}

/** Each instruction of a listing exits with GSPR. */
export function eachExits(instructions: readonly string[]): ExpectedExit[] {
  return instructions.map((badi, i) => gspr({ at: `p${i}`, badi }));
}

/** Each instruction of a listing raises IPE in the guest; the host sends it on to the next one, at the same level. */
export function eachRaisesIpe(instructions: readonly string[], PLV: number): ExpectedExit[] {
  return instructions.map((_, i) =>
    hvc(99, {
      at: "handler",
      took: { kind: "IPE", at: `p${i}` },
      ...(i + 1 < instructions.length && { set: { csr: { CRMD: { PLV } } }, resume: { pc: `p${i + 1}` } }),
    })
  );
}
