/** Where the journal of a demo is: a new folder, which goes with the demo unless it is kept. */

/** Below the default journal, where all tasks may read: the commands work on it as they are. */
const DEMOS = "journal/demo";

export interface DemoFolder {
  readonly path: string;
  /** Called when nothing uses it any more. */
  leave(): Promise<void>;
}

/** @throws {Error} when the folder that is to be kept holds something already. */
export async function demoFolder(keep: string | undefined): Promise<DemoFolder> {
  if (keep !== undefined) return await keptFolder(keep);
  await Deno.mkdir(DEMOS, { recursive: true });
  const path = await Deno.makeTempDir({ dir: DEMOS });
  return { path, leave: () => removeDemo(path) };
}

/** With the folder of all demos, unless another one is in it. */
async function removeDemo(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true });
  await Deno.remove(DEMOS).catch(() => {});
}

async function keptFolder(path: string): Promise<DemoFolder> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  for await (const { name } of Deno.readDir(path)) {
    throw new Error(
      `Cannot begin the demo in ${path}: ${name} is in it, and a demo needs an empty folder`,
    );
  }
  return { path, leave: () => Promise.resolve() };
}
