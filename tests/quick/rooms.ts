/**
 * Loads test files into one isolate. `deno test` gives each file one of its own, and to load them
 * takes longer than to run their quick form.
 */

const TESTS = new URL("../", import.meta.url);

/** They need a browser, many processes, or long waits; `deno task test:all` runs them. */
const LEFT_OUT = ["browser", "clients", "demo", "manual", "scenario", "threads", "watchdog"];
const LEFT_OUT_FILES = /_process_test\.ts$|public_surface_test\.ts$|imported_ids_test\.ts$/;

const INSIDE = ["contract", "core", "engine", "index", "journal", "simulation", "verify"];

/** What stands behind the edge: laws, the engine, the files of the journal. */
export async function loadInside(): Promise<void> {
  for (const room of INSIDE) await loadRoom(room);
}

/** Everything else: HTTP, the commands, and whatever room is new. */
export async function loadOutside(): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(TESTS)) {
    if (!isDirectory) await loadFile(name);
    else if (!INSIDE.includes(name) && !LEFT_OUT.includes(name)) await loadRoom(name);
  }
}

async function loadRoom(room: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${room}/`, TESTS))) {
    const path = `${room}/${name}`;
    await (isDirectory ? loadRoom(path) : loadFile(path));
  }
}

async function loadFile(path: string): Promise<void> {
  if (/_test\.tsx?$/.test(path) && !LEFT_OUT_FILES.test(path)) await import(`${TESTS}${path}`);
}
