/**
 * The bare machine: the part of QEMU's `virt` board that a bare-metal program needs. PCH-PIC, EIOINTC, RTC, PCIe, flash and
 * fw_cfg are not there yet; an access to their addresses is a bus error.
 *
 * @module
 */
import { INTERRUPT } from "../core/interrupts.ts";
import { Machine } from "../core/machine.ts";
import type { Profile } from "../core/profile.ts";
import { AddressMap } from "./address_map.ts";
import { Ged } from "./ged.ts";
import { Identification } from "./iocsr.ts";
import { Ipi, IPI_BASE } from "./ipi.ts";
import { Ram } from "./ram.ts";
import { Uart } from "./uart.ts";

/** Physical addresses (VM-MAP-01, VM-MAP-02). */
export const VIRT_MAP = {
  lowRam: 0x0,
  /** The most RAM at {@linkcode VIRT_MAP.lowRam}; the rest is at {@linkcode VIRT_MAP.highRam}. */
  lowRamLimit: 0x1000_0000,
  ged: 0x100e_001c,
  uart: 0x1fe0_01e0,
  highRam: 0x8000_0000,
} as const;

/** What a {@linkcode VirtMachine} is made with. */
export interface VirtMachineOptions {
  /**
   * RAM in bytes, a multiple of 4096.
   * @default {268435456}
   */
  readonly memory?: number;
  /** LA464 by default. */
  readonly profile?: Profile;
  /** Receives every byte that the serial port sends. */
  readonly serial?: (byte: number) => void;
  /**
   * Where the serial port's interrupt goes. On the board it goes through PCH-PIC and EIOINTC, which are not there yet;
   * `hwi0` puts it straight on that line of the processor instead.
   * @default {"unwired"}
   */
  readonly serialInterrupt?: "unwired" | "hwi0";
}

/** The machine with its address spaces, and the devices that the outside world deals with. */
export interface VirtMachine {
  readonly machine: Machine;
  readonly bus: AddressMap;
  readonly iocsr: AddressMap;
  readonly uart: Uart;
  /** The address behind the last byte of low RAM: where a stack may begin. */
  readonly lowRamEnd: bigint;
}

const DEFAULT_MEMORY = 256 * 1024 * 1024;

/**
 * Makes a machine in its reset state. Power off and reset, as software asks for them, end a run with that as the reason.
 *
 * @throws {RangeError} if the memory cannot be that large
 *
 * @example
 * ```ts
 * import { createVirtMachine } from "./virt.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { machine, lowRamEnd } = createVirtMachine({ memory: 1024 * 1024 });
 * machine.writePhysical(0x100e001c, 1, 0x34n);
 * assertEquals(machine.stopRequest, "power off");
 * assertEquals(lowRamEnd, 0x100000n);
 * ```
 */
export function createVirtMachine(options: VirtMachineOptions = {}): VirtMachine {
  const bus = new AddressMap();
  const iocsr = new AddressMap();
  const memory = options.memory ?? DEFAULT_MEMORY;
  const low = Math.min(memory, VIRT_MAP.lowRamLimit);
  bus.add(VIRT_MAP.lowRam, new Ram("low RAM", low));
  if (memory > low) bus.add(VIRT_MAP.highRam, new Ram("high RAM", memory - low));

  const machine = new Machine({ bus, iocsr, ...(options.profile && { profile: options.profile }) });
  const uart = new Uart({
    ...(options.serial && { onTransmit: options.serial }),
    ...(options.serialInterrupt === "hwi0" && {
      onInterrupt: (level: boolean) => machine.setLine(INTERRUPT.HWI0, level),
    }),
  });
  addBoardDevices(machine, uart, bus, iocsr);
  return { machine, bus, iocsr, uart, lowRamEnd: BigInt(low) };
}

/** Puts the board's devices at their places: all that is not memory. */
export function addBoardDevices(machine: Machine, uart: Uart, bus: AddressMap, iocsr: AddressMap): void {
  bus.add(VIRT_MAP.uart, uart);
  bus.add(
    VIRT_MAP.ged,
    new Ged((request) => {
      machine.stopRequest = request;
    }),
  );
  iocsr.add(0, new Identification());
  iocsr.add(IPI_BASE, new Ipi({ iocsr, onLine: (level) => machine.setLine(INTERRUPT.IPI, level) }));
}
