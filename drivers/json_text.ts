/**
 * JSON with nothing swallowed: what `JSON.parse` accepts without a word, a key given twice, is an error here.
 *
 * @module
 */

/** A state file that cannot be used. The message has the file, the place in it and the value. */
export class StateFileError extends SyntaxError {
  override readonly name = "StateFileError";
  /** Name of the file, as in `states.json`. */
  readonly file: string;
  /** The place in the JSON, as in `[3].host.csr.ECFG`; empty for the whole. */
  readonly path: string;

  constructor(file: string, path: string, reason: string, options?: ErrorOptions) {
    super(`${file}: ${path === "" ? "" : `${path}: `}${reason}`, options);
    this.file = file;
    this.path = path;
  }
}

/** More text than this is no state file. */
const LONGEST_TEXT = 256 * 1024 * 1024;
/** Deeper than any state, which has six levels. */
const DEEPEST = 32;

/**
 * Parses JSON text.
 *
 * @param file name of the file, for errors
 * @throws {StateFileError} if it is no JSON, too long, too deep, or an object has a key twice
 */
export function parseJson(text: string, file: string): unknown {
  if (text.length > LONGEST_TEXT) {
    throw new StateFileError(file, "", `it has ${text.length} characters, at most ${LONGEST_TEXT} are read`);
  }
  checkKeys(text, file);
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : String(error);
    throw new StateFileError(file, "", `it is no JSON: ${reason}`, { cause: error });
  }
}

/** What a path appends for a key. */
export function keyStep(key: string): string {
  if (/^[A-Za-z_$][\w$]*$/.test(key)) return `.${key}`;
  return `[${JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key)}]`;
}

/** An object or list that is open at some point of the text. */
interface Open {
  /** The keys so far; undefined for a list. */
  readonly keys: Set<string> | undefined;
  /** Position in a list. */
  index: number;
  /** The key whose value follows; undefined while a key is due. */
  key: string | undefined;
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]/gs;

/** Walks over the tokens that matter. What is no JSON at all is left to JSON.parse, which says why. */
function checkKeys(text: string, file: string): void {
  const stack: Open[] = [];
  for (const [token] of text.matchAll(TOKEN)) {
    const top = stack[stack.length - 1];
    if (token === "{" || token === "[") {
      if (stack.length >= DEEPEST) {
        throw new StateFileError(file, pathOf(stack), `it is nested deeper than ${DEEPEST} levels`);
      }
      stack.push({ keys: token === "{" ? new Set() : undefined, index: 0, key: undefined });
    } else if (token === "}" || token === "]") stack.pop();
    else if (token === ",") nextMember(top);
    else if (token !== ":" && top?.keys !== undefined && top.key === undefined) noteKey(token, stack, file);
  }
}

function nextMember(top: Open | undefined): void {
  if (top === undefined) return;
  top.index++;
  top.key = undefined;
}

function noteKey(token: string, stack: readonly Open[], file: string): void {
  const top = stack[stack.length - 1];
  const key = keyText(token);
  if (top?.keys === undefined || key === undefined) return;
  const isNew = !top.keys.has(key);
  top.keys.add(key);
  top.key = key;
  if (!isNew) throw new StateFileError(file, pathOf(stack), "it is given twice");
}

function keyText(token: string): string | undefined {
  try {
    return String(JSON.parse(token));
  } catch {
    // JSON.parse of the whole text will say what is wrong with it.
    return undefined;
  }
}

function pathOf(stack: readonly Open[]): string {
  const steps = stack.map(({ keys, index, key }) => {
    if (keys === undefined) return `[${index}]`;
    return key === undefined ? "" : keyStep(key);
  });
  return steps.join("").replace(/^\./, "");
}
