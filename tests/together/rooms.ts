/**
 * Loads test files into one isolate. `deno test` loads each file into a separate one, which takes
 * longer than running most of them.
 */

import { IS_QUICK } from "../support/effort.ts";

const TESTS = new URL("../", import.meta.url);

/** What needs a browser, packages or a process to itself, or measures the process it runs in. */
const APART = [
  /^(?:browser|clients|demo|load|manual|threads|watchdog)\//,
  /^cli\/(?:.*_)?process_test\.ts$/,
  /^public_surface_test\.ts$/,
];

/** Folders of which the quick form has only the files below. */
const LONG = [...APART, /^(?:postgres|scenario)\//];

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

/** Each room has an isolate; what belongs to none of these is outside. */
const ROOMS = {
  /** Laws, the engine and its index. */
  inside: /^(?:core|engine|index|simulation)\//,
  /** The files of the journal, and commands. */
  files: /^(?:cli|contract|journal|tools|verify)\//,
  /** Processes that share a journal. */
  shared: /^postgres\//,
  /** Real processes, and what happens to them. */
  processes:
    /^scenario\/(?!broken_explanations|contrast|error_causes|explain|held_up|incidents|likeness|limits_what_if|near_misses|random_places|retrospect|true_causes)/,
} as const;

type Room = keyof typeof ROOMS | "outside";

/** Whether a test shares its isolate, by its path from the folder `tests`. */
export function runsTogether(path: string): boolean {
  return !APART.some((pattern) => pattern.test(path));
}

function roomOf(path: string): Room {
  const rooms = Object.entries(ROOMS) as [Room, RegExp][];
  return rooms.find(([, pattern]) => pattern.test(path))?.[0] ?? "outside";
}

function isQuick(path: string): boolean {
  return QUICK.includes(path) || !LONG.some((pattern) => pattern.test(path));
}

export async function load(room: Room): Promise<void> {
  for (const path of await testPaths()) {
    const isWanted = IS_QUICK ? isQuick(path) : runsTogether(path);
    if (isWanted && roomOf(path) === room) await import(`${TESTS}${path}`);
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
