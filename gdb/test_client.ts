/**
 * A client for tests: it speaks the protocol as its documentation has it, without a line of the stub's own code.
 *
 * @module
 */
import { assemble, csrByName, type Program } from "../core/mod.ts";
import { createVirtMachine, loadProgram } from "../devices/mod.ts";
import { BareRun, Debuggee, Session } from "./mod.ts";

/** Address of the first instruction. */
export const CODE = 0x200000n;
const MEMORY = 0x400000;

/** Counts in memory for ever. */
export const COUNTER = `
_start: li.w   $t0, 0
        la.pcrel $t2, counter
loop:   addi.d $t0, $t0, 1
store:  st.d   $t0, $t2, 0
load:   ld.w   $t1, $t2, 4
next:   b      loop
        .data
        .balign 8
counter: .dword 0x1122334455667788
`;

/** A packet with its checksum: the sum of its characters modulo 256, in two digits. */
export function packet(body: string): Uint8Array {
  const sum = [...body].reduce((all, c) => (all + c.charCodeAt(0)) % 256, 0);
  return bytes(`$${body}#${sum.toString(16).padStart(2, "0")}`);
}

/** Text of one character a byte, as bytes. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** Bytes as text of one character a byte. */
export function text(of: Uint8Array): string {
  return Array.from(of, (b) => String.fromCharCode(b)).join("");
}

/** Digits of text, as `qRcmd` and `O` have it. */
export function hexText(of: string): string {
  return Array.from(bytes(of), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** The text behind digits. */
export function textOfHex(digits: string): string {
  return text(Uint8Array.from(digits.match(/../g) ?? [], (d) => parseInt(d, 16)));
}

/** Sixteen digits, the lowest byte first. */
export function little(value: bigint): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, value, true);
  return Array.from(new Uint8Array(view.buffer), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** The bodies of packets in what a stub sent; acknowledgements do not count. */
export function bodies(sent: string): readonly string[] {
  return [...sent.matchAll(/\$([^#]*)#[0-9a-f]{2}/g)].map((m) => m[1] ?? "");
}

/** A stub with a program, and a client. */
export class TestClient {
  readonly program: Program;
  readonly debuggee: Debuggee;
  readonly session: Session;
  readonly #run: BareRun;

  /** @param code assembly text; the processor is at its first instruction */
  constructor(code: string) {
    this.program = assemble(code, { name: "test.s", origin: CODE, csrNumber: (n) => csrByName(n)?.number });
    const vm = createVirtMachine({ memory: MEMORY });
    loadProgram(vm, this.program);
    this.debuggee = new Debuggee({ machine: vm.machine });
    this.session = new Session(this.debuggee);
    this.#run = new BareRun(this.debuggee, { slice: 100 });
  }

  /** The address of a label. */
  at(label: string): bigint {
    const found = this.program.symbols.get(label);
    if (found === undefined) throw new RangeError(`Cannot find ${label}: the test defines no such label`);
    return found;
  }

  /** Sends bytes, and lets the machine run at most so many slices; everything that the stub sent. */
  exchange(sent: Uint8Array, slices = 2): string {
    this.session.receive(sent);
    let answer = text(this.session.takeOutput());
    for (let n = 0; n < slices && this.session.isRunning; n++) {
      this.#run.slice();
      answer += text(this.session.takeOutput());
    }
    return answer;
  }

  /** Sends a packet; the body of the last packet of the answer, undefined if there is none. */
  ask(body: string): string | undefined {
    return bodies(this.exchange(packet(body))).at(-1);
  }

  /** The value of a register of 64 bits by its number. */
  register(number: number): bigint {
    const digits = this.ask(`p${number.toString(16)}`) ?? "";
    return BigInt(`0x${digits.match(/../g)?.reverse().join("")}`);
  }
}
