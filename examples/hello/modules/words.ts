// A module like any other, of this program and not of a functions folder: `isolate` runs it in a process of its own.

export function count({ text }: { text: string }) {
  const words = text.split(/\s+/).filter((word) => word !== "");
  return { words: words.length, process: process.pid };
}
