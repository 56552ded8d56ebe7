/**
 * One image on one subject: from its start until it is done, dead, or silent for too long.
 *
 * @module
 */
import { LineReader, type ReaderEvents } from "./reader.ts";
import type { Running, Subject } from "./subject.ts";

/** How far an image came. */
export interface Outcome {
  /** The number of the first state without a line. */
  readonly next: number;
  /** Why there are no more lines. */
  readonly reason: string;
  /** The first line came. */
  readonly hasBegun: boolean;
}

/**
 * Runs an image.
 *
 * @param count states in it
 * @param silence milliseconds without output after which the subject hangs
 */
export async function runImage(
  subject: Subject,
  elf: Uint8Array,
  count: number,
  silence: number,
  events: ReaderEvents,
): Promise<Outcome> {
  const running = await subject.launch(elf);
  const reader = new LineReader(count, events);
  const isSilent = await follow(running, reader, silence);
  running.stop();
  const how = await running.ended;
  const { next, hasBegun, rubbish } = reader;
  const seen = rubbish === undefined ? "" : `; it printed ${rubbish}`;
  const reason = isSilent
    ? `no line came for ${silence / 1000} seconds${seen}`
    : `the subject ended: ${how}${seen}`;
  return { next, reason, hasBegun };
}

/** Feeds the reader until the image is done or the output ends; true if no line came for too long instead. */
async function follow(running: Running, reader: LineReader, silence: number): Promise<boolean> {
  const parts = running.output[Symbol.asyncIterator]();
  let lines = reader.lines;
  let deadline = performance.now() + silence;
  for (;;) {
    const part = await within(deadline - performance.now(), parts.next());
    if (part === undefined) return true;
    if (part.done === true) return false;
    reader.feed(part.value);
    if (reader.isDone) return false;
    if (reader.lines !== lines) deadline = performance.now() + silence;
    lines = reader.lines;
  }
}

/** What a promise resolves to, or undefined if that takes longer than so many milliseconds. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, milliseconds));
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
