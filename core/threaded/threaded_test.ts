import { assert, assertEquals } from "@std/assert";
import { type BareMachine, bareMachine } from "../bare_machine.ts";
import { readCsr } from "../csr/access.ts";
import { CSRS } from "../csr/table.ts";
import type { Engine } from "../engine.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { ThreadedEngine } from "./engine.ts";

// The reference engine says what is right; the programs are chosen for what generated code does differently.

const MEMORY = 0x40000;

/** Everything that software can see of a machine, and where it is. */
function everything({ m, memory }: BareMachine): Readonly<Record<string, unknown>> {
  return {
    pc: m.pc,
    executed: m.clock.executed,
    gpr: [...m.gpr],
    csrs: CSRS.filter((c) => m.host.has(c.number)).map((c) => [c.name, readCsr(m, false, c)]),
    memory: memory.bytes.reduce((hash, byte) => (Math.imul(hash, 31) + byte) | 0, 0),
  };
}

const ENGINES: readonly (readonly [string, () => Engine])[] = [
  ["an instruction at a time", () => new ThreadedEngine({ hotAfter: Infinity })],
  ["in regions from the first jump on", () => new ThreadedEngine({ hotAfter: 1 })],
  ["in regions after some jumps", () => new ThreadedEngine({ hotAfter: 7 })],
];

/** Runs a program in several stretches on each engine and compares after each. */
function agrees(
  source: string,
  stretches: readonly number[],
  registers: Readonly<Record<string, bigint>> = {},
): void {
  for (const [name, engine] of ENGINES) {
    const [expected, actual] = [bareMachine(source, { size: MEMORY }), bareMachine(source, { size: MEMORY })];
    const [reference, tried] = [new ReferenceEngine(), engine()];
    expected.setCsrs(registers);
    actual.setCsrs(registers);
    for (const budget of stretches) {
      const stop = tried.run(actual.m, { budget });
      assertEquals(stop, reference.run(expected.m, { budget }), `${name}, ${budget} instructions`);
      assertEquals(everything(actual), everything(expected), `${name}, ${budget} instructions`);
    }
  }
}

const LOOP = `
        li.d   $a0, 1000
        li.d   $a1, 0x8000
loop:   ld.d   $a2, $a1, 0
        add.d  $a2, $a2, $a0
        st.d   $a2, $a1, 0
        andi   $a3, $a0, 7
        beqz   $a3, skip
        mulh.d $a4, $a2, $a0
        revb.d $a5, $a4
        div.d  $a6, $a5, $a3
skip:   addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
`;

Deno.test("a budget ends a run at the exact instruction, wherever it falls", () => {
  agrees(LOOP, [1, 2, 3, 5, 7, 11, 13, 17, 400, 1, 1, 1, 1000, 1, 999, 5000]);
});

Deno.test("loops within loops, and a way into a loop from aside", () => {
  agrees(
    `
        li.d   $a0, 40
        li.d   $a1, 0
        b      inside
outer:  li.d   $a2, 6
inner:  addi.d $a1, $a1, 3
        xor    $a3, $a1, $a2
        andi   $a4, $a3, 1
        bnez   $a4, inside
        addi.d $a5, $a5, 1
inside: addi.d $a2, $a2, -1
        blt    $zero, $a2, inner
        addi.d $a0, $a0, -1
        bnez   $a0, outer
done:   b      done
`,
    [50, 51, 500, 2000],
  );
});

Deno.test("code that runs over the end of a page, and branches back over it", () => {
  agrees(
    `
        li.d   $a0, 30
        b      over
        .org   0xff0
over:   addi.d $a1, $a1, 1
        addi.d $a2, $a2, 2
        addi.d $a3, $a3, 3
        addi.d $a4, $a4, 4
        addi.d $a5, $a5, 5
        addi.d $a0, $a0, -1
        bnez   $a0, over
done:   b      done
`,
    [9, 60, 61, 500],
  );
});

Deno.test("calls and returns, indirect jumps, and a jump to a misaligned address", () => {
  agrees(
    `
        li.d   $sp, 0x9000
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        li.d   $a0, 12
        bl     fib
        la.pcrel $t1, done
        addi.d $t1, $t1, 2
        jirl   $zero, $t1, 0
done:   b      done
fib:    slti   $t0, $a0, 2
        bnez   $t0, leaf
        addi.d $sp, $sp, -24
        st.d   $ra, $sp, 0
        st.d   $a0, $sp, 8
        addi.d $a0, $a0, -1
        bl     fib
        st.d   $a0, $sp, 16
        ld.d   $a0, $sp, 8
        addi.d $a0, $a0, -2
        bl     fib
        ld.d   $t0, $sp, 16
        add.d  $a0, $a0, $t0
        ld.d   $ra, $sp, 0
        addi.d $sp, $sp, 24
leaf:   ret
        .balign 4096
handler: csrrd $a7, ESTAT
        csrrd  $a6, BADV
        b      handler
`,
    [100, 1000, 10_000, 7],
  );
});

Deno.test("a region is entered behind what it left to the engine, and behind calls to other pages", () => {
  agrees(
    `
        li.d   $a0, 40
loop:   addi.d $a1, $a1, 1
        csrrd  $a2, SAVE0
        add.d  $a3, $a3, $a1
        andi   $t0, $a0, 3
        beqz   $t0, 1f
        csrwr  $a3, SAVE0
        csrrd  $a4, SAVE0
        xor    $a5, $a5, $a4
1:      bl     away
        add.d  $a5, $a5, $a6
        bl     near
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
near:   andi   $t0, $a0, 1
        bnez   $t0, 2f
        addi.d $a7, $a7, 5
2:      ret
        .balign 4096
away:   addi.d $a6, $a6, 7
        la.pcrel $t1, 3f
        andi   $t0, $a0, 2
        alsl.d $t1, $t0, $t1, 2
        jirl   $zero, $t1, 0    # a table of jumps
3:      addi.d $a6, $a6, 1
        ret
        addi.d $a6, $a6, 2
        ret
`,
    [29, 30, 31, 32, 33, 34, 35, 400, 1, 2000],
  );
});

Deno.test("loops that are entered in the middle by returns and behind exceptions", () => {
  agrees(
    `
        li.d   $sp, 0x9000
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        li.d   $a0, 60
loop:   addi.d $a1, $a1, 1
        andi   $t0, $a0, 1
        beqz   $t0, inside      # into the loop of the return's place
        li.d   $t2, 4
inner:  bl     leaf
inside: addi.d $t2, $t2, -1
        blt    $zero, $t2, inner
        syscall 3
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
leaf:   xor    $a2, $a2, $a1
        andi   $t0, $a0, 7
        bnez   $t0, 1f
        li.d   $t3, -1
        srli.d $t3, $t3, 1
        ld.d   $a3, $t3, 0      # no such address, in the middle of the function
        addi.d $a3, $a3, 1
1:      ret
        .balign 4096
handler: csrrd $t4, ERA
        add.d  $a5, $a5, $t4
        csrrd  $t5, ESTAT
        xor    $a6, $a6, $t5
        addi.d $t4, $t4, 4
        csrwr  $t4, ERA
        ertn
`,
    [25, 26, 27, 28, 300, 1, 1, 3000],
  );
});

Deno.test("short loops end after any number of turns, by their condition, a budget or an exception", () => {
  agrees(
    `
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        li.d   $a0, 30
outer:  move   $t0, $a0
        li.d   $t1, 0x8fd0
loop:   ld.d   $t2, $t1, 0
        add.d  $t2, $t2, $t0
        st.d   $t2, $t1, 8
        addi.d $t1, $t1, 8
        addi.d $t0, $t0, -1
        bnez   $t0, loop
        li.d   $t1, 0x8800
        move   $t0, $a0
fault:  amadd.w $t2, $a0, $t1   # aligned, then three times not
        addi.d $t1, $t1, 1
        addi.d $t0, $t0, -1
        bnez   $t0, fault
        addi.d $a0, $a0, -1
        bnez   $a0, outer
done:   b      done
        .balign 4096
handler: csrrd $t4, ERA
        csrrd  $t5, BADV
        add.d  $a5, $a5, $t4
        xor    $a6, $a6, $t5
        addi.d $t4, $t4, 4
        csrwr  $t4, ERA
        ertn
`,
    [97, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 1000, 10_000],
  );
});

Deno.test("a called function that is overwritten is executed anew, also from within itself", () => {
  agrees(
    `
        li.d   $a0, 50
        la.pcrel $s0, patched
        la.pcrel $s1, first
loop:   bl     function
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
function: andi $t0, $a0, 3
        slli.d $t0, $t0, 2
        ldx.w  $t1, $s1, $t0
        st.w   $t1, $s0, 0
patched: addi.d $a2, $a2, 100
        ret
first:  addi.d $a2, $a2, 1
        addi.d $a2, $a2, 1
        sub.d  $a2, $a2, $a0
        ret
`,
    [20, 21, 22, 23, 700],
  );
});

Deno.test("a page that is kept for loads is none for stores, and one with operations is none to keep", () => {
  agrees(
    `
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        csrwr  $t0, TLBRENTRY
        li.d   $t0, 0x11        # DMW0: segment 0 at PLV0
        csrwr  $t0, DMW0
        li.d   $t0, 12
        csrwr  $t0, STLBPS
        li.d   $t0, 0x10
        li.d   $t1, 0x18
        csrxchg $t0, $t1, CRMD  # mapped
        li.d   $s0, -0x7800     # in no window: read-only, and the page behind is the same one again
        la.pcrel $s1, beside
        li.d   $s2, 0x8ff0
        li.d   $a0, 40
loop:   ld.d   $a1, $s0, 0
        ld.w   $a2, $s0, 2      # unaligned in the same page
        ld.d   $t3, $s0, 0x7fc  # and over two pages
        add.d  $a7, $a7, $t3
        add.d  $a3, $a1, $a2
        andi   $t2, $a0, 7
        bnez   $t2, 1f
        st.d   $a0, $s0, 8      # an exception: skipped
1:      st.d   $a0, $s1, 0      # beside code
        ld.d   $a4, $s1, 0
        st.d   $a4, $s2, 0      # from page to page
        ld.d   $a5, $s2, 4      # unaligned, at times over two pages
        ld.bu  $a6, $s2, 7
        add.d  $a7, $a7, $a5
        addi.d $s2, $s2, 8
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
        .balign 8
beside: .dword 0
        .balign 4096
handler: csrwr $t0, SAVE0
        csrrd  $t0, TLBRERA
        andi   $t0, $t0, 1
        beqz   $t0, general
        li.d   $t0, 0x8011      # valid, not dirty
        csrwr  $t0, TLBRELO0
        csrwr  $t0, TLBRELO1
        csrrd  $t0, TLBREHI
        ori    $t0, $t0, 12
        csrwr  $t0, TLBREHI
        tlbfill
        b      out
general: csrrd $t0, ERA
        add.d  $s8, $s8, $t0
        addi.d $t0, $t0, 4
        csrwr  $t0, ERA
out:    csrrd  $t0, SAVE0
        ertn
`,
    [40, 41, 42, 300, 1000],
  );
});

Deno.test("a loop that overwrites its own instructions executes the new ones at once", () => {
  agrees(
    `
        li.d   $a0, 60
        la.pcrel $t0, patched
        la.pcrel $t1, other
loop:   addi.d $a1, $a1, 1
        ld.w   $t2, $t0, 0
        ld.w   $t3, $t1, 0
        andi   $t4, $a0, 7
        bnez   $t4, patched
        st.w   $t3, $t0, 0      # swaps two instructions, one of them ahead in this very block
        st.w   $t2, $t1, 0
patched: addi.d $a2, $a2, 100
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
other:  sub.d  $a2, $a2, $a1
`,
    [40, 41, 42, 43, 700],
  );
});

Deno.test("a store beside code does not hide the next one, into it", () => {
  agrees(
    `
        li.d   $a0, 60
        la.pcrel $s1, beside
        la.pcrel $s2, other
        ld.w   $t1, $s1, 4
        ld.w   $t2, $s2, 0
loop:   st.d   $a0, $s1, -8
        st.w   $a0, $s1, 0
        st.w   $t2, $s1, 4      # the instruction behind the data
        move   $t3, $t1
        move   $t1, $t2
        move   $t2, $t3
        b      patched
        .balign 8
        .dword 0
beside: .word  0
patched: addi.d $a2, $a2, 100
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
other:  sub.d  $a2, $a2, $a0
`,
    [30, 31, 32, 33, 900],
  );
});

Deno.test("an atomic that writes the code around it has its result nevertheless", () => {
  agrees(
    `
        li.d   $a0, 60
        la.pcrel $s1, patched
        li.d   $a5, 0x400       # one more in the immediate
loop:   amadd.d $a3, $a5, $s1
        add.d  $a4, $a4, $a3
        b      patched
        .balign 8
patched: addi.d $a2, $a2, 1
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
`,
    [30, 31, 32, 33, 600],
  );
});

Deno.test("a page of data that becomes code is watched from then on", () => {
  agrees(
    `
        li.d   $a0, 30
        la.pcrel $t0, return
        ld.w   $t1, $t0, 0
        ld.w   $t2, $t0, 4
        ld.w   $t3, $t0, 8
        li.d   $t4, 0x9000
        st.w   $t1, $t4, 4
loop:   andi   $t5, $a0, 1
        st.w   $t2, $t4, 0      # before the page is code, and when it is
        beqz   $t5, 1f
        st.w   $t3, $t4, 0
1:      jirl   $ra, $t4, 0
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
return: ret
        addi.d $a1, $a1, 1
        addi.d $a2, $a2, 1
`,
    [30, 31, 500],
  );
});

Deno.test("stores beside code in one page, over two words and over a page's end", () => {
  agrees(
    `
        li.d   $a0, 50
        la.pcrel $t0, data
        la.pcrel $t1, edge
loop:   st.d   $a0, $t0, 0
        st.h   $a0, $t0, 3      # unaligned, over two words
        ld.d   $a1, $t0, 0
        st.d   $a1, $t1, 0      # unaligned, over two pages
        ld.d   $a2, $t1, 0
        add.d  $a3, $a3, $a2
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
data:   .dword 0
        .org   0xffd
edge:   .byte 0
        .org   0x1010
`,
    [33, 34, 600],
  );
});

Deno.test("exceptions in the middle of a hot loop record the exact place", () => {
  agrees(
    `
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        li.d   $a0, 40
        li.d   $a4, 0x8004
loop:   addi.d $a1, $a1, 1
        andi   $t1, $a0, 3
        bnez   $t1, 1f
        syscall 1
1:      amadd.w $a3, $a1, $a4   # aligned
        xori   $a4, $a4, 2      # every other time not
        .word  0xffffffff
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
        .balign 4096
handler: csrrd $t2, ERA
        add.d  $a5, $a5, $t2
        csrrd  $t3, ESTAT
        xor    $a6, $a6, $t3
        addi.d $t2, $t2, 4
        csrwr  $t2, ERA
        ertn
`,
    [25, 26, 27, 300, 2000],
  );
});

Deno.test("the timer interrupts a hot loop at the exact instruction", () => {
  agrees(
    `
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        li.d   $t0, 0x800
        csrwr  $t0, ECFG
        li.d   $t0, 4
        csrxchg $t0, $t0, CRMD
        li.d   $t0, 148 | 3     # periodic
        csrwr  $t0, TCFG
loop:   addi.d $a0, $a0, 1
        xor    $a1, $a1, $a0
        b      loop
        .balign 4096
handler: csrrd $t2, ERA
        add.d  $a5, $a5, $t2
        add.d  $a6, $a6, $a0
        li.d   $t3, 1
        csrwr  $t3, TICLR
        ertn
`,
    [100, 1000, 1, 5000],
  );
});

Deno.test("pages change under running code: attributes, mapping, address space", () => {
  agrees(
    `
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        csrwr  $t0, TLBRENTRY
        li.d   $t0, 0x11        # DMW0: segment 0 at PLV0
        csrwr  $t0, DMW0
        li.d   $t0, 12
        csrwr  $t0, STLBPS
        li.d   $t0, 0x10
        li.d   $t1, 0x18
        csrxchg $t0, $t1, CRMD  # mapped
        li.d   $a0, 40
        li.d   $a7, -0x4000     # in no window
loop:   st.d   $a0, $a7, 0
        ld.d   $a1, $a7, 8
        add.d  $a2, $a2, $a1
        andi   $t0, $a0, 7
        bnez   $t0, 1f
        andi   $t1, $a0, 8
        srli.d $t1, $t1, 3
        csrwr  $t1, ASID        # two address spaces
1:      andi   $t0, $a0, 0xf
        bnez   $t0, 2f
        invtlb 0, $zero, $zero
2:      addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
        .balign 4096
handler: csrwr $t0, SAVE0
        csrwr  $t1, SAVE1
        csrrd  $t0, TLBRERA
        andi   $t0, $t0, 1
        beqz   $t0, general
        csrrd  $t0, ASID
        bstrpick.d $t0, $t0, 9, 0
        slli.d $t0, $t0, 13
        li.d   $t1, 0x10011     # valid, not dirty
        add.d  $t0, $t0, $t1
        csrwr  $t0, TLBRELO0
        csrwr  $zero, TLBRELO1
        csrrd  $t0, TLBREHI
        ori    $t0, $t0, 12
        csrwr  $t0, TLBREHI
        tlbfill
        b      out
general: tlbsrch                # a store to a clean page: make it dirty
        tlbrd
        csrrd  $t0, TLBELO0
        ori    $t0, $t0, 2
        csrwr  $t0, TLBELO0
        tlbwr
out:    csrrd  $t0, SAVE0
        csrrd  $t1, SAVE1
        ertn
`,
    [30, 100, 101, 1000, 3000],
  );
});

Deno.test("a page that goes away under the code in it is missed at the next instruction", () => {
  agrees(
    `
        la.pcrel $t0, refill
        csrwr  $t0, TLBRENTRY
        li.d   $t0, 0x11        # DMW0: segment 0 at PLV0
        csrwr  $t0, DMW0
        li.d   $t0, 12
        csrwr  $t0, STLBPS
        li.d   $t0, 0x10
        li.d   $t1, 0x18
        csrxchg $t0, $t1, CRMD
        la.pcrel $t0, mapped
        bstrpick.d $t0, $t0, 11, 0
        li.d   $t1, -0x8000     # in no window: a page that the handler maps to the one of this label
        or     $t0, $t0, $t1
        jirl   $zero, $t0, 0
        .balign 4096
mapped: li.d   $a0, 20
loop:   addi.d $a1, $a1, 1
        invtlb 0, $zero, $zero
        addi.d $a1, $a1, 2
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
        .balign 4096
refill: csrwr  $t0, TLBRSAVE
        csrrd  $t0, TLBRERA
        add.d  $a5, $a5, $t0
        la.pcrel $t0, mapped
        ori    $t0, $t0, 0x13
        csrwr  $t0, TLBRELO0
        csrrd  $t0, TLBREHI
        ori    $t0, $t0, 12
        csrwr  $t0, TLBREHI
        tlbfill
        addi.d $a6, $a6, 1
        csrrd  $t0, TLBRSAVE
        ertn
`,
    [40, 41, 300],
  );
});

Deno.test("memory that others write between two runs is executed as it is then", () => {
  for (const [name, engine] of ENGINES) {
    const bare = bareMachine("loop: addi.d $a0, $a0, 1\n b loop", { size: MEMORY });
    const tried = engine();
    tried.run(bare.m, { budget: 100 });
    const add2 = bareMachine("addi.d $a0, $a0, 2").memory.bytes.subarray(0x2000, 0x2004);
    bare.memory.bytes.set(add2, 0x2000);
    tried.run(bare.m, { budget: 10 });
    assertEquals(bare.m.gpr[4], 60n, name);
  }
});

Deno.test("more code than is kept begins anew and stays right", () => {
  // A jump from page to page through 600 pages, three times round.
  const pages = 600;
  const source = `
        li.d $a1, 3
        b    page0
${
    Array.from(
      { length: pages },
      (_, i) =>
        `        .balign 4096\npage${i}: addi.d $a0, $a0, ${i % 100}\n b ${
          i === pages - 1 ? "round" : `page${i + 1}`
        }`,
    ).join("\n")
  }
round:  addi.d $a1, $a1, -1
        bnez   $a1, page0
done:   b      done
`;
  const [expected, actual] = [
    bareMachine(source, { size: 0x300000 }),
    bareMachine(source, { size: 0x300000 }),
  ];
  new ReferenceEngine().run(expected.m, { budget: 5000 });
  new ThreadedEngine({ hotAfter: 1 }).run(actual.m, { budget: 5000 });
  assertEquals(everything(actual), everything(expected));
  assert(expected.m.gpr[4]! > 0n);
});

/** Loops one after the other, all of them several times. */
function manyLoops(loops: number): string {
  return `
        li.d $a1, 6
again:
${
    Array.from({ length: loops }, (_, i) =>
      `        .balign 1024
        li.d $a2, 5
1:      addi.d $a0, $a0, ${i}
        addi.d $a2, $a2, -1
        bnez $a2, 1b
        b next${i}
        .balign 1024
next${i}:`).join("\n")
  }
        addi.d $a1, $a1, -1
        bnez   $a1, far
done:   b      done
far:    la.pcrel $t0, again
        jirl   $zero, $t0, 0
`;
}

Deno.test("translated code makes room for more, by number and by size", () => {
  for (const keep of [{ regions: 8 }, { bytes: 12_000 }]) {
    const [expected, actual] = [
      bareMachine(manyLoops(40), { size: MEMORY }),
      bareMachine(manyLoops(40), { size: MEMORY }),
    ];
    const engine = new ThreadedEngine({ hotAfter: 1, keep });
    new ReferenceEngine().run(expected.m, { budget: 8000 });
    engine.run(actual.m, { budget: 8000 });
    assertEquals(everything(actual), everything(expected));
    const counts = engine.regionsOf(actual.m);
    assert(counts !== undefined && counts.evicted > 20, `${counts?.evicted} of ${counts?.made} made room`);
    assert(counts.kept <= 8 || "bytes" in keep, `${counts.kept} are kept`);
    assertEquals(counts.kept + counts.evicted, counts.made);
  }
});

Deno.test("code that is overwritten all the time is translated ever less often", () => {
  const source = `
        li.d   $a0, 20000
        la.pcrel $t0, patched
        ld.w   $t1, $t0, 0
loop:   addi.d $a1, $a1, 1
        st.w   $t1, $t0, 0
patched: addi.d $a2, $a2, 100
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
`;
  const [expected, actual] = [bareMachine(source, { size: MEMORY }), bareMachine(source, { size: MEMORY })];
  const engine = new ThreadedEngine({ hotAfter: 4 });
  new ReferenceEngine().run(expected.m, { budget: 101_000 });
  engine.run(actual.m, { budget: 101_000 });
  assertEquals(everything(actual), everything(expected));
  const made = engine.regionsOf(actual.m)?.made ?? 0;
  assert(made > 2 && made < 20, `${made} regions`);
});
