/**
 * Watchpoints of the host: when a fetch, a load or a store hits one, what that raises, and the registers of it.
 *
 * A failure here means that a debugger stops at the wrong place, not at all, or for ever at the same place.
 */
import { type Csrs, host } from "../../dsl/mod.ts";

const ON = { CRMD: { WE: 1 } };
const EVERY_LEVEL = { PLV0: 1, PLV1: 1, PLV2: 1, PLV3: 1 };
const LOADS = { ...EVERY_LEVEL, LoadEn: 1 };
const STORES = { ...EVERY_LEVEL, StoreEn: 1 };
const BOTH = { ...EVERY_LEVEL, LoadEn: 1, StoreEn: 1 };

/** Watchpoint `n` of a kind on an address. */
function watch(
  kind: "FWP" | "MWP",
  n: number,
  at: bigint | number | string,
  control: Csrs[string],
  mask = 0n,
): Csrs {
  return { [`${kind}${n}CFG1`]: at, [`${kind}${n}CFG2`]: mask, [`${kind}${n}CFG3`]: control };
}

// Registers -----------------------------------------------------------------------------------------------------------

Deno.test(
  "FWPC and MWPC report eight watchpoints of each kind, whatever is written",
  host({
    rule: "BASE-WATCH-10",
    set: { a0: 0, a1: 0x3f, a2: 0, a3: 0x3f },
    code: `
      csrwr $a0, FWPC
      csrwr $a1, FWPC
      csrwr $a2, MWPC
      csrwr $a3, MWPC
      csrrd $a4, FWPC
      csrrd $a5, MWPC
    `,
    expect: { regs: { a0: 8, a1: 8, a2: 8, a3: 8, a4: 8, a5: 8 } },
  }),
);

for (const [kind, base, mask] of [["MWP", 0x310, 0xffe], ["FWP", 0x390, 0xfe]] as const) {
  for (let n = 0; n < 8; n++) {
    const number = (part: number) => `0x${(base + 8 * n + part).toString(16)}`;
    Deno.test(
      `${kind}${n}CFG1 to CFG4 are CSR ${number(0)} to ${
        number(3)
      } and keep what the manual lets software write`,
      host({
        rule: "BASE-WATCH-10",
        set: { a0: 0x1234_5678_9abc_def0n, a1: 0xffff_0000_0000_00ffn, a2: -1, a3: -1 },
        code: [0, 1, 2, 3].map((part) => `csrwr $a${part}, ${number(part)}`).join("\n"),
        expect: {
          otherRegs: "any",
          csr: {
            [`${kind}${n}CFG1`]: 0x1234_5678_9abc_def0n,
            [`${kind}${n}CFG2`]: 0xffff_0000_0000_00ffn,
            [`${kind}${n}CFG3`]: mask,
            [`${kind}${n}CFG4`]: 0xff_03ff,
          },
        },
      }),
    );
  }
  Deno.test(
    `${kind}8CFG1 to CFG4 are not there: they read 0 and ignore writes`,
    host({
      rule: "BASE-CSR-01",
      set: { a0: -1, a1: -1, a2: -1, a3: -1 },
      code: [0, 1, 2, 3].flatMap((part) => {
        const csr = `0x${(base + 64 + part).toString(16)}`;
        return [`csrwr $a${part}, ${csr}`, `csrrd $a${part}, ${csr}`];
      }).join("\n"),
      expect: { regs: { a0: 0, a1: 0, a2: 0, a3: 0 } },
    }),
  );
}

// Fetches -------------------------------------------------------------------------------------------------------------

for (let n = 0; n < 8; n++) {
  Deno.test(
    `fetch watchpoint ${n} stops before its instruction, with its bit in FWPS and nothing else recorded but ERA and the codes`,
    host({
      rule: ["BASE-WATCH-01", "BASE-WATCH-11"],
      csr: { ...ON, EENTRY: "handler", BADV: 0x1234, ...watch("FWP", n, "probe", EVERY_LEVEL) },
      set: { a0: 0 },
      code: `
                 addi.d $a0, $a0, 1
        probe:   addi.d $a0, $a0, 16
        wrong:   b      wrong
                 .balign 4096
        handler: csrrd  $a1, ESTAT
                 csrrd  $a2, FWPS
                 csrrd  $a3, MWPS
                 csrrd  $a4, CRMD
        end:
      `,
      expect: {
        regs: { a0: 1, a1: 0x13 << 16, a2: 1 << n, a3: 0, a4: 8 },
        csr: {
          ESTAT: 0x13 << 16,
          ERA: "probe",
          BADV: 0x1234,
          BADI: 0,
          FWPS: 1 << n,
          PRMD: { PWE: 1 },
          CRMD: { WE: 0 },
        },
      },
    }),
  );
}

Deno.test(
  "an address that is only loaded hits no fetch watchpoint, and one that is only fetched no memory watchpoint",
  host({
    rule: ["BASE-WATCH-01", "BASE-WATCH-02"],
    csr: { ...ON, ...watch("FWP", 0, "data", EVERY_LEVEL), ...watch("MWP", 0, "code", BOTH, 7n) },
    code: `
            la.local $a0, data
      code: ld.d     $a1, $a0, 0
            st.d     $a1, $a0, 0
            b        end
            .balign 8
      data: .dword 5
      end:
    `,
    expect: { regs: { a0: "data", a1: 5 } },
  }),
);

for (const [masked, hit] of [[0x0, 2], [0x4, 1], [0x8, 0], [0xc, 0], [-1n, 0]] as const) {
  const first = ["before", "one", "probe"][hit] ?? "";
  Deno.test(
    `a fetch watchpoint with mask ${masked.toString(16)} hits ${first} first`,
    host({
      rule: "BASE-WATCH-04",
      csr: { ERA: "before", PRMD: { PWE: 1 }, ...watch("FWP", 0, "probe", EVERY_LEVEL, BigInt(masked)) },
      code: `
                ertn
                .balign 16
                nop
        before: nop
        one:    nop
        probe:  nop
      `,
      // Places 4, 8 and 12 of a group of 16 bytes.
      expect: { ends: "WPEF", at: first, csr: { FWPS: 1 } },
    }),
  );
}

// Who is watched ------------------------------------------------------------------------------------------------------

for (const kind of ["FWP", "MWP"] as const) {
  const status = `${kind}S`;
  const exception = kind === "FWP" ? "WPEF" : "WPEM";
  const probe = "probe: ld.d $a1, $a0, 0";
  const at = kind === "FWP" ? "probe" : 0x20000;
  const accesses = kind === "FWP" ? {} : { LoadEn: 1 };
  const set = { a0: 0x20000 };
  for (let level = 0; level < 4; level++) {
    for (let watched = 0; watched < 4; watched++) {
      const hits = level === watched;
      Deno.test(
        `${kind} with PLV${watched} ${hits ? "hits" : "does not hit"} at PLV${level}`,
        host({
          rule: "BASE-WATCH-03",
          csr: { CRMD: { PLV: level, WE: 1 }, ...watch(kind, 2, at, { ...accesses, [`PLV${watched}`]: 1 }) },
          set,
          code: probe,
          expect: hits
            ? { ends: exception, at: "probe", csr: { [status]: 4 } }
            : { regs: { a1: 0 }, csr: { [status]: 0 } },
        }),
      );
    }
  }
  Deno.test(
    `${kind} hits nothing while CRMD.WE is 0`,
    host({
      rule: "BASE-WATCH-03",
      csr: watch(kind, 0, at, { ...accesses, ...EVERY_LEVEL }),
      set,
      code: probe,
      expect: { regs: { a1: 0 } },
    }),
  );
  for (const [LCL, asid, hits] of [[0, 5, true], [1, 5, false], [1, 6, true]] as const) {
    Deno.test(
      `${kind} with LCL = ${LCL} for ASID 6 ${hits ? "hits" : "does not hit"} in ASID ${asid}`,
      host({
        rule: "BASE-WATCH-03",
        csr: {
          ...ON,
          ASID: { ASID: asid },
          ...watch(kind, 0, at, { ...accesses, ...EVERY_LEVEL, LCL }),
          // The GID is no part of it in host mode.
          [`${kind}0CFG4`]: { ASID: 6, GID: 9 },
        },
        set,
        code: probe,
        expect: hits ? { ends: exception, at: "probe", csr: { [status]: 1 } } : { regs: { a1: 0 } },
      }),
    );
  }
  for (const [GMOD, hits] of [[0, true], [1, true], [2, false], [3, true]] as const) {
    Deno.test(
      `${kind} with bits 6:5 = ${GMOD} ${hits ? "hits" : "does not hit"} in host mode`,
      host({
        rule: "LVZ-WATCH-03",
        csr: { ...ON, ...watch(kind, 0, at, { ...accesses, ...EVERY_LEVEL, GMOD }) },
        set,
        code: probe,
        expect: hits ? { ends: exception, at: "probe", csr: { [status]: 1 } } : { regs: { a1: 0 } },
      }),
    );
  }
  Deno.test(
    `${kind} with DMOnly cannot be made outside debug mode, nor DMOnly be set for one that is there`,
    host({
      rule: "BASE-WATCH-09",
      csr: { ...ON, ...watch(kind, 0, 0x123, { ...accesses, ...EVERY_LEVEL }) },
      set: { t0: 1, t1: -1 },
      code: `
        csrxchg $t1, $t0, ${kind}0CFG3
        csrrd   $a0, ${kind}0CFG3
        andi    $a0, $a0, 1
      `,
      expect: { regs: { a0: 0 }, otherRegs: "any" },
    }),
  );
}

for (
  const [DMOnly, inDebugMode, hits] of [[0, 0, true], [1, 0, false], [1, 1, true], [0, 1, true]] as const
) {
  Deno.test(
    `a watchpoint with DMOnly = ${DMOnly} ${hits ? "hits" : "does not hit"} ${
      inDebugMode ? "in" : "outside"
    } debug mode`,
    host({
      rule: "BASE-WATCH-09",
      csr: { ...ON, EENTRY: "handler", DSAVE: "probe" },
      set: { t0: 0x20000, t1: DMOnly | 0x11e, s0: 0x20000, s1: inDebugMode },
      // dbcl enters debug mode at EENTRY + 0x480.
      code: `
                 dbcl   0
        probe:   ld.d   $a0, $s0, 0
                 b      end
                 .balign 4096
        handler: csrrd  $a1, ESTAT
                 csrrd  $a2, MWPS
                 b      end
                 .org   handler + 0x480
                 csrwr  $t0, MWP1CFG1
                 csrwr  $t1, MWP1CFG3
                 bnez   $s1, probe
                 csrrd  $t2, DSAVE
                 csrwr  $t2, DERA
                 ertn
        end:
      `,
      expect: {
        regs: hits ? { a1: 0x53 << 16, a2: 2 } : { a0: 0 },
        otherRegs: "any",
        otherCsrs: "any",
      },
    }),
  );
}

// Loads and stores ----------------------------------------------------------------------------------------------------

for (let n = 0; n < 8; n++) {
  Deno.test(
    `memory watchpoint ${n} stops a store before it writes, with its bit in MWPS and BADV left alone`,
    host({
      rule: ["BASE-WATCH-02", "BASE-WATCH-11"],
      csr: { ...ON, EENTRY: "handler", BADV: 0x1234, ...watch("MWP", n, "data", STORES) },
      set: { a0: 9 },
      code: `
                 la.local $s0, data
        probe:   st.d   $a0, $s0, 0
        wrong:   b      wrong
                 .balign 4096
        handler: csrrd  $a1, ESTAT
                 csrrd  $a2, MWPS
                 csrrd  $a3, FWPS
                 csrrd  $a4, BADI
                 b      end
                 .balign 8
        data:    .dword 5
        end:
      `,
      expect: {
        regs: { a1: 0x53 << 16, a2: 1 << n, a3: 0, a4: 0x29c0_02e4 },
        otherRegs: "any",
        csr: { ESTAT: 0x53 << 16, ERA: "probe", BADV: 0x1234, MWPS: 1 << n, PRMD: { PWE: 1 } },
        otherCsrs: "any",
        memory: [{ at: "data", value: 5 }],
      },
    }),
  );
}

interface Access {
  readonly code: string;
  readonly loads: boolean;
  readonly stores: boolean;
  /** Instructions before it. */
  readonly before?: string;
}

const load = (code: string): Access => ({ code, loads: true, stores: false });
const store = (code: string): Access => ({ code, loads: false, stores: true });

/** Every group of instructions that accesses memory, at 8 bytes from s0 on. */
const ACCESSES: readonly Access[] = [
  ...["b", "bu", "h", "hu", "w", "wu", "d"].map((t) => load(`ld.${t} $a1, $s0, 0`)),
  ...["b", "bu", "h", "hu", "w", "wu", "d"].map((t) => load(`ldx.${t} $a1, $s0, $zero`)),
  ...["w", "d"].map((t) => load(`ldptr.${t} $a1, $s0, 0`)),
  ...["b", "h", "w", "d"].map((t) => load(`ldgt.${t} $a1, $s0, $zero`)),
  ...["b", "h", "w", "d"].map((t) => load(`ldle.${t} $a1, $s0, $s0`)),
  ...["w", "d"].map((t) => load(`ll.${t} $a1, $s0, 0`)),
  ...["s", "d"].flatMap((t) => [
    ...[`fld.${t} $f1, $s0, 0`, `fldx.${t} $f1, $s0, $zero`],
    ...[`fldgt.${t} $f1, $s0, $zero`, `fldle.${t} $f1, $s0, $s0`],
  ]).map(load),
  ...["b", "h", "w", "d"].map((t) => store(`st.${t} $a0, $s0, 0`)),
  ...["b", "h", "w", "d"].map((t) => store(`stx.${t} $a0, $s0, $zero`)),
  ...["w", "d"].map((t) => store(`stptr.${t} $a0, $s0, 0`)),
  ...["b", "h", "w", "d"].map((t) => store(`stgt.${t} $a0, $s0, $zero`)),
  ...["b", "h", "w", "d"].map((t) => store(`stle.${t} $a0, $s0, $s0`)),
  ...["s", "d"].flatMap((t) => [
    ...[`fst.${t} $f1, $s0, 0`, `fstx.${t} $f1, $s0, $zero`],
    ...[`fstgt.${t} $f1, $s0, $zero`, `fstle.${t} $f1, $s0, $s0`],
  ]).map(store),
  { ...store("sc.d $a0, $s0, 0"), before: "ll.d $a1, $s0, 0" },
  ...["amswap.w", "amadd.d", "amand_db.w", "ammax.d", "ammin_db.wu"].map((name) => ({
    code: `${name} $a1, $a0, $s0`,
    loads: true,
    stores: true,
  })),
];

for (const { code, loads, stores, before = "" } of ACCESSES) {
  for (const [LoadEn, StoreEn] of [[1, 0], [0, 1], [1, 1], [0, 0]] as const) {
    // The ll of an sc would hit.
    if (before !== "" && LoadEn === 1) continue;
    const hits = (loads && LoadEn === 1) || (stores && StoreEn === 1);
    Deno.test(
      `${code} ${
        hits ? "hits" : "does not hit"
      } a watchpoint with LoadEn = ${LoadEn} and StoreEn = ${StoreEn}`,
      host({
        rule: "BASE-WATCH-05",
        csr: { ...ON, EUEN: { FPE: 1 }, ...watch("MWP", 3, 0x20000, { ...EVERY_LEVEL, LoadEn, StoreEn }) },
        set: { s0: 0x20000, a0: 0x7777 },
        code: `
                 ${before}
          probe: ${code}
        `,
        expect: {
          ...(hits ? { ends: "WPEM", at: "probe" } : {}),
          ...(before === "" && hits ? {} : { otherRegs: "any" }),
          csr: { MWPS: hits ? 8 : 0 },
          // LLBCTL
          otherCsrs: "any",
        },
      }),
    );
  }
}

Deno.test(
  "an sc without LLbit stores nothing and hits nothing",
  host({
    rule: "BASE-WATCH-05",
    csr: { ...ON, ...watch("MWP", 0, 0x20000, BOTH) },
    set: { s0: 0x20000, a0: 1 },
    code: "sc.w $a0, $s0, 0",
    expect: { regs: { a0: 0 } },
  }),
);

Deno.test(
  "an atomic operation hits once: Skip lets the whole of it pass",
  host({
    rule: "BASE-WATCH-07",
    csr: { ...ON, MWPS: { Skip: 1 }, ...watch("MWP", 0, 0x20000, BOTH) },
    set: { s0: 0x20000, a0: 5 },
    code: "amadd.d $a1, $a0, $s0",
    expect: { regs: { a1: 0 }, csr: { MWPS: 0 }, memory: [{ at: 0x20000, value: 5 }] },
  }),
);

Deno.test(
  "Skip lets the whole of an access with a bound pass, too",
  host({
    rule: "BASE-WATCH-07",
    csr: { ...ON, MWPS: { Skip: 1 }, ...watch("MWP", 0, 0x20000, BOTH) },
    set: { s0: 0x20000, a0: 5 },
    code: "stgt.d $a0, $s0, $zero",
    expect: { csr: { MWPS: 0 }, memory: [{ at: 0x20000, value: 5 }] },
  }),
);

// Bytes ---------------------------------------------------------------------------------------------------------------

// The manual's table of bytes: rows are Size, columns the three low bits of CFG1; a bit is a byte that is watched.
const WATCHED: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x0f, 0x0f, 0x0f, 0x0f, 0xf0, 0xf0, 0xf0, 0xf0],
  [0x03, 0x03, 0x0c, 0x0c, 0x30, 0x30, 0xc0, 0xc0],
  [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80],
];
// The bytes that a load touches by the three low bits of its address. The manual's row for halfwords begins with 0x30, a slip for 0x03.
const TOUCHED: Readonly<Record<string, readonly number[]>> = {
  b: [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80],
  h: [0x03, 0x03, 0x0c, 0x0c, 0x30, 0x30, 0xc0, 0xc0],
  w: [0x0f, 0x0f, 0x0f, 0x0f, 0xf0, 0xf0, 0xf0, 0xf0],
  d: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
};

for (const [Size, row] of WATCHED.entries()) {
  for (const [type, touched] of Object.entries(TOUCHED)) {
    /** One load an address and a watched address: it counts the hits in a1 and goes on behind itself. */
    const pairs = row.flatMap((watched, low) =>
      touched.map((bytes, at) => ({ low, at, hits: (watched & bytes) !== 0 }))
    );
    Deno.test(
      `ld.${type} hits the bytes of Size ${Size} that it touches, for every address of both`,
      host({
        rule: "BASE-WATCH-06",
        csr: { ...ON, EENTRY: "handler", ...watch("MWP", 0, 0x20000, { ...LOADS, Size }, 7n) },
        set: { s0: 0x20000, a1: 0, s2: 1 },
        budget: 20_000,
        code: `
          ${
          pairs.map(({ low, at, hits }) => `
                 addi.d  $t0, $s0, ${low}
                 csrwr   $t0, MWP0CFG1
                 move    $s1, $zero
                 ld.${type} $a0, $s0, ${at}
                 addi.d  $s1, $s1, ${hits ? -1 : 0}
                 or      $a1, $a1, $s1       # 0 as long as all was as it should be`).join("")
        }
                 b       end
                 .balign 4096
        handler: addi.d  $s1, $s1, 1
                 csrwr   $s2, MWPS
                 ori     $s2, $zero, 1
                 csrrd   $t1, ERA
                 addi.d  $t1, $t1, 4
                 csrwr   $t1, ERA
                 ertn
        end:
        `,
        expect: { regs: { a1: 0 }, otherRegs: "any", otherCsrs: "any" },
      }),
    );
  }
}

Deno.test(
  "without a mask only an access to the very address hits, whatever bytes it touches",
  host({
    rule: "BASE-WATCH-04",
    csr: { ...ON, ...watch("MWP", 0, 0x20004, { ...BOTH, Size: 3 }) },
    set: { s0: 0x20000 },
    code: `
             ld.d $a0, $s0, 0
             ld.w $a0, $s0, 5
             ld.b $a0, $s0, 5
             st.d $a0, $s0, 0
      probe: ld.b $a0, $s0, 4
    `,
    expect: { ends: "WPEM", at: "probe", regs: { a0: 0 }, csr: { MWPS: 1 } },
  }),
);

// Status and Skip -----------------------------------------------------------------------------------------------------

for (const kind of ["FWP", "MWP"] as const) {
  const status = `${kind}S`;
  const exception = kind === "FWP" ? "WPEF" : "WPEM";
  const at = kind === "FWP" ? "probe" : 0x20000;
  const watched = { ...EVERY_LEVEL, ...(kind === "FWP" ? {} : { LoadEn: 1 }) };
  Deno.test(
    `all watchpoints that one access hits are marked in ${status}, together with those of before`,
    host({
      rule: "BASE-WATCH-08",
      csr: {
        ...ON,
        EENTRY: "handler",
        ...watch(kind, 1, at, watched),
        ...watch(kind, 4, at, watched),
        ...watch(kind, 5, kind === "FWP" ? "second" : 0x20008, watched),
        ...watch(kind, 6, 0x30000, watched),
      },
      set: { s0: 0x20000, a0: 0 },
      code: `
        probe:   ld.d    $a1, $s0, 0
        second:  ld.d    $a2, $s0, 8
                 b       end
                 .balign 4096
        handler: csrrd   $a3, ${status}
                 slli.d  $a0, $a0, 8
                 or      $a0, $a0, $a3
                 csrrd   $t1, ERA
                 addi.d  $t1, $t1, 4
                 csrwr   $t1, ERA
                 ertn
        end:
      `,
      expect: { regs: { a0: 0x1232 }, otherRegs: "any", csr: { [status]: 0x32 }, otherCsrs: "any" },
    }),
  );
  Deno.test(
    `writing 1 to a bit of ${status} clears it, writing 0 leaves it, and no bit can be set`,
    host({
      rule: "BASE-WATCH-08",
      csr: {
        ...ON,
        EENTRY: "handler",
        ...[0, 3, 7].reduce((all, n) => ({ ...all, ...watch(kind, n, at, watched) }), {} as Csrs),
      },
      set: { s0: 0x20000, a0: 0, a1: 0x76, a2: 0x08, a3: 0x81, t0: 0xff },
      code: `
        probe:   ld.d    $t1, $s0, 0
        wrong:   b       wrong
                 .balign 4096
        handler: csrwr   $a0, ${status}     # nothing: all three
                 csrwr   $a1, ${status}     # others: all three
                 csrxchg $a2, $t0, ${status}
                 csrwr   $a3, ${status}
                 csrrd   $a4, ${status}
        end:
      `,
      expect: { regs: { a0: 0x89, a1: 0x89, a2: 0x89, a3: 0x81, a4: 0 }, otherCsrs: "any" },
    }),
  );
  Deno.test(
    `${status}.Skip lets one hit pass without a mark and no more, so that a handler can return to the instruction`,
    host({
      rule: ["BASE-WATCH-07", "BASE-WATCH-11"],
      csr: { ...ON, EENTRY: "handler", ...watch(kind, 0, at, watched) },
      set: { s0: 0x20000, a0: 0, a1: 0, a4: 3, s1: 0x10001 },
      code: `
        probe:   ld.d    $a2, $s0, 0
                 addi.d  $a1, $a1, 1
                 bne     $a1, $a4, probe
                 b       end
                 .balign 4096
        handler: addi.d  $a0, $a0, 1
                 csrwr   $s1, ${status}
                 li.w    $s1, 0x10001
                 ertn
        end:
      `,
      expect: { regs: { a0: 3, a1: 3, a2: 0 }, otherRegs: "any", csr: { [status]: 0 }, otherCsrs: "any" },
    }),
  );
  Deno.test(
    `${status}.Skip waits for a hit: what does not hit leaves it`,
    host({
      rule: "BASE-WATCH-07",
      csr: { ...ON, [status]: { Skip: 1 }, ...watch(kind, 0, at, watched) },
      set: { s0: 0x20000, a0: 0 },
      code: `
               ld.d   $a1, $s0, 8
               csrrd  $a2, ${status}
        probe: ld.d   $a3, $s0, 0
               csrrd  $a4, ${status}
               addi.d $a0, $a0, 1
               b      probe
      `,
      expect: {
        ends: exception,
        at: "probe",
        regs: { a0: 1, a1: 0, a2: 0x10000, a3: 0, a4: 0 },
        csr: { [status]: 1 },
      },
    }),
  );
}

// Handlers ------------------------------------------------------------------------------------------------------------

Deno.test(
  "a refill handler is not watched, and the access that is made again is",
  host({
    rule: "BASE-WATCH-11",
    csr: {
      CRMD: { DA: 0, PG: 1, WE: 1 },
      DMW0: 1,
      GTLBC: { USETGID: 1, TGID: 0 },
      STLBPS: 12,
      TLBRENTRY: "refill",
      ...watch("MWP", 0, 0x20000, LOADS),
      ...watch("MWP", 1, "data", LOADS),
    },
    set: { s0: -0x8000_0000_0000n + 0x20000n },
    code: `
      probe:  ld.d     $a0, $s0, 0
      after:  ld.d     $a1, $zero, 0
      second: la.local $s1, data
      third:  ld.d     $a2, $s1, 0
              .balign 4096
      refill: la.local $t0, data
              ld.d     $t1, $t0, 0
              csrrd    $t2, CRMD
              li.d     $t0, 0x20003
              csrwr    $t0, TLBRELO0
              csrwr    $zero, TLBRELO1
              csrrd    $t0, TLBREHI
              ori      $t0, $t0, 12
              csrwr    $t0, TLBREHI
              tlbfill
              ertn
              .balign 8
      data:   .dword 7
    `,
    expect: {
      ends: "WPEM",
      at: "third",
      regs: { t1: 7, t2: 8 },
      otherRegs: "any",
      csr: { MWPS: 2, TLBRPRMD: { PWE: 1 } },
      otherCsrs: "any",
    },
  }),
);
