// The far end of correlator.mjs. In mode base64 the function still sees and returns bytes.

import { echo } from "./echo.mjs";

process.on("message", ({ id, params }) => {
  if (process.argv[2] === "base64") {
    const result = echo({ data: Buffer.from(params.data, "base64") });
    process.send({ id, result: { data: result.data.toString("base64") } });
  } else {
    process.send({ id, result: echo(params) });
  }
});
