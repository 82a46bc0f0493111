// The contenders in the order of the tables. Each has a file here of the same name: `start(case)` resolves with
// { call(payload), close() }, and `note(case)`, where there is one, says how it was helped along in that case.

export const contenders = [
  { name: "splice-embedded", title: "Splice, embedded" },
  { name: "splice-supervisor", title: "Splice, through a supervisor" },
  { name: "ipc-json", title: "child_process IPC, json" },
  { name: "ipc-advanced", title: "child_process IPC, advanced" },
  { name: "piscina", title: "Piscina (threads)" },
  { name: "tinypool", title: "tinypool (child_process)" },
  { name: "workerpool", title: "workerpool (process)" },
  { name: "jest-worker", title: "jest-worker (processes)" },
  { name: "poolifier", title: "poolifier (FixedClusterPool)" },
  { name: "moleculer", title: "Moleculer (TCP)" },
  { name: "grpc", title: "grpc-js (Unix socket)" },
  { name: "limit", title: "the limit: echoed frames" },
];
