/**
 * The target description: which registers there are, in the XML of the protocol.
 *
 * @module
 */
import type { DebugRegister, RegisterFeature } from "./registers.ts";

/** Attributes in the order in which they are written; those without a value are left out. */
type Attributes = Readonly<Record<string, string | number | undefined>>;

function element(name: string, attributes: Attributes): string {
  const written = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return `<${name}${written.map(([key, value]) => ` ${key}="${value}"`).join("")}/>`;
}

function register(r: DebugRegister, number: number, group: string): string {
  return element("reg", {
    name: r.name,
    bitsize: r.bits,
    type: r.type,
    regnum: number,
    group,
    // A debugger that calls functions of the program must not put back what only looks like its own registers.
    "save-restore": r.general ? undefined : "no",
    // What follows is for lldb; gdb ignores it.
    altname: r.alias,
    generic: r.role,
    dwarf_regnum: r.dwarf,
    ehframe_regnum: r.dwarf,
    encoding: r.type === "ieee_double" ? "ieee754" : "uint",
    format: r.type === "ieee_double" ? "float" : "hex",
  });
}

/** The description of these registers. */
export function targetDescription(features: readonly RegisterFeature[]): string {
  let number = 0;
  const written = features.map(({ name, group, registers }) => {
    const lines = registers.map((r) => `    ${register(r, number++, group)}\n`).join("");
    return `  <feature name="${name}">\n${lines}  </feature>\n`;
  });
  return `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
  <architecture>loongarch64</architecture>
${written.join("")}</target>
`;
}
