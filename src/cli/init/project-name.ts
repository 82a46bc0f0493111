// The name of a new project, from its folder's: one that npm takes. Pure.

import { builtinModules } from "node:module";

const longestName = 214;
/** npm refuses the first two; a package cannot depend on one of its own name. */
const refused = ["node_modules", "favicon.ico", "splice-runtime", ...builtinModules];

/** What is no letter, digit, dot, dash or underscore becomes a dash; a name that npm keeps for itself gets "-app". */
export function projectName(folderName: string): string {
  const plain = folderName
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[-._]+/, "")
    .slice(0, longestName)
    .replace(/[-._]+$/, "");
  if (plain === "") return "splice-app";
  return refused.includes(plain) ? `${plain}-app` : plain;
}
