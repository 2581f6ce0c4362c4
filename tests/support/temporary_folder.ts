/** Folders for tests. */

// Whoever opens a Daybook has one. It is loaded before any test, for a package that it uses opens a
// channel that is never closed.
import "../../src/embedded/in_process.ts";

/** A folder that is there for as long as a test needs it. */
export async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "daybook-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The same, but after a failure the folder stays, for whoever looks for the reason. */
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
