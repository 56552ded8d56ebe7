/**
 * The cases of spec files, without running a test runner.
 *
 * @module
 */
import { type CaseTest, isCaseTest } from "../dsl/mod.ts";

/** A case with its title. */
export interface NamedCase {
  readonly title: string;
  readonly test: CaseTest;
}

/** A spec file: its module URL, or what imports it. */
export type SpecFile = string | (() => Promise<unknown>);

/** Imports spec files and collects the cases that they hand to `Deno.test`. */
export async function collectCases(files: readonly SpecFile[]): Promise<readonly NamedCase[]> {
  const found: NamedCase[] = [];
  const collect = (title: unknown, test: unknown) => {
    if (typeof title === "string" && isCaseTest(test)) found.push({ title, test });
  };
  const original = Object.getOwnPropertyDescriptor(Deno, "test")!;
  Object.defineProperty(Deno, "test", { value: collect, configurable: true });
  try {
    for (const file of files) await (typeof file === "string" ? import(file) : file());
  } finally {
    Object.defineProperty(Deno, "test", original);
  }
  return found;
}
