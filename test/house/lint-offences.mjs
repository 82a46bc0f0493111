// Lints texts that exist only in memory with the house rules: a JSON list of { file, text } in, one list of
// { ruleId, line } for each out. A process of its own, since the import resolver does not work inside jest's modules.

import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { ESLint } from "eslint";
import { houseRules } from "../../eslint.config.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const eslint = new ESLint({ cwd: root, overrideConfigFile: true, overrideConfig: houseRules });
const answers = [];
for (const offence of JSON.parse(await text(process.stdin))) {
  const [result] = await eslint.lintText(offence.text, { filePath: join(root, offence.file) });
  answers.push(result.messages.map(({ ruleId, line }) => ({ ruleId, line })));
}
process.stdout.write(JSON.stringify(answers));
