# The program of lldb_check.ts: it counts in memory, says so on the serial port, and then turns round for ever.
#
#   clang-19 --target=loongarch64-unknown-elf -c lldb_program.s -o program.o
#   ld.lld-19 -Ttext=0x200000 -z max-page-size=0x1000 program.o -o program.elf
#   printf '{ "base64": "%s" }\n' "$(base64 -w0 program.elf)" > lldb_program_llvm.json

    .equ UART, 0x1fe001e0

    .text
    .globl _start
_start:
    la.pcrel  $t2, counter
    li.w      $t0, 0
    li.w      $t1, 100
loop:
    addi.d    $t0, $t0, 1
store:
    st.d      $t0, $t2, 0
    bl        callee
    blt       $t0, $t1, loop
    li.d      $t3, UART
    li.w      $t4, '!'
    st.b      $t4, $t3, 0
    li.w      $t4, '\n'
    st.b      $t4, $t3, 0
spin:
    addi.d    $t5, $t5, 1
    b         spin

callee:
    addi.d    $a0, $t0, 7
    ret

    .data
    .balign   8
counter:
    .dword    0x1122334455667788
