// Text on a screen of so many columns: cut or broken to fit, where colours take no room and some letters take two. Pure.

const pieces = /\u001b\[[0-9;]*m|[^\u001b]/gu;
const reset = "\u001b[0m";

/** Letters that are two columns wide: those of East Asia, and emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const marks = /\p{Mn}|\p{Me}|\u200d|\ufe0f/u;

function widthOf(letter: string): number {
  return marks.test(letter) ? 0 : wide.test(letter) ? 2 : 1;
}

/** The line as far as it fits; what is cut off is marked. */
export function fit(line: string, columns: number): string {
  const kept = take(line, columns);
  if (kept.length === line.length) return line;
  const cut = `${take(line, columns - 1)}…`;
  return line.includes("\u001b") ? `${cut}${reset}` : cut;
}

/** An uncoloured line as lines that fit; those after the first are set in. */
export function wrap(line: string, columns: number, indent = "  "): readonly string[] {
  const lines: string[] = [];
  let left = line;
  while (left !== "") {
    const head = lines.length === 0 ? "" : indent;
    const whole = take(left, Math.max(1, columns - head.length));
    // A letter wider than the screen must not stay for ever.
    const part = whole === "" ? String.fromCodePoint(left.codePointAt(0) ?? 0) : atWord(whole, left);
    lines.push(head + part.trimEnd());
    left = left.slice(part.length);
  }
  return lines.length === 0 ? [""] : lines;
}

/** `part` of `line` without the beginning of a word, unless that were most of it. */
function atWord(part: string, line: string): string {
  if (part.length === line.length) return part;
  const end = part.lastIndexOf(" ") + 1;
  return end > part.length / 2 ? part.slice(0, end) : part;
}

/** As much of it, from its beginning, as `columns` hold. */
function take(line: string, columns: number): string {
  let used = 0;
  let length = 0;
  for (const [piece] of line.matchAll(pieces)) {
    used += piece.startsWith("\u001b") ? 0 : widthOf(piece);
    if (used > columns) return line.slice(0, length);
    length += piece.length;
  }
  return line;
}
