/**
 * The serial port: an NS16550A with registers one byte apart.
 *
 * Source: National Semiconductor's PC16550D data sheet; register values after reset as QEMU's.
 *
 * @module
 */
import type { AccessSize } from "../core/bus.ts";
import type { Restore } from "../core/snapshot/stateful.ts";
import type { Device } from "./device.ts";

/** What a {@linkcode Uart} is connected to. */
export interface UartOptions {
  /** @default {"uart0"} */
  readonly name?: string;
  /** Receives every byte that is sent. */
  readonly onTransmit?: (byte: number) => void;
  /** Called when the level of the interrupt output changes. */
  readonly onInterrupt?: (level: boolean) => void;
}

// Registers by offset. The first two are the divisor latch while LCR.DLAB = 1.
const DATA = 0;
const IER = 1;
const IIR_FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

/** IER: interrupt enables. */
const ENABLE = { data: 1, transmitter: 2, line: 4, modem: 8 } as const;
/** IIR: the interrupt of the highest priority; bit 0 is clear while there is one. */
const CAUSE = { line: 0x06, data: 0x04, timeout: 0x0c, transmitter: 0x02, modem: 0x00, none: 0x01 } as const;
const IIR_FIFOS = 0xc0;
const FCR = { enable: 1, clearReceiver: 2, clearTransmitter: 4 } as const;
const TRIGGERS = [1, 4, 8, 14] as const;
const LCR_DLAB = 0x80;
const MCR_LOOP = 0x10;
const MCR_WRITABLE = 0x1f;
const STATUS = { ready: 1, overrun: 2, anyError: 0x1e, holdingEmpty: 0x20, allEmpty: 0x40 } as const;
const MODEM_CHANGES = 0x0f;
const RING = 0x40;
const RING_ENDED = 0x04;
/** DCD, DSR and CTS: somebody listens at the other end. */
const CONNECTED = 0xb0;
const FIFO_SIZE = 16;

/**
 * The serial port as software sees it, without the time that a real line takes: a byte is sent as soon as it is written,
 * and a character timeout is reported as soon as the FIFO holds something below the trigger. Parity, framing and break
 * errors never happen. Only single bytes can be accessed (QEMU lets wider accesses pass, with one byte of effect).
 */
export class Uart implements Device {
  readonly name: string;
  readonly size = 8;
  readonly #transmit: (byte: number) => void;
  readonly #onInterrupt: (level: boolean) => void;
  /** What waits at the other end of the line until there is room, so that input is never lost. */
  #incoming: number[] = [];
  #received: number[] = [];
  #lastRead = 0;
  #enabled = 0;
  #fifos = false;
  #trigger = 1;
  #lineControl = 0;
  #modemControl = 0x08;
  #overrun = false;
  #modemStatus = CONNECTED;
  #scratch = 0;
  #divisor = 0x0c;
  #transmitterPending = false;
  #level = false;

  constructor(options: UartOptions = {}) {
    this.name = options.name ?? "uart0";
    this.#transmit = options.onTransmit ?? (() => {});
    this.#onInterrupt = options.onInterrupt ?? (() => {});
  }

  /** Gives the port input, which software finds as soon as it has room for it. */
  receive(bytes: Iterable<number>): void {
    this.#incoming.push(...bytes);
    this.#update();
  }

  save(): Restore {
    const [incoming, received] = [this.#incoming.slice(), this.#received.slice()];
    const [lastRead, enabled, fifos, trigger] = [this.#lastRead, this.#enabled, this.#fifos, this.#trigger];
    const [lineControl, modemControl, modemStatus] = [
      this.#lineControl,
      this.#modemControl,
      this.#modemStatus,
    ];
    const [overrun, scratch, divisor] = [this.#overrun, this.#scratch, this.#divisor];
    const [transmitterPending, level] = [this.#transmitterPending, this.#level];
    return () => {
      this.#incoming = incoming.slice();
      this.#received = received.slice();
      this.#lastRead = lastRead;
      this.#enabled = enabled;
      this.#fifos = fifos;
      this.#trigger = trigger;
      this.#lineControl = lineControl;
      this.#modemControl = modemControl;
      this.#modemStatus = modemStatus;
      this.#overrun = overrun;
      this.#scratch = scratch;
      this.#divisor = divisor;
      this.#transmitterPending = transmitterPending;
      this.#level = level;
    };
  }

  read(offset: number, size: AccessSize): bigint | undefined {
    if (size !== 1) return undefined;
    const value = this.#readRegister(offset);
    this.#update();
    return BigInt(value);
  }

  write(offset: number, size: AccessSize, value: bigint): boolean {
    if (size !== 1) return false;
    this.#writeRegister(offset, Number(value));
    this.#update();
    return true;
  }

  get #loop(): boolean {
    return (this.#modemControl & MCR_LOOP) !== 0;
  }

  get #divisorSelected(): boolean {
    return (this.#lineControl & LCR_DLAB) !== 0;
  }

  #readRegister(offset: number): number {
    switch (offset) {
      case DATA:
        return this.#divisorSelected ? this.#divisor & 0xff : this.#readData();
      case IER:
        return this.#divisorSelected ? this.#divisor >> 8 : this.#enabled;
      case IIR_FCR:
        return this.#identify();
      case LCR:
        return this.#lineControl;
      case MCR:
        return this.#modemControl;
      case LSR:
        return this.#readLineStatus();
      case MSR:
        return this.#readModemStatus();
      default:
        return this.#scratch;
    }
  }

  #writeRegister(offset: number, value: number): void {
    if (offset === DATA) {
      if (this.#divisorSelected) this.#divisor = (this.#divisor & 0xff00) | value;
      else this.#send(value);
    } else if (offset === IER) {
      if (this.#divisorSelected) this.#divisor = (this.#divisor & 0xff) | value << 8;
      else this.#enable(value & 0x0f);
    } else if (offset === IIR_FCR) this.#controlFifos(value);
    else if (offset === LCR) this.#lineControl = value;
    else if (offset === MCR) this.#controlModem(value & MCR_WRITABLE);
    else if (offset === SCR) this.#scratch = value;
    // LSR and MSR ignore writes.
  }

  /** An empty FIFO reads 0; without FIFOs the buffer keeps the last byte. */
  #readData(): number {
    const byte = this.#received.shift();
    if (byte === undefined) return this.#fifos ? 0 : this.#lastRead;
    this.#lastRead = byte;
    return byte;
  }

  #send(byte: number): void {
    if (this.#loop) this.#take(byte);
    else this.#transmit(byte);
    this.#transmitterPending = true;
  }

  /** A byte arrives. Without room a full FIFO keeps what it has, the single buffer is overwritten. */
  #take(byte: number): void {
    if (this.#received.length < this.#capacity) {
      this.#received.push(byte);
      return;
    }
    this.#overrun = true;
    if (!this.#fifos) this.#received = [byte];
  }

  get #capacity(): number {
    return this.#fifos ? FIFO_SIZE : 1;
  }

  /** Enabling the transmitter interrupt reports an empty transmitter at once. */
  #enable(value: number): void {
    const changed = this.#enabled ^ value;
    if (changed & ENABLE.transmitter) this.#transmitterPending = (value & ENABLE.transmitter) !== 0;
    this.#enabled = value;
  }

  #controlFifos(value: number): void {
    const fifos = (value & FCR.enable) !== 0;
    const switched = fifos !== this.#fifos;
    this.#fifos = fifos;
    this.#trigger = TRIGGERS[value >> 6] ?? 1;
    // Switching the FIFOs on or off empties them.
    if (switched || value & FCR.clearReceiver) this.#received = [];
    if (switched || value & FCR.clearTransmitter) this.#transmitterPending = true;
  }

  #controlModem(value: number): void {
    this.#modemControl = value;
    const lines = this.#loop ? loopedLines(value) : CONNECTED;
    const changed = (lines ^ this.#modemStatus) & 0xf0;
    // RI is recorded only when it ends, the others whenever they change.
    const ringEnded = (changed & RING) !== 0 && (lines & RING) === 0;
    const changes = (changed & ~RING) >> 4 | (ringEnded ? RING_ENDED : 0);
    this.#modemStatus = lines | (this.#modemStatus & MODEM_CHANGES) | changes;
  }

  #readModemStatus(): number {
    const value = this.#modemStatus;
    this.#modemStatus &= ~MODEM_CHANGES;
    return value;
  }

  get #lineStatus(): number {
    const ready = this.#received.length > 0 ? STATUS.ready : 0;
    return STATUS.holdingEmpty | STATUS.allEmpty | ready | (this.#overrun ? STATUS.overrun : 0);
  }

  #readLineStatus(): number {
    const value = this.#lineStatus;
    this.#overrun = false;
    return value;
  }

  /** Reading IIR acknowledges the transmitter interrupt, if that is the one it reports. */
  #identify(): number {
    const cause = this.#cause;
    if (cause === CAUSE.transmitter) this.#transmitterPending = false;
    return cause | (this.#fifos ? IIR_FIFOS : 0);
  }

  get #cause(): number {
    const enabled = this.#enabled;
    if (enabled & ENABLE.line && this.#lineStatus & STATUS.anyError) return CAUSE.line;
    if (enabled & ENABLE.data && this.#received.length > 0) {
      return this.#fifos && this.#received.length < this.#trigger ? CAUSE.timeout : CAUSE.data;
    }
    if (enabled & ENABLE.transmitter && this.#transmitterPending) return CAUSE.transmitter;
    if (enabled & ENABLE.modem && this.#modemStatus & MODEM_CHANGES) return CAUSE.modem;
    return CAUSE.none;
  }

  /** After every access: takes input that there is now room for, and drives the interrupt output. */
  #update(): void {
    while (!this.#loop && this.#incoming.length > 0 && this.#received.length < this.#capacity) {
      this.#received.push(...this.#incoming.splice(0, 1));
    }
    const level = this.#cause !== CAUSE.none;
    if (level === this.#level) return;
    this.#level = level;
    this.#onInterrupt(level);
  }
}

/** The modem lines in loopback mode: DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD. */
function loopedLines(modemControl: number): number {
  const dsr = modemControl & 1 ? 0x20 : 0;
  const cts = modemControl & 2 ? 0x10 : 0;
  const ri = modemControl & 4 ? RING : 0;
  const dcd = modemControl & 8 ? 0x80 : 0;
  return dsr | cts | ri | dcd;
}
