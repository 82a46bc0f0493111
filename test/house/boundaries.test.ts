// Feeds the house rules with offences that exist only in memory, so that a rule which no longer fires is noticed.
// The table of imports is written out here once more on purpose: a change of the floors is a change in two places.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "@jest/globals";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Offence {
  readonly ruleId: string;
  readonly line: number;
}

// All texts are linted in one go, since the linter takes its time to start.
const texts: { readonly file: string; readonly text: string }[] = [];
let answers: readonly (readonly Offence[])[] = [];

/** Registers a text; what is returned gives the offences in it once the tests run. */
function linted(file: string, text: string): () => readonly Offence[] {
  const index = texts.push({ file, text }) - 1;
  return () => answers[index] ?? [];
}
const ruleIds = (offences: readonly Offence[]) => offences.map(({ ruleId }) => ruleId);

beforeAll(() => {
  const script = fileURLToPath(new URL("lint-offences.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    input: JSON.stringify(texts),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`The linter failed: ${stderr}`);
  answers = JSON.parse(stdout) as typeof answers;
}, 60_000);

const floors: Readonly<Record<string, string>> = {
  words: "",
  protocol: "words",
  contract: "words protocol",
  config: "words contract",
  machines: "words protocol contract config",
  transport: "words protocol",
  actors: "words protocol contract config machines transport",
  dispatch: "words protocol contract config machines",
  system: "words protocol contract config machines transport actors dispatch",
  host: "words protocol contract config transport dispatch system",
  client: "words protocol contract config transport system",
  inspector: "words protocol contract config machines",
  http: "words protocol contract config",
  cli: "words protocol contract config transport actors system host client inspector testing",
  worker: "words protocol contract",
  testing: "words protocol contract config machines transport actors dispatch system host client worker",
};
// A folder that nothing has filled yet cannot be imported.
const folders = Object.keys(floors).filter((name) => name === "words" || existsSync(join(root, "src", name)));

/** A file of the folder, as an import of `src/<folder>/snippet.ts` names it. */
function fileOf(folder: string, from: string): string | undefined {
  const up = from === "words" ? "./" : "../";
  if (folder === "words") return `${up}errors.js`;
  if (folder === "index") return existsSync(join(root, "src/index.ts")) ? `${up}index.js` : undefined;
  const files = readdirSync(join(root, "src", folder), { recursive: true, encoding: "utf8" });
  const file = files.filter((name) => name.endsWith(".ts")).sort()[0];
  return file === undefined ? undefined : `${up}${folder}/${file.replace(/\.ts$/, ".js")}`;
}

describe("imports go down only", () => {
  for (const from of folders) {
    const targets = [...folders, "index"].filter((to) => fileOf(to, from) !== undefined);
    const text = targets.map((to) => `import "${fileOf(to, from) ?? ""}";\n`).join("");
    const offences = linted(from === "words" ? "src/snippet.ts" : `src/${from}/snippet.ts`, text);
    const allowed = new Set([from, ...(floors[from] ?? "").split(" ")]);
    test(from, () => {
      const found = offences().filter(({ ruleId }) => ruleId === "boundaries/dependencies");
      expect(found.map(({ line }) => targets[line - 1])).toEqual(targets.filter((to) => !allowed.has(to)));
    });
  }

  const hidden: readonly [title: string, text: string][] = [
    ["a type is an import too", 'import type { Journal } from "../dispatch/journal.js";'],
    ["so is a dynamic import", 'await import("../dispatch/journal.js");'],
    ["so is an export from elsewhere", 'export { Journal } from "../dispatch/journal.js";'],
  ];
  for (const [title, text] of hidden) {
    const offences = linted("src/protocol/snippet.ts", text);
    test(title, () => {
      expect(ruleIds(offences())).toEqual(["boundaries/dependencies"]);
    });
  }

  // config/checks.ts imports errors.ts.
  const circle = linted("src/errors.ts", 'import "./config/checks.js";');
  test("a circle of imports is refused", () => {
    expect(ruleIds(circle())).toContain("import-x/no-cycle");
  });
});

const pure = "src/machines/snippet.ts";
const bans: readonly [title: string, file: string, text: string, rule: string][] = [
  [
    "rxjs in dispatch",
    "src/dispatch/snippet.ts",
    'import "rxjs";',
    "@typescript-eslint/no-restricted-imports",
  ],
  [
    "rxjs/operators in words",
    "src/snippet.ts",
    'import "rxjs/operators";',
    "@typescript-eslint/no-restricted-imports",
  ],
  ["rxjs in a worker", "src/worker/snippet.ts", 'import "rxjs";', "@typescript-eslint/no-restricted-imports"],
  [
    "xstate in dispatch",
    "src/dispatch/snippet.ts",
    'import "xstate";',
    "@typescript-eslint/no-restricted-imports",
  ],
  [
    "xstate in transport",
    "src/transport/snippet.ts",
    'import "xstate";',
    "@typescript-eslint/no-restricted-imports",
  ],
  [
    "xstate in the host",
    "src/host/snippet.ts",
    'import "xstate/graph";',
    "@typescript-eslint/no-restricted-imports",
  ],
  ["node:fs in a machine", pure, 'import "node:fs";', "@typescript-eslint/no-restricted-imports"],
  ["a bare fs in a machine", pure, 'import "fs";', "@typescript-eslint/no-restricted-imports"],
  [
    "node:net in the protocol",
    "src/protocol/snippet.ts",
    'import "node:net";',
    "@typescript-eslint/no-restricted-imports",
  ],
  ["a default export", "src/config/snippet.ts", "export default 1;", "no-restricted-syntax"],
  [
    "a default export by name",
    "src/system/snippet.ts",
    "const a = 1; export { a as default };",
    "no-restricted-syntax",
  ],
  ["export *", "src/index.ts", 'export * from "./errors.js";', "no-restricted-syntax"],
  ["console", "src/host/snippet.ts", "console.log(1);", "no-console"],
  ["process.exit in the system", "src/system/snippet.ts", "process.exit(1);", "no-restricted-properties"],
  ["process.exit in a command", "src/cli/serve.ts", "process.exit(1);", "no-restricted-properties"],
  ["process.exit in transport", "src/transport/snippet.ts", "process.exit(1);", "no-restricted-properties"],
  ...["config", "contract", "actors", "system", "host", "client", "cli", "worker", "testing"].flatMap(
    (folder) =>
      (
        [
          ["Date.now();", "no-restricted-properties"],
          ["const { now } = Date; now();", "no-restricted-properties"],
          ["new Date();", "no-restricted-syntax"],
        ] as const
      ).map(([text, rule]): [string, string, string, string] => [
        `the time of day in ${folder}: ${text}`,
        `src/${folder}/snippet.ts`,
        text,
        rule,
      ]),
  ),
  ...["machines", "dispatch", "protocol", "transport"].flatMap((folder) =>
    (
      [
        ["setTimeout", "setTimeout(() => {}, 1);", "no-restricted-globals"],
        ["setInterval", "setInterval(() => {}, 1);", "no-restricted-globals"],
        ["performance", "performance.now();", "no-restricted-globals"],
        ["Date.now", "Date.now();", "no-restricted-properties"],
        ["new Date", "new Date();", "no-restricted-syntax"],
        ["Math.random", "Math.random();", "no-restricted-properties"],
      ] as const
    ).map(([what, text, rule]): [string, string, string, string] => [
      `${what} in ${folder}`,
      `src/${folder}/snippet.ts`,
      text,
      rule,
    ]),
  ),
];

describe("what is kept out", () => {
  for (const [title, file, text, rule] of bans) {
    const offences = linted(file, text);
    test(title, () => {
      expect(ruleIds(offences())).toEqual([rule]);
    });
  }
});

const exceptions: readonly [title: string, file: string, text: string][] = [
  ["rxjs in transport", "src/transport/snippet.ts", 'import "rxjs";'],
  ["xstate in a machine", pure, 'import "xstate";'],
  ["a type of rxjs in the contract", "src/contract/snippet.ts", 'import type { Observable } from "rxjs";'],
  ["node:util in the protocol", "src/protocol/snippet.ts", 'import "node:util";'],
  ["process.exit in the command line's main", "src/cli/main.ts", "process.exit(1);"],
  ["process.exit in the worker's main", "src/worker/main.ts", "process.exit(1);"],
  ["a date that is given", "src/protocol/snippet.ts", "new Date(5);"],
  ["the time of day beside the times of files", "src/actors/bundle-store.ts", "Date.now(); new Date();"],
  ["a timer in the worker", "src/worker/snippet.ts", "setTimeout(() => {}, 1);"],
];

describe("what is let in", () => {
  for (const [title, file, text] of exceptions) {
    const offences = linted(file, text);
    test(title, () => {
      expect(ruleIds(offences())).toEqual([]);
    });
  }
});
