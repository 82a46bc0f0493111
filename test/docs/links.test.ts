// What the documentation points at is there, and the code it shows compiles.

import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "@jest/globals";
import ts from "typescript";
import { anchors, codeBlocks, localLinks, namedPaths, pages, read, root } from "./markdown.js";

describe.each(pages())("%s", (page) => {
  const markdown = read(page);

  test("every link within the project leads somewhere", () => {
    const broken = localLinks(markdown).filter((target) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchors(read(file)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test("every file and folder it names exists", () => {
    const shown = codeBlocks(markdown).flatMap(({ file }) => (file === undefined ? [] : [file]));
    const missing = namedPaths(markdown).filter(
      (path) =>
        // A name counts from the root, from src/, from the page itself, or it is a file the page has the reader write.
        ![path, `src/${path}`, join(dirname(page), path)].some((place) => existsSync(join(root, place))) &&
        !shown.some((file) => file.startsWith(path)) &&
        !readersOwn.includes(path),
    );
    expect(missing).toEqual([]);
  });
});

/** Names of the reader's own project that pages use as examples, and what only a build makes. */
const readersOwn = [
  ".splice/",
  "functions/",
  "users/admin.ts",
  "node_modules/",
  "artefacts/",
  "dist/",
  "modules/",
];

describe("docs/getting-started.md", () => {
  const blocks = codeBlocks(read("docs/getting-started.md"));
  const files = new Map(
    blocks.flatMap(({ file, text }) => (file === undefined ? [] : [[join(root, "test/docs", file), text]])),
  );

  test("every program has a name, so that a reader knows where to put it", () => {
    const nameless = blocks.filter(({ language, file }) => /^[jt]s$/.test(language) && file === undefined);
    expect(nameless).toEqual([]);
    expect(files.size).toBeGreaterThan(10);
  });

  test("the functions type-check, and the programs parse", () => {
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      allowJs: true,
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
      paths: {
        "splice-runtime": [join(root, "src/index.ts")],
        "splice-runtime/worker": [join(root, "src/worker/index.ts")],
        "splice-runtime/protocol": [join(root, "src/protocol/index.ts")],
      },
    };
    const host = ts.createCompilerHost(options);
    const { fileExists, readFile, getSourceFile } = host;
    host.fileExists = (file) => files.has(file) || fileExists.call(host, file);
    host.readFile = (file) => files.get(file) ?? readFile.call(host, file);
    host.getSourceFile = (file, ...rest) => {
      const text = files.get(file);
      return text === undefined
        ? getSourceFile.call(host, file, ...rest)
        : ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
    };
    const program = ts.createProgram([...files.keys()], options, host);
    const complaints = [...files.keys()].flatMap((file) => {
      const source = program.getSourceFile(file);
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ messageText }) => `${file}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
      );
    });
    expect(complaints).toEqual([]);
  }, 60_000);
});
