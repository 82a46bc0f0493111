// The decision about a peer's Handshake: pure, for every side that receives one. Sends and closes nothing.

import { smallestMaxFrameBytes } from "./limits.js";
import { type Handshake, protocolVersion, type Role } from "./messages.js";

export interface HandshakeTerms {
  /** The role the peer has to have on this link. */
  readonly role: Role;
  /** The bits offered on this side. */
  readonly capabilities: number;
  /** The largest payload accepted on this side, in bytes. */
  readonly maxFrameBytes: number;
}

export type HandshakeVerdict =
  | {
      readonly accepted: true;
      /** What both sides offer. */
      readonly capabilities: number;
      /** The smaller of both limits: what may be sent to the peer. */
      readonly maxFrameBytes: number;
    }
  | { readonly accepted: false; readonly reason: string };

export function acceptHandshake(peer: Handshake, own: HandshakeTerms): HandshakeVerdict {
  if (peer.protocolVersion !== protocolVersion) {
    return refused(
      `The peer speaks protocol ${versionText(peer.protocolVersion)}, this side speaks ` +
        `${versionText(protocolVersion)}; both have to speak the same version.`,
    );
  }
  if (peer.role !== own.role) {
    return refused(`The peer says that it is a ${peer.role}, but only a ${own.role} may use this link.`);
  }
  if (peer.maxFrameSize < smallestMaxFrameBytes) {
    return refused(
      `The peer accepts frames of ${String(peer.maxFrameSize)} bytes at most, but the protocol needs ` +
        `${String(smallestMaxFrameBytes)}.`,
    );
  }
  return {
    accepted: true,
    capabilities: (peer.capabilities & own.capabilities) >>> 0,
    maxFrameBytes: Math.min(peer.maxFrameSize, own.maxFrameBytes),
  };
}

function refused(reason: string): HandshakeVerdict {
  return { accepted: false, reason };
}

/** 65536 as "1.0 (65536)". */
function versionText(version: number): string {
  return `${String(version >>> 16)}.${String(version & 0xffff)} (${String(version)})`;
}
