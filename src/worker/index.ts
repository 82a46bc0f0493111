// The published `splice-runtime/worker`: what function files import. Names only.

export { fn } from "./fn.js";
export { currentContext } from "./current-context.js";
export type { Context, ContextAuth, ContextLog, ContextLogFields } from "../contract/context-type.js";
export type { FnOptions } from "./fn.js";
export type { StandardIssue, StandardResult, StandardSchema } from "../contract/standard-schema.js";
