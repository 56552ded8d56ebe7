/**
 * Mutants in exits, translation, interrupts, time and the LLbit.
 *
 * @module
 */
import type { Mutant } from "./mutant.ts";

const CSR_ACCESS = "core/csr/access.ts";
const CSR_LVZ = "core/csr/lvz.ts";
const EXCEPTION = "core/exception.ts";
const EXCEPTION_CODES = "core/exception_codes.ts";
const EXEC_CSR_CALLS = "core/exec/csr_calls.ts";
const EXEC_INVTLB = "core/exec/invtlb.ts";
const EXEC_LLSC_CALLS = "core/exec/llsc_calls.ts";
const EXEC_SYSTEM_CALLS = "core/exec/system_calls.ts";
const EXEC_TLB_CALLS = "core/exec/tlb_calls.ts";
const EXEC_WALK_CALLS = "core/exec/walk_calls.ts";
const INTERRUPTS = "core/interrupts.ts";
const ISA_PRIVILEGED = "core/isa/privileged.ts";
const MACHINE = "core/machine.ts";
const MMU_TLB = "core/mmu/tlb.ts";
const MMU_REGIME = "core/mmu/regime.ts";
const MMU_TRANSLATE = "core/mmu/translate.ts";
const MMU_TRANSLATION_CACHE = "core/mmu/translation_cache.ts";
const TIMER = "core/timer.ts";

/** All mutants of this file. */
export const EXIT_MUTANTS: readonly Mutant[] = [
  {
    name: "an exit leaves PRMD.PIE 0",
    rule: "LVZ-EXIT-02",
    file: EXCEPTION,
    find: "  bank.setBits(ie, bank.bits(CRMD.IE));",
    replace: "  bank.setBits(ie, 0);",
  },
  {
    name: "an exit goes to direct address mode",
    rule: "LVZ-EXIT-05",
    file: EXCEPTION,
    find: "    m.host.set(GSTAT.PVM, 1n);\n",
    replace: "    m.host.set(GSTAT.PVM, 1n);\n    m.host.write(CRMD, CRMD.DA.mask);\n",
  },
  {
    name: "an exit clears GSTAT.GID",
    rule: "LVZ-EXIT-05",
    file: EXCEPTION,
    find: "    m.host.set(GSTAT.PVM, 1n);\n",
    replace: "    m.host.set(GSTAT.PVM, 1n);\n    m.host.set(GSTAT.GID, 0n);\n",
  },
  {
    name: "GCHC is Ecode 25",
    rule: "LVZ-EXIT-09",
    file: EXCEPTION_CODES,
    find: 'kind("GCHC", 0x18, "guest CSR changed by hardware", 1)',
    replace: 'kind("GCHC", 0x19, "guest CSR changed by hardware")',
    seenIn: "QEMU-LVZ",
  },
  {
    name: "HVC and GSPR have each other's code",
    rule: "LVZ-EXIT-08",
    file: EXCEPTION_CODES,
    find:
      'GSPR: kind("GSPR", 0x16, "guest sensitive privileged resource"),\n  HVC: kind("HVC", 0x17, "hypercall"),',
    replace:
      'GSPR: kind("GSPR", 0x17, "guest sensitive privileged resource"),\n  HVC: kind("HVC", 0x16, "hypercall"),',
  },
  {
    name: "an interrupt writes BADI",
    rule: "LVZ-EXIT-10",
    file: EXCEPTION,
    find: "takeGeneral(m, bank, EXCEPTIONS.INT, 64 + number, pc, m.inGuest);",
    replace: "bank.set(BADI.Inst, 0n);\n  takeGeneral(m, bank, EXCEPTIONS.INT, 64 + number, pc, m.inGuest);",
  },
  {
    name: "taking an interrupt acknowledges its line",
    rule: "LVZ-EXIT-12",
    file: EXCEPTION,
    find: "takeGeneral(m, bank, EXCEPTIONS.INT, 64 + number, pc, m.inGuest);",
    replace:
      "m.lines &= ~(1 << number);\n  takeGeneral(m, bank, EXCEPTIONS.INT, 64 + number, pc, m.inGuest);",
  },
  {
    name: "taking an interrupt clears its bit in ESTAT",
    rule: "LVZ-EXIT-12",
    file: EXCEPTION,
    find: "takeGeneral(m, bank, EXCEPTIONS.INT, 64 + number, pc, m.inGuest);",
    replace:
      "bank.write(ESTAT, bank.read(ESTAT) & ~(1n << BigInt(number)));\n  takeGeneral(m, bank, EXCEPTIONS.INT, 64 + number, pc, m.inGuest);",
  },
  {
    name: "stage 2 raises PPI where RPLV is set",
    rule: "LVZ-EXIT-14",
    file: MMU_TRANSLATE,
    find: "  const kind = stage2FaultOf(m.tlb.word(words), m.tlb.word(words + 1), type);",
    replace:
      "  const [low, high] = [m.tlb.word(words), m.tlb.word(words + 1)];\n  const kind = stage2FaultOf(low, high, type) ?? (high & RPLV && !privilegeAllows(low, high, m.plv) ? EXCEPTIONS.PPI : undefined);",
  },
  {
    name: "PIF keeps the old BADI",
    rule: "LVZ-EXIT-15",
    file: EXCEPTION,
    find: "bank.set(BADI.Inst, BigInt(word ?? 0));",
    replace: "if (word !== undefined) bank.set(BADI.Inst, BigInt(word));",
    seenIn: "QEMU",
  },
  {
    name: "a stage-2 page fault leaves TLBEHI",
    rule: "LVZ-EXIT-16",
    file: EXCEPTION,
    find: "bank.write(TLBEHI, vppnOf(badv));",
    replace: ";",
  },
  {
    name: "a refill stays in mapped mode",
    rule: "LVZ-EXIT-17",
    file: EXCEPTION,
    find: "bank.write(CRMD, (bank.read(CRMD) & ~CRMD.PG.mask) | CRMD.DA.mask);",
    replace: "",
  },
  {
    name: "a refill does not set IsTLBR",
    rule: "LVZ-EXIT-17",
    file: EXCEPTION,
    find: "bank.write(TLBRERA, (pc & ~3n) | 1n);",
    replace: "bank.write(TLBRERA, pc & ~3n);",
  },
  {
    name: "a refill writes ERA and BADV",
    rule: "LVZ-EXIT-18",
    file: EXCEPTION,
    find: "  bank.set(TLBRBADV.VAddr, badv);",
    replace: "  bank.set(TLBRBADV.VAddr, badv);\n  bank.set(ERA.PC, pc);\n  bank.set(BADV.VAddr, badv);",
  },
  {
    name: "a refill exit writes BADI",
    rule: "LVZ-EXIT-18",
    file: EXCEPTION,
    find: "    takeRefill(m, bank, pc, trap.badv ?? 0n, inGuest);",
    replace:
      "    bank.set(BADI.Inst, BigInt(word ?? 0));\n    takeRefill(m, bank, pc, trap.badv ?? 0n, inGuest);",
    seenIn: "QEMU",
  },
  {
    name: "a refill exit clears PVM",
    rule: "LVZ-EXIT-20",
    file: EXCEPTION,
    find: "    bank.set(TLBRPRMD.PGM, inGuest ? 1n : 0n);",
    replace: "    bank.set(TLBRPRMD.PGM, inGuest ? 1n : 0n);\n    if (inGuest) bank.set(GSTAT.PVM, 0n);",
  },
  {
    name: "a store that faults in its second page has written the first",
    rule: "LVZ-EXIT-25",
    file: MACHINE,
    find:
      '    const places = this.#bytePlaces(address, size, "store");\n    places.forEach((at, i) => this.writePhysical(at, 1, (value >> BigInt(8 * i)) & 0xffn));',
    replace:
      '    for (let i = 0; i < size; i++) {\n      const at = this.translate(BigInt.asUintN(64, address + BigInt(i)), "store");\n      this.writePhysical(at, 1, (value >> BigInt(8 * i)) & 0xffn);\n    }',
  },
  {
    name: "stage 2 comes first, on the guest's virtual address",
    rule: "LVZ-EXIT-26",
    file: MMU_TRANSLATE,
    find: "  const address = stage1(m, regime, high, low, type, found);\n",
    replace:
      "  if (regime.stage2 && stage2(m, regime.stage2, (high & 0xffff) * HALF + low, type, found) === FAULT) return FAULT;\n  const address = stage1(m, regime, high, low, type, found);\n",
  },
  {
    name: "syscall of a guest exits",
    rule: "LVZ-EXIT-27",
    file: EXCEPTION,
    find: "const bank = inGuest && !trap.exits ? m.guest : m.host;",
    replace: "const bank = inGuest && !trap.exits && trap.kind !== EXCEPTIONS.SYS ? m.guest : m.host;",
  },
  {
    name: "INE of a guest exits",
    rule: "LVZ-EXIT-27",
    file: EXCEPTION,
    find: "const bank = inGuest && !trap.exits ? m.guest : m.host;",
    replace: "const bank = inGuest && !trap.exits && trap.kind !== EXCEPTIONS.INE ? m.guest : m.host;",
  },
  {
    name: "an exception of the guest goes by the host's ECFG.VS",
    rule: "LVZ-EXIT-28",
    file: EXCEPTION,
    find: "const spacing = bank.get(ECFG.VS);",
    replace: "const spacing = m.host.get(ECFG.VS);",
  },
  {
    name: "a GPA far away raises ADEM at stage 2",
    rule: "LVZ-EXIT-29",
    file: MMU_TRANSLATE,
    find: 'found.exit("refill", gpa)',
    replace: 'found.exit(gpa >= 2 ** 40 ? EXCEPTIONS.ADEM : "refill", gpa)',
  },
  {
    name: "stage 2 is off while the host is in direct address mode",
    rule: "LVZ-MMU-02",
    file: MMU_TRANSLATE,
    find: "return use === undefined || address === FAULT ? address",
    replace:
      "return use === undefined || address === FAULT || m.host.word({ number: 0 } as never) & 8 ? address",
  },
  {
    name: "a window of the guest serves every privilege level",
    rule: "LVZ-MMU-03",
    file: MMU_REGIME,
    find: "if ((bank.word(window) >> plv) & 1)",
    replace: "if (bank.word(window) & 0xf)",
  },
  {
    name: "direct address mode of the guest goes round stage 2",
    rule: "LVZ-MMU-04",
    file: MMU_TRANSLATE,
    find: "return use === undefined || address === FAULT ? address",
    replace:
      "if (use && regime.isDirect) return address % 0x100000;\n  return use === undefined || address === FAULT ? address",
  },
  {
    name: "a GPA with bit 47 set is no canonical address",
    rule: "LVZ-MMU-06",
    file: MMU_TRANSLATE,
    find: "  const kind = stage2FaultOf(m.tlb.word(words), m.tlb.word(words + 1), type);",
    replace:
      "  const kind = gpa >= 2 ** 47\n    ? EXCEPTIONS.ADEM\n    : stage2FaultOf(m.tlb.word(words), m.tlb.word(words + 1), type);",
  },
  {
    name: "CSR.PGD is always PGDL",
    rule: "LVZ-MMU-07",
    file: CSR_ACCESS,
    find: "w.bank.read(badAddress(w) >> 47n & 1n ? PGDH : PGDL)",
    replace: "w.bank.read(PGDL)",
  },
  {
    name: "entries that are not valid do not stay in the TLB",
    rule: "LVZ-MMU-09",
    file: MMU_TLB,
    find: "    this.write(entry.ps === stlbPs ?",
    replace:
      "    if (((entry.lo[0].low | entry.lo[1].low) & 1) === 0) return;\n    this.write(entry.ps === stlbPs ?",
  },
  {
    name: "a store to a page that is not dirty is PIS at stage 2",
    rule: "LVZ-MMU-10",
    file: MMU_TRANSLATE,
    find: 'if (type === "store" && !(low & D)) return EXCEPTIONS.PME;',
    replace: 'if (type === "store" && !(low & D)) return EXCEPTIONS.PIS;',
  },
  {
    name: "stage 2 compares the host's ASID",
    rule: "LVZ-MMU-12",
    file: MMU_TLB,
    find: 'entry.global || entry.kind === "stage2" ? ANY_ASID',
    replace: "entry.global ? ANY_ASID",
    seenIn: "QEMU-LVZ",
  },
  {
    name: "lddir takes every huge page for one of level 1",
    rule: "LVZ-MMU-13",
    file: EXEC_WALK_CALLS,
    find: "table | (BigInt(level & 3) << LEVEL_SHIFT)",
    replace: "table | (1n << LEVEL_SHIFT)",
  },
  {
    name: "the index takes the place of the base's low bits in lddir and ldpte",
    rule: "LVZ-MMU-15",
    file: EXEC_WALK_CALLS,
    find: "lowBits(low48(table) + index * entryBytes,",
    replace: "lowBits(low48(table & ~0xfffn) + index * entryBytes,",
  },
  {
    name: "addresses of the guest go by the host's RVACFG",
    rule: "LVZ-MMU-16",
    file: MMU_REGIME,
    find: "bank.bits(RVACFG.RBits)",
    replace: "m.host.bits(RVACFG.RBits)",
  },
  {
    name: "stage-1 and stage-2 entries of a guest are not told apart",
    rule: "LVZ-TLB-02",
    file: MMU_TLB,
    find: 'kind === "stage1" ? 1 : 2',
    replace: "1",
  },
  {
    name: "the host's entries have the GID of the guest that ran last",
    rule: "LVZ-TLB-01",
    file: MMU_REGIME,
    find: "ofBank(m, m.host, HOST_SCOPE, undefined)",
    replace: 'ofBank(m, m.host, { kind: "host", gid: currentGid(m) }, undefined)',
  },
  {
    name: "guest mode goes by GTLBC.TGID instead of GSTAT.GID",
    rule: "LVZ-TLB-08",
    file: MMU_REGIME,
    find: "return m.host.bits(GSTAT.GID);",
    replace: "return (m.host.word({ number: 0x15 } as never) >> 16) & 0xff;",
  },
  {
    name: "lookups in guest mode ignore the GID",
    rule: "LVZ-TLB-09",
    file: MMU_TLB,
    find: "return gid << 2 | (kind",
    replace: "return (kind",
  },
  {
    name: "tlbwr in the guest takes the host's registers",
    rule: "LVZ-TLB-06",
    file: EXEC_TLB_CALLS,
    find: 'if (m.inGuest) return { bank: m.guest, scope: { kind: "stage1", gid: currentGid(m) } };',
    replace: 'if (m.inGuest) return { bank: m.host, scope: { kind: "stage1", gid: currentGid(m) } };',
  },
  {
    name: "GTLBC.GMTLBSZ reads 0",
    rule: "LVZ-TLB-12",
    file: CSR_LVZ,
    find: 'GMTLBSZ: bits(5, 0, "MTLB entries for guest mode"),',
    replace: 'GMTLBSZ: bits(5, 0, "MTLB entries for guest mode", { access: "r" }),',
  },
  {
    name: "an invalidated translation is used once more",
    rule: "LVZ-TLB-13",
    file: MMU_TRANSLATION_CACHE,
    find: "if (m.modes !== this.#modes || m.tlb.generation !== this.#generation) this.#forget();",
    replace:
      "if (m.modes !== this.#modes || (!m.inGuest && m.tlb.generation !== this.#generation)) this.#forget();",
    seenIn: "QEMU-LVZ",
  },
  {
    name: "invtlb 9 to 14 ignore the GID in rj",
    rule: "LVZ-INV-01",
    file: EXEC_INVTLB,
    find: "const guest1: Condition = (e, o) => stage1(e, o) && ofGid(e, o);",
    replace: "const guest1: Condition = (e, o) => stage1(e, o);",
  },
  {
    name: "the guest takes the lowest interrupt first",
    rule: "LVZ-INT-01",
    file: INTERRUPTS,
    find: "return 31 - Math.clz32(bits);",
    replace: "return bits === 0 ? -1 : 31 - Math.clz32(bits & -bits);",
  },
  {
    name: "the host's IPI line shows in the guest",
    rule: "LVZ-INT-10",
    file: INTERRUPTS,
    find: "| (passed & HWI_MASK) |",
    replace: "| (passed & HWI_MASK) | (m.lines & 0x1000) |",
  },
  {
    name: "taking an injected line clears GINTC.VIP",
    rule: "LVZ-INT-03",
    file: INTERRUPTS,
    find: "  return guest >= 0 ? { bank: m.guest, number: guest } : undefined;",
    replace:
      "  if (guest >= 2 && guest <= 9) m.host.set(GINTC.VIP, m.host.get(GINTC.VIP) & ~(1n << BigInt(guest - 2)));\n  return guest >= 0 ? { bank: m.guest, number: guest } : undefined;",
  },
  {
    name: "a guest's write to ESTAT clears GINTC.VIP",
    rule: "LVZ-INT-04",
    file: CSR_ACCESS,
    find: "  [TICLR.number, (w, written) => {",
    replace:
      '  [ESTAT.number, (w, _written, _old, writer) => {\n    const gintc = { number: 0x52 } as never;\n    if (w.isGuest && writer === "own") w.m.host.write(gintc, w.m.host.read(gintc) & ~0xffn);\n  }],\n  [TICLR.number, (w, written) => {',
  },
  {
    name: "GINTC.VIP bit n is ESTAT bit n + 1",
    rule: "LVZ-INT-02",
    file: INTERRUPTS,
    find: "return (m.host.bits(GINTC.VIP) << 2)",
    replace: "return (m.host.bits(GINTC.VIP) << 1)",
  },
  {
    name: "idle of a guest waits in hardware",
    rule: "LVZ-INT-08",
    file: ISA_PRIVILEGED,
    find: '"level",      "gspr", call("idle"), ',
    replace: '"level",      "native", call("idle"), ',
  },
  {
    name: "gcsrxchg of ESTAT loses TI",
    rule: "LVZ-INT-09",
    file: EXEC_CSR_CALLS,
    find: "  const next = mask === ALL ? value : (old & ~mask) | (value & mask);",
    replace:
      '  const lost = writer === "host" && row.number === 5 && mask !== ALL ? 0x800n & ~mask : 0n;\n  const next = (old & ~mask & ~lost) | (value & mask);',
  },
  {
    name: "interrupts of the host are taken by a guest that enables them",
    rule: "LVZ-INT-10",
    file: INTERRUPTS,
    find: "  if (host >= 0) return { bank: m.host, number: host };",
    replace:
      "  if (host >= 0) return { bank: m.inGuest && m.guest.is(CRMD.IE) ? m.guest : m.host, number: host };",
  },
  {
    name: "GINTC.VIP reads 0",
    rule: "LVZ-INT-12",
    file: CSR_ACCESS,
    find: "const READS = byNumber<(w: World) => bigint>([",
    replace:
      "const READS = byNumber<(w: World) => bigint>([\n  [0x52, (w: World) => w.bank.read({ number: 0x52 } as never) & ~0xffn],",
    seenIn: "QEMU-LVZ",
  },
  {
    name: "a guest's write to TCFG starts the host's timer",
    rule: "LVZ-TIME-01",
    file: CSR_ACCESS,
    find: "w.m.timer(w.isGuest).configure();",
    replace: "w.m.timer(false).configure();",
  },
  {
    name: "the guest's timer sets TI of the host",
    rule: "LVZ-TIME-02",
    file: MACHINE,
    find: "this.#guestTimer = new StableTimer(this.guest, this.clock);",
    replace:
      "this.#guestTimer = new StableTimer(this.guest, this.clock);\n    const { guest, host } = this;\n    const write = guest.write.bind(guest);\n    guest.write = (csr, value) => csr.number === 5 && value & ~guest.read(csr) & 0x800n ? host.write(csr, host.read(csr) | 0x800n) : write(csr, value);",
  },
  {
    name: "the guest's timer stands still while the host runs",
    rule: "LVZ-TIME-03",
    file: MACHINE,
    find: '    if (this.profile.lvz.guestTimerInHost === "paused") this.#guestTimer.hold(!inGuest);',
    replace: "    this.#guestTimer.hold(!inGuest);",
    seenIn: "QEMU-LVZ",
  },
  {
    name: "a guest's timer that expires while the host runs interrupts the host",
    rule: "LVZ-TIME-04",
    file: INTERRUPTS,
    find: "(m.lines & ~passed) |",
    replace: "(m.lines & ~passed) | (m.inGuest ? 0 : m.guest.bits(ESTAT.IS) & 0x800) |",
  },
  {
    name: "all ones of an expired timer are 32 bits",
    rule: "LVZ-TIME-06",
    file: TIMER,
    find: "this.#allOnes = (1n << BigInt(bank.profile.timerBits)) - 1n;",
    replace: "this.#allOnes = (1n << 32n) - 1n;",
  },
  {
    name: "a write to TCFG does not reload a timer that runs",
    rule: "LVZ-TIME-09",
    file: TIMER,
    find: "if (this.#bank.is(TCFG.En)) return this.#start(this.#initial());",
    replace:
      "if (this.#bank.is(TCFG.En)) return this.#due === undefined ? this.#start(this.#initial()) : undefined;",
  },
  {
    name: "TCFG.EN clears itself after a one-shot",
    rule: "LVZ-TIME-11",
    file: TIMER,
    find: "    this.#bank.set(TVAL.TimeVal, this.#allOnes);",
    replace: "    this.#bank.set(TCFG.En, 0n);\n    this.#bank.set(TVAL.TimeVal, this.#allOnes);",
    seenIn: "QEMU-LVZ",
  },
  {
    name: "a timer started with an initial value of 0 never fires",
    rule: "LVZ-TIME-09",
    file: TIMER,
    find: "if (this.#bank.is(TCFG.En)) return this.#start(this.#initial());",
    replace:
      "if (this.#bank.is(TCFG.En)) return this.#initial() === 0 ? this.#stop() : this.#start(this.#initial());",
  },
  {
    name: "GCNTC counts for the host too",
    rule: "LVZ-TIME-14",
    file: EXEC_SYSTEM_CALLS,
    find: "host + m.host.read(GCNTC) + m.guest.read(CNTC) : host)",
    replace: "host + m.host.read(GCNTC) + m.guest.read(CNTC) : host + m.host.read(GCNTC))",
  },
  {
    name: "an exit clears the guest's LLbit",
    rule: "LVZ-LL-02",
    file: EXCEPTION,
    find: "    m.host.set(GSTAT.PVM, 1n);\n",
    replace: "    m.host.set(GSTAT.PVM, 1n);\n    m.llbit(true).valid = false;\n",
  },
  {
    name: "sc reports success though it did not store",
    rule: "LVZ-LL-02",
    file: EXEC_LLSC_CALLS,
    find: "    if (may) m.store(at, type, m.gpr[op.rd]!, CHECKED);\n    finish(m, op.rd, may);",
    replace: "    if (may) m.store(at, type, m.gpr[op.rd]!, CHECKED);\n    finish(m, op.rd, true);",
  },
  {
    name: "gcsrwr of WCLLB clears the host's LLbit",
    rule: "LVZ-LL-03",
    file: CSR_ACCESS,
    find: "if (LLBCTL.WCLLB.get(written)) w.m.llbit(w.isGuest).valid = false;",
    replace: "if (LLBCTL.WCLLB.get(written)) w.m.llbit(false).valid = false;",
  },
  {
    name: "floating-point exceptions of a guest exit",
    rule: "LVZ-FP-03",
    file: EXCEPTION,
    find: "const bank = inGuest && !trap.exits ? m.guest : m.host;",
    replace: "const bank = inGuest && !trap.exits && trap.kind !== EXCEPTIONS.FPE ? m.guest : m.host;",
  },
  {
    name: "exceptions leave CRMD.WE",
    rule: "LVZ-WATCH-01",
    file: EXCEPTION,
    find: "~(CRMD.PLV.mask | CRMD.IE.mask | CRMD.WE.mask)",
    replace: "~(CRMD.PLV.mask | CRMD.IE.mask)",
  },
];
