// child_process IPC as it is by default. JSON has no bytes, so they travel as base64.

import { startCorrelator } from "./correlator.mjs";

export function note({ kind }) {
  return kind === "bytes" ? "base64" : "";
}

export function start({ kind }) {
  if (kind !== "bytes") return startCorrelator("json", "plain");
  const { call, close } = startCorrelator("json", "base64");
  return {
    call: async ({ data }) => {
      const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString("base64");
      return { data: Buffer.from((await call({ data: text })).data, "base64") };
    },
    close,
  };
}
