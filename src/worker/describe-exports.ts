// What this worker exports, as it is listed for callers: names, kinds, and JSON Schemas as far as they fit into the
// frame that carries the list. Sends nothing, logs nothing.

import type { StandardSchema } from "../contract/standard-schema.js";
import type { ExportMetadata } from "../protocol/messages.js";
import { anyJsonSchema, jsonSchemaOf, type JsonSchemaSide } from "./json-schema.js";
import type { Registry } from "./registry.js";

/** A schema that was asked for and is not listed; `reason` is the end of a sentence. */
export type SchemaLeftOut = (name: string, option: "params" | "returns", reason: string) => void;

/** What an export has on the wire beside its name and its schemas, and what the list has beside its exports. */
const bytesBesideName = 16;
const bytesBesideExports = 64;

/** The supervisor lists the exports of all pools to a host in one frame of the same size, so one worker leaves room. */
const schemasShareOfFrame = 1 / 4;

/** Schemas that do not fit are left out, the first come the first served; names never are. */
export function describeExports(
  registry: Registry,
  maxFrameBytes: number,
  leftOut: SchemaLeftOut,
): readonly ExportMetadata[] {
  const entries = [...registry.values()];
  const bareBytes = entries.reduce(
    (sum, { metadata }) => sum + bytesBesideName + Buffer.byteLength(metadata.name),
    bytesBesideExports,
  );
  let bytesLeft = Math.max(0, maxFrameBytes - bareBytes) * schemasShareOfFrame;

  function listed(
    name: string,
    option: "params" | "returns",
    schema: StandardSchema | undefined,
    side: JsonSchemaSide,
  ): string {
    if (schema === undefined) return anyJsonSchema;
    const made = jsonSchemaOf(schema, side);
    if ("text" in made) {
      const bytes = Buffer.byteLength(made.text);
      if (bytes <= bytesLeft) {
        bytesLeft -= bytes;
        return made.text;
      }
      leftOut(name, option, `with its ${String(bytes)} bytes the schemas would take too much of a frame.`);
    } else if (made.reason !== undefined) leftOut(name, option, made.reason);
    return anyJsonSchema;
  }

  return entries.map(({ metadata, params, returns }) => ({
    ...metadata,
    paramsSchema: listed(metadata.name, "params", params, "input"),
    returnSchema: listed(metadata.name, "returns", returns, "output"),
  }));
}
