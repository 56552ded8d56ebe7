/**
 * The two ways in which a case can go wrong, which must never look alike.
 *
 * @module
 */

/** The subject broke the rule. The message is the report. */
export class CaseFailure extends Error {
  override readonly name = "FAIL";
}

/** The case or the bench is broken; nothing is said about the subject. The message is the report. */
export class CaseError extends Error {
  override readonly name = "ERROR";
}
