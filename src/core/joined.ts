/** Concatenates arrays of numbers. */
export function joined<Numbers extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
  ofLength: new (length: number) => Numbers,
  parts: readonly ArrayLike<number>[],
): Numbers {
  const all = new ofLength(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
