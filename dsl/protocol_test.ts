import { assertEquals, assertMatch } from "@std/assert";
import { protocol, type ProtocolCall, type ProtocolCase } from "./mod.ts";

const CALLS: readonly ProtocolCall[] = [
  { call: "enable" },
  { call: "create" },
  { call: "setNestedPageTable" },
  { call: "setEntry", gpa: "start" },
  { call: "setup" },
  { call: "bind" },
];

/** The message of a case of KVM that does not pass; undefined if it does. */
function messageOf(c: Partial<ProtocolCase>): string | undefined {
  const test = protocol({ rule: "PROTO-KVM-02", switches: ["kvm"], calls: CALLS, ...c });
  try {
    test();
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

const ORDER = [["GCFG", 0], ["GSTAT", 0], ["GINTC", 0], ["GTLBC", { USETGID: 0 }], "invtlb 0x12"] as const;

Deno.test("a protocol case passes on what the hypervisor executes", () => {
  assertEquals(messageOf({ calls: [{ call: "enable" }, { call: "disable", executes: ORDER }] }), undefined);
});

for (
  const [what, last, expected] of [
    [
      "a wrong order",
      { executes: [ORDER[1], ORDER[0], ...ORDER.slice(2)] },
      /step 1 {2}got GCFG = 0x0 {2}expected GSTAT/,
    ],
    ["a missing step", { executes: ORDER.slice(0, 4) }, /step 5 {2}got invtlb 0x12 {2}expected nothing more/],
    [
      "a step too many",
      { executes: [...ORDER, "tlbfill"] },
      /step 6 {2}got nothing more {2}expected tlbfill/,
    ],
    [
      "a wrong value",
      { executes: [["GCFG", 1], ...ORDER.slice(1)] },
      /step 1 {2}got GCFG = 0x0 {2}expected GCFG = 0x1/,
    ],
    ["a wrong field", { executes: [...ORDER.slice(0, 3), ["GTLBC", { USETGID: 1 }]] }, /step 4 {2}got GTLBC/],
    ["a CSR that is not as expected", { host: { GTLBC: { USETGID: 1 } } }, /host GTLBC {2}got/],
    [
      "memory that is not as expected",
      { memory: [{ at: "sp - 8", value: 5 }] },
      /memory at sp - 8 {2}got 0x0 {2}expected 0x5/,
    ],
  ] as const
) {
  Deno.test(`a protocol case fails for ${what}`, () => {
    const text = messageOf({ calls: [{ call: "enable" }, { call: "disable", ...last } as ProtocolCall] }) ??
      "";
    assertMatch(text, /^FAIL: .*\n/);
    assertMatch(text, /call 2 of 2, disable: the hypervisor did not do what its protocol says/);
    assertMatch(text, expected);
  });
}

for (
  const [what, c, expected] of [
    [
      "another exit",
      { calls: [...CALLS, { call: "enter", exit: "GSPR" }] },
      /exit {2}got HVC {2}expected GSPR/,
    ],
    [
      "another vector",
      { calls: [...CALLS, { call: "enter", exit: "HVC", vector: 0xb80 }] },
      /vector {2}got 0x9000000001010000 {2}expected 0x9000000001010b80/,
    ],
    ["a wait without end", { calls: [...CALLS, { call: "wait" }] }, /end of the wait {2}got never/],
  ] as const
) {
  Deno.test(`a protocol case fails for ${what}`, () => assertMatch(messageOf(c) ?? "", expected));
}

for (
  const [what, c, expected] of [
    ["no calls", { calls: [] }, /calls is empty/],
    ["an unknown call", { calls: [{ call: "boot" }] }, /calls\[0\]\.call is "boot", must be one of enable/],
    ["an unknown field", { calls: [{ call: "bind", gpa: 5 }] }, /calls\[0\]\.gpa is no field/],
    ["a missing argument", { calls: [{ call: "setEntry" }] }, /calls\[0\]\.gpa is missing/],
    [
      "a vCPU that is not there",
      { calls: [{ call: "bind" }] },
      /Cannot use calls\[0\]: there is no such vCPU yet/,
    ],
    ["an unknown CSR", { calls: [{ call: "enable", executes: [["GSTATE", 1]] }] }, /no such CSR.*GSTAT/],
    ["an unknown world switch", { switches: ["xen"] }, /switches names "xen"/],
  ] as const
) {
  Deno.test(`a protocol case with ${what} is an error`, () => {
    const text = messageOf(c as unknown as Partial<ProtocolCase>) ?? "";
    assertMatch(text, /^ERROR: /);
    assertMatch(text, expected);
  });
}
