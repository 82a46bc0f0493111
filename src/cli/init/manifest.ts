// The package.json of a new project, and the names of the templates. Pure.

export type TemplateName = "minimal" | "typescript";

export const templateNames: readonly TemplateName[] = ["minimal", "typescript"];

export interface ManifestParts {
  readonly name: string;
  /** What npm installs as the runtime. */
  readonly runtime: string;
  readonly template: TemplateName;
}

export function manifestOf({ name, runtime, template }: ManifestParts): object {
  const isTyped = template === "typescript";
  return {
    name,
    version: "0.0.0",
    private: true,
    type: "module",
    engines: { node: ">=20.19" },
    scripts: {
      dev: "splice dev",
      build: "splice build",
      start: "splice serve",
      test: "node --test",
      ...(isTyped ? { check: "tsc" } : {}),
    },
    dependencies: { "splice-runtime": runtime },
    ...(isTyped ? { devDependencies: { "@types/node": "^20.19.0", typescript: "^6.0.0" } } : {}),
    // npm asks about a script that only saves esbuild's own command some time; nothing here needs it.
    allowScripts: { esbuild: false },
  };
}
