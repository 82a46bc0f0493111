// Functions may be async, and may return anything that has a JSON-like shape, plus bigint, Date and Uint8Array.

export function shout({ text }: { text: string }) {
  return `${text.toUpperCase()}!`;
}

export async function count({ text }: { text: string }) {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return { characters: text.length, words: words.length, sha256: new Uint8Array(digest) };
}
