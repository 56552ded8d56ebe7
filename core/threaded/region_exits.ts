/**
 * The ways out of a region, and from one of its pages to another.
 *
 * @module
 */
import type { Code } from "../wasm/code.ts";
import {
  CONTROL,
  EXIT,
  GPR,
  OP,
  PAGE_BYTES,
  REGION_MEMORIES,
  TABLE,
  TLB_ENTRIES,
  TLB_ENTRY,
} from "./layout.ts";
import { LEFT_PARAMETER, type Shared, WAY } from "./region_instruction.ts";

const STATE = REGION_MEMORIES.state;

/**
 * Writes what is behind a region: it puts the registers back, and continues where the way out leads.
 *
 * @param isWritten true for a register that the region may have changed
 */
export function writeWaysOut(shared: Shared, isWritten: (register: number) => boolean): void {
  const { code, runtime, registers, out } = shared;
  for (const [register, local] of registers) {
    if (isWritten(register)) code.i32(0).get(local).access("i64.store", GPR + 8 * register, STATE);
  }
  shared.floats.store();
  const when = (way: number) => code.get(out.way).i32(way).op("i32.eq").if();
  const stopIfNothingIsLeft = () => {
    code.get(LEFT_PARAMETER).op("i32.eqz").ifUnlikely();
    code.i32(0).get(out.op).access("i32.store", CONTROL.op, STATE).i32(EXIT.budget).op("return").end();
  };
  when(WAY.op);
  stopIfNothingIsLeft();
  code.get(out.op).get(LEFT_PARAMETER).get(out.op).access("i32.load", OP.f, STATE);
  code.returnCallIndirect(runtime.opType).end();
  when(WAY.enter);
  writeEntering(shared);
  code.end();
  when(WAY.slow).get(out.op).get(LEFT_PARAMETER).returnCall(runtime.slow).end();
  when(WAY.alone);
  stopIfNothingIsLeft();
  code.get(out.op).get(LEFT_PARAMETER).get(out.address).op("i32.wrap_i64");
  code.returnCallIndirect(runtime.opType).end();
  when(WAY.load).get(out.op).get(LEFT_PARAMETER).get(out.address).returnCall(runtime.missedLoad).end();
  code.get(out.op).get(LEFT_PARAMETER).get(out.address).returnCall(runtime.missedStore);
}

/** Continues in another region, at an address whose page is known; what else there may be is for the function that this is like. */
function writeEntering({ code, runtime, out }: Shared): void {
  const { address } = out;
  const [entry, op, f] = [code.local("i32"), code.local("i32"), code.local("i32")];
  const elsewhere = code.block().depth;
  const leaveIf = () => {
    code.ifUnlikely().br(elsewhere).end();
  };
  code.get(LEFT_PARAMETER).op("i32.eqz");
  leaveIf();
  writeFetchEntry(code, address);
  code.tee(entry);
  code.access("i64.load", TLB_ENTRY.tag, STATE).get(address).i64(~0xffcn).op("i64.and", "i64.ne");
  leaveIf();
  code.get(entry).access("i32.load", TLB_ENTRY.addend, STATE).set(entry);
  code.get(address).op("i32.wrap_i64").i32(0xfff).op("i32.and").i32(3).op("i32.shl");
  code.get(entry).op("i32.add").tee(op).access("i32.load", OP.f, STATE).tee(f);
  code.i32(TABLE.firstRegion).op("i32.lt_u");
  leaveIf();
  code.i32(0).get(entry).access("i32.store", CONTROL.page, STATE);
  code.i32(0).get(address).i64(~0xfffn).op("i64.and").get(entry).i32(3).op("i32.shr_u", "i64.extend_i32_u");
  code.op("i64.sub").access("i64.store", CONTROL.pcDelta, STATE);
  code.get(op).get(LEFT_PARAMETER).get(f).returnCallIndirect(runtime.opType).end();
  code.get(LEFT_PARAMETER).get(address).returnCall(runtime.enter);
}

/**
 * Makes sure that the page of a place lies where the region expects it, before the region goes there for the first time; leaves it otherwise. Nothing
 * that changes this happens before the region is left.
 *
 * @param reached a local that is 1 once that is known
 */
export function writeCrossing({ code, base, pages, out }: Shared, place: number, reached: number): void {
  const { at, distance } = pages.pageOf(place);
  if (distance === 0) return;
  const [tag, entry] = [code.local("i64"), code.local("i32")];
  code.get(reached).op("i32.eqz").ifUnlikely();
  code.get(base).i64(BigInt(distance * PAGE_BYTES)).op("i64.add").set(tag);
  writeFetchEntry(code, tag);
  code.tee(entry).access("i64.load", TLB_ENTRY.tag, STATE).get(tag).op("i64.ne");
  code.get(entry).access("i32.load", TLB_ENTRY.addend, STATE).i32(at).op("i32.ne", "i32.or").ifUnlikely();
  code.get(base).i64(BigInt(pages.offset(place))).op("i64.add").set(out.address);
  code.i32(WAY.enter).set(out.way).br(out.depth).end();
  code.i32(1).set(reached).end();
}

/** Leaves the entry of the software TLB for fetches on the stack that is the one for an address in a local. */
function writeFetchEntry(code: Code, address: number): void {
  code.get(address).i64(12n).op("i64.shr_u", "i32.wrap_i64").i32(TLB_ENTRIES.fetch - 1).op("i32.and");
  code.i32(Math.log2(TLB_ENTRY.bytes)).op("i32.shl");
  code.i32(0).access("i32.load", CONTROL.fetchTlb, STATE).op("i32.add");
}
