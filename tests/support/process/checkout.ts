/**
 * A checkout in which the commands of documentation pages run as written. It is a copy, because
 * paths and Deno's read permissions depend on where files are.
 */

import { cp } from "node:fs/promises";
import { basename } from "node:path";
import { ROOT, v8FlagsOf } from "./task_process.ts";

const FILES = ["main.ts", "deno.json", "deno.lock"];
const FOLDERS = ["src", "links"];

export interface Checkout {
  readonly folder: string;
  /** Its parent folder, which has nothing else. */
  readonly above: string;
  /** Environment for processes in it: `deno` is this Deno. */
  readonly env: Readonly<Record<string, string>>;
  /** Removes everything that a page left, except the checkout itself. */
  tidy(): Promise<void>;
}

export async function inCheckout(run: (checkout: Checkout) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "daybook-" });
  const above = `${root}/above`;
  const folder = `${above}/daybook`;
  try {
    await Deno.mkdir(`${root}/bin`);
    await Deno.symlink(Deno.execPath(), `${root}/bin/deno`);
    await Deno.mkdir(folder, { recursive: true });
    for (const name of FILES) await Deno.copyFile(ROOT + name, `${folder}/${name}`);
    for (const name of FOLDERS) await cp(ROOT + name, `${folder}/${name}`, { recursive: true });
    // Variables of npx, or of the task that runs the tests, name another folder.
    const names = { PATH: `${root}/bin:${Deno.env.get("PATH")}`, NO_COLOR: "1", INIT_CWD: folder };
    const env = { ...names, DENO_V8_FLAGS: v8FlagsOf("start") };
    await run({ folder, above, env, tidy: () => tidy(above, folder) });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function tidy(above: string, folder: string): Promise<void> {
  await removeBut(folder, [...FILES, ...FOLDERS]);
  await removeBut(above, [basename(folder)]);
}

async function removeBut(folder: string, kept: readonly string[]): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!kept.includes(name)) await Deno.remove(`${folder}/${name}`, { recursive: true });
  }
}
