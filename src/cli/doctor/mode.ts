// A file's mode as people read it.

export function modeOf(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
