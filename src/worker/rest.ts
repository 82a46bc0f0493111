// What a worker needs beside its guard, loaded while that starts. One list, so that a spare has all of it beforehand.

export async function importRest() {
  const [{ createLink }, { createSession, SessionError }, { describeLoadFailure, loadFunctions }] =
    await Promise.all([import("./link.js"), import("./session.js"), import("./load-functions.js")]);
  return { createLink, createSession, SessionError, describeLoadFailure, loadFunctions };
}
