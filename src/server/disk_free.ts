/** How much room the disk has, where this process may ask. */

import { statfs } from "node:fs/promises";

/**
 * Tells the bytes that are free for this process on the disk of a folder; `undefined` when
 * the process may not ask. It never asks for the permission, `--allow-sys=statfs`.
 */
export async function diskFree(
  folder: string,
): Promise<(() => Promise<number | undefined>) | undefined> {
  const { state } = await Deno.permissions.query({ name: "sys", kind: "statfs" });
  return state === "granted" ? () => bytesFree(folder) : undefined;
}

/** `undefined` when it cannot be told: a scrape has more to say than this. */
async function bytesFree(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
