/**
 * The power-off and reset registers of QEMU's `virt` machine (its ACPI "generic event device").
 *
 * @module
 */
import type { AccessSize } from "../core/bus.ts";
import { type Restore, STATELESS } from "../core/snapshot/stateful.ts";
import type { Device } from "./device.ts";

/** What software can ask for. */
export type PowerRequest = "power off" | "reset";

const SLEEP_CONTROL = 0;
const RESET = 2;
/** Sleep enable, and the sleep type of ACPI state S5 (VM-DEV-02). */
const SLEEP_ENABLE = 0x20n;
const SLEEP_TYPE = 0x1cn;
const TYPE_OFF = 5n << 2n;
const RESET_VALUE = 0x42n;

/** Three byte registers: sleep control, sleep status, reset. They read 0. */
export class Ged implements Device {
  readonly name = "ged";
  readonly size = 3;
  readonly #request: (request: PowerRequest) => void;

  /** @param request called when software asks for one of them */
  constructor(request: (request: PowerRequest) => void) {
    this.#request = request;
  }

  save(): Restore {
    return STATELESS;
  }

  read(_offset: number, size: AccessSize): bigint | undefined {
    return size === 1 ? 0n : undefined;
  }

  write(offset: number, size: AccessSize, value: bigint): boolean {
    if (size !== 1) return false;
    // Other sleep types and reset values mean nothing to this device, as in QEMU.
    if (offset === SLEEP_CONTROL && (value & SLEEP_ENABLE) !== 0n && (value & SLEEP_TYPE) === TYPE_OFF) {
      this.#request("power off");
    }
    if (offset === RESET && value === RESET_VALUE) this.#request("reset");
    return true;
  }
}
