/** Folders for tests. */

// Loaded before any test, because a package that Daybook uses opens a channel that is never closed.
import "../../src/embedded/in_process.ts";

/** A temporary folder for a test. */
export async function inFolder<Result>(
  run: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await Deno.makeTempDir({ prefix: "daybook-" });
  try {
    return await run(folder);
  } finally {
    await removeWhole(folder);
  }
}

/** Code that continues to write after its end must fail the test. */
const REMOVALS_MAX = 100;

/** A thread that was terminated may still be creating a file. */
async function removeWhole(folder: string): Promise<void> {
  for (let removals = 1;; removals++) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch (error) {
      const isFilledAgain = (error as { code?: string }).code === "ENOTEMPTY";
      if (!isFilledAgain || removals === REMOVALS_MAX) throw error;
    }
  }
}

/** The same, but after a failure the folder is kept for inspection. */
export async function inFolderKeptOnFailure(
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "daybook-" });
  try {
    await run(folder);
  } catch (error) {
    console.error(`what it left behind is in ${folder}`);
    throw error;
  }
  await Deno.remove(folder, { recursive: true });
}
