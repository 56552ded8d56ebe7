/**
 * What every kind of exit leaves behind: the guest's registers saved, the host's given back.
 *
 * A failure here means that a host goes on with a guest's page table root, exception entry or register, or a guest with a register of its
 * hypervisor: crashes that appear far away from the world switch. Bring a new world switch here first.
 *
 * Every case of every spec compares the host after each exit without being asked: the registers that the hardware must leave alone, and
 * those that the world switch promised to restore, callee-saved general registers included. The cases here do it for each kind of exit.
 */
import { type Case, type Csrs, guest, hvc } from "../dsl/mod.ts";
import { type Kind, KINDS } from "./restore/kinds.ts";

/** A guest that exits twice in the way of a kind. */
function exitTwice({ code, t0, exit, name: _name, ...rest }: Kind, host: Csrs): Omit<Case, "rule"> {
  return {
    ...rest,
    code: `
      start:  nop
      probe:  ${code}
      after:  hvcl 9`,
    set: { t0: t0 ?? 0n },
    exits: [{ ...exit, host, resume: { pc: "after" } }, hvc(9, { at: "after", host })],
  };
}

/** What Linux KVM's host looks like to the hardware at any exit; GID 1 is the first VM. */
const KVM_IN_GUEST: Csrs = {
  ECFG: { VS: 0 },
  GTLBC: { USETGID: 1, TGID: 1 },
  GSTAT: { PVM: 1, GID: 1 },
  PRMD: 4,
};

for (const kind of KINDS.filter((k) => k.switches === undefined)) {
  Deno.test(
    `KVM gives the host ECFG.VS, EENTRY, PGDL, GTLBC.TGID, GSTAT.PVM and its registers back after ${kind.name}`,
    guest({ rule: "PROTO-KVM-12", ...exitTwice(kind, KVM_IN_GUEST), switches: ["kvm"] }),
  );
}

/** The same for loongarch_vcpu, whose host keeps the hypervisor's registers from bind to unbind. */
const ARCEOS_IN_GUEST: Csrs = {
  ECFG: { VS: 5 },
  PGDL: 0x10000,
  PGDH: 0x10000,
  PWCL: 0x13e4d52c,
  PWCH: 0x267,
  STLBPS: 12,
  GTLBC: { USETGID: 1, TGID: 1 },
  GSTAT: { PVM: 1, GID: 1 },
  PRMD: { PPLV: 0, PIE: 1 },
};

for (const kind of KINDS) {
  Deno.test(
    `loongarch_vcpu keeps its translation registers over ${kind.name}, and unbind gives the host its own back`,
    guest({
      rule: ["PROTO-AV5-04", "PROTO-AV5-05"],
      ...exitTwice(kind, ARCEOS_IN_GUEST),
      switches: ["arceos"],
    }),
  );
}
