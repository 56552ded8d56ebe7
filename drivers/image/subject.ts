/**
 * Who runs images: an emulator, a board behind a serial line, our own machine.
 *
 * @module
 */

/** Something that can run an image. */
export interface Subject {
  /** For reports, with the version where it is known. */
  readonly name: string;
  /**
   * Starts an image.
   *
   * @throws {SubjectError} if that cannot be done at all
   */
  launch(elf: Uint8Array): Promise<Running>;
}

/** An image under way. */
export interface Running {
  /** What comes over the serial line; ends when the subject does. */
  readonly output: AsyncIterable<string>;
  /** Resolves when the subject has ended and been cleaned up, with how: a status, and what it complained about. */
  readonly ended: Promise<string>;
  /** Makes it end soon. */
  stop(): void;
}

/** No subject can be had, or none that runs images. */
export class SubjectError extends Error {
  override readonly name = "SubjectError";
}
