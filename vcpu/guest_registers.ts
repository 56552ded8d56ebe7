/**
 * The guest's CSRs that a world switch carries, in the order of their numbers.
 *
 * @module
 */
import { type CsrDeclaration, CSRS, type Profile } from "../core/mod.ts";

/** The registers with a guest copy that a machine of this profile has (LVZ-GCSR-01). */
export function guestCopies(profile: Profile): readonly CsrDeclaration[] {
  return CSRS.filter((c) => c.options.guest === "copy" && c.existsIn(profile));
}
