/**
 * Devices, the bare machine made of them, and the loading of programs.
 *
 * @module
 */
export { AddressMap, type Region } from "./address_map.ts";
export type { Device } from "./device.ts";
export {
  DEFAULT_BASE,
  ElfError,
  type ElfKind,
  elfKind,
  type ElfOptions,
  type ElfProgram,
  type ElfSection,
  type ElfSegment,
  type ElfSymbol,
  isElf,
  linkObjects,
  type ObjectInput,
  parseElf,
  type UndefinedSymbol,
  UndefinedSymbolError,
} from "./elf/mod.ts";
export { Ged, type PowerRequest } from "./ged.ts";
export { Identification } from "./iocsr.ts";
export { Ipi, IPI_BASE, type IpiOptions } from "./ipi.ts";
export { isLinuxImage, type LinuxImage, LinuxImageError, parseLinuxImage } from "./linux_image.ts";
export { type LoadableProgram, type LoadableSegment, LoadError, loadProgram } from "./load.ts";
export { PAGE_SIZE, Ram } from "./ram.ts";
export { Uart, type UartOptions } from "./uart.ts";
export {
  addBoardDevices,
  createVirtMachine,
  VIRT_MAP,
  type VirtMachine,
  type VirtMachineOptions,
} from "./virt.ts";
