/** A file system in memory of any size. Only root may mount one. */

import { succeeds, testWhere } from "../support/process/tools.ts";

function mount(folder: string, options: string): Promise<boolean> {
  return succeeds("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);
}

async function canMount(): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const folder = await Deno.makeTempDir({ prefix: "daybook-mount-" });
  const mounted = await mount(folder, "size=64k") && await succeeds("umount", folder);
  await Deno.remove(folder);
  return mounted;
}

const CAN_MOUNT = await canMount();

/** Changes the options of a mounted file system, such as `ro`. */
export async function remount(folder: string, options: string): Promise<void> {
  if (!await succeeds("mount", "-o", `remount,${options}`, folder)) {
    throw new Error(`Cannot mount ${folder} again with ${options}`);
  }
}

/** Declares a test with a separate file system; it is skipped if none can be mounted. */
export function testOnSmallDisk(
  name: string,
  bytes: number,
  fn: (folder: string) => Promise<void>,
): void {
  testWhere(CAN_MOUNT, "a file system cannot be mounted, which takes root", name, async () => {
    const folder = await Deno.makeTempDir({ prefix: "daybook-mount-" });
    if (!await mount(folder, `size=${bytes}`)) throw new Error(`Cannot mount ${folder}`);
    try {
      await fn(folder);
    } finally {
      // Lazily, because a process that a failed test left behind may still use it.
      await succeeds("umount", "--lazy", folder);
      await Deno.remove(folder);
    }
  });
}

/** Fills the disk except for some bytes. */
export async function fill(path: string, leaving = 0): Promise<void> {
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  let bytes = 0;
  for (let part = 64 * 1024; part > 0;) {
    try {
      const count = await file.write(new Uint8Array(part));
      bytes += count;
    } catch {
      part = Math.floor(part / 4);
    }
  }
  await file.truncate(Math.max(0, bytes - leaving));
  file.close();
}
