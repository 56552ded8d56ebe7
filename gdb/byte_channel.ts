/**
 * Bytes from one thread to another, which can wait for them without giving up its stack.
 *
 * @module
 */

const HEADER_WORDS = 3;
/** Words of the header: bytes written and bytes read so far, modulo 2^32, and 1 once nothing more will come. */
const WRITTEN = 0;
const READ = 1;
const CLOSED = 2;
/** Also the most that is under way at a time; a power of two. */
const CAPACITY = 0x10000;

/** What both ends share. */
export type ChannelMemory = SharedArrayBuffer;

/** Makes the memory of a channel. */
export function channelMemory(): ChannelMemory {
  return new SharedArrayBuffer(HEADER_WORDS * 4 + CAPACITY);
}

/** One end of a channel. */
abstract class End {
  protected readonly header: Int32Array;
  protected readonly bytes: Uint8Array;

  constructor(memory: ChannelMemory) {
    this.header = new Int32Array(memory, 0, HEADER_WORDS);
    this.bytes = new Uint8Array(memory, HEADER_WORDS * 4);
  }

  /** Bytes that were written and not yet read. */
  protected get used(): number {
    return (Atomics.load(this.header, WRITTEN) - Atomics.load(this.header, READ)) >>> 0;
  }
}

/** Where bytes go in. */
export class ChannelWriter extends End {
  /** Writes as many of the bytes as there is room for; the number of them. */
  write(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, CAPACITY - this.used);
    const start = Atomics.load(this.header, WRITTEN) >>> 0;
    for (let i = 0; i < count; i++) this.bytes[(start + i) % CAPACITY] = bytes[i] ?? 0;
    Atomics.add(this.header, WRITTEN, count);
    Atomics.notify(this.header, WRITTEN);
    return count;
  }

  /** Says that nothing more will come. */
  close(): void {
    Atomics.store(this.header, CLOSED, 1);
    // Whoever waits does so for this word to change.
    Atomics.notify(this.header, WRITTEN);
  }
}

/** How long a reader sleeps before it looks again whether the channel was closed, in milliseconds. */
const NAP = 100;

/** Where bytes come out. */
export class ChannelReader extends End {
  /** The bytes that are there; undefined once all were read and nothing more will come. */
  read(wait: boolean): Uint8Array | undefined {
    while (this.used === 0) {
      if (Atomics.load(this.header, CLOSED) === 1) return this.used === 0 ? undefined : this.#take();
      if (!wait) return new Uint8Array();
      Atomics.wait(this.header, WRITTEN, Atomics.load(this.header, READ), NAP);
    }
    return this.#take();
  }

  #take(): Uint8Array {
    const start = Atomics.load(this.header, READ) >>> 0;
    const bytes = Uint8Array.from({ length: this.used }, (_, i) => this.bytes[(start + i) % CAPACITY] ?? 0);
    Atomics.add(this.header, READ, bytes.length);
    return bytes;
  }
}
