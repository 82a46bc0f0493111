// Three projects. `unit` runs src/ itself, transpiled file by file; `process` runs the built package: programs of dist/,
// because its worker processes are started by plain Node from there; `bench`, no part of `npm test`, runs the benchmarks
// themselves for a moment. All see the same test helpers. Tests of processes wait for a third to two thirds of
// their time, so three files run at once also where that is more than the cores; and a time limit ends what hangs, on
// whatever machine, and says nothing of speed.
const common = {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  testEnvironmentOptions: { customExportConditions: ["development", "node", "node-addons"] },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { target: "es2022", parser: { syntax: "typescript" } },
        module: { type: "es6" },
        sourceMaps: "inline",
      },
    ],
  },
  modulePathIgnorePatterns: ["<rootDir>/bench/", "<rootDir>/examples/"],
};
const withoutJs = { "^(\\.{1,2}/.*)\\.js$": "$1" };

// Each Node process reads these first, which takes it longer than all else of its start; tests start some thousands, and only
// those that run npm need them.
const { NODE_EXTRA_CA_CERTS } = process.env;
if (NODE_EXTRA_CA_CERTS !== undefined) {
  process.env.NPM_EXTRA_CA_CERTS = NODE_EXTRA_CA_CERTS;
  delete process.env.NODE_EXTRA_CA_CERTS;
}

export default {
  maxWorkers: 3,
  testTimeout: 60_000,
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/process/", "<rootDir>/test/conformance/"],
      modulePathIgnorePatterns: [...common.modulePathIgnorePatterns, "<rootDir>/dist/", "<rootDir>/modules/"],
      moduleNameMapper: withoutJs,
    },
    {
      ...common,
      displayName: "process",
      testMatch: ["<rootDir>/test/process/**/*.test.ts", "<rootDir>/test/conformance/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/process/bench/"],
      moduleNameMapper: { "^(?:\\.{1,2}/)+src/(.*)\\.js$": "<rootDir>/modules/$1.js", ...withoutJs },
    },
    { ...common, displayName: "bench", testMatch: ["<rootDir>/test/process/bench/**/*.test.ts"] },
  ],
};
