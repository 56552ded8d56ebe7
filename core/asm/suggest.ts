/**
 * Suggestions for misspelt names.
 *
 * @module
 */

/** Longer words are not compared: nobody misspells them by a letter or two. */
const LONGEST_WORD = 40;
/** How many equally near names are offered. */
const MOST_OFFERED = 3;

/** The number of letters to insert, delete, replace or swap with a neighbour to get from one word to the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const replaced = (last[j - 1] ?? 0) + (same ? 0 : 1);
      let least = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** As {@linkcode editDistance}, but a missing suffix such as `.d` counts as one letter. */
function distance(word: string, candidate: string): number {
  const suffix = candidate.startsWith(word) ? candidate.slice(word.length) : "";
  return /^(\.[a-z]+|\d+)$/.test(suffix) ? 1 : editDistance(word, candidate);
}

/**
 * The ending of a message about an unknown name: `, did you mean add.d or add.w` for what is near it, else empty text.
 */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  if (word.length > LONGEST_WORD) return "";
  let best = word.length < 2 ? 0 : Math.max(1, Math.floor(word.length / 3));
  let found = new Set<string>();
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > best + 2) continue;
    const steps = distance(word.toLowerCase(), candidate.toLowerCase());
    if (steps > best) continue;
    if (steps < best) found = new Set();
    best = steps;
    found.add(candidate);
  }
  const offered = [...found].sort().slice(0, MOST_OFFERED);
  const last = offered.pop();
  if (last === undefined) return "";
  return `, did you mean ${offered.length === 0 ? last : `${offered.join(", ")} or ${last}`}`;
}
