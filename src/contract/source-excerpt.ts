// A few lines of somebody's source with a mark under the place that failed. Pure text in, text out; shared by
// compile errors and import errors.

export interface SourcePlace {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** How many characters the mark covers; 1 when unknown. */
  readonly length?: number;
}

const linesAround = 2;
const longestLineShown = 160;

/** Up to two lines before and after the place, numbered; empty when the source has no such line. */
export function sourceExcerpt(source: string, place: SourcePlace): string {
  const lines = source.split(/\r?\n/);
  if (place.line < 1 || place.line > lines.length) return "";
  const first = Math.max(1, place.line - linesAround);
  const last = Math.min(lines.length, place.line + linesAround);
  const width = String(last).length;
  const shown: string[] = [];
  for (let number = first; number <= last; number++) {
    const text = (lines[number - 1] ?? "").slice(0, longestLineShown);
    const here = number === place.line;
    shown.push(`${here ? ">" : " "} ${String(number).padStart(width)} | ${text}`.trimEnd());
    if (here) shown.push(`  ${" ".repeat(width)} | ${mark(text, place)}`);
  }
  return shown.join("\n");
}

function mark(text: string, { column, length = 1 }: SourcePlace): string {
  const before = text.slice(0, Math.max(0, column - 1)).replace(/[^\t]/g, " ");
  return before + "^".repeat(Math.max(1, Math.min(length, text.length - column + 1)));
}
