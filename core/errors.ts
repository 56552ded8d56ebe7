/**
 * What goes wrong in the bench itself, as opposed to exceptions of the emulated machine.
 *
 * @module
 */

/** Where a machine was when something that is no exception of its own went wrong. */
export interface Place {
  /** Address of the instruction. */
  readonly pc: bigint;
  /** Its word, if it was fetched. */
  readonly word: number | undefined;
  readonly world: "host" | "guest";
}

function describe(place: Place): string {
  const word = place.word === undefined ? "" : ` (word 0x${place.word.toString(16).padStart(8, "0")})`;
  return `in ${place.world} mode at pc 0x${place.pc.toString(16)}${word}`;
}

/** The bench cannot go on with this machine. */
export class MachineError extends Error {
  override readonly name: string = "MachineError";
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(`${message}, ${describe(place)}`);
    this.place = place;
  }
}

/** A physical address at which there is neither RAM nor a device, or a device that refuses the access. */
export class BusError extends MachineError {
  override readonly name = "BusError";
  /** The physical address. */
  readonly address: bigint;

  constructor(message: string, address: bigint, place: Place) {
    super(message, place);
    this.address = address;
  }
}
