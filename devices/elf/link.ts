/**
 * From objects to a program: everything gets an address, and the code is made for it.
 *
 * @module
 */
import { type Addresses, describeUse, Relocator, type Use } from "./apply.ts";
import { NO_CUTS } from "./cuts.ts";
import { type Common, type Layout, layOut, type Placed, SLOT_SIZE } from "./layout.ts";
import { type ObjectFile, type ObjectSection, readRelocations, type Relocation } from "./object.ts";
import {
  DEFAULT_BASE,
  type ElfOptions,
  type ElfProgram,
  type ElfSection,
  type ElfSegment,
  type ElfSymbol,
  makeProgram,
  PHYSICAL_MASK,
  segmentAt,
} from "./program.ts";
import { UNNAMED } from "./reader.ts";
import { RELOCATIONS } from "./relocations.ts";
import { type Definition, SymbolTable } from "./resolve.ts";
import { FLAG, SECTION } from "./sections.ts";
import { constantsOf, isPlaceName, SYMBOL_TYPE, type SymbolEntry } from "./symbols.ts";
import { UndefinedSymbols } from "./undefined.ts";

/**
 * Links objects to a base.
 *
 * @throws {UndefinedSymbolError} if symbols are missing
 * @throws {ElfError} if the objects contradict each other, or a relocation cannot be applied
 */
export function linkObjects(objects: readonly ObjectFile[], options: ElfOptions): ElfProgram {
  return new Linker(objects, options).program();
}

const TABLE_SYMBOL = "_GLOBAL_OFFSET_TABLE_";
const START = "_start";

class Linker {
  readonly #objects: readonly ObjectFile[];
  readonly #options: ElfOptions;
  readonly #table: SymbolTable;
  readonly #loaded: readonly ObjectSection[];
  readonly #byName: ReadonlyMap<string, ObjectSection[]>;
  /** The first object that names a global symbol. */
  readonly #firstNamed = new Map<string, ObjectFile>();
  readonly #uses = new Map<ObjectSection, readonly Use[]>();
  /** Definitions that have a slot in the table of addresses, in the order of the slots. */
  readonly #slots: ReadonlyMap<Definition, number>;
  readonly #layout: Layout;
  readonly #bytes = new Map<ObjectSection, Uint8Array>();

  constructor(objects: readonly ObjectFile[], options: ElfOptions) {
    this.#objects = objects;
    this.#options = options;
    this.#table = new SymbolTable(objects, options.symbols ?? new Map());
    this.#loaded = this.#kept().filter((s) => s.isLoaded);
    this.#byName = Map.groupBy(this.#loaded, (s) => s.name);
    for (const object of objects) {
      for (const { name } of object.symbols) {
        if (!this.#firstNamed.has(name)) this.#firstNamed.set(name, object);
      }
    }
    const wanted = this.#scan();
    // Global symbols first, then those of each object, as LLD does: the order is nobody's business, but bytes then compare.
    const locals = objects.flatMap((o) => o.symbols.map((s) => this.#table.definition(o, s)));
    const ordered = new Set([...this.#table.globals.values(), ...locals].filter((d) => wanted.has(d)));
    this.#slots = new Map([...ordered].map((d, i) => [d, i]));
    this.#layout = layOut({
      sections: this.#loaded,
      aligns: (section) => this.#aligns(section),
      slots: this.#slots.size,
      commons: [...this.#table.globals.values()].filter((d): d is Common => d.kind === "common"),
    }, options.base ?? DEFAULT_BASE);
    for (const [section, placed] of this.#layout.sections) {
      const uses = this.#uses.get(section) ?? [];
      if (section.type !== SECTION.zeros) this.#bytes.set(section, this.#relocated(section, placed, uses));
    }
  }

  program(): ElfProgram {
    const parts = {
      kind: "object" as const,
      segments: this.#segments(),
      sections: this.#kept().map((s) => this.#section(s)),
      symbols: this.#objects.flatMap((o) => this.#symbolsOf(o)),
      constants: new Map(this.#objects.flatMap((o) => [...constantsOf(o.symbols)])),
    };
    const program = makeProgram({ ...parts, entry: 0n });
    return { ...program, entry: this.#entry(program) };
  }

  #kept(): ObjectSection[] {
    return this.#objects.flatMap((o) => [...o.sections.values()]).filter((s) => !this.#table.dropped.has(s));
  }

  // Before the layout ------------------------------------------------------------------------------------------------

  /** Looks up all relocations; returns the definitions that need a slot. */
  #scan(): Set<Definition> {
    const wanted = new Set<Definition>();
    const missing = new UndefinedSymbols();
    for (const section of this.#loaded) {
      const uses = readRelocations(section).map((relocation) => this.#use(section, relocation));
      this.#uses.set(section, uses);
      for (const use of uses) {
        const { row: { action }, definition, relocation } = use;
        if (action.kind === "align" || action.kind === "ignored") continue;
        if ("from" in action && action.from === "slot") {
          this.#checkSlot(section, use);
          wanted.add(definition);
        }
        const symbol = section.object.symbols[relocation.symbol];
        if (symbol === undefined || !this.#isMissing(definition)) continue;
        missing.add(section.object.reader, symbol, describePlace(section, relocation), relocation.at);
      }
    }
    missing.check();
    return wanted;
  }

  #use(section: ObjectSection, relocation: Relocation): Use {
    const { reader, symbols } = section.object;
    const row = RELOCATIONS.get(relocation.type);
    if (row === undefined) {
      throw reader.error(
        `the type of the relocation at ${section.name}+0x${relocation.offset.toString(16)}`,
        relocation.at + 8,
        relocation.type,
        "is unknown",
      );
    }
    const symbol = symbols[relocation.symbol];
    const use = { relocation, row };
    if (row.action.kind === "refused") {
      throw reader.error(describeUse(section, use), relocation.at + 8, row.number, `is ${row.action.what}`);
    }
    const refused = symbol && REFUSED_SYMBOLS[symbol.type];
    if (refused !== undefined) {
      throw reader.error(describeUse(section, use), relocation.at, symbol?.type ?? 0, `is for ${refused}`);
    }
    const definition = this.#table.definition(section.object, symbol ?? NO_SYMBOL);
    return { ...use, definition };
  }

  #checkSlot(section: ObjectSection, use: Use): void {
    const { addend, at, symbol } = use.relocation;
    if (symbol === 0) {
      throw section.object.reader.error(describeUse(section, use), at + 12, 0, "needs a symbol");
    }
    if (addend === 0n) return;
    throw section.object.reader.error(
      describeUse(section, use),
      at + 16,
      addend,
      "must have no addend: a slot of the table of addresses holds the address of a symbol",
    );
  }

  #isMissing(definition: Definition): boolean {
    return definition.kind === "missing" && !definition.isWeak && !this.#isOwn(definition.name);
  }

  #aligns(section: ObjectSection): readonly Relocation[] {
    const uses = this.#uses.get(section) ?? [];
    return uses.filter((u) => u.row.action.kind === "align").map((u) => u.relocation);
  }

  // Symbols that linkers define ----------------------------------------------------------------------------------------

  #isOwn(name: string): boolean {
    return OWN_SYMBOLS.includes(name) || this.#bounded(name).length > 0;
  }

  /** The sections that `__start_name` and `__stop_name` enclose. */
  #bounded(name: string): ObjectSection[] {
    const wanted = /^__(?:start|stop)_(\w+)$/.exec(name)?.[1];
    return wanted === undefined ? [] : this.#byName.get(wanted) ?? [];
  }

  #own(name: string): bigint {
    if (name === TABLE_SYMBOL) return this.#layout.table;
    if (name === "__bss_start") return this.#layout.zeros;
    if (OWN_SYMBOLS.includes(name)) return this.#layout.end;
    const placed = this.#bounded(name).flatMap((s) => this.#layout.sections.get(s) ?? []);
    const last = placed.at(-1);
    if (last === undefined) return 0n;
    return name.startsWith("__start_") ? placed[0]?.address ?? 0n : last.address + last.size;
  }

  // After the layout ---------------------------------------------------------------------------------------------------

  #address(definition: Definition): bigint {
    if (definition.kind === "number") return definition.value;
    if (definition.kind === "missing") return this.#own(definition.name);
    if (definition.kind === "common") return this.#layout.commons.get(definition) ?? 0n;
    const { section, offset } = definition;
    const placed = this.#layout.sections.get(section);
    // What is not loaded is at 0, as debuggers expect it.
    return placed === undefined ? offset : placed.address + placed.cuts.moved(offset);
  }

  #relocated(section: ObjectSection, placed: Placed, uses: readonly Use[]): Uint8Array {
    const { table } = this.#layout;
    const addresses: Addresses = {
      of: (definition) => this.#address(definition),
      slot: (definition) => table + BigInt(this.#slots.get(definition) ?? 0) * SLOT_SIZE,
      table,
    };
    return new Relocator(section, placed, addresses).apply(uses);
  }

  #segments(): ElfSegment[] {
    const segments: ElfSegment[] = [];
    for (const [section, { address, size }] of this.#layout.sections) {
      const bytes = this.#bytes.get(section) ?? new Uint8Array();
      const executable = (section.flags & FLAG.execute) !== 0n;
      if (size > 0n) {
        segments.push({ name: section.name, address: physical(address), bytes, size, executable });
      }
    }
    if (this.#slots.size > 0) {
      const bytes = new Uint8Array(this.#slots.size * Number(SLOT_SIZE));
      const view = new DataView(bytes.buffer);
      for (const [definition, index] of this.#slots) {
        view.setBigUint64(index * Number(SLOT_SIZE), BigInt.asUintN(64, this.#address(definition)), true);
      }
      segments.push({ ...zeros(".got", this.#layout.table, BigInt(bytes.length)), bytes });
    }
    for (const [{ name, size }, address] of this.#layout.commons) {
      if (size > 0n) segments.push(zeros(name, address, size));
    }
    return segments.sort((a, b) => a.address < b.address ? -1 : 1);
  }

  #section(section: ObjectSection): ElfSection {
    const placed = this.#layout.sections.get(section);
    return {
      name: section.name,
      address: placed === undefined ? 0n : physical(placed.address),
      size: placed?.size ?? section.size,
      isLoaded: section.isLoaded,
      isExecutable: (section.flags & FLAG.execute) !== 0n,
      isWritable: (section.flags & FLAG.write) !== 0n,
      contents: () => {
        if (section.type === SECTION.zeros) return new Uint8Array();
        return this.#bytes.get(section) ?? this.#unloaded(section);
      },
    };
  }

  #unloaded(section: ObjectSection): Uint8Array {
    if ((section.flags & FLAG.compressed) !== 0n) {
      throw section.object.reader.error(
        `the flags of ${section.name}`,
        section.at + 8,
        section.flags,
        "are those of compressed data",
      );
    }
    const uses = readRelocations(section).map((relocation) => this.#use(section, relocation));
    return this.#relocated(section, { address: 0n, size: section.size, cuts: NO_CUTS }, uses);
  }

  #symbolsOf(object: ObjectFile): ElfSymbol[] {
    return object.symbols.flatMap((entry) => {
      const definition = this.#table.definition(object, entry);
      if (!isPlaceName(entry) || !this.#isDefinedBy(definition, object, entry)) return [];
      const start = this.#address(definition);
      const end = definition.kind === "place"
        ? this.#address({ ...definition, offset: definition.offset + entry.size })
        : start + entry.size;
      return [{
        name: entry.name,
        address: physical(start),
        linkAddress: BigInt.asUintN(64, start),
        size: end - start,
        isGlobal: entry.binding !== "local",
      }];
    });
  }

  /** A symbol that several objects name is listed once, and only if it is loaded. */
  #isDefinedBy(definition: Definition, object: ObjectFile, entry: SymbolEntry): boolean {
    if (definition.kind === "common") return this.#firstNamed.get(entry.name) === object;
    return definition.kind === "place" && definition.section.isLoaded && definition.section.object === object;
  }

  #entry(program: ElfProgram): bigint {
    const { entry: name } = this.#options;
    const symbol = program.symbol(name ?? START);
    const [object] = this.#objects;
    const first = program.segments.find((s) => s.executable);
    const entry = symbol?.address ?? first?.address;
    if (object === undefined) throw new RangeError("Cannot link: no objects are given");
    const { reader } = object;
    if (name !== undefined && symbol === undefined) {
      throw reader.error("the entry", 0x18, 0, `cannot be ${name}: there is no such symbol`);
    }
    if (entry === undefined) {
      throw reader.error("the number of sections", 0x3c, reader.u16(0x3c), "leaves no code to run");
    }
    if (segmentAt(program.segments, entry)?.executable === true && entry % 4n === 0n) return entry;
    throw reader.error("the entry", 0x18, entry, "must be a multiple of 4 in executable code");
  }
}

const OWN_SYMBOLS: readonly string[] = [TABLE_SYMBOL, "__bss_start", "_end", "end"];

const NO_SYMBOL: SymbolEntry = {
  index: 0,
  at: 0,
  name: "",
  binding: "local",
  type: 0,
  section: 0,
  value: 0n,
  size: 0n,
};

const REFUSED_SYMBOLS: Readonly<Record<number, string>> = {
  [SYMBOL_TYPE.thread]: "thread-local storage, which a bare machine does not have",
  [SYMBOL_TYPE.resolver]:
    "a function that is chosen when the program starts, which only a dynamic linker can do",
};

function physical(address: bigint): bigint {
  return address & PHYSICAL_MASK;
}

function zeros(name: string, address: bigint, size: bigint): ElfSegment {
  return { name, address: physical(address), bytes: new Uint8Array(), size, executable: false };
}

function describePlace({ name, object }: ObjectSection, { offset }: Relocation): string {
  return `${object.reader.name === UNNAMED ? "" : `${object.reader.name}: `}${name}+0x${offset.toString(16)}`;
}
