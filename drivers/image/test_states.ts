/**
 * States that tests run through images, each for something that a monitor could get wrong; behind one that leaves something follows one
 * that would notice.
 *
 * @module
 */
import fixture from "../../fixtures/states.json" with { type: "json" };
import type { State } from "../state.ts";
import { parseStates } from "../state_file.ts";

/** Code at 0x100000, more of the host, and more of the state. */
type Row = readonly [id: string, asm: string, host?: Record<string, unknown>, more?: Record<string, unknown>];

const MAPPED = { DMW0: "0x9000000000000011", CRMD: "0x10" };
const USER = { DMW0: "0x9000000000000019", CRMD: "0x13" };
const WINDOW_PC = "0x9000000000100000";
const IN_WINDOW = { pc: WINDOW_PC, csr: MAPPED };

const HOST: readonly Row[] = [
  ["t0 is loaded last", "break 1", { gpr: { t0: "0xfedcba9876543210", t1: "0x1" } }],
  ["t0 with bits that sign extension would spread", "break 1", { gpr: { t0: "0x80000800fff" } }],
  ["all general registers", "add.d $ra, $t0, $s8\nbreak 0", {
    gpr: Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`r${i + 1}`, `0x${(i + 1) * 0x101}`])),
  }],
  ["ends where it says", "addi.d $t0, $t0, 1\nbreak 0", {}, { end: "0x100004" }],
  ["ends beyond its memory", "addi.d $t0, $t0, 1", {}, { end: "0x100004" }],
  ["an exception where ERA is already", "break 0", { csr: { ERA: "0x100000" } }],
  ["an undefined word", ".word 0xffffffff"],
  ["ESTAT and BADI of another state are forgotten", "csrrd $a0, ESTAT\ncsrrd $a1, BADI\nnop", {}, {
    end: "0x100008",
  }],
  ["ERA and PRMD start as they should", "csrrd $a0, ERA\ncsrrd $a1, PRMD\nnop", {
    csr: { PRMD: "0x5", ERA: "0x1234" },
  }, { end: "0x100008" }],
  ["in a mapped mode", "addi.d $t0, $t0, 1\nsyscall 3", IN_WINDOW],
  ["in user mode", "csrrd $t0, CRMD", { pc: WINDOW_PC, csr: USER }],
  ["user mode in direct mode", "addi.d $a0, $a0, -1\nsyscall 1", { csr: { CRMD: "0xb" } }],
  ["a refill", "ld.d $a0, $a1, 0", { ...IN_WINDOW, gpr: { a1: "0x12345678" } }],
  ["a refill of the first instruction", "nop", { pc: "0x5000", csr: MAPPED }],
  ["an address beyond all", "st.d $a0, $a1, 0", { ...IN_WINDOW, gpr: { a1: "0x1000000000000000" } }],
  ["a misaligned start", "nop", { pc: "0x100002" }],
  ["the uncached window", "syscall 0", {
    pc: "0x8000000000100000",
    csr: { ...MAPPED, DMW1: "0x8000000000000001" },
  }],
  ["exceptions at the widest spacing", "break 0", { csr: { ECFG: "0x70000" } }],
  ["a software interrupt is taken before anything else", "nop", {
    csr: { CRMD: "0xc", ECFG: "0x3", ESTAT: "0x2" },
  }],
  ["a timer", ".fill 200, 4, 0x03400000\nbreak 0", { csr: { TCFG: "0x5" } }],
  ["a timer that is not over", "break 0", { csr: { TCFG: "0xfffffffd" } }],
  ["no interrupt of another state is left", "nop\nnop\nbreak 0", { csr: { CRMD: "0xc", ECFG: "0x1fff" } }],
  ["memory is written and read", "st.d $a1, $a0, 0\nld.w $a2, $a0, 4\nbreak 0", {
    gpr: { a0: "0x101000", a1: "0x1122334455667788" },
  }, { memory: [{ at: "0x101000", words: ["0x1", "0x2", "0x3"] }] }],
  ["memory of another state is gone", "ld.d $a1, $a0, 0\nbreak 0", { gpr: { a0: "0x101000", a1: "0x5" } }],
  ["floating point", "fadd.d $f0, $f1, $f2\nfcmp.clt.d $fcc3, $f1, $f2\nbreak 0", {
    csr: { EUEN: "0x1" },
  }, {
    fp: { fpr: { f1: "0x3ff0000000000000", f2: "0x3ff0000000000001" }, fcc: { fcc0: 1 }, fcsr: "0x100" },
  }],
  ["no floating point of another state is left", "movfr2gr.d $a0, $f1\nmovcf2gr $a1, $fcc0\nbreak 0", {
    csr: { EUEN: "0x1" },
  }],
  ["floating point that is off", "fadd.d $f0, $f1, $f2"],
  ["an LLbit", "ll.w $a0, $a1, 0\nbreak 0", { gpr: { a1: "0x100000" } }],
  ["no LLbit of another state is left", "sc.w $a0, $a1, 0\nbreak 0", {
    gpr: { a0: "0x7", a1: "0x101000" },
  }, { memory: [{ at: "0x101000", words: ["0x1"] }] }],
  ["a TLB entry", "tlbwr\nbreak 0", {
    csr: { TLBIDX: "0xc000000", TLBEHI: "0x4000", TLBELO0: "0x101053", TLBELO1: "0x101053" },
  }],
  ["no TLB entry of another state is left", "tlbsrch\ncsrrd $a0, TLBIDX\nbreak 0", {
    csr: { TLBEHI: "0x4000", STLBPS: "0xc" },
  }],
  ["debug mode is left behind", "dbcl 0", { csr: { EENTRY: "0x103000" } }, { end: "0x103480" }],
  ["a handler of its own", "syscall 0\naddi.d $a0, $a0, 1\nnop", { csr: { EENTRY: "0x102000" } }, {
    memory: [{ at: "0x102000", asm: "csrrd $t0, ERA\naddi.d $t0, $t0, 4\ncsrwr $t0, ERA\nertn" }],
    end: "0x100008",
  }],
  ["an entry of its own ends it", "syscall 0", { csr: { EENTRY: "0x102000" } }],
  ["a refill entry of its own ends it", "ld.d $a0, $a1, 0", {
    ...IN_WINDOW,
    csr: { ...MAPPED, TLBRENTRY: "0x103000" },
  }],
  ["CSRs of all kinds", "csrrd $a0, SAVE0\ncsrwr $a1, SAVE1\ncsrxchg $a2, $a3, ASID\nbreak 0", {
    gpr: { a1: "0x123456789abcdef", a2: "0xffff", a3: "0x2ff" },
    csr: {
      SAVE0: "0xa5a5a5a5a5a5a5a5",
      ASID: "0x155",
      TLBIDX: "0x80000000",
      PGDL: "0x5000",
      TLBEHI: "0xffff800000000000",
    },
  }],
  [
    "nothing of those is left",
    "csrrd $a0, SAVE0\ncsrrd $a1, ASID\ncsrrd $a2, PGDL\ncsrrd $a3, TLBIDX\nbreak 0",
  ],
];

const GUEST: readonly Row[] = [
  ["a hypercall", "addi.d $t0, $t0, 1\nhvcl 5", { gpr: { t0: "0x7fffffffffffffff" } }],
  ["pages come as they are needed", "ld.d $t0, $a0, 0\nst.d $t0, $a1, 0\nld.d $t1, $a1, 0\nhvcl 0", {
    gpr: { a0: "0x2000", a1: "0x5ff8", t0: "0x5" },
  }, {
    memory: [{ at: "0x102000", words: ["0x11223344", "0x55667788"] }, {
      at: "0x105ff8",
      words: ["0x0", "0x0"],
    }],
  }],
  ["its pages are its own, whatever GTLBC says", "ld.d $t0, $zero, 0\nhvcl 0", {}, {
    host: { csr: { GTLBC: "0x51000" } },
  }],
  ["a page that is not there", "ld.d $t0, $a0, 0", { gpr: { a0: "0x20000" } }],
  ["its own exception", "syscall 1", { csr: { EENTRY: "0x3000" } }, {
    memory: [{ at: "0x103000", asm: "csrrd $a0, ERA\nhvcl 1" }],
  }],
  ["a sensitive register", "csrwr $a0, DSAVE"],
  ["floating point is shared", "fadd.d $f0, $f1, $f1\nhvcl 0", { csr: { EUEN: "0x1" } }, {
    host: { csr: { EUEN: "0x1" } },
    fp: { fpr: { f1: "0x3ff0000000000000" } },
  }],
];

function hostJson([id, asm, host = {}, more = {}]: Row) {
  const { memory = [], ...rest } = more;
  const code = { at: "0x100000", asm };
  return {
    id,
    mode: "host",
    host: { pc: "0x100000", ...host },
    ...rest,
    memory: [code, ...memory as unknown[]],
  };
}

function guestJson([id, asm, guest = {}, more = {}]: Row) {
  const { memory = [], ...rest } = more;
  return {
    id: `guest: ${id}`,
    mode: "guest",
    guest: { pc: "0x0", ...guest },
    stage2: [{ gpa: "0x0", hpa: "0x100000", size: "0x8000", perm: "rwx" }],
    ...rest,
    memory: [{ at: "0x100000", asm }, ...memory as unknown[]],
  };
}

/** All of them, in an order in which each would notice what the one before left. */
export const TEST_STATES: readonly State[] = parseStates(
  JSON.stringify([...HOST.map(hostJson), ...GUEST.map(guestJson), ...fixture]),
  "test_states.ts",
);
