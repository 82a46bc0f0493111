// Splits a command written as one text into its words, by the quoting rules of a shell. There is no shell: nothing is
// expanded, and what would be an operator to one is a plain character. Pure.

import { UsageError } from "./exit.js";

/**
 * Words are parted by white space. 'single quotes' keep everything; "double quotes" too, but \" and \\; outside of
 * quotes a backslash keeps the next character.
 *
 * @throws UsageError for a quote that is not closed, a backslash at the end, or no word at all.
 */
export function splitWords(text: string, flag: string): readonly [string, ...string[]] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const letter = text.charAt(at);
    if (letter === "\\" && quote !== "'") {
      const next = text.charAt(at + 1);
      if (next === "") throw new UsageError(`${flag} ends in a backslash, which keeps nothing: ${text}`);
      const isKept = quote === null || next === '"' || next === "\\";
      word = (word ?? "") + (isKept ? next : letter + next);
      at += 1;
    } else if (letter === quote) {
      quote = null;
    } else if (quote === null && (letter === "'" || letter === '"')) {
      quote = letter;
      word ??= "";
    } else if (quote === null && /\s/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? "") + letter;
    }
  }
  if (quote !== null) throw new UsageError(`${flag} has a ${quote} that is not closed: ${text}`);
  if (word !== null) words.push(word);
  const [program, ...args] = words;
  if (program === undefined || program === "") throw new UsageError(`${flag} names no program.`);
  return [program, ...args];
}
