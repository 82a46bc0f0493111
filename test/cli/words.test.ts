import { expect, test } from "@jest/globals";
import { splitWords } from "../../src/cli/words.js";

test.each<[string, readonly string[]]>([
  ["node worker.mjs", ["node", "worker.mjs"]],
  ["  node \t worker.mjs\n", ["node", "worker.mjs"]],
  [`python3 'my worker.py' --name "Ada L"`, ["python3", "my worker.py", "--name", "Ada L"]],
  [`a b'c'"d"e`, ["a", "bcde"]],
  [`a ''  ""`, ["a", "", ""]],
  [String.raw`a 'b\n' "c\n\"\\" d\ e \'`, ["a", String.raw`b\n`, String.raw`c\n"` + "\\", "d e", "'"]],
  ["a $HOME *.ts | b > c; d && `e`", ["a", "$HOME", "*.ts", "|", "b", ">", "c;", "d", "&&", "`e`"]],
])("%j is %j", (text, words) => {
  expect(splitWords(text, "--worker")).toEqual(words);
});

test.each([
  ["", /names no program/],
  [" \t", /names no program/],
  ["'' a", /names no program/],
  ["a 'b", /' that is not closed/],
  ['a "b\\"', /" that is not closed/],
  ["a b\\", /ends in a backslash/],
])("%j is wrong use, in a sentence", (text, sentence) => {
  expect(() => splitWords(text, "--worker")).toThrow(
    expect.objectContaining({ name: "UsageError", message: expect.stringMatching(sentence) }),
  );
});
