/**
 * Inter-processor interrupts and mailboxes of the 3A5000, as one processor sees them in its IOCSR space.
 *
 * Source: 3A5000 user manual, "Inter-Processor Interrupts and Communication"; VM-IPI-01 to -05.
 *
 * @module
 */
import type { AccessSize, IocsrSpace } from "../core/bus.ts";
import type { Restore } from "../core/snapshot/stateful.ts";
import type { Device } from "./device.ts";

/** Where the block is in the IOCSR space. */
export const IPI_BASE = 0x1000;

const STATUS = 0x0;
const ENABLE = 0x4;
const SET = 0x8;
const CLEAR = 0xc;
const MAILBOXES = 0x20;
const IPI_SEND = 0x40;
const MAIL_SEND = 0x48;
const ANY_SEND = 0x158;

/** What an {@linkcode Ipi} is connected to. */
export interface IpiOptions {
  /** Called when the interrupt line of the processor (ESTAT.IS bit 12) changes. */
  readonly onLine: (level: boolean) => void;
  /** The IOCSR space that "any send" writes to. */
  readonly iocsr: IocsrSpace;
  /**
   * Number of this processor; a message for another is refused, as there is none.
   * @default {0}
   */
  readonly cpu?: number;
}

/** A message register: data, bytes to keep, receiver, and where to write. */
interface Message {
  readonly data: bigint;
  /** One bits are kept. */
  readonly keep: bigint;
  readonly cpu: number;
}

/**
 * Status, enable, set and clear, four mailboxes, and the registers that send. The line is high while a bit of status is
 * enabled, as the manual says. (QEMU lowers it only when status becomes 0, and does not look at later changes of enable.)
 */
export class Ipi implements Device {
  readonly name = "ipi";
  readonly size = 0x160;
  readonly #options: IpiOptions;
  readonly #mailboxes = new DataView(new ArrayBuffer(32));
  #status = 0n;
  #enable = 0n;
  #line = false;

  constructor(options: IpiOptions) {
    this.#options = options;
  }

  save(): Restore {
    const [status, enable, line] = [this.#status, this.#enable, this.#line];
    const mailboxes = new Uint8Array(this.#mailboxes.buffer.slice(0));
    return () => {
      this.#status = status;
      this.#enable = enable;
      this.#line = line;
      new Uint8Array(this.#mailboxes.buffer).set(mailboxes);
    };
  }

  read(offset: number, size: AccessSize): bigint | undefined {
    if (size < 4 || offset % size !== 0) return undefined;
    const low = this.#readWord(offset);
    if (size === 4 || low === undefined) return low;
    const high = this.#readWord(offset + 4);
    return high === undefined ? undefined : low | high << 32n;
  }

  #readWord(offset: number): bigint | undefined {
    if (offset === STATUS) return this.#status;
    if (offset === ENABLE) return this.#enable;
    if (offset === SET || offset === CLEAR) return 0n;
    const mailbox = this.#mailboxOffset(offset);
    return mailbox === undefined ? undefined : BigInt(this.#mailboxes.getUint32(mailbox, true));
  }

  #mailboxOffset(offset: number): number | undefined {
    const within = offset - MAILBOXES;
    return within >= 0 && within < this.#mailboxes.byteLength ? within : undefined;
  }

  write(offset: number, size: AccessSize, value: bigint): boolean {
    if (size < 4 || offset % size !== 0) return false;
    if (size === 4) return this.#writeWord(offset, value);
    if (offset === MAIL_SEND) return this.#sendMail(value);
    if (offset === ANY_SEND) return this.#sendAny(value);
    return offset < IPI_SEND && this.#writeWord(offset, value & 0xffff_ffffn) &&
      this.#writeWord(offset + 4, value >> 32n);
  }

  #writeWord(offset: number, value: bigint): boolean {
    const mailbox = this.#mailboxOffset(offset);
    if (mailbox !== undefined) this.#mailboxes.setUint32(mailbox, Number(value), true);
    else if (offset === ENABLE) this.#enable = value;
    else if (offset === SET) this.#status |= value;
    else if (offset === CLEAR) this.#status &= ~value;
    else if (offset === IPI_SEND) return this.#sendInterrupt(value);
    // The status register ignores writes.
    else if (offset !== STATUS) return false;
    this.#updateLine();
    return true;
  }

  #updateLine(): void {
    const level = (this.#status & this.#enable) !== 0n;
    if (level === this.#line) return;
    this.#line = level;
    this.#options.onLine(level);
  }

  #isHere(cpu: number): boolean {
    return cpu === (this.#options.cpu ?? 0);
  }

  /** Bits 25:16 processor, bits 4:0 the bit of its status to set. Bit 31, wait, needs nothing here. */
  #sendInterrupt(value: bigint): boolean {
    return this.#isHere(Number((value >> 16n) & 0x3ffn)) && this.#writeWord(SET, 1n << (value & 0x1fn));
  }

  /** Bits 4:2 number the 32-bit halves of the mailboxes. */
  #sendMail(value: bigint): boolean {
    const { data, keep, cpu } = message(value);
    if (!this.#isHere(cpu)) return false;
    const offset = MAILBOXES + Number(value & 0x1cn);
    const old = this.#readWord(offset) ?? 0n;
    return this.#writeWord(offset, (old & keep) | (data & ~keep));
  }

  /** Bits 15:0 are an address in the receiver's IOCSR space. */
  #sendAny(value: bigint): boolean {
    const { data, keep, cpu } = message(value);
    if (!this.#isHere(cpu)) return false;
    const { iocsr } = this.#options;
    const address = Number(value & 0xffffn);
    if (keep === 0n) return iocsr.write(address, 4, data);
    const old = iocsr.read(address, 4);
    return old !== undefined && iocsr.write(address, 4, (old & keep) | (data & ~keep));
  }
}

/** Bits 63:32 data, 30:27 bytes to keep, 25:16 processor. */
function message(value: bigint): Message {
  let keep = 0n;
  for (let byte = 0n; byte < 4n; byte++) {
    if ((value >> (27n + byte)) & 1n) keep |= 0xffn << (8n * byte);
  }
  return { data: value >> 32n, keep, cpu: Number((value >> 16n) & 0x3ffn) };
}
