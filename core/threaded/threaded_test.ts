import { assertEquals } from "@std/assert";
import { bareMachine } from "../bare_machine.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { agrees, ENGINES, everything, MAPPED, MEMORY } from "./agreement.ts";
import { ThreadedEngine } from "./engine.ts";
import { MOST_PAGES, PAGE_BYTES } from "./layout.ts";

// The programs are chosen for what generated code does differently.

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

Deno.test("an engine that is to start late leaves short runs to the reference engine, and goes on where that stops", () => {
  const late = new ThreadedEngine({ startAfter: 500 });
  const [own, other] = [bareMachine(LOOP, { size: MEMORY }), bareMachine(LOOP, { size: MEMORY })];
  for (const [budget, isAttached] of [[400, false], [500, false], [1200, true], [7, true]] as const) {
    const stop = late.run(own.m, { budget });
    assertEquals(new ReferenceEngine().run(other.m, { budget }), stop);
    assertEquals(everything(own), everything(other));
    assertEquals(late.regionsOf(own.m) !== undefined, isAttached, `after ${budget}`);
  }
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

Deno.test("addresses that are not aligned match no page, whatever is known of it", () => {
  agrees(
    `
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        li.d   $a0, 30
loop:   andi   $t0, $a0, 3
        la.pcrel $t1, 1f
        add.d  $t1, $t1, $t0
        jirl   $ra, $t1, 0      # an address error unless $a0 is a multiple of 4
        b      2f
1:      addi.d $a1, $a1, 1
        ret
2:      jirl   $ra, $t0, 0      # the same in page 0, of which nothing is known
        li.w   $t2, 1
        amadd.d $a2, $a1, $t2   # unaligned in a page of which nothing is known
        ld.h   $a3, $t2, 0
        add.d  $a4, $a4, $a3
        st.h   $a4, $t2, 0
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
        .balign 4096
handler: csrrd $t3, ESTAT
        bstrpick.d $t3, $t3, 21, 16
        csrrd  $t4, ERA
        add.d  $a5, $a5, $t4
        addi.d $t5, $t3, -9
        bnez   $t5, 3f
        addi.d $t4, $t4, 4      # an unaligned access is left out
        b      4f
3:      move   $t4, $ra         # an address that was jumped to
4:      csrwr  $t4, ERA
        ertn
`,
    [...Array.from({ length: 60 }, (_, i) => 1 + i % 7), 300, 3000],
  );
});

Deno.test("pages change under running code: attributes, mapping, address space", () => {
  agrees(
    `
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        csrwr  $t0, TLBRENTRY
${MAPPED}
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
${MAPPED}
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

/** More pages than are kept, each with an instruction of its own; `last` follows it. */
function manyPages(last: (i: number) => string): string {
  const page = (_: unknown, i: number) => `
        .balign 4096
page${i}: addi.d $a0, $a0, ${i % 100}
        ${last(i)}`;
  return Array.from({ length: MANY }, page).join("\n");
}

const MANY = MOST_PAGES + 88;

const MUCH_CODE = {
  "a jump from page to page, three times round": `
        li.d $a1, 3
        b    page0
${manyPages((i) => i === MANY - 1 ? "b round" : `b page${i + 1}`)}
round:  addi.d $a1, $a1, -1
        beqz   $a1, done
        b      page0
done:   b      done`,
  // Its own page goes while it is used, and so does what is known of fetches from it and of stores to it.
  "a loop that calls each page and writes an instruction of its own": `
        li.d   $a1, 2
        la.pcrel $t4, patched
        ld.w   $t5, $t4, 0
round:  li.d   $t1, ${MANY}
        la.pcrel $t0, page0
        lu12i.w $t2, 1
next:   jirl   $ra, $t0, 0
        add.d  $t0, $t0, $t2
        andi   $t3, $t1, 0x7ff
        slli.d $t3, $t3, 10
        or     $t3, $t3, $t5
        st.w   $t3, $t4, 0
        ibar   0
patched: addi.d $a2, $a2, 0
        addi.d $t1, $t1, -1
        bnez   $t1, next
        addi.d $a1, $a1, -1
        bnez   $a1, round
done:   b      done
${manyPages(() => "jr $ra")}`,
};

for (const [title, source] of Object.entries(MUCH_CODE)) {
  Deno.test(`more code than is kept begins anew and stays right: ${title}`, () => {
    const make = () => bareMachine(source, { size: 0x10000 + MANY * PAGE_BYTES });
    const [expected, actual] = [make(), make()];
    const limits = { budget: 26 * MANY };
    new ReferenceEngine().run(expected.m, limits);
    new ThreadedEngine({ hotAfter: 1 }).run(actual.m, limits);
    assertEquals(everything(actual), everything(expected));
    assertEquals([expected.m.gpr[5], expected.m.gpr[4]! > 0n], [0n, true]);
  });
}
