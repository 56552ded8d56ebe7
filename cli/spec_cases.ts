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

/**
 * Imports spec files and collects the cases that they hand to `Deno.test`.
 *
 * @param files module URLs
 */
export async function collectCases(files: readonly string[]): Promise<readonly NamedCase[]> {
  const found: NamedCase[] = [];
  const collect = (title: unknown, test: unknown) => {
    if (typeof title === "string" && isCaseTest(test)) found.push({ title, test });
  };
  const original = Object.getOwnPropertyDescriptor(Deno, "test")!;
  Object.defineProperty(Deno, "test", { value: collect, configurable: true });
  try {
    for (const file of files) await import(file);
  } finally {
    Object.defineProperty(Deno, "test", original);
  }
  return found;
}
