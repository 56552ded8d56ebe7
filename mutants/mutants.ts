/**
 * The mutants: every LVZ bug that an implementation is known to have had, and plausible misreadings of the rules.
 *
 * @module
 */
import { DEBUGGING_MUTANTS } from "./debugging.ts";
import { EXIT_MUTANTS } from "./exits.ts";
import { GUEST_MODE_MUTANTS } from "./guest_mode.ts";
import { HOST_MODE_MUTANTS } from "./host_mode.ts";
import type { Mutant } from "./mutant.ts";
import { PROTOCOL_MUTANTS } from "./protocols.ts";

const EXCEPTION = "core/exception.ts";
const SYSTEM = "core/exec/system_calls.ts";
const CSR = "core/exec/csr_calls.ts";
const TLB = "core/exec/tlb_calls.ts";
const INVTLB = "core/exec/invtlb.ts";
const TRANSLATE = "core/mmu/translate.ts";
const PERMISSION = "core/exec/permission.ts";
const KVM_ROUTINES = "vcpu/kvm/routines.ts";
const KVM_EXITS = "vcpu/kvm/exits.ts";
const ARCEOS = "vcpu/arceos/vcpu.ts";

/** All mutants. */
export const MUTANTS: readonly Mutant[] = [
  // Entry and return -------------------------------------------------------------------------------------------------
  {
    name: "guest ertn uses the host's CRMD, PRMD and ERA",
    rule: "LVZ-ENTRY-11",
    file: SYSTEM,
    find: "function ertn(m: Machine): void {\n  const bank = m.current;",
    replace: "function ertn(m: Machine): void {\n  const bank = m.host;",
    seenIn: "machina PR #154",
  },
  {
    name: "entry takes the guest's PC from GCSR.ERA",
    rule: "LVZ-ENTRY-04",
    file: SYSTEM,
    find: "m.nextPc = bank.get(ERA.PC);",
    replace: "m.nextPc = bank.is(GSTAT.PVM) ? m.guest.get(ERA.PC) : bank.get(ERA.PC);",
  },
  {
    name: "TLBRPRMD.PGM is ignored when a refill handler returns",
    rule: "LVZ-ENTRY-07",
    file: SYSTEM,
    find: "if (bank === m.host && bank.is(TLBRPRMD.PGM)) m.setGuestMode(true);",
    replace: "if (bank === m.host && bank.is(GSTAT.PVM)) m.setGuestMode(true);",
    seenIn: "QEMU-LVZ",
  },
  {
    name: "IsTLBR stays set after a refill ertn",
    rule: "LVZ-ENTRY-07",
    file: SYSTEM,
    find: "bank.set(TLBRERA.IsTLBR, 0n);",
    replace: "",
  },
  {
    name: "host PRMD.PIE is lost at entry, so that host interrupts cannot stop the guest",
    rule: "LVZ-ENTRY-03",
    file: SYSTEM,
    find: "bank.setBits(CRMD.IE, bank.bits(ie));",
    replace: "bank.setBits(CRMD.IE, bank.is(GSTAT.PVM) ? 0 : bank.bits(ie));",
    seenIn: "tgoskits before PR #2438",
  },
  // Exits ------------------------------------------------------------------------------------------------------------
  {
    name: "GSPR is raised without leaving guest mode",
    rule: "LVZ-EXIT-07",
    file: PERMISSION,
    find: "return new Trap(EXCEPTIONS.GSPR, undefined, true);",
    replace: "return new Trap(EXCEPTIONS.GSPR);",
  },
  {
    name: "HVC is reported with the code of GSPR",
    rule: "LVZ-EXIT-08",
    file: PERMISSION,
    find: "hvc: () => new Trap(EXCEPTIONS.HVC, undefined, true),",
    replace: "hvc: gspr,",
  },
  {
    name: "hvcl is accepted at guest PLV3",
    rule: "LVZ-INSN-09",
    file: PERMISSION,
    find: "if (privileged && m.plv !== 0 &&",
    replace: 'if (privileged && guest !== "hvc" && m.plv !== 0 &&',
  },
  {
    name: "PVM reads 0 after an exit",
    rule: "LVZ-EXIT-03",
    file: EXCEPTION,
    find: "m.host.set(GSTAT.PVM, 1n);",
    replace: "m.host.set(GSTAT.PVM, 0n);",
  },
  {
    name: "an exit goes to the guest's vector",
    rule: "LVZ-EXIT-06",
    file: EXCEPTION,
    find: "m.pc = m.nextPc = bank.read(EENTRY) | offset;",
    replace: "m.pc = m.nextPc = (inGuest ? m.guest : bank).read(EENTRY) | offset;",
  },
  {
    name: "the vector formula of the manual, which adds 64 to every code",
    rule: "LVZ-EXIT-06",
    file: EXCEPTION,
    find: "BigInt(vector) << (spacing + 2n);",
    replace: "BigInt(vector | 64) << (spacing + 2n);",
  },
  {
    name: "an exit saves the guest's mode in the host's PRMD",
    rule: "LVZ-EXIT-01",
    file: EXCEPTION,
    find: "  saveMode(bank, PRMD.PPLV, PRMD.PIE, PRMD.PWE);",
    replace:
      "  saveMode(bank, PRMD.PPLV, PRMD.PIE, PRMD.PWE);\n  if (inGuest) bank.set(PRMD.PPLV, m.guest.get(CRMD.PLV));\n  if (inGuest) bank.set(PRMD.PIE, m.guest.get(CRMD.IE));",
  },
  {
    name: "a stage-2 fault reports the guest-virtual address",
    rule: "LVZ-EXIT-13",
    file: TRANSLATE,
    find: "found.exit(kind, gpa)",
    replace: "found.fault(kind, Math.floor(gpa / HALF) + 0x90000000, gpa % HALF, true)",
  },
  // CSRs -------------------------------------------------------------------------------------------------------------
  {
    name: "csrrd in the guest reads the host's register",
    rule: "LVZ-GCSR-02",
    file: CSR,
    find: 'exchange(m, row, value, mask, isGuest, "own")',
    replace: 'exchange(m, row, value, mask, isGuest && mask !== 0n, "own")',
  },
  {
    name: "csrwr in the guest writes the host's register",
    rule: "LVZ-GCSR-02",
    file: CSR,
    find: 'exchange(m, row, value, mask, isGuest, "own")',
    replace: 'exchange(m, row, value, mask, isGuest && mask === 0n, "own")',
  },
  {
    name: "gcsrxchg ignores its mask",
    rule: "LVZ-INSN-02",
    file: CSR,
    find: '"gcsrxchg": exchanging(exchangeGcsr),',
    replace: '"gcsrxchg": writing(exchangeGcsr),',
  },
  {
    name: "csrxchg returns the old value cut by the mask",
    rule: "LVZ-INSN-02",
    file: CSR,
    find: "  writeRow(m, isGuest, row, next, writer, mask);\n  return old;",
    replace: "  writeRow(m, isGuest, row, next, writer, mask);\n  return old & mask;",
    seenIn: "loongarch_vcpu 0.5.13; Linux KVM before 2026-06",
  },
  {
    name: "a CSR without a guest copy reads 0 in the guest instead of exiting",
    rule: "LVZ-GCSR-05",
    file: CSR,
    find: 'const exits = guest === "gspr" ||',
    replace: "const exits =",
  },
  // Translation ------------------------------------------------------------------------------------------------------
  {
    name: "lddir and ldpte read guest-physical addresses untranslated",
    rule: "LVZ-MMU-14",
    file: "core/exec/walk_calls.ts",
    find: "use === undefined ? aligned : guestPhysical(m, use, aligned)",
    replace: "aligned",
    seenIn: "QEMU-LVZ",
  },
  {
    name: "a guest-virtual address is taken for a guest-physical one",
    rule: "LVZ-MMU-01",
    file: TRANSLATE,
    find: "  found.entry = index;\n",
    replace: "  found.entry = index;\n  if (m.inGuest) return address;\n",
  },
  {
    name: "the privilege level is checked at stage 2",
    rule: "LVZ-MMU-11",
    file: TRANSLATE,
    find: "  const kind = stage2FaultOf(m.tlb.word(words), m.tlb.word(words + 1), type);",
    replace:
      "  const [low, high] = [m.tlb.word(words), m.tlb.word(words + 1)];\n  const kind = privilegeAllows(low, high, m.plv) ? stage2FaultOf(low, high, type) : EXCEPTIONS.PPI;",
  },
  {
    name: "tlbwr in the guest makes a host entry",
    rule: "LVZ-TLB-06",
    file: TLB,
    find: 'if (m.inGuest) return { bank: m.guest, scope: { kind: "stage1", gid: currentGid(m) } };',
    replace: 'if (m.inGuest) return { bank: m.guest, scope: { kind: "host", gid: 0 } };',
  },
  {
    name: "invtlb in the guest removes stage-2 entries too",
    rule: "LVZ-INV-03",
    file: INVTLB,
    find: "const everything = op === 0 && !m.inGuest &&",
    replace: "const everything = op === 0 &&",
  },
  {
    name: "invtlb 0x16 does nothing",
    rule: "LVZ-INV-05",
    file: INVTLB,
    find: "[0x16, (e, o) => stage2(e, o) && ofGid(e, o) && covers(e, o.address)],",
    replace: "[0x16, () => false],",
  },
  // Time -------------------------------------------------------------------------------------------------------------
  {
    name: "GCNTC is ignored by rdtime",
    rule: "LVZ-TIME-12",
    file: SYSTEM,
    find: "host + m.host.read(GCNTC) + m.guest.read(CNTC)",
    replace: "host + m.guest.read(CNTC)",
    seenIn: "QEMU-LVZ",
  },
  {
    name: "GCSR.CNTC is ignored by rdtime",
    rule: "LVZ-TIME-13",
    file: SYSTEM,
    find: "host + m.host.read(GCNTC) + m.guest.read(CNTC)",
    replace: "host + m.host.read(GCNTC)",
    seenIn: "QEMU-LVZ",
  },
  {
    name: "a one-shot timer stays at 0 after expiry",
    rule: "LVZ-TIME-05",
    file: "core/timer.ts",
    find: "this.#bank.set(TVAL.TimeVal, this.#allOnes);",
    replace: "this.#bank.set(TVAL.TimeVal, 0n);",
    seenIn: "QEMU",
  },
  {
    name: "a periodic timer does not reload",
    rule: "LVZ-TIME-10",
    file: "core/timer.ts",
    find: "if (this.#bank.is(TCFG.Periodic)) {",
    replace: "if (false) {",
  },
  {
    name: "a timer set to 0 never fires",
    rule: "LVZ-TIME-07",
    file: "core/timer.ts",
    find: "if (ticks === 0) this.fire();",
    replace: "if (ticks === 0) this.#due = undefined;",
  },
  {
    name: "a guest's TICLR clears the host's timer interrupt",
    rule: "LVZ-TIME-08",
    file: "core/csr/access.ts",
    find: "if (TICLR.CLR.get(written)) w.bank.write(ESTAT, w.bank.read(ESTAT) & ~TI);",
    replace: "if (TICLR.CLR.get(written)) w.m.host.write(ESTAT, w.m.host.read(ESTAT) & ~TI);",
  },
  // Floating point ---------------------------------------------------------------------------------------------------
  {
    name: "the host's EUEN does not matter in guest mode",
    rule: "LVZ-FP-01",
    file: PERMISSION,
    find: "if (!m.host.is(EUEN.FPE)) throw new Trap(EXCEPTIONS.FPD, undefined, true);",
    replace: "",
  },
  {
    name: "FPD exits even if the guest itself has the unit off",
    rule: "LVZ-FP-02",
    file: PERMISSION,
    find: "if (!m.current.is(EUEN.FPE)) throw new Trap(EXCEPTIONS.FPD);",
    replace: "if (!m.current.is(EUEN.FPE)) throw new Trap(EXCEPTIONS.FPD, undefined, m.inGuest);",
  },
  {
    name: "the guest's EUEN does not matter",
    rule: "LVZ-EXIT-22",
    file: PERMISSION,
    find: "if (!m.current.is(EUEN.FPE)) throw new Trap(EXCEPTIONS.FPD);",
    replace: "if (!m.inGuest && !m.current.is(EUEN.FPE)) throw new Trap(EXCEPTIONS.FPD);",
  },
  // LLbit ------------------------------------------------------------------------------------------------------------
  {
    name: "host and guest share one LLbit",
    rule: "LVZ-LL-01",
    file: "core/machine.ts",
    find: "return isGuest ? this.#guestLl : this.#hostLl;",
    replace: "return this.#hostLl;",
  },
  // World switches ---------------------------------------------------------------------------------------------------
  {
    name: "kvm: host ECFG.VS is not restored",
    rule: "PROTO-KVM-12",
    file: KVM_ROUTINES,
    find: '  ["or", R.t4, R.t4, R.a0],\n',
    replace: "",
  },
  {
    name: "kvm: PGDL is not restored",
    rule: "PROTO-KVM-12",
    file: KVM_ROUTINES,
    find: '  ["csrwr", R.a3, PGDL], // 6\n',
    replace: "",
  },
  {
    name: "kvm: GTLBC.TGID is left set",
    rule: "PROTO-KVM-12",
    file: KVM_ROUTINES,
    find: '  ["csrxchg", ZERO, R.a5, GTLBC], // 8\n',
    replace: "",
  },
  {
    name: "kvm: PVM is left set",
    rule: "PROTO-KVM-12",
    file: KVM_ROUTINES,
    find: '  ["csrxchg", ZERO, R.a4, GSTAT], // 7\n',
    replace: "",
  },
  {
    name: "kvm: cpucfg emulation takes the index from rd",
    rule: "PROTO-KVM-35",
    file: KVM_EXITS,
    find: "this.#cpucfg(BigInt.asUintN(32, vcpu.gpr(op.rj)))",
    replace: "this.#cpucfg(BigInt.asUintN(32, vcpu.gpr(op.rd)))",
  },
  {
    name: "arceos: the guest's t0 is lost at an exit",
    rule: "PROTO-AV5-07",
    file: ARCEOS,
    find: "cpu.saveGprs(this.gprs);",
    replace: "cpu.saveGprs(this.gprs);\n    this.gprs[12] = cpu.gpr(SP);",
    seenIn: "loongarch_vcpu 0.5.5",
  },
  {
    name: "arceos: IsTLBR is left set after an exit out of the refill handler",
    rule: "LVZ-EXIT-21",
    file: ARCEOS,
    find: '  ["csrxchg", ZERO, R.a2, TLBRERA],\n',
    replace: "",
  },
  // Interrupts -------------------------------------------------------------------------------------------------------
  {
    name: "host interrupts need the guest's CRMD.IE",
    rule: "LVZ-EXIT-11",
    file: "core/interrupts.ts",
    find: "  const host = enabled(m.host, hostPending(m));",
    replace: "  const host = m.inGuest && !m.guest.is(CRMD.IE) ? -1 : enabled(m.host, hostPending(m));",
  },
  {
    name: "the guest's interrupt wins over the host's",
    rule: "LVZ-ENTRY-15",
    file: "core/interrupts.ts",
    find: "  if (host >= 0) return { bank: m.host, number: host };\n  if (!m.inGuest) return undefined;",
    replace:
      "  if (host >= 0 && (!m.inGuest || enabled(m.guest, guestPending(m)) < 0)) return { bank: m.host, number: host };\n  if (!m.inGuest) return undefined;",
  },
  {
    name: "GINTC.VIP is a latch that the guest's ESTAT write clears",
    rule: "LVZ-INT-03",
    file: "core/interrupts.ts",
    find: "return (m.host.bits(GINTC.VIP) << 2)",
    replace: "return (m.guest.is(ESTAT.IS) ? 0 : m.host.bits(GINTC.VIP) << 2)",
    seenIn: "QEMU-LVZ",
  },
  {
    name: "GINTC.PIP is compared with the number in ESTAT, off by two",
    rule: "LVZ-INT-05",
    file: "core/interrupts.ts",
    find: "const passed = m.lines & (m.host.bits(GINTC.PIP) << 2);",
    replace: "const passed = m.lines & m.host.bits(GINTC.PIP);",
    seenIn: "QEMU-LVZ",
  },
  // What a host sees without a guest ---------------------------------------------------------------------------------
  ...HOST_MODE_MUTANTS,
  ...GUEST_MODE_MUTANTS,
  ...EXIT_MUTANTS,
  ...PROTOCOL_MUTANTS,
  ...DEBUGGING_MUTANTS,
];
