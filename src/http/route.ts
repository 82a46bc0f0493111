// Which function a path names: `{basePath}/call/{name}`, decoded once. Pure.

import { refuse } from "./answer.js";

/** Whether a path lies where functions are called, whatever it names there. */
export function isCallPath(pathname: string, basePath: string): boolean {
  return pathname.startsWith(`${basePath}/call/`);
}

/** @throws Refusal 404 for any other path, 400 for one that cannot be decoded. */
export function functionNameOf(pathname: string, basePath: string): string {
  const name = isCallPath(pathname, basePath) ? pathname.slice(basePath.length + "/call/".length) : "";
  if (name === "" || name.includes("/")) {
    const where = JSON.stringify(`${basePath}/call/{name}`);
    throw refuse(404, `There is nothing at this path; functions are called by POST to ${where}.`);
  }
  try {
    return decodeURIComponent(name);
  } catch {
    throw refuse(400, "The function's name in the path is no percent-encoded UTF-8.");
  }
}
