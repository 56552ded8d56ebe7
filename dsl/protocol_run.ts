/**
 * Runs a case about a hypervisor's software on one world switch.
 *
 * @module
 */
import { type Machine, parseRegister, type Profile, type Program, readCsr } from "../core/mod.ts";
import { EENTRY } from "../core/csr/basic.ts";
import {
  type GuestMemory,
  type HardwareExit,
  HostCpu,
  type Hypervisor,
  type NestedPageTable,
  type VCpu,
  type WorldSwitch,
} from "../vcpu/mod.ts";
import type { Run, Stopped } from "./attempt.ts";
import { loadGuest } from "./bench.ts";
import type { Csrs, Value } from "./case.ts";
import { compareMasked, kindOf } from "./compare.ts";
import { hex } from "../core/hex.ts";
import { type Difference, unequal } from "./difference.ts";
import { CaseError } from "./errors.ts";
import type { Execution } from "./execution.ts";
import {
  type Deed,
  deedOf,
  deedText,
  type ExpectedDeed,
  expectedDeedText,
  isDeed,
  relevant,
} from "./host_trace.ts";
import { reportedOtherwise } from "./hypervisor.ts";
import { interruptPosition, Names } from "./names.ts";
import { HISTORY, type Problem } from "./outcome.ts";
import { assembleCase, profileOf } from "./program.ts";
import type { ProtocolCall, ProtocolCase, Step } from "./protocol_case.ts";
import { resolveLines } from "./resolve.ts";
import { GRANULE, GUEST_MEMORY, GUEST_OFFSET, warmHost } from "./stage.ts";

const BUDGET = 10_000;
/** How many steps before and behind a wrong one a report shows. */
const AROUND = 4;
const PHYSICAL = (1n << 48n) - 1n;
const DEFAULT_CODE = "start: hvcl 0";
const PLACE = /^([A-Za-z]\w*)(?:\s*([+-])\s*(0x[0-9a-fA-F]+|\d+))?$/;

/** A vCPU with its last exit. */
interface Subject {
  readonly vcpu: VCpu;
  readonly number: number;
  exit?: HardwareExit;
}

/** A case under way. */
export class ProtocolRun implements Run {
  readonly finish: () => void;
  readonly #case: ProtocolCase;
  readonly #machine: Machine;
  readonly #cpu: HostCpu;
  readonly #program: Program;
  readonly #names: Names;
  readonly #table: NestedPageTable;
  readonly #hypervisor: Hypervisor;
  readonly #subjects: Subject[] = [];
  readonly #deeds: Deed[] = [];
  #position = "before the first call";
  #notes: readonly string[] = [];

  constructor(c: ProtocolCase, worldSwitch: WorldSwitch, { engine, traced }: Execution) {
    const profile: Profile = profileOf(c);
    // The last page is mapped when the hypervisor asks for it.
    const { machine, made: { bus, layout, table }, release } = warmHost(
      worldSwitch,
      profile,
      engine,
      GRANULE,
    );
    this.finish = release;
    this.#case = c;
    this.#machine = machine;
    this.#program = assembleCase(c.code ?? DEFAULT_CODE, "hvcl 0x7fff");
    this.#names = new Names(this.#program, profile);
    loadGuest(bus, this.#program);
    this.#cpu = new HostCpu(machine, engine, traced);
    this.#table = table;
    this.#hypervisor = worldSwitch.attach(this.#cpu, layout);
    this.#setHost(c.host, "host");
    this.#cpu.observer = {
      beforeInstruction: (m, word) => {
        const deed = deedOf(m, word);
        if (deed !== undefined) this.#deeds.push(deed);
      },
    };
  }

  get profile(): string {
    return this.#machine.profile.name;
  }

  stopped(): Stopped {
    const history = this.#machine.history.last(HISTORY, "host");
    return { position: this.#position, program: this.#program, history };
  }

  execute(): Problem | undefined {
    for (const [i, call] of this.#case.calls.entries()) {
      this.#position = `call ${i + 1} of ${this.#case.calls.length}, ${call.call}`;
      const problem = this.#call(call, `calls[${i}]`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #call(call: ProtocolCall, where: string): Problem | undefined {
    this.#setHost(call.set, `${where}.set`);
    for (const [line, level] of resolveLines(call.lines, `${where}.lines`)) {
      this.#machine.setLine(line, level);
    }
    if (call.advance !== undefined) this.#machine.clock.skip(call.advance);
    this.#deeds.length = 0;
    const differences = [
      ...this.#perform(call, where),
      ...this.#compareDeeds(call, where),
      ...this.#compareCsrs(call.host, false, `${where}.host`),
      ...this.#compareCsrs(call.guest, true, `${where}.guest`),
      ...this.#compareGuest(call, where),
      ...this.#compareMemory(call, where),
    ];
    if (differences.length === 0) return undefined;
    const headline = `${this.#position}: the hypervisor did not do what its protocol says`;
    const { history = [] } = this.stopped();
    const notes = this.#notes;
    return { result: "fail", headline, marks: [], differences, notes, history, program: this.#program };
  }

  #setHost(csrs: Csrs | undefined, where: string): void {
    for (const [csr, { value, mask }] of this.#names.csrs(csrs, where)) this.#cpu.csrxchg(csr, value, mask);
  }

  #subject({ vcpu }: ProtocolCall, where: string): Subject {
    const subject = vcpu === undefined ? this.#subjects.at(-1) : this.#subjects[vcpu];
    if (subject === undefined) throw new CaseError(`Cannot use ${where}: there is no such vCPU yet`);
    return subject;
  }

  readonly #memory: GuestMemory = {
    contains: (gpa) => gpa < GUEST_MEMORY,
    map: (gpa) => {
      const page = gpa - gpa % GRANULE;
      this.#table.map(page, page + GUEST_OFFSET, GRANULE);
    },
  };

  // Calls ----------------------------------------------------------------------------------------------------------------

  #perform(call: ProtocolCall, where: string): readonly Difference[] {
    if (call.call === "enable" || call.call === "disable") this.#hypervisor[call.call]();
    else if (call.call === "create") {
      const vcpu = this.#hypervisor.createVCpu(call.boot);
      this.#subjects.push({ vcpu, number: this.#subjects.length });
    } else return this.#performOn(this.#subject(call, where), call, where);
    return [];
  }

  #performOn(subject: Subject, call: ProtocolCall, where: string): readonly Difference[] {
    const { vcpu, number } = subject;
    switch (call.call) {
      case "setup": {
        const { passthroughTimer = false } = call;
        vcpu.setup({ vcpuId: number, vmId: number, memory: this.#memory, passthroughTimer });
        return [];
      }
      case "setEntry":
        vcpu.setEntry(this.#names.value(call.gpa, `${where}.gpa`));
        return [];
      case "setNestedPageTable":
        vcpu.setNestedPageTable(call.root ?? this.#table.root);
        return [];
      case "setGpr":
        for (const [r, value] of this.#names.registers({ [call.register]: call.value }, where)) {
          vcpu.setGpr(r, value);
        }
        return [];
      case "setReturnValue":
        vcpu.setReturnValue(this.#names.value(call.value, `${where}.value`));
        return [];
      case "inject":
        vcpu.injectInterrupt(interruptPosition(call.interrupt, `${where}.interrupt`));
        return [];
      case "withdraw":
        vcpu.withdrawInterrupt(interruptPosition(call.interrupt, `${where}.interrupt`));
        return [];
      case "bind":
      case "unbind":
        vcpu[call.call]();
        return [];
      case "enter":
        return this.#enter(subject, call, where);
      case "handle":
        if (subject.exit === undefined) throw new CaseError(`Cannot use ${where}: there was no exit yet`);
        return reportedOtherwise(vcpu.handle(subject.exit), call.reports);
      case "wait":
        return this.#wait(vcpu, where);
      default:
        throw new CaseError(`Cannot use ${where}: there is no call ${JSON.stringify(call.call)}`);
    }
  }

  #enter(
    subject: Subject,
    call: Extract<ProtocolCall, { readonly call: "enter" }>,
    where: string,
  ): readonly Difference[] {
    const entered = subject.vcpu.enter(BUDGET);
    const differs = unequal("exit", kindOf(entered), call.exit);
    if (entered.kind === "budget" || differs.length > 0) return differs;
    subject.exit = entered.exit;
    const { pc, vector } = entered.exit;
    const at = call.at === undefined ? pc : this.#names.value(call.at, `${where}.at`);
    const base = this.#vectorBase;
    const wanted = call.vector === undefined ? vector : base + BigInt(call.vector);
    return [...unequal("guest PC at the exit", pc, at), ...unequal("vector", vector, wanted)];
  }

  /** The exit entry, which a hypervisor may have given back to its host by now. */
  get #vectorBase(): bigint {
    const written = this.#deeds.find((d) => d.name === EENTRY.name)?.value;
    return written ?? this.#machine.host.read(EENTRY);
  }

  #wait(vcpu: VCpu, where: string): readonly Difference[] {
    if (vcpu.wakesAt === undefined) throw new CaseError(`Cannot use ${where}: ${vcpu.name} does not wait`);
    vcpu.unbind();
    const wakesAt = vcpu.wakesAt();
    if (wakesAt === undefined) return unequal("end of the wait", "never", "an interrupt or the timer");
    const now = this.#cpu.rdtime();
    if (wakesAt > now) this.#machine.clock.skip(Number(wakesAt - now));
    vcpu.bind();
    return [];
  }

  // What holds afterwards ------------------------------------------------------------------------------------------------

  #compareDeeds({ executes, otherSteps = "none" }: ProtocolCall, where: string): readonly Difference[] {
    if (executes === undefined) return [];
    const expected = executes.map((step, i) => this.#expectedDeed(step, `${where}.executes[${i}]`));
    const deeds = relevant(this.#deeds, expected, otherSteps);
    const length = Math.max(deeds.length, expected.length);
    const first = Array.from({ length }, (_, i) => i).find((i) => !isDeed(deeds[i], expected[i]));
    if (first === undefined) return [];
    const [got, wanted] = [deeds[first], expected[first]];
    const around = deeds.slice(Math.max(0, first - AROUND), first + AROUND + 1).map(deedText);
    this.#notes = [`steps from ${Math.max(0, first - AROUND) + 1} on: ${around.join("; ")}`];
    return unequal(
      `step ${first + 1}`,
      got === undefined ? "nothing more" : deedText(got),
      wanted === undefined ? "nothing more" : expectedDeedText(wanted),
    );
  }

  #expectedDeed(step: Step, where: string): ExpectedDeed {
    if (typeof step === "string") return { name: step };
    const [name, value] = step;
    const [, guest = "", csrName = name] = /^(guest )?(.*)$/.exec(name) ?? [];
    if (csrName.startsWith("iocsr ")) {
      if (typeof value === "object") throw new CaseError(`Cannot use ${where}: an IOCSR has no fields`);
      const whole = value === undefined ? undefined : this.#names.value(value, where);
      return { name, ...(whole !== undefined && { value: { value: whole, mask: PHYSICAL } }) };
    }
    // A missing SAVE register can be named: world switches write it all the same.
    if (value === undefined) return { name };
    for (const [csr, wanted] of this.#names.csrs({ [csrName]: value }, where)) {
      return { name: `${guest}${csr.name}`, value: wanted };
    }
    throw new CaseError(`Cannot use ${where}: it names no CSR`);
  }

  #compareCsrs(csrs: Csrs | undefined, isGuest: boolean, where: string): readonly Difference[] {
    return [...this.#names.csrs(csrs, where)].flatMap(([csr, wanted]) =>
      compareMasked(
        `${isGuest ? "guest" : "host"} ${csr.name}`,
        readCsr(this.#machine, isGuest, csr),
        wanted,
        { csr },
      )
    );
  }

  #compareGuest(call: ProtocolCall, where: string): readonly Difference[] {
    if (call.regs === undefined && call.pc === undefined) return [];
    const { vcpu } = this.#subject(call, where);
    const registers = [...this.#names.registers(call.regs, `${where}.regs`)];
    return [
      ...registers.flatMap(([r, value]) => unequal(`guest $r${r}`, vcpu.gpr(r), value)),
      ...(call.pc === undefined
        ? []
        : unequal("guest PC", vcpu.pc, this.#names.value(call.pc, `${where}.pc`))),
    ];
  }

  #compareMemory({ memory }: ProtocolCall, where: string): readonly Difference[] {
    return (memory ?? []).flatMap(({ at, value }, i) => {
      const place = `${where}.memory[${i}]`;
      const address = this.#place(at, place) & PHYSICAL;
      const name = typeof at === "string" ? at : hex(BigInt(at));
      return unequal(
        `memory at ${name}`,
        this.#machine.readPhysical(Number(address), 8),
        this.#place(value, place),
      );
    });
  }

  /** A value that may begin with a register of the host. */
  #place(value: Value, where: string): bigint {
    const [, name = "", sign, distance = "0"] = PLACE.exec(String(value)) ?? [];
    const base = typeof value === "string" ? this.#register(name) : undefined;
    if (base === undefined) return this.#names.value(value, where);
    return BigInt.asUintN(64, sign === "-" ? base - BigInt(distance) : base + BigInt(distance));
  }

  #register(name: string): bigint | undefined {
    const register = parseRegister(`$${name}`);
    if (register !== undefined) return this.#machine.gpr[register];
    if (!/^[A-Z]/.test(name) || this.#program.symbols.has(name)) return undefined;
    return this.#machine.host.read(this.#names.csr(name, name));
  }
}
