/**
 * Numbers that KVM gives its vCPUs on a processor, which the hardware knows as GIDs (PROTO-KVM-03, -04).
 *
 * @module
 */
import { GSTAT } from "../../core/csr/lvz.ts";
import type { HostCpu } from "../host_cpu.ts";

/** invtlb: every guest entry. */
const INVTLB_ALLGID = 0x12;

/** The VPIDs of a processor: a generation above, what GSTAT.GID takes below (PROTO-KVM-03). */
export class Vpids {
  readonly #cpu: HostCpu;
  /** GIDs that GSTAT takes. */
  readonly #count: number;
  /** The one given away last. */
  #last: number;
  /** The first one of the present generation. */
  #first: number;

  constructor(cpu: HostCpu) {
    this.#cpu = cpu;
    this.#count = 2 ** GSTAT.GIDBITS.number(cpu.csrrd(GSTAT));
    this.#first = this.#last = this.#count;
  }

  /** True if a vCPU that has this VPID may keep it. */
  isValid(vpid: number | undefined): vpid is number {
    return vpid !== undefined && vpid >= this.#first;
  }

  /** The next VPID. GID 0 is the host's: instead of it a generation starts, without entries of the one before. */
  take(): number {
    this.#last++;
    if (this.#last % this.#count === 0) {
      this.#first = this.#last;
      this.#last++;
      this.#cpu.invtlb(INVTLB_ALLGID);
    }
    return this.#last;
  }

  /** What GSTAT.GID takes of a VPID. */
  gid(vpid: number): bigint {
    return BigInt(vpid % this.#count);
  }
}
