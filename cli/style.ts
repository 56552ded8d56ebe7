/**
 * Emphasis on terminals.
 *
 * @module
 */
import { bold, dim, red } from "@std/fmt/colors";
import type { Io } from "./io.ts";

/** Ways to emphasise text. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
}

const plain = (text: string) => text;

/** The emphasis that suits an output: none unless it is a terminal. */
export function styleFor(io: Pick<Io, "color">): Style {
  return io.color ? { bold, dim, red } : { bold: plain, dim: plain, red: plain };
}
