// Reads the project's Markdown as the tests of the documentation need it: pages, links, code blocks, file names.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface CodeBlock {
  readonly language: string;
  /** The file that the block shows, as its first line names it: "// functions/math.ts". */
  readonly file: string | undefined;
  readonly text: string;
}

/** README, CONTRIBUTING and everything below docs/, as paths from the root. */
export function pages(): string[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
  const found = docs.filter((path) => path.endsWith(".md")).map((path) => `docs/${path}`);
  return ["README.md", "CONTRIBUTING.md", ...found.sort()];
}

export function read(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

const fenced = /^```(\w*)\n([\s\S]*?)^```$/gm;

export function codeBlocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(fenced)].map(([, language = "", text = ""]) => ({
    language,
    file: /^\/\/ ([\w./-]+)\n/.exec(text)?.[1],
    text,
  }));
}

export function withoutCodeBlocks(markdown: string): string {
  return markdown.replace(fenced, "");
}

/** Targets of links, without those that leave the project. */
export function localLinks(markdown: string): string[] {
  return [...withoutCodeBlocks(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** What stands in `backticks` and looks like a path to a file or, with a slash at its end, to a folder. */
export function namedPaths(markdown: string): string[] {
  return [...withoutCodeBlocks(markdown).matchAll(/`([\w.@/-]+)`/g)]
    .map(([, path = ""]) => path)
    .filter((path) => /^[\w.@-]+\/(?:[\w.@-]+\/)*(?:[\w.@-]+\.(?:ts|mts|js|mjs|md|json))?$/.test(path));
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchors(markdown: string): string[] {
  return [...withoutCodeBlocks(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
}
