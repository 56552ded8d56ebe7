import { assert, assertEquals } from "@std/assert";
import { type BareMachine, bareMachine } from "../bare_machine.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { agrees, everything, MAPPED, MEMORY } from "./agreement.ts";
import { ThreadedEngine } from "./engine.ts";
import type { RegionCounts } from "./regions.ts";

// The programs are chosen for what happens to translated code.

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

Deno.test("jumps by tables and pointers lead to places of the page that were jumped to before, and to others", () => {
  agrees(
    `
        la.pcrel $s1, table
        la.pcrel $s2, first
        la.pcrel $s3, second
        li.d   $a0, 90
loop:   andi   $t0, $a0, 3
        slli.d $t0, $t0, 3
        add.d  $t0, $t0, $s1
        jirl   $zero, $t0, 0
table:  addi.d $a1, $a1, 1
        b      joined
        addi.d $a2, $a2, 3
        b      joined
        xor    $a3, $a3, $a1
        b      joined
        sub.d  $a4, $a4, $a2
joined: move   $t1, $s2
        move   $s2, $s3
        move   $s3, $t1
        jirl   $ra, $t1, 0
        addi.d $a0, $a0, -1
        bnez   $a0, loop
        addi.d $t1, $t1, 2      # no place of an instruction
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        jirl   $ra, $t1, 0
done:   b      done
first:  add.d  $a5, $a5, $a0
        ret
second: add.d  $a6, $a6, $a5
        jirl   $zero, $ra, 0
        .balign 4096
handler: csrrd $a7, ERA
        b      handler
`,
    [40, 41, 42, 43, 500, 1, 1, 2000],
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
${MAPPED}
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

function countsOf(engine: ThreadedEngine, { m }: BareMachine): RegionCounts {
  const counts = engine.regionsOf(m);
  assert(counts !== undefined);
  return counts;
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
    const counts = countsOf(engine, actual);
    assert(counts.evicted > 20, `${counts.evicted} of ${counts.made} made room`);
    assert(counts.kept <= 8 || "bytes" in keep, `${counts.kept} are kept`);
    assertEquals(counts.kept + counts.evicted, counts.made);
  }
});

/** Functions in pages of their own, called in turn so often; then the word at `patched` of one is replaced by that at `other`, and they are called again. */
function functionsInTurn(functions: number, turns: number): string {
  const numbers = Array.from({ length: functions }, (_, i) => i);
  const calls = numbers.map((i) => `        bl     function${i}`).join("\n");
  const bodies = numbers.map((i) =>
    `        .balign 4096
function${i}: addi.d $a0, $a0, ${i + 1}
        andi   $t0, $a0, 1
        beqz   $t0, 1f
        xor    $a1, $a1, $a0
1:      ${i === 1 ? "b      patched\npatched: " : ""}add.d  $a2, $a2, $a1
        ret`
  ).join("\n");
  return `
        la.pcrel $s1, patched
        la.pcrel $s2, other
        li.d   $s3, 2
again:  li.d   $s0, ${turns}
loop:
${calls}
        addi.d $s0, $s0, -1
        bnez   $s0, loop
        ld.w   $t1, $s2, 0
        st.w   $t1, $s1, 0
        addi.d $s3, $s3, -1
        bnez   $s3, again
done:   b      done
other:  sub.d  $a2, $a2, $a1
${bodies}
`;
}

Deno.test("what becomes hot together is one module, of which one region can end while the others live on", () => {
  const source = functionsInTurn(5, 100);
  const [expected, actual] = [bareMachine(source, { size: MEMORY }), bareMachine(source, { size: MEMORY })];
  const [reference, engine] = [new ReferenceEngine(), new ThreadedEngine({ hotAfter: 8 })];
  const countsAfter = (budget: number) => {
    reference.run(expected.m, { budget });
    engine.run(actual.m, { budget });
    assertEquals(everything(actual), everything(expected));
    return countsOf(engine, actual);
  };
  const before = countsAfter(3000);
  assert(before.made > 2 * before.modules, `${before.made} regions in ${before.modules} modules`);
  assertEquals([before.kept, before.ended], [before.made, 0]);
  // Nearly the end of the second round of calls: the word has been replaced, and its function is hot again.
  const after = countsAfter(4000);
  assertEquals(after.ended, 1);
  assertEquals(after.kept, after.made - 1);
  assert(after.made > before.made && after.modules > before.modules && after.bytes > before.bytes);
  for (const budget of [1, 2, 3, 1000]) countsAfter(budget);
});

Deno.test("regions of one module make room one by one, and its size counts until the last is gone", () => {
  for (const keep of [{ regions: 12 }, { bytes: 12_000 }]) {
    const source = functionsInTurn(40, 50);
    const [expected, actual] = [bareMachine(source, { size: MEMORY }), bareMachine(source, { size: MEMORY })];
    const engine = new ThreadedEngine({ hotAfter: 4, keep });
    const reference = new ReferenceEngine();
    let shared = 0;
    for (let i = 0; i < 40; i++) {
      reference.run(expected.m, { budget: 600 });
      engine.run(actual.m, { budget: 600 });
      assertEquals(everything(actual), everything(expected));
      const { kept, modules, bytes, made, evicted, ended } = countsOf(engine, actual);
      if (modules < kept) shared++;
      assertEquals(kept + evicted + ended, made);
      assertEquals([modules > 0, bytes > 0], [kept > 0, kept > 0]);
      assert(modules <= kept && bytes >= 500 * modules, `${modules} modules, ${bytes} bytes`);
      assert("bytes" in keep ? bytes < 24_000 : kept <= 12, `${kept} regions, ${bytes} bytes`);
    }
    const counts = engine.regionsOf(actual.m);
    assert(
      shared > 10 && (counts?.evicted ?? 0) > 20,
      `${shared} times shared, ${counts?.evicted} made room`,
    );
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
  const { made } = countsOf(engine, actual);
  assert(made > 2 && made < 20, `${made} regions`);
});
