// The rules of the house as a check: which folder may import which, what is kept out of the pure ones, and the
// strict type-checked rules of typescript-eslint. `houseRules` needs no type information; a test feeds it with
// offences (test/house/boundaries.test.ts). The reasons are in docs/decisions/0001-floors.md.

import boundaries from "eslint-plugin-boundaries";
import { importX } from "eslint-plugin-import-x";
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import tseslint from "typescript-eslint";

/**
 * Each folder of src/ with the folders that it may import; its own is always allowed. Only system/ knows machines,
 * actors and dispatch together. worker/ and testing/ are wings: beside the floors. Of what is inside only the command line
 * imports testing/, of which it runs a suite, and only testing/ imports worker/, which it runs in memory.
 */
const ground = ["words", "protocol", "config", "contract"];
const mayImport = {
  words: [],
  protocol: ["words"],
  contract: ["words", "protocol"],
  config: ["words", "contract"],
  machines: ground,
  transport: ["words", "protocol"],
  actors: [...ground, "machines", "transport"],
  dispatch: [...ground, "machines"],
  system: [...ground, "machines", "transport", "actors", "dispatch"],
  host: [...ground, "transport", "dispatch", "system"],
  client: [...ground, "transport", "system"],
  inspector: [...ground, "machines"],
  http: ground,
  cli: [...ground, "transport", "actors", "system", "host", "client", "inspector", "testing"],
  worker: ["words", "protocol", "contract"],
  testing: [...ground, "machines", "transport", "actors", "dispatch", "system", "host", "client", "worker"],
  entry: [...ground, "system", "host", "client", "http"],
};
const folders = Object.keys(mayImport).filter((name) => name !== "words" && name !== "entry");

/** The files beside the folders are told apart by their own category. */
function place(name) {
  return folders.includes(name) ? { element: { type: name } } : { file: { categories: name } };
}

const rxjs = { regex: "^rxjs(/|$)", allowTypeImports: true };
const xstate = { regex: "^(xstate|@xstate/.*)(/|$)" };
const node = { regex: "^(node:.*|fs|net|path|child_process|os|crypto|stream|timers|events)(/.*)?$" };
const outside = {
  rxjs: {
    ...rxjs,
    message: "rxjs belongs to transport/, actors/ and the bridges of system/, host/ and client/.",
  },
  xstate: { ...xstate, message: "xstate belongs to machines/, actors/, system/ and testing/." },
  node: { ...node, message: "This folder is pure: what the platform gives is handed in." },
  nodeIo: {
    regex: "^(?!node:(util|buffer)$)node:.*$",
    message: "The protocol is pure: only node:util and node:buffer, which do nothing by themselves.",
  },
};
const hasRxjs = new Set(["transport", "actors", "system", "host", "client"]);
const hasXstate = new Set(["machines", "actors", "system", "testing"]);
const withoutTime = new Set(["machines", "dispatch", "protocol", "transport"]);

const timeMessage = "Time and randomness are handed in: use the Clock and Random of src/time.ts.";
/** The time of day may jump: it is shown to people, and nothing waits for it or is measured by it. */
const wallMessage = "Measure with performance.now(); the time of day comes from Clock.wallMs, for people.";
const noExit = {
  object: "process",
  property: "exit",
  message: "Only cli/main.ts and worker/main.ts end a process, their own.",
};
const timers = ["setTimeout", "setInterval", "clearTimeout", "clearInterval", "performance"];
const noTime = [
  ["no-restricted-globals", ["error", ...timers.map((name) => ({ name, message: timeMessage }))]],
  [
    "no-restricted-properties",
    [
      "error",
      { object: "Math", property: "random", message: timeMessage },
      { object: "Date", property: "now", message: timeMessage },
      { object: "process", property: "hrtime", message: timeMessage },
      noExit,
    ],
  ],
];
const noDefaultExport = {
  selector: "ExportDefaultDeclaration, ExportSpecifier[exported.name='default']",
  message: "Named exports only: one name for one thing, wherever it is used.",
};
const noExportAll = {
  selector: "ExportAllDeclaration",
  message: "Name what is exported; a public zone starts narrow.",
};
const newDate = "NewExpression[callee.name='Date'][arguments.length=0]";
const noDateNow = { selector: newDate, message: timeMessage };
const noWallDate = { selector: newDate, message: wallMessage };
const noWallNow = { object: "Date", property: "now", message: wallMessage };
/** The first gives the time of day its name; the second compares it with the times of files. */
const mayAskWallClock = ["src/time.ts", "src/actors/bundle-store.ts"];

function rulesOf(folder) {
  const imports = [];
  if (!hasRxjs.has(folder)) imports.push(outside.rxjs);
  if (!hasXstate.has(folder)) imports.push(outside.xstate);
  if (folder === "machines") imports.push(outside.node);
  if (folder === "protocol") imports.push(outside.nodeIo);
  return {
    "@typescript-eslint/no-restricted-imports":
      imports.length === 0 ? "off" : ["error", { patterns: imports }],
    ...(withoutTime.has(folder)
      ? {
          ...Object.fromEntries(noTime),
          "no-restricted-syntax": ["error", noDefaultExport, noExportAll, noDateNow],
        }
      : {}),
  };
}

export const houseRules = [
  {
    files: ["src/**/*.ts"],
    languageOptions: { parser: tseslint.parser },
    plugins: { boundaries, "import-x": importX, "@typescript-eslint": tseslint.plugin },
    settings: {
      "boundaries/elements": folders.map((type) => ({ type, pattern: `src/${type}`, partialMatch: false })),
      "boundaries/files": [
        { category: "words", pattern: "src/!(index).ts" },
        { category: "entry", pattern: "src/index.ts" },
      ],
      "import-x/extensions": [".ts"],
      "import/resolver": { typescript: { project: "tsconfig.json" } },
      "import-x/resolver-next": [createTypeScriptImportResolver({ project: "tsconfig.json" })],
    },
    rules: {
      "boundaries/dependencies": [
        "error",
        {
          default: "disallow",
          message:
            "This folder may not import that one: imports go down only (docs/decisions/0001-floors.md).",
          policies: Object.entries(mayImport).flatMap(([from, to]) =>
            [from, ...to].map((name) => ({ from: place(from), allow: { to: place(name) } })),
          ),
        },
      ],
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      "no-console": "error",
      "no-restricted-syntax": ["error", noDefaultExport, noExportAll, noWallDate],
      "no-restricted-properties": ["error", noWallNow, noExit],
    },
  },
  ...folders.map((folder) => ({ files: [`src/${folder}/**/*.ts`], rules: rulesOf(folder) })),
  { files: ["src/*.ts"], ignores: ["src/index.ts"], rules: rulesOf("words") },
  {
    files: ["src/cli/main.ts", "src/worker/main.ts"],
    rules: { "no-restricted-properties": ["error", noWallNow] },
  },
  {
    files: mayAskWallClock,
    rules: {
      "no-restricted-syntax": ["error", noDefaultExport, noExportAll],
      "no-restricted-properties": ["error", noExit],
    },
  },
];

export default tseslint.config(
  {
    ignores: [
      "dist/**",
      "modules/**",
      "coverage/**",
      ".splice/**",
      "**/.splice/**",
      "bench/**",
      "test/fixtures/**",
      "templates/**",
      "**/*.mjs",
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // `while (true)` is how a parser reads until it is done.
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: "only-allowed-literals" },
      ],
      eqeqeq: ["error", "always", { null: "ignore" }],
      // Branded ids and opaque handles read better with what these two take for superfluous.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      "@typescript-eslint/no-redundant-type-constituents": "off",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  ...houseRules,
  {
    files: ["test/**/*.ts", "examples/**/*.ts"],
    rules: {
      // Tests hand in what types forbid, on purpose.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-deprecated": "off",
      "@typescript-eslint/no-extraneous-class": "off",
      "@typescript-eslint/no-implied-eval": "off",
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/use-unknown-in-catch-callback-variable": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/prefer-promise-reject-errors": "off",
    },
  },
);
