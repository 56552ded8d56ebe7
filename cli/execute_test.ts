import { assertEquals } from "@std/assert";
import { loadProgram } from "../devices/load.ts";
import { createVirtMachine } from "../devices/virt.ts";
import { type Executed, executeProgram } from "./execute.ts";
import { assembleText } from "./program_file.ts";

/** Runs a program that is longer than what is watched from the beginning; also what it sent, by machine. */
function execute(
  source: string,
  trace: number,
  budget = 3_000_000,
): Executed & { readonly sent: readonly string[] } {
  const program = assembleText(source, "long.s", undefined);
  const sent: string[] = [];
  const prepare = (silent: boolean) => {
    const vm = createVirtMachine({
      memory: 0x300000,
      serial: (byte) => sent.push(`${silent ? "silent" : "aloud"} ${String.fromCharCode(byte)}`),
    });
    loadProgram(vm, program);
    return vm;
  };
  return { ...executeProgram({ prepare, budget, trace }), sent };
}

const LONG = `
_start: li.d   $t0, 0x1fe001e0
        li.w   $t1, 0x21
        st.b   $t1, $t0, 0
        li.d   $t2, 200000
loop:   addi.d $t2, $t2, -1
        xor    $t3, $t3, $t2
        bnez   $t2, loop
        st.b   $t1, $t0, 0
`;
/** Instructions of {@linkcode LONG}, `li.d` of 200000 among them, which takes two. */
const EXECUTED = 2 + 1 + 1 + 2 + 3 * 200_000 + 1;

Deno.test("a long program that fails is run again to know its last instructions, and sends nothing twice", () => {
  const { machine, ending, sent } = execute(`${LONG}\n li.d $t4, 0x7000000000\nbad: ld.d $t5, $t4, 0`, 0);
  assertEquals(
    ending instanceof Error && ending.message.startsWith("Cannot read 8 bytes at physical 0x7000000000"),
    true,
  );
  assertEquals(machine.history.last(4).map(({ pc }) => pc), [0x200024n, 0x200028n, 0x20002cn, 0x200030n]);
  assertEquals(sent.filter((s) => s.startsWith("aloud")), ["aloud !", "aloud !"]);
});

Deno.test("a long program that succeeds runs once, and a trace of it is whole", () => {
  const source = `${LONG}\n li.d $t0, 0x100e001c\n li.w $t1, 0x34\n st.b $t1, $t0, 0`;
  const once = execute(source, 0);
  assertEquals(once.ending, { kind: "device", reason: "power off" });
  assertEquals(once.sent, ["aloud !", "aloud !"]);
  const traced = execute(source, 6);
  assertEquals(traced.ending, { kind: "device", reason: "power off" });
  const pcs = traced.tracer?.last(traced.machine).map(({ pc }) => pc);
  assertEquals(pcs, [0x200020n, 0x200024n, 0x200028n, 0x20002cn, 0x200030n, 0x200034n]);
});

Deno.test("a program that hangs after long is found out before its budget is used up", () => {
  const { machine, ending } = execute(`${LONG}\nhere: b here`, 0, 1_000_000_000);
  assertEquals(ending, { kind: "requested" });
  assertEquals(machine.clock.executed < 3_000_000, true);
});

Deno.test("a budget ends a long program at the exact instruction", () => {
  const { machine, ending } = execute(
    `${LONG}\nmore: addi.d $a0, $a0, 1\n addi.d $a0, $a0, 1\n b more`,
    0,
    EXECUTED + 5,
  );
  assertEquals(ending, { kind: "budget" });
  assertEquals([machine.clock.executed, machine.gpr[4]], [EXECUTED + 5, 4n]);
});
