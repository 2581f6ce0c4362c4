/**
 * A folder as its readers have it: what pages of documentation tell them to type is run in it
 * as it is written. It is a copy, since paths, and what Deno may read, go by where files are.
 */

import { basename } from "node:path";
import { ROOT } from "./task_process.ts";

const FILES = ["main.ts", "deno.json", "deno.lock"];
const FOLDERS = ["src", "links"];

export interface Checkout {
  readonly folder: string;
  /** The folder that it is in, and that has nothing else. */
  readonly above: string;
  /** For whatever runs in it: this very Deno is `deno`. */
  readonly env: Readonly<Record<string, string>>;
  /** Takes away what a page left: all but the checkout itself. */
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
    for (const name of FOLDERS) await copyFolder(ROOT + name, `${folder}/${name}`);
    // What npx or a task that runs the tests says of its own folder is not true in this one.
    const env = { PATH: `${root}/bin:${Deno.env.get("PATH")}`, NO_COLOR: "1", INIT_CWD: folder };
    await run({ folder, above, env, tidy: () => tidy(above, folder) });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
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
