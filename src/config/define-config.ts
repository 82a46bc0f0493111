// What a configuration file is written with. It changes nothing; it is there for the editor and the type checker.

import type { SpliceConfig } from "./types.js";

/** Returns `config` as it is, with completion and type errors where it is written. */
export function defineConfig(config: SpliceConfig): SpliceConfig {
  return config;
}
