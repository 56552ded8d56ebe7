/**
 * Memory for RAM. It is WebAssembly's, so that generated code reaches it too; it is zero and costs nothing until it is touched.
 *
 * @module
 */
import type { AccessSize, RamWindow } from "./bus.ts";

/** Bytes of a page of WebAssembly memory. */
export const WASM_PAGE = 65536;

/**
 * Allocates at least so many bytes; the memory never grows, so that views of it stay good.
 *
 * @throws {RangeError} if the host cannot provide them
 */
export function allocateMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / WASM_PAGE);
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

/** Reads from a block of RAM that holds all of these bytes. */
export function readRam(ram: RamWindow, address: number, size: AccessSize): bigint {
  const at = address - ram.base;
  if (size === 8) return ram.view.getBigUint64(at, true);
  if (size === 4) return BigInt(ram.view.getUint32(at, true));
  return BigInt(size === 2 ? ram.view.getUint16(at, true) : ram.view.getUint8(at));
}

/** Writes a value of the size into a block of RAM that holds all of these bytes. */
export function writeRam(ram: RamWindow, address: number, size: AccessSize, value: bigint): void {
  const at = address - ram.base;
  if (size === 8) ram.view.setBigUint64(at, value, true);
  else if (size === 4) ram.view.setUint32(at, Number(value), true);
  else if (size === 2) ram.view.setUint16(at, Number(value), true);
  else ram.view.setUint8(at, Number(value));
}
