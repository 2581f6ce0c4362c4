/** The newlines that a segment is written ahead with. */

const NEWLINE = 10;

/** A segment up to the newline of its last line. */
export function withoutBlankEnd(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const last = bytes.findLastIndex((byte) => byte !== NEWLINE);
  return bytes.slice(0, last < 0 ? 0 : last + 2);
}

/** Puts bytes right after the last line of a segment, over the newlines there. */
export async function writeAfterLastLine(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.writeFile(path, withoutBlankEnd(await Deno.readFile(path)));
  await Deno.writeFile(path, bytes, { append: true });
}

export function withBlankEnd(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(bytes.length + count).fill(NEWLINE);
  longer.set(bytes);
  return longer;
}
