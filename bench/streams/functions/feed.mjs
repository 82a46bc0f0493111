// What the stream measurements read: items of one size, without end.

export async function* items({ bytes }) {
  const item = new Uint8Array(bytes);
  for (;;) yield item;
}

export async function* some({ bytes, count }) {
  for (let n = 0; n < count; n += 1) yield new Uint8Array(bytes);
}

export function echo(params) {
  return params;
}
