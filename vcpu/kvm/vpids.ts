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
  readonly #mask: bigint;
  /** The one given away last. */
  #last: bigint;

  constructor(cpu: HostCpu) {
    this.#cpu = cpu;
    this.#mask = (1n << GSTAT.GIDBITS.get(cpu.csrrd(GSTAT))) - 1n;
    this.#last = this.#mask + 1n;
  }

  /** True if a vCPU that has this VPID may keep it. */
  isValid(vpid: bigint | undefined): vpid is bigint {
    return vpid !== undefined && (vpid & ~this.#mask) === (this.#last & ~this.#mask);
  }

  /** The next VPID. GID 0 is the host's: instead of it a generation starts, without entries of the one before. */
  take(): bigint {
    this.#last++;
    if ((this.#last & this.#mask) === 0n) {
      this.#last++;
      this.#cpu.invtlb(INVTLB_ALLGID);
    }
    return this.#last;
  }

  /** What GSTAT.GID takes of a VPID. */
  gid(vpid: bigint): bigint {
    return vpid & this.#mask;
  }
}
