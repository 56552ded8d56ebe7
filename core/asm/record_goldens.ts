/**
 * Records what LLVM 19 and LLD 19 make of the sources in `golden_sources.ts`; `assemble_test.ts` compares. Run it after
 * adding sources, with llvm-19 and lld-19 installed:
 *
 *     deno run --allow-run=llvm-mc-19,ld.lld-19 --allow-read --allow-write core/asm/record_goldens.ts
 *
 * @module
 */
import { GOLDEN_SOURCES, type GoldenSource } from "./golden_sources.ts";

const PLAIN_ORDER = [".text", ".rodata", ".data", ".bss"];
const DEFAULT_ORIGIN = 0x1000n;
const hex = (value: bigint) => `0x${value.toString(16)}`;

const folder = await Deno.makeTempDir();

async function run(command: string, args: readonly string[], title: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args: [...args], cwd: folder }).output();
  if (!success) throw new Error(`Cannot record "${title}": ${command}: ${new TextDecoder().decode(stderr)}`);
}

function linkerScript({ origin = DEFAULT_ORIGIN, sections = {}, order = PLAIN_ORDER }: GoldenSource): string {
  let first = true;
  // A program header for each section: without them the file would have the gaps between distant ones.
  const headers = order.map((_, index) => `  p${index} PT_LOAD;`).join("\n");
  const lines = order.map((name, index) => {
    const address = sections[name];
    // An assignment to the dot leaves a section's own alignment to the linker; an address behind the name would not.
    const place = address !== undefined ? `. = ${hex(address)};` : first ? "" : ". = ALIGN(16);";
    first = false;
    return `  ${place} ${name} : { *(${name}) } :p${index}`;
  });
  const unloaded = "  /DISCARD/ : { *(.note*) *(.comment*) }";
  return `PHDRS {\n${headers}\n}\nSECTIONS {\n  . = ${hex(origin)};\n${lines.join("\n")}\n${unloaded}\n}\n`;
}

/** Bytes in hexadecimal, long runs of zeros as `(64 zeros)`. */
function text(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return digits.replace(/(?:\b00 ?){32,}/g, (run) => `(${run.split("00").length - 1} zeros)`).replaceAll(
    " ",
    "",
  )
    .replaceAll("zeros", " zeros");
}

/** Loaded sections and symbols of an ELF64 file, little-endian. */
function readElf(file: Uint8Array): { segments: [string, string, string][]; symbols: [string, string][] } {
  const view = new DataView(file.buffer, file.byteOffset);
  const table = Number(view.getBigUint64(0x28, true));
  const headers = Array.from({ length: view.getUint16(0x3c, true) }, (_, index) => {
    const at = table + index * 64;
    return {
      name: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      flags: view.getBigUint64(at + 8, true),
      address: view.getBigUint64(at + 16, true),
      offset: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
      link: view.getUint32(at + 40, true),
    };
  });
  const nameAt = (base: number, offset: number) => {
    const start = base + offset;
    return new TextDecoder().decode(file.subarray(start, file.indexOf(0, start)));
  };
  const names = headers[view.getUint16(0x3e, true)]?.offset ?? 0;
  const allocated = 2n;
  const segments = headers.filter(({ flags, size }) => (flags & allocated) !== 0n && size > 0)
    .map((header): [string, string, string] => {
      const stored = header.type === 8
        ? new Uint8Array(header.size)
        : file.subarray(header.offset, header.offset + header.size);
      return [nameAt(names, header.name), hex(header.address), text(stored)];
    });
  const symbolTable = headers.find(({ type }) => type === 2);
  const strings = headers[symbolTable?.link ?? 0]?.offset ?? 0;
  const symbols: [string, string][] = [];
  for (let at = symbolTable?.offset ?? 0, end = at + (symbolTable?.size ?? 0); at < end; at += 24) {
    const isNotype = (view.getUint8(at + 4) & 0xf) <= 2;
    const name = nameAt(strings, view.getUint32(at, true));
    if (isNotype && name !== "" && view.getUint16(at + 6, true) !== 0) {
      symbols.push([name, hex(view.getBigUint64(at + 8, true))]);
    }
  }
  return { segments, symbols };
}

async function record(golden: GoldenSource) {
  const { title, source, origin = DEFAULT_ORIGIN, sections = {} } = golden;
  await Deno.writeTextFile(`${folder}/a.s`, source);
  await Deno.writeTextFile(`${folder}/a.ld`, linkerScript(golden));
  const features = "-mattr=+lvz,+d,+ual";
  await run("llvm-mc-19", ["-triple=loongarch64", features, "-filetype=obj", "a.s", "-o", "a.o"], title);
  await run("ld.lld-19", ["-T", "a.ld", "a.o", "-o", "a.elf", "--no-relax", "-e", "0"], title);
  const places = Object.entries(sections).map(([name, address]) => [name, hex(address)]);
  const elf = readElf(await Deno.readFile(`${folder}/a.elf`));
  return { title, source, origin: hex(origin), sections: Object.fromEntries(places), ...elf };
}

const goldens = [];
for (const golden of GOLDEN_SOURCES) {
  try {
    goldens.push(await record(golden));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exitCode = 1;
  }
}
await Deno.remove(folder, { recursive: true });
const rows = goldens.map((golden) => `    ${JSON.stringify(golden)}`).join(",\n");
const recorded = `{\n  "recordedFrom": "llvm-mc and ld.lld 19.1",\n  "goldens": [\n${rows}\n  ]\n}\n`;
await Deno.writeTextFile(new URL("goldens_llvm.json", import.meta.url), recorded);
console.log(`Recorded ${goldens.length} of ${GOLDEN_SOURCES.length} sources`);
