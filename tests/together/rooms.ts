/**
 * Loads test files into one isolate. `deno test` loads each file into a separate one, which takes
 * longer than running most of them.
 */

import { IS_QUICK } from "../support/effort.ts";

const TESTS = new URL("../", import.meta.url);

/** Folders whose tests need a browser or processes, or measure memory, and run on their own. */
const APART = [
  /^(?:browser|clients|demo|load|manual|postgres|scenario|threads|watchdog)\//,
  /[/_]process_test\.ts$/,
  /^public_surface_test\.ts$/,
];

/** Those of them that the quick form includes: no browser, and few processes. */
const QUICK = [
  "demo/options_test.ts",
  "manual/settings_test.ts",
  "scenario/broken_explanations_test.ts",
  "scenario/contrast_test.ts",
  "scenario/explain_test.ts",
  "scenario/incidents_test.ts",
  "scenario/kill_test.ts",
  "scenario/near_misses_test.ts",
  "scenario/retrospect_test.ts",
  "scenario/system_process_test.ts",
  "threads/thread_pool_test.ts",
];

/** About a third of the work each; the last third is the rest. */
const INSIDE = /^(?:core|engine|index|simulation)\//;
const FILES = /^(?:cli|contract|journal|tools|verify)\//;

/** Whether a test shares its isolate, by its path from the folder `tests`. */
export function runsTogether(path: string): boolean {
  return !APART.some((pattern) => pattern.test(path));
}

/** Laws, the engine and its index. */
export async function loadInside(): Promise<void> {
  await load((path) => INSIDE.test(path));
}

/** The files of the journal, and commands. */
export async function loadFiles(): Promise<void> {
  await load((path) => FILES.test(path));
}

export async function loadOutside(): Promise<void> {
  await load((path) => !INSIDE.test(path) && !FILES.test(path));
}

async function load(isMine: (path: string) => boolean): Promise<void> {
  for (const path of await testPaths()) {
    const isWanted = runsTogether(path) || (IS_QUICK && QUICK.includes(path));
    if (isWanted && isMine(path)) await import(`${TESTS}${path}`);
  }
}

/** All files of tests, by their paths from the folder `tests`. */
export async function testPaths(folder = ""): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, TESTS))) {
    const path = `${folder}${name}`;
    if (isDirectory) found.push(...await testPaths(`${path}/`));
    else if (/_test\.tsx?$/.test(name)) found.push(path);
  }
  return found.sort();
}
