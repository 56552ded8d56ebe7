/**
 * Results in state files.
 *
 * @module
 */
import { csrByName, type Profile } from "../core/mod.ts";
import { type CsrOwner, csrValueShown, hasGuestCopy } from "./csr_values.ts";
import type { JsonPlace } from "./json_place.ts";
import { readCsrName, readFcc, readFcsr, readFpr, readRegisters } from "./register_read.ts";
import type { Ending, Result } from "./state.ts";

/** The endings that are one word. */
const ENDED = ["end", "budget", "idle", "power off", "reset"] as const;
const ENTRIES = ["general", "refill", "machine error"] as const;
const HIGHEST_ECODE = 0x3f;
const HIGHEST_ESUBCODE = 0x1ff;

/**
 * Reads a result.
 *
 * @throws {StateFileError} with the place of whatever is wrong
 */
export function readResult(place: JsonPlace, profile: Profile): Result {
  const f = place.fields(["exit", "ended", "changed"]);
  if (f.exit !== undefined && f.ended !== undefined) f.ended.fail('"exit" is given as well');
  const ending = f.exit === undefined ? f.ended && readEnded(f.ended) : readExit(f.exit);
  const changed = f.changed?.fields(["gpr", "fpr", "fcc", "fcsr", "csr", "gcsr", "memory"]) ?? {};
  const csrs = (member: JsonPlace | undefined, owner: CsrOwner) =>
    member === undefined ? new Map<string, bigint>() : readCsrs(member, owner, profile);
  return {
    ending: ending ?? place.fail('neither "exit" nor "ended" is given'),
    gpr: changed.gpr === undefined
      ? new Map()
      : readRegisters(changed.gpr, "general", (value) => value.hex(64)),
    fpr: changed.fpr === undefined ? new Map() : readFpr(changed.fpr),
    fcc: changed.fcc === undefined ? new Map() : readFcc(changed.fcc),
    ...(changed.fcsr === undefined ? {} : { fcsr: readFcsr(changed.fcsr) }),
    csr: csrs(changed.csr, "host"),
    gcsr: csrs(changed.gcsr, "guest"),
    memory: changed.memory === undefined ? new Map() : readWords(changed.memory),
  };
}

function readEnded(place: JsonPlace): Ending {
  const ended = place.oneOf(ENDED);
  if (ended === "power off" || ended === "reset") return { kind: "device", reason: ended };
  return { kind: ended };
}

function readExit(place: JsonPlace): Ending {
  const f = place.fields(["ecode", "esubcode", "at", "entry"]);
  return {
    kind: "exception",
    entry: f.entry?.oneOf(ENTRIES) ?? "general",
    ecode: (f.ecode ?? place.fail('"ecode" is missing')).integer(0, HIGHEST_ECODE),
    esubcode: f.esubcode?.integer(0, HIGHEST_ESUBCODE) ?? 0,
    at: (f.at ?? place.fail('"at" is missing')).hex(64),
  };
}

function readCsrs(place: JsonPlace, owner: CsrOwner, profile: Profile): ReadonlyMap<string, bigint> {
  const found = new Map<string, bigint>();
  for (const [key, value] of place.members()) {
    const name = readCsrName(key, value);
    if (found.has(name)) return value.fail(`${name} is named twice`);
    const csr = csrByName(name);
    if (csr === undefined || !csr.existsIn(profile)) {
      return value.fail(`profile ${profile.name} has no ${name}`);
    }
    if (owner === "guest" && !hasGuestCopy(csr)) {
      return value.fail(`a guest has no ${name} of its own`);
    }
    found.set(name, csrValueShown(csr, value.hex(64)));
  }
  return found;
}

function readWords(place: JsonPlace): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const [key, value] of place.members()) {
    if (!/^0x[0-9a-f]{1,12}$/i.test(key)) {
      return value.fail('expected an address such as "0x200000" as the key');
    }
    const at = Number(key);
    if (at % 4 !== 0) return value.fail("the address is no multiple of 4");
    if (found.has(at)) return value.fail("the address is named twice");
    found.set(at, Number(value.hex(32)));
  }
  return found;
}
