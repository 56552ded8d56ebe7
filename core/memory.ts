/**
 * Memory for RAM. It is WebAssembly's, so that generated code reaches it too; it is zero and costs nothing until it is touched.
 *
 * @module
 */

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
