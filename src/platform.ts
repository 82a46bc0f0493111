// Where Splice runs, as one pure question with the answer in words. Knows nothing of who asks; the facts are handed
// in, so that every answer can be tested on one machine.

const lowestNode = { major: 20, minor: 19 } as const;
const names: Readonly<Record<string, string>> = { linux: "Linux", darwin: "macOS", win32: "Windows" };

export interface PlatformFacts {
  /** As in `process.versions.node`: "20.19.0", with or without a leading v. */
  readonly nodeVersion: string;
  /** As in `process.platform`: "linux", "darwin", "win32", … */
  readonly platform: string;
}

/** The reason why Splice cannot run here, as a sentence that says what to do; null where it can. */
export function unsupportedReason({ nodeVersion, platform }: PlatformFacts): string | null {
  if (platform !== "linux" && platform !== "darwin") {
    const hint = platform === "win32" ? "; the Windows Subsystem for Linux is such a place" : "";
    return `Splice does not run on ${names[platform] ?? platform}: it needs Linux or macOS${hint}.`;
  }
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, "").split(".").map(Number);
  if (major > lowestNode.major || (major === lowestNode.major && minor >= lowestNode.minor)) return null;
  return (
    `Splice needs Node ${String(lowestNode.major)}.${String(lowestNode.minor)} or newer, ` +
    `but this is Node ${nodeVersion}: install a newer one.`
  );
}
