/**
 * Modules that describe a world switch.
 *
 * @module
 */
import type { SwitchDescription } from "../dsl/switch/description.ts";
import { UsageError } from "./io.ts";

const NEEDED = ["name", "code", "enter", "context", "exits", "promises"] as const;

/**
 * The default export of a module.
 *
 * @throws {UsageError} if it cannot be loaded or describes no world switch
 */
export async function readDescription(path: string): Promise<SwitchDescription> {
  const url = /^[a-z]+:/.test(path) ? path : new URL(path, `file://${Deno.cwd()}/`).href;
  let loaded: { readonly default?: unknown };
  try {
    loaded = await import(url);
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  const description = loaded.default;
  if (typeof description !== "object" || description === null) {
    throw new UsageError(`Cannot use ${path}: its default export is no description of a world switch`);
  }
  const missing = NEEDED.filter((name) => !(name in description));
  if (missing.length === 0) return description as SwitchDescription;
  throw new UsageError(`Cannot use ${path}: its description has no ${missing.join(", ")}`);
}
