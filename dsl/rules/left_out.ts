/**
 * Entries of the fact sheet about software protocols that are no rules of this list, each with the reason. With them the numbers of the
 * sheet are complete, so that a gap in the list is a decision and no oversight.
 *
 * @module
 */

const OTHER_RELEASE = "a release that this bench has no world switch of";
const USER_SPACE =
  "an interface of the host's kernel to its user programs, which no guest and no world switch sees";
const DEVICE = "an interrupt controller, which is a device and not a world switch";
const OTHER_ARCHITECTURE = "another architecture";

/** Id in the fact sheet to the reason. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  "PROTO-KVM-14": `how an early posting differs: ${OTHER_RELEASE}`,
  "PROTO-KVM-15": `how the vendor's version differs: ${OTHER_RELEASE}`,
  "PROTO-KVM-36": USER_SPACE,
  "PROTO-KVM-54": USER_SPACE,
  "PROTO-KVM-55": "what a Linux guest does, not its hypervisor",
  "PROTO-KVM-65": USER_SPACE,
  "PROTO-KVM-70": DEVICE,
  "PROTO-KVM-71": DEVICE,
  "PROTO-KVM-72": DEVICE,
  "PROTO-KVM-80": "how a collection of test guests is set up",
  "PROTO-AV13-01": `what 0.5.9 changed; what this bench follows of it is in PROTO-AV5-07 and PROTO-AV5-10`,
  "PROTO-AV13-02": OTHER_RELEASE,
  "PROTO-AV13-03": OTHER_RELEASE,
  "PROTO-AV13-04": OTHER_RELEASE,
  "PROTO-AV13-05": OTHER_RELEASE,
  "PROTO-AV13-06": OTHER_RELEASE,
  "PROTO-AV13-07": "a defect of one release, as a mutant here (host PRMD.PIE lost at entry)",
  "PROTO-AV13-08": OTHER_RELEASE,
  "PROTO-AV13-11": OTHER_RELEASE,
  "PROTO-AV13-13": "a defect of one release's decoder",
  "PROTO-AV13-14": "the page table that this bench's world switch uses: data, not behaviour",
  "PROTO-HV-11": "needs a second processor",
  "PROTO-ARM-01": OTHER_ARCHITECTURE,
  "PROTO-ARM-02": OTHER_ARCHITECTURE,
  "PROTO-ARM-03": OTHER_ARCHITECTURE,
  "PROTO-ARM-04": OTHER_ARCHITECTURE,
  "PROTO-ARM-05": OTHER_ARCHITECTURE,
  "PROTO-ARM-06": OTHER_ARCHITECTURE,
};
