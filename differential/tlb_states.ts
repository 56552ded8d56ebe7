/**
 * States of TLB instructions and page walks: an entry is written, something is done to it, and what is there then is searched, read or used.
 *
 * @module
 */
import { TLBELO0, TLBIDX } from "../core/csr/translation.ts";
import type { Profile } from "../core/profile.ts";
import { low48 } from "../core/halves.ts";
import { pairNumber } from "../core/mmu/tlb.ts";
import { PRMD } from "../core/csr/basic.ts";
import type { Made, Maker, Order } from "./maker.ts";
import { value } from "./operands.ts";
import { oneIn, type Random } from "./random.ts";
import { CACHED, DATA_BYTES, type Mode, Scene, STOP, UNCACHED, unprivileged, word } from "./scene.ts";

const DIRECT: Mode = { mapped: false, plv: 0 };
const MAPPED: Mode = { mapped: true, plv: 0 };
/** Page sizes (log2) of entries: common ones, and those at the ends. */
const PAGE_SIZES = [12, 14, 16, 21, 24, 25, 29];

/** Registers of the code. */
const [a0, a1, a2, a3] = [4, 5, 6, 7];
const [t0, t1] = [12, 13];
const zero = 0;

const wrap = (v: bigint) => BigInt.asUintN(64, v);

/** An entry, as the registers describe it, and an address that it translates. */
interface Entry {
  readonly ps: number;
  readonly asid: number;
  readonly address: bigint;
  readonly global: boolean;
}

/** One half of an entry: the page of the data, with flags of which most allow the access. */
function half(random: Random, scene: Scene, ps: number, global: boolean): bigint {
  const usual = TLBELO0.V.mask | TLBELO0.D.mask;
  const flags = oneIn(random, 2) ? usual : BigInt(random.below(4));
  const level = oneIn(random, 2) ? 0n : TLBELO0.PLV.of(BigInt(random.below(4)));
  const barred = oneIn(random, 6) ? random.pick([1n << 61n, 1n << 62n, 1n << 63n, 7n << 61n]) : 0n;
  const page = (BigInt(scene.dataAt) >> BigInt(ps)) << BigInt(ps);
  return flags | level | barred | page | TLBELO0.MAT.of(1n) | (global ? TLBELO0.G.mask : 0n);
}

/**
 * Describes an entry in the registers for tlbwr and tlbfill.
 *
 * @param odd whether its halves may disagree about being global, and it may be one that does not exist: then it is not used
 */
function describeEntry(scene: Scene, profile: Profile, odd = true): Entry {
  const { random } = scene;
  const ps = random.pick(PAGE_SIZES);
  const stlbPs = oneIn(random, 2) ? ps : random.pick(PAGE_SIZES);
  const asid = oneIn(random, 2) ? random.pick([0, 1, 0x3ff]) : random.below(0x400);
  const offset = BigInt(scene.dataAt) & ((1n << BigInt(ps)) - 1n);
  const oddPage = BigInt(random.below(2)) << BigInt(ps);
  const pair = (BigInt.asIntN(48, random.bits64()) >> BigInt(ps + 1)) << BigInt(ps + 1);
  const address = wrap(pair | oddPage | offset);
  const global = oneIn(random, 3);
  // What a page number holds below its page size is open.
  scene.setCsr("TLBEHI", pairStart(address, ps));
  scene.setCsr("TLBELO0", half(random, scene, ps, global));
  scene.setCsr("TLBELO1", half(random, scene, ps, odd && oneIn(random, 8) ? !global : global));
  scene.setCsr("ASID", BigInt(profile.asidBits << 16 | asid));
  scene.setCsr("STLBPS", BigInt(stlbPs));
  const absent = odd && oneIn(random, 6) ? TLBIDX.NE.mask : 0n;
  scene.setCsr(
    "TLBIDX",
    BigInt(slot(random, profile, ps === stlbPs, address, ps)) | TLBIDX.PS.of(BigInt(ps)) | absent,
  );
  return { ps, asid, address, global };
}

/** The address of a pair of pages, as TLBEHI has it. */
function pairStart(address: bigint, ps: number): bigint {
  return wrap((BigInt.asIntN(48, address) >> BigInt(ps + 1)) << BigInt(ps + 1));
}

/** An index where an entry of the size and address may stand: in its set of the STLB, or in the MTLB. */
function slot(random: Random, profile: Profile, inStlb: boolean, address: bigint, ps: number): number {
  const { stlbSets, stlbWays, mtlbEntries } = profile;
  if (!inStlb || oneIn(random, 3)) return stlbSets * stlbWays + random.below(mtlbEntries);
  return random.below(stlbWays) * stlbSets + pairNumber(low48(address), ps) % stlbSets;
}

/** What is there now, in the registers that tlbrd fills; they are emptied before. The index that tlbfill chose is not comparable. */
function readBack(hideIndex: boolean): readonly number[] {
  const clear = [
    ...["0x11", "0x12", "0x13"].map((csr) => word("csrwr", a3, BigInt(csr))),
    word("or", a3, zero, zero),
  ];
  const hide = [
    word("addi.d", a2, zero, 0),
    word("lu12i.w", a1, 0),
    word("ori", a1, a1, 0xfff),
    word("csrxchg", a2, a1, 0x10),
    word("or", a2, zero, zero),
  ];
  return [word("tlbsrch"), ...clear, word("tlbrd"), ...(hideIndex ? hide : [])];
}

/** Searches for the entry, for its neighbour, or for something else. */
function searchAddress(random: Random, { address, ps }: Entry): bigint {
  const pairBytes = 2n << BigInt(ps);
  const other = random.pick([0n, pairBytes, -pairBytes, 1n << 47n]);
  return wrap(BigInt.asIntN(48, oneIn(random, 2) ? address : address ^ other)) & ~0x1fffn;
}

/** Sets TLBEHI, and now and then ASID, to look for something. */
function aimSearch(scene: Scene, entry: Entry): readonly number[] {
  const { random } = scene;
  scene.gpr.set(t0, searchAddress(random, entry));
  const code = [word("csrwr", t0, 0x11)];
  if (!oneIn(random, 3)) return code;
  scene.gpr.set(t1, BigInt(random.pick([entry.asid, entry.asid ^ 1, random.below(0x400)])));
  return [...code, word("csrwr", t1, 0x18)];
}

/** A load, store or fetch through the entry; in the windows' mode only. */
function access(scene: Scene, { address }: Entry): readonly number[] {
  const { random } = scene;
  scene.gpr.set(a0, address);
  scene.gpr.set(a2, value(random));
  const [load, store, jump] = [word("ld.d", a1, a0, 0), word("st.d", a2, a0, 0), word("jirl", a1, a0, 0)];
  const code = [random.pick([load, store, jump]), STOP];
  if (oneIn(random, 2)) return code;
  // At another level: ertn goes to the instruction behind it.
  const plv = random.pick([0, 0, 3, 3, 3, 3, 1, 2]);
  scene.setCsr("PRMD", PRMD.PPLV.of(BigInt(plv)));
  scene.setCsr("DMW1", CACHED | 0x10n | 1n | (1n << BigInt(plv)));
  return [word("ertn"), ...code];
}

function usesEntry(scene: Scene, entry: Entry): boolean {
  const inWindow = [CACHED, UNCACHED].some((w) => w >> 60n === entry.address >> 60n);
  return scene.mode.mapped && !inWindow;
}

function finish(scene: Scene, tested: number, code: readonly number[]): Made {
  scene.placeData(() => DATA_WORDS);
  scene.place(scene.codeAt, code);
  return { scene, tested, budget: 40 };
}

/** Data that stop a run that is led there. */
const DATA_WORDS = (BigInt(word("break", 2)) << 32n) | BigInt(word("break", 1));

/** Where in the code ertn returns to: behind itself. */
function setReturn(scene: Scene, code: readonly number[]): void {
  const at = code.indexOf(word("ertn"));
  if (at >= 0) scene.setCsr("ERA", scene.pc + BigInt(4 * (at + 1)));
}

/** tlbwr, tlbfill, tlbsrch, tlbrd, tlbclr, tlbflush. */
export function tlbStates(profile: Profile): Maker {
  return ({ random, instruction }: Order) => {
    const tested = word(instruction.name);
    if (oneIn(random, 16)) return denied(random, tested);
    const scene = new Scene(random, oneIn(random, 2) ? MAPPED : DIRECT);
    const wanted = oneIn(random, 2);
    const entry = describeEntry(scene, profile, !wanted);
    const { name } = instruction;
    const isFill = name.endsWith("tlbfill");
    const writes = isFill || name.endsWith("tlbwr");
    const first = writes ? [tested] : [word("tlbwr")];
    const again = writes ? [] : [...(oneIn(random, 2) ? aimSearch(scene, entry) : []), tested];
    const use = wanted && usesEntry(scene, entry);
    const last = use ? access(scene, entry) : [...readBack(isFill), STOP];
    const code = [...first, ...again, ...last];
    setReturn(scene, code);
    return finish(scene, tested, code);
  };
}

/** At a level that may not. */
function denied(random: Random, tested: number): Made {
  const scene = new Scene(random, unprivileged(random));
  scene.place(scene.codeAt, [tested, STOP]);
  return { scene, tested };
}

/** invtlb: operations that there are, and some that there are not, for the entry's ASID and address or others. */
export function invtlbStates(profile: Profile): Maker {
  return ({ random }: Order) => {
    const op = oneIn(random, 8) ? random.below(32) : random.below(7);
    const [rj, rk] = [random.pick([zero, a0, a0, a0]), random.pick([zero, a1, a1, a1])];
    const tested = word("invtlb", op, rj, rk);
    if (oneIn(random, 16)) return denied(random, tested);
    const scene = new Scene(random, oneIn(random, 2) ? MAPPED : DIRECT);
    const entry = describeEntry(scene, profile);
    const asid = oneIn(random, 3) ? random.below(0x400) : entry.asid;
    scene.gpr.set(a0, BigInt(asid));
    scene.gpr.set(a1, oneIn(random, 3) ? searchAddress(random, entry) : entry.address);
    return finish(scene, tested, [word("tlbwr"), tested, ...readBack(false), STOP]);
  };
}

/** Directories of a few entries, so that every index stays in the data; and of huge pages of sizes that there are. */
function walkRegisters(scene: Scene): void {
  const { random } = scene;
  const base = () => BigInt(13 + random.below(15));
  const width = () => BigInt(random.below(3));
  const level = () => base() | (width() << 5n);
  scene.setCsr("PWCL", level() | (level() << 10n) | (level() << 20n));
  const upper = () => base() | (width() << 6n);
  scene.setCsr("PWCH", upper() | (upper() << 12n));
  scene.setCsr("TLBRBADV", random.bits64());
  if (oneIn(random, 2)) scene.setCsr("BADV", random.bits64());
}

/** A page table entry: small or huge, with any flags. */
function tableEntry(random: Random): bigint {
  const flags = BigInt(random.word() & (oneIn(random, 4) ? 0x1fff : 0x3f));
  const page = (BigInt(random.word()) << 14n) & 0xffff_ffff_f000n;
  return page | flags | (oneIn(random, 6) ? random.pick([1n << 61n, 1n << 62n, 1n << 63n]) : 0n);
}

/** lddir and ldpte. */
export function walkStates(): Maker {
  return ({ random, instruction }: Order) => {
    const { name } = instruction;
    const [rd, rj] = oneIn(random, 8) ? [a0, a0] : oneIn(random, 16) ? [zero, a0] : [a1, a0];
    const level = oneIn(random, 16) ? random.below(256) : 1 + random.below(4);
    const odd = oneIn(random, 16) ? random.below(256) : random.below(2);
    const tested = name === "lddir" ? word(name, rd, rj, level) : word(name, rj, odd);
    if (oneIn(random, 16)) return denied(random, tested);
    const scene = new Scene(random, oneIn(random, 2) ? MAPPED : DIRECT);
    walkRegisters(scene);
    const isHuge = oneIn(random, 4);
    // Four entries at most, of 8 bytes. Of the address of a table bit 6 is 0.
    const table = BigInt(scene.dataAt + DATA_BYTES / 2);
    // A huge page is aligned to its size, which is below 2^40.
    const huge = (tableEntry(random) & ~0xff_ffff_f000n) | 0x40n | (BigInt(random.below(8)) << 12n);
    scene.gpr.set(rj, isHuge ? huge : table);
    if (rd !== rj) scene.gpr.set(rd, value(random));
    scene.placeData(tableEntry);
    const both = name === "lddir" && oneIn(random, 3) ? [word("ldpte", rd === zero ? rj : rd, odd & 1)] : [];
    // Where the walk goes on with what was loaded, that must be a huge page.
    const code = isHuge ? [tested, ...both, STOP] : [tested, STOP];
    scene.place(scene.codeAt, code);
    return { scene, tested, budget: 8 };
  };
}
