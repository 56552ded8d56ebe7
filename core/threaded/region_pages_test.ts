import { agrees, MAPPED } from "./agreement.ts";

Deno.test("a region goes through functions of other pages, over the end of a page and back, and leaves them anywhere", () => {
  const source = `
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        li.d   $a0, 90
        li.d   $s1, 0x8000
        b      loop
        .org   0xff0
loop:   addi.d $a1, $a1, 1
        bl     second
        add.d  $a3, $a3, $a2
        xor    $a4, $a4, $a3    # the last of its page
        addi.d $a4, $a4, 3
        addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
        .org   0x2000
second: move   $s0, $ra
        addi.d $a2, $a2, 7
        bl     third
        andi   $t0, $a0, 7
        bnez   $t0, 1f
        syscall 1               # the engine's, in a page that is not the home
        pcaddi $t1, 0
        add.d  $a5, $a5, $t1
1:      ld.d   $t2, $s1, 0
        add.d  $t2, $t2, $a0
        st.d   $t2, $s1, 0
        jirl   $zero, $s0, 0
        .org   0x3000
third:  andi   $t0, $a0, 3
        beqz   $t0, 2f
        csrrd  $a6, SAVE0
        addi.d $a6, $a6, 1
        csrwr  $a6, SAVE0
        ret
2:      li.d   $t3, 0x8001
        amadd.d $a7, $zero, $t3 # unaligned
        la.pcrel $t4, second
        ret
        .balign 4096
handler: csrwr $t0, SAVE2
        csrrd  $t0, ERA
        add.d  $s2, $s2, $t0
        addi.d $t0, $t0, 4
        csrwr  $t0, ERA
        csrrd  $t0, SAVE2
        ertn
`;
  agrees(source, [33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 400, 1, 3000]);
});

Deno.test("a function of another page is executed as it is there now: overwritten, or in another place of memory", () => {
  agrees(
    `
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        csrwr  $t0, TLBRENTRY
${MAPPED}
        li.d   $a0, 120
        li.d   $s1, -0x8000     # in no window: where the functions are seen
loop:   jirl   $ra, $s1, 0
        andi   $t0, $a0, 15
        bnez   $t0, 1f
        csrrd  $t0, ASID        # the other function
        bstrpick.d $t0, $t0, 9, 0
        xori   $t0, $t0, 1
        csrwr  $t0, ASID
        b      3f
1:      addi.d $t0, $a0, -24
        andi   $t1, $a0, 7
        blt    $zero, $t0, 2f
        bnez   $t1, 2f
        la.pcrel $t1, spare     # at last another instruction in the second page
        la.pcrel $t2, inner
        ld.w   $t3, $t1, 0
        ld.w   $t4, $t2, 0
        st.w   $t3, $t2, 0
        st.w   $t4, $t1, 0
        b      3f
2:      andi   $t0, $a0, 31
        addi.d $t0, $t0, -21
        bnez   $t0, 3f
        invtlb 0, $zero, $zero
3:      addi.d $a0, $a0, -1
        bnez   $a0, loop
done:   b      done
spare:  addi.d $a1, $a1, 100
        .balign 8192
one:    li.w   $t5, 3
        move   $s2, $ra
        andi   $t6, $a0, 2
        bnez   $t6, 4f
        bl     inner            # in the page behind
        jirl   $zero, $s2, 0
4:      andi   $t7, $a0, 8
        bnez   $t7, 5f
        bl     leaf             # now it has been in that page
5:      la.pcrel $t6, behind    # a place that the region knows, and one that it does not
        andi   $t7, $a0, 4
        add.d  $t6, $t6, $t7
        jirl   $zero, $t6, 0
        .org   0x3000
inner:  addi.d $a1, $a1, 1
        addi.d $t5, $t5, -1
        bnez   $t5, inner
        bl     leaf
behind: addi.d $a1, $a1, 3
        pcaddi $t6, 0
        add.d  $a3, $a3, $t6
        jirl   $zero, $s2, 0
leaf:   ret
        .org   0x5000
        xor    $a2, $a2, $a0
        addi.d $a2, $a2, 5
        ret
        nop
        addi.d $a2, $a2, 9
        pcaddi $t6, 1
        add.d  $a4, $a4, $t6
        jirl   $zero, $s2, 0
        ret
        .org   0x6000
handler: csrwr $t0, SAVE0
        csrwr  $t1, SAVE1
        li.d   $t0, 0x4000 + 0x13
        csrwr  $t0, TLBRELO0
        csrrd  $t0, ASID        # what the first page calls lies at 0x5000 or at 0x7000
        bstrpick.d $t0, $t0, 9, 0
        slli.d $t0, $t0, 13
        li.d   $t1, 0x5000 + 0x13
        add.d  $t0, $t0, $t1
        csrwr  $t0, TLBRELO1
        csrrd  $t0, TLBREHI
        ori    $t0, $t0, 12
        csrwr  $t0, TLBREHI
        tlbfill
        csrrd  $t0, SAVE0
        csrrd  $t1, SAVE1
        ertn
`,
    [60, 61, 62, 400, 1000, 1, 1, 1, 3000],
  );
});
