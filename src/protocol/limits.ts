// The numbers of the wire that both sides agree on, each with its reason. Values only; who enforces which one is
// said beside it.

/** Length and type code: u32 and u8 in front of every payload. */
export const frameHeaderBytes = 5;

/** The most a payload may have unless the handshake agreed on less (100 MiB). Equal is accepted. */
export const defaultMaxFrameBytes = 104_857_600;

/** The most a payload may have before HandshakeAck is sent: a Handshake needs 30 bytes, a stranger gets no more. */
export const preHandshakeMaxFrameBytes = 65_536;

/** The least a peer may name as its limit: below it neither HandshakeAck nor a short error would fit. */
export const smallestMaxFrameBytes = 128;

/** How many arrays and maps may stand inside each other, in an envelope and in a value alike. */
export const maxNesting = 64;

/** The most MessagePack values (containers, items, keys and entries each count) in one envelope. */
export const maxEnvelopeNodes = 1_000_000;

/** The same for a document inside params, result, details or data. */
export const maxValueNodes = 10_000_000;

/** A partial frame has to be complete after this time plus one second for every 64 KiB of it. */
export const partialFrameBaseMs = 10_000;
export const partialFrameBytesPerSecond = 65_536;

/** A host that has not said Handshake by then is closed. */
export const hostHandshakeTimeoutMs = 5_000;
