/**
 * Whether there are file descriptors for another thread. Deno ends the process, and with it all
 * that others do, when it begins one without any left.
 */

/** A thread takes three, and one or two more while it loads its program. */
const OF_A_THREAD = 12;

/** @param folder That the process may read. */
export function hasDescriptors(folder: string): boolean {
  const opened: Deno.FsFile[] = [];
  try {
    while (opened.length < OF_A_THREAD) opened.push(Deno.openSync(folder));
    return true;
  } catch (error) {
    return !String(error).includes("os error 24");
  } finally {
    for (const file of opened) file.close();
  }
}
