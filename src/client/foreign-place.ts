// Whether a socket that nobody named may be connected to: outside of the project another user may have been first, and
// would be sent calls with all that is in them. Knows no connection.

import { dirname } from "node:path";
import { SpliceError } from "../errors.js";
import { complaintAt } from "../transport/private-directory.js";
import { isOutsideProject, type SocketPlace } from "../transport/socket-path.js";

/**
 * Resolves for a path in the project, one that was chosen, and one whose directory is missing or private.
 *
 * @throws SpliceError 3001 with details.reason `foreign-place` for any other.
 */
export async function refuseForeignPlace(
  path: string,
  place: Omit<SocketPlace, "projectDir">,
): Promise<void> {
  if (!isOutsideProject(path, place)) return;
  const directory = dirname(path);
  // Where there is no directory nobody listens, which whoever connects is told in its own words.
  const complaint = await complaintAt(directory, place.uid).catch(() => undefined);
  if (complaint === undefined) return;
  const message =
    `The socket directory ${directory} ${complaint}, so whoever answers there may not be your supervisor; ` +
    "remove it, or name the socket if you know whose it is.";
  throw new SpliceError({ code: 3001, message, details: { reason: "foreign-place" } });
}
