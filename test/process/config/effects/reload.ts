// reload.*

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "@jest/globals";
import type { ReloadConfig } from "../../../../src/config/types.js";
import { createSplice } from "../../../../src/index.js";
import { makeFolder } from "../../harness.js";
import type { Effects } from "./rig.js";

export const reload: Effects<ReloadConfig> = {
  allowBreaking: async () => {
    const functions = join(await makeFolder(), "functions");
    await mkdir(functions);
    const file = join(functions, "math.ts");
    await writeFile(file, "export const add = () => 1;\nexport const sub = () => 2;\n");
    await using splice = await createSplice({ functions, reload: { allowBreaking: true } });
    await writeFile(file, "export const add = () => 3;\n");
    expect(await splice.reload()).toMatchObject({ ok: true, pools: [{ to: 2, verdict: "breaking" }] });
    expect(await splice.call("math.add")).toBe(3);
    await expect(splice.call("math.sub")).rejects.toMatchObject({ code: 1002 });
  },
};
