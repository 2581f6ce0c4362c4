/**
 * A stand-in for `jsr:@std/fs`, for machines that cannot reach the JSR registry. It
 * offers the part of the documented API that Daybook uses. See "Dependencies" in CONTRIBUTING.md.
 *
 * @module
 */

/**
 * Makes sure that a folder and its parents exist.
 *
 * @throws {Error} when the path exists and is not a folder.
 */
export async function ensureDir(dir: string | URL): Promise<void> {
  try {
    await Deno.mkdir(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  const found = await Deno.stat(dir);
  if (!found.isDirectory) throw new Error(`Failed to ensure directory exists: ${dir} is a file`);
}

/** Whether a path exists. */
export async function exists(path: string | URL): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
