/**
 * Faults of the machine, one for each invariant that a machine can break: the checks must find every one of them.
 *
 * @module
 */
import { decode, type Engine, type Machine, type RunLimits, type Stop } from "../core/mod.ts";
import { BADV, ECFG, SAVE } from "../core/csr/basic.ts";
import { GSTAT } from "../core/csr/lvz.ts";
import { TLBELO0 } from "../core/csr/translation.ts";
import type { PageBits } from "../core/mmu/tlb.ts";
import type { Fault } from "./bench.ts";
import type { Invariant } from "./violation.ts";

/** A fault with the invariants of which one must be found broken. */
export interface ExpectedFault extends Fault {
  readonly breaks: readonly Invariant[];
}

/** An engine that does something before each guest instruction, and after the guest stopped. */
function around(hooks: {
  readonly instruction?: (m: Machine, word: number | undefined) => void;
  readonly exit?: (m: Machine) => void;
}): (inner: Engine) => Engine {
  return (inner) => ({
    name: "faulty",
    execute: (m, word) => inner.execute(m, word),
    run(m: Machine, limits: RunLimits): Stop {
      const onInstruction = (machine: Machine) => {
        // The word of the instruction before this one.
        hooks.instruction?.(machine, machine.word);
        return limits.onInstruction?.(machine);
      };
      const stop = inner.run(m, { ...limits, onInstruction });
      if (stop.kind === "host") hooks.exit?.(m);
      return stop;
    },
  });
}

function isNamed(word: number | undefined, name: string): boolean {
  return word !== undefined && decode(word)?.instruction.name === name;
}

/** The faults. */
export const FAULTS: readonly ExpectedFault[] = [
  {
    name: "guest loads are off by the size of a guest's memory",
    breaks: ["stage-2", "secrets"],
    install(m) {
      const translate = m.translate.bind(m);
      m.translate = (address, type) =>
        translate(address, type) + (m.inGuest && type === "load" ? 0x20000 : 0);
    },
  },
  {
    name: "stage 2 lets read-only pages be written",
    breaks: ["stage-2"],
    install(m) {
      const write = m.tlb.write.bind(m.tlb);
      m.tlb.write = (index, entry) => {
        if (entry?.kind !== "stage2") return write(index, entry);
        const [even, odd] = entry.lo;
        const writable = (page: PageBits) => ({ ...page, low: page.low | TLBELO0.D.lowMask });
        write(index, { ...entry, lo: [writable(even), writable(odd)] });
      };
    },
  },
  {
    name: "tlbfill of the guest takes the other GID",
    breaks: ["tlb-owner"],
    install(m) {
      const fill = m.tlb.fill.bind(m.tlb);
      m.tlb.fill = (entry, stlbPs) => fill(m.inGuest ? { ...entry, gid: entry.gid ^ 3 } : entry, stlbPs);
    },
  },
  {
    name: "lookups ignore the GID",
    breaks: ["tlb-owner", "stage-2"],
    install(m) {
      const find = m.tlb.find.bind(m.tlb);
      m.tlb.find = (scope, asid, address, stlbPs) => {
        const index = find({ ...scope, gid: scope.gid ^ 3 }, asid, address, stlbPs);
        return m.inGuest && index >= 0 ? index : find(scope, asid, address, stlbPs);
      };
    },
  },
  {
    name: "csrwr of the guest writes the host's SAVE3 too",
    breaks: ["host-bank"],
    engine: around({
      instruction(m, word) {
        if (isNamed(word, "csrwr") && SAVE[3]) m.host.write(SAVE[3], m.gpr[12] ?? 0n);
      },
    }),
  },
  {
    name: "csrrd of the guest reads the host's SAVE1",
    breaks: ["secrets"],
    engine: around({
      instruction(m, word) {
        if (isNamed(word, "csrrd") && word !== undefined && SAVE[1]) m.gpr[word & 31] = m.host.read(SAVE[1]);
        m.gpr[0] = 0n;
      },
    }),
  },
  {
    name: "GSTAT.VM stays 1 after an exit",
    breaks: ["host-mode"],
    engine: around({ exit: (m) => m.host.set(GSTAT.VM, 1n) }),
  },
  {
    name: "GSTAT.PVM is cleared by an exit",
    breaks: ["exit-state"],
    engine: around({ exit: (m) => m.host.set(GSTAT.PVM, 0n) }),
  },
  {
    name: "an exit clobbers a general register",
    breaks: ["exit-state", "guest-gprs", "agreement"],
    engine: around({
      exit: (m) => {
        m.gpr[23] = 0x5eedn;
      },
    }),
  },
  {
    name: "gcsrwr of SAVE2 inverts bit 0",
    breaks: ["guest-csrs"],
    engine: (inner) => ({
      name: "faulty",
      run: (m, limits) => inner.run(m, limits),
      execute(m, word) {
        inner.execute(m, word);
        const isWrite = isNamed(word, "gcsrwr") && SAVE[2]?.number === (word >>> 10 & 0x3fff);
        if (isWrite && SAVE[2]) m.guest.write(SAVE[2], m.guest.read(SAVE[2]) ^ 1n);
      },
    }),
  },
  {
    name: "host interrupts do not stop the guest",
    breaks: ["interruptible"],
    install(m) {
      const setLine = m.setLine.bind(m);
      m.setLine = (line, level) => m.inGuest ? undefined : setLine(line, level);
    },
  },
  {
    name: "guest BADV is wrong where ECFG.VS of the host is 0",
    breaks: ["agreement"],
    engine: around({
      instruction: (m) => {
        if (m.host.get(ECFG.VS) === 0n && m.guest.read(BADV) > 0n) {
          m.guest.write(BADV, m.guest.read(BADV) | 1n);
        }
      },
    }),
  },
];
