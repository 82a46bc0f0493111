// The cases: what is sent, how large it is, how many calls are under way at once.

const kibibyte = 1024;

/** `kind` is what travels: a small record, bytes, or rows. `bytes` is its size as JSON text, of bytes their number. */
export const cases = [
  { name: "64b-1", kind: "small", bytes: 64, inFlight: 1, title: "64 B params, 1 in flight" },
  { name: "64b-16", kind: "small", bytes: 64, inFlight: 16, title: "64 B params, 16 in flight" },
  { name: "64b-64", kind: "small", bytes: 64, inFlight: 64, title: "64 B params, 64 in flight" },
  { name: "64b-256", kind: "small", bytes: 64, inFlight: 256, title: "64 B params, 256 in flight" },
  {
    name: "16kib-bytes",
    kind: "bytes",
    bytes: 16 * kibibyte,
    inFlight: 16,
    title: "16 KiB of bytes, 16 in flight",
  },
  {
    name: "1mib-bytes",
    kind: "bytes",
    bytes: kibibyte ** 2,
    inFlight: 4,
    title: "1 MiB of bytes, 4 in flight",
  },
  {
    name: "1mib-rows",
    kind: "rows",
    bytes: kibibyte ** 2,
    inFlight: 4,
    title: "1 MiB of small rows, 4 in flight",
  },
];

export function caseNamed(name) {
  const found = cases.find((one) => one.name === name);
  if (found === undefined) {
    throw new Error(
      `There is no case ${JSON.stringify(name)}; there are ${cases.map((one) => one.name).join(", ")}.`,
    );
  }
  return found;
}
