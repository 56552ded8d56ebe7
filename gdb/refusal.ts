/**
 * Requests that the stub does not carry out.
 *
 * @module
 */

/** The numbers that clients show for an error; as in POSIX. */
const ERRNO = { noSuchThread: 3, fault: 14, invalid: 22 } as const;

/** Answers a request with an error. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly errno: number;

  constructor(kind: keyof typeof ERRNO, message: string) {
    super(message);
    this.errno = ERRNO[kind];
  }

  /** The request is not as the protocol has it. */
  static malformed(reason: string): Refusal {
    return new Refusal("invalid", `Cannot understand the packet: ${reason}`);
  }
}
