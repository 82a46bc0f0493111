// What to say about a name that nobody exports: which known names are near it. Pure; used wherever a call can
// be refused with 1002. Bounded in work, since the asked name comes from outside.

const maxSuggestions = 3;
const longestNameCompared = 200;
const longestNameShown = 100;

export interface UnknownFunction {
  /** A sentence with the name escaped and cut. */
  readonly message: string;
  readonly suggestions: readonly string[];
}

export function describeUnknownFunction(asked: string, known: Iterable<string>): UnknownFunction {
  const suggestions = nearNames(asked, known);
  const shown = JSON.stringify(
    asked.length > longestNameShown ? `${asked.slice(0, longestNameShown)}…` : asked,
  );
  const hint = suggestions.map((name) => JSON.stringify(name)).join(" or ");
  const advice = hint === "" ? "`splice list` shows the functions there are." : `Did you mean ${hint}?`;
  return { message: `There is no function ${shown}. ${advice}`, suggestions };
}

/**
 * Up to three known names, nearest first: few edits away (upper and lower case are the same), or ending in the
 * asked name as their last segment ("add" finds "math.add").
 */
export function nearNames(asked: string, known: Iterable<string>): string[] {
  if (asked === "" || asked.length > longestNameCompared) return [];
  const wanted = asked.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 4));
  const found: { readonly name: string; readonly distance: number }[] = [];
  for (const name of known) {
    const candidate = name.toLowerCase();
    const distance = candidate.endsWith(`.${wanted}`) ? 0 : editDistance(wanted, candidate, limit);
    if (distance <= limit) found.push({ name, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, maxSuggestions).map(({ name }) => name);
}

/** Insertions, deletions, replacements and swaps of neighbours between two texts; above `limit` only "more". */
export function editDistance(a: string, b: string, limit = Infinity): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let smallest = row;
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
      if (cost < smallest) smallest = cost;
    }
    if (smallest > limit) return limit + 1;
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
