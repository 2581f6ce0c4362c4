/** Which part of the code may depend on which, read from the imports themselves. */

import assert from "node:assert/strict";
import { headingId } from "../src/dashboard/manual/markdown.tsx";
import { runsTogether, testPaths } from "./together/rooms.ts";

const ROOT = new URL("../", import.meta.url).pathname;

/**
 * What each folder of `src/` may import from the others; the files beside the folders may import
 * all.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  access: [],
  explain: ["core"],
  engine: ["core", "explain"],
  index: ["core", "engine"],
  journal: ["core", "engine"],
  postgres: ["core", "engine", "journal"],
  values: ["core", "engine", "explain", "index", "journal"],
  documents: ["core", "access", "explain", "engine"],
  metrics: ["core", "engine", "journal", "."],
  http: ["core", "access", "explain", "engine", "documents", "metrics"],
  dashboard: ["core", "access", "explain", "engine", "documents", "metrics", "http", "manual"],
  tracing: ["core", "engine"],
  watchdog: ["core", "engine"],
  threads: ["core", "engine", "server"],
  jobs: ["core", "engine"],
  verify: ["core", "engine", "journal", "documents"],
  tools: ["core", "engine", "journal", "documents", "verify"],
  settings: ["core", "access", "explain", "documents", "postgres", "."],
  embedded: ["core", "explain", "engine", "documents", "server", "settings"],
  testing: ["core", "explain", "engine", "journal", "tools", "embedded", "."],
  cli: [
    ...["core", "access", "explain", "engine", "index", "journal", "documents", "jobs", "verify"],
    ...["server", "settings", "tools", "postgres"],
  ],
  demo: ["core", "engine", "jobs", "server", "settings"],
};

/**
 * Folders that have an order: each may import those before it. The files beside those of `explain`
 * and `http` put them together. The files beside those of the engine and the journal do so too, or
 * are parts that they share.
 */
const ROOMS = [
  ...["words", "likeness", "history", "statements", "queue", "past", "ended", "open", "replay"]
    .map((name) => `explain/${name}`),
  "explain",
  ...["secrets", "matching", "writer", "views", "events"].map((name) => `engine/${name}`),
  ...["queue", "attempts", "call", "recovery"].map((name) => `engine/run/${name}`),
  "engine/queries",
  ...["format", "files", "read", "write", "open"].map((name) => `journal/${name}`),
  ...["responses", "capacity", "bodies", "requests", "stream", "routing", "answers", "guard"]
    .map((name) => `http/${name}`),
  ...["http/openapi", "http/routes", "http"],
];
const FIRST_OF_RUN = "engine/run/queue";
/** Folders whose own files have no place in the order. */
const HALLS = ["engine", "engine/run", "journal"];

/** The entry points of processes and threads, public modules, and those loaded at first use. */
const ENTRANCES = [
  "main.ts",
  "src/mod.ts",
  "src/cli/daybook.ts",
  "src/cli/journal.ts",
  "src/dashboard/manual/markdown.tsx",
  "src/dashboard/routes.ts",
  "src/demo/main.ts",
  "src/engine/queries/explanations.ts",
  "src/http/openapi/document.ts",
  "src/threads/thread_main.ts",
  "src/values/thread_program.ts",
  "src/embedded/in_process.ts",
  "src/postgres/open.ts",
  "src/server/checked_fetch.ts",
  "src/testing/mod.ts",
];

/** The imports of each file, by its path from the root: paths, or names of packages. */
type Imports = ReadonlyMap<string, readonly string[]>;

const IMPORT = /^(?:import|export)\s(?:[^";=()]*?\sfrom\s)?"([^"]+)"(?:\swith\s[^;]*)?;$/gm;

async function importsOf(path: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(ROOT + path);
  return [...text.matchAll(IMPORT)].map(([, name = ""]) =>
    name.startsWith(".") ? new URL(name, `file:///${path}`).pathname.slice(1) : name
  );
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`);
    else if (/\.tsx?$/.test(name)) yield `${folder}/${name}`;
  }
}

async function readImports(...folders: string[]): Promise<Imports> {
  const imports = new Map([["main.ts", await importsOf("main.ts")]]);
  for (const folder of folders) {
    for await (const path of filesIn(folder)) imports.set(path, await importsOf(path));
  }
  return imports;
}

/** The folder of `src/` that a file is in; `.` for a file beside the folders. */
function layerOf(path: string): string {
  const [, layer = "", ...rest] = path.split("/");
  return rest.length === 0 ? "." : layer;
}

function wrongWays(imports: Imports): readonly string[] {
  return [...imports].flatMap(([path, names]) => {
    const allowed = MAY_IMPORT[layerOf(path)];
    const others = names.filter((name) => imports.has(name) && layerOf(name) !== layerOf(path));
    return others.filter((name) => allowed !== undefined && !allowed.includes(layerOf(name)))
      .map((name) => `${path} imports ${name}`);
  });
}

/**
 * The place of its folder in the order of `ROOMS`; -1 for a file in another folder. What is beside
 * the folders of `run` comes with the first of them.
 */
function roomOf(path: string): number {
  const folder = folderOf(path);
  return ROOMS.indexOf(folder === "engine/run" ? FIRST_OF_RUN : folder);
}

function folderOf(path: string): string {
  return path.slice("src/".length, path.lastIndexOf("/"));
}

function wrongWaysBetweenRooms(imports: Imports): readonly string[] {
  return [...imports].filter(([path]) => ROOMS.includes(folderOf(path))).flatMap(([path, names]) =>
    names.filter((name) => roomOf(name) > roomOf(path)).map((name) => `${path} imports ${name}`)
  );
}

/** Files whose imports lead back to themselves. */
function cycles(imports: Imports): readonly string[] {
  return [...imports.keys()].filter((path) =>
    (imports.get(path) ?? []).some((name) => reachable(imports, [name]).has(path))
  );
}

/** The files that imports reach, including the entry points. */
function reachable(imports: Imports, from: readonly string[]): ReadonlySet<string> {
  const found = new Set(from);
  for (const path of found) {
    for (const name of imports.get(path) ?? []) found.add(name);
  }
  return found;
}

Deno.test("architecture: core, then engine, then journal and http, then the commands", async () => {
  const imports = await readImports("src");
  assert.ok(imports.get("src/engine/writer/projection.ts")?.includes("src/core/event.ts"));
  assert.deepEqual(wrongWays(imports), []);
});

Deno.test("architecture: within explain, the engine, the journal and http, each folder builds on those before it", async () => {
  const imports = await readImports("src");
  const layers = ["explain", "engine", "journal", "http"];
  const paths = [...imports.keys()].filter((path) => layers.includes(layerOf(path)));
  const folders = new Set(paths.map(folderOf));
  assert.deepEqual([...folders].toSorted(), [...HALLS, ...ROOMS].toSorted());
  assert.deepEqual(wrongWaysBetweenRooms(imports), []);
});

Deno.test("architecture: no file imports itself, even indirectly", async () => {
  assert.deepEqual(cycles(await readImports("src", "tests/support")), []);
});

Deno.test("architecture: every file of src serves an entrance", async () => {
  const imports = await readImports("src");
  const used = reachable(imports, ENTRANCES);
  assert.deepEqual([...imports.keys()].filter((path) => !used.has(path)), []);
});

Deno.test("architecture: only the public modules pass on what other files define", async () => {
  const passing: string[] = [];
  for await (const path of filesIn("src")) {
    if (/^export [^;=]*? from "/m.test(await Deno.readTextFile(ROOT + path))) passing.push(path);
  }
  assert.deepEqual(passing.toSorted(), ["src/mod.ts", "src/testing/mod.ts"]);
});

Deno.test("architecture: a server process loads no offline tool", async () => {
  const served = [...reachable(await readImports("src"), ["main.ts", "src/mod.ts"])];
  assert.ok(served.includes("src/journal/file_journal.ts"));
  assert.deepEqual(served.filter((path) => layerOf(path) === "tools"), []);
});

Deno.test("architecture: core is pure, the engine uses no files, and only http imports hono", async () => {
  const imports = await readImports("src");
  const packagesOf = (layer: string) =>
    [...imports].filter(([path]) => layerOf(path) === layer)
      .flatMap(([, names]) => names.filter((name) => !imports.has(name)));
  assert.deepEqual(packagesOf("core"), []);
  for (const layer of ["engine", "journal", "jobs", "verify", "tools", "cli"]) {
    const packages = packagesOf(layer);
    assert.deepEqual(packages.filter((name) => /^hono\b|^node:(?:fs|http)/.test(name)), [], layer);
  }
  for (const [path, names] of imports) {
    const isCounting = names.some((name) => name.startsWith("@prometheus-io/"));
    assert.equal(isCounting && layerOf(path) !== "metrics", false, path);
    const isTracing = names.some((name) => name.startsWith("@opentelemetry/"));
    assert.equal(isTracing, path === "src/tracing/open_telemetry.ts", path);
  }
  for (const path of imports.keys()) {
    const layer = layerOf(path);
    if (!["core", "explain", "engine"].includes(layer)) continue;
    const text = await Deno.readTextFile(ROOT + path);
    assert.doesNotMatch(text, /\bDeno\.|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b/, path);
    if (layer !== "engine") assert.doesNotMatch(text, /\basync \w|\bawait \w|\bPromise[<.]/, path);
  }
});

Deno.test("architecture: no two classes of src have one name", async () => {
  const names: string[] = [];
  for (const path of (await readImports("src")).keys()) {
    const text = await Deno.readTextFile(ROOT + path);
    names.push(
      ...[...text.matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm)].map(([, name = ""]) =>
        name
      ),
    );
  }
  assert.ok(names.length > 100);
  assert.deepEqual(names.filter((name, at) => names.indexOf(name) !== at), []);
});

Deno.test("architecture: imports of packages come before those of files", async () => {
  const paths = await Array.fromAsync(filesIn("src"));
  const texts = paths.map((path) => [path, Deno.readTextFileSync(ROOT + path)] as const);
  const isMixed = /^(?:import\s[^;]*?|.*\} from )"\.[^;]*;\nimport\s[^;"]*"[^.]/m;
  assert.deepEqual(texts.filter(([, text]) => isMixed.test(text)).map(([path]) => path), []);
});

Deno.test("architecture: an import in the wrong direction and an indirect cycle are found", () => {
  const imports = new Map([
    ["src/core/a.ts", ["src/core/b.ts"]],
    ["src/core/b.ts", ["src/core/c.ts", "valibot"]],
    ["src/core/c.ts", ["src/core/a.ts", "src/engine/d.ts"]],
    ["src/engine/d.ts", ["src/server/system.ts"]],
    ["src/engine/run/queue/f.ts", ["src/engine/run/call/g.ts"]],
    ["src/engine/run/call/g.ts", ["src/engine/writer/h.ts", "src/engine/d.ts"]],
    ["src/engine/writer/h.ts", ["src/engine/secrets/i.ts", "src/engine/run/x.ts"]],
    ["src/engine/run/x.ts", []],
    ["src/cli/e.ts", ["src/engine/d.ts", "src/server/system.ts"]],
    ["src/server/system.ts", ["src/cli/e.ts"]],
  ]);
  assert.deepEqual(wrongWays(imports), [
    "src/core/c.ts imports src/engine/d.ts",
    "src/engine/d.ts imports src/server/system.ts",
  ]);
  assert.deepEqual(wrongWaysBetweenRooms(imports), [
    "src/engine/run/queue/f.ts imports src/engine/run/call/g.ts",
    "src/engine/writer/h.ts imports src/engine/run/x.ts",
  ]);
  const around = [...imports.keys()].filter((path) => roomOf(path) < 0);
  assert.deepEqual(cycles(imports), around);
  imports.set("src/server/system.ts", []);
  assert.deepEqual(cycles(imports), around.slice(0, 3));
});

Deno.test("architecture: every folder of src is on the map", async () => {
  const map = await Deno.readTextFile(`${ROOT}ARCHITECTURE.md`);
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}src`)) {
    if (isDirectory) assert.ok(map.includes(`](src/${name})`), `ARCHITECTURE.md lacks src/${name}`);
  }
});

const PAGES = [
  ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"],
  ...["journal/README.md", "tests/README.md", "bench/README.md"],
];

Deno.test("architecture: every link of the pages outside the manual leads to an existing file and heading", async () => {
  const dead: string[] = [];
  for (const page of PAGES) {
    const links = [...(await proseOf(page)).matchAll(/\]\((?!https?:)([^)]+)\)|srcset="([^"]+)"/g)]
      .map(([, target, image = ""]) => target ?? image);
    assert.ok(links.length > 0, page);
    for (const link of links) if (!await isThere(page, link)) dead.push(`${page}: ${link}`);
  }
  assert.deepEqual(dead, []);
});

/** A page without its code, where brackets are not links. */
async function proseOf(page: string): Promise<string> {
  return (await Deno.readTextFile(ROOT + page)).replace(/^```[^]*?^```/gm, "");
}

async function isThere(page: string, link: string): Promise<boolean> {
  const [path = "", heading] = link.split("#");
  const target = path === "" ? page : new URL(path, `file:///${page}`).pathname.slice(1);
  if (!await Deno.stat(ROOT + target).then(() => true, () => false)) return false;
  if (heading === undefined || !target.endsWith(".md")) return true;
  const headings = [...(await proseOf(target)).matchAll(/^#+ (.+)$/gm)];
  return headings.some(([, text = ""]) => headingId(text) === heading);
}

Deno.test("architecture: test:all runs every test once", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const words: string[] = tasks["test:all"].command.split(/[ ()]+/);
  const places = words.filter((word) => word.startsWith("tests/") && !word.includes("/together/"));
  const isNamed = (path: string) =>
    places.filter((place) => {
      const [start = "", end] = place.split("*");
      return path.startsWith(start) && (end === undefined || path.endsWith(end));
    }).length;
  const wrong = (await testPaths()).filter((path) =>
    isNamed(`tests/${path}`) !== (runsTogether(path) ? 0 : 1)
  );
  assert.deepEqual(wrong, []);
});

const PROFILES = /\bnew (?:Session|GCProfiler)\(/;

Deno.test("architecture: no benchmark loads a module that profiles the process", async () => {
  const isProfiler = async (path: string) => PROFILES.test(await Deno.readTextFile(ROOT + path));
  const loading: string[] = [];
  for await (const path of filesIn("bench")) {
    if (await isProfiler(path)) continue;
    const text = await Deno.readTextFile(ROOT + path);
    for (const [, name = ""] of text.matchAll(/^import (?!type )[^;"]*"(\.[^"]+)"/gm)) {
      const loaded = new URL(name, `file:///${path}`).pathname.slice(1);
      if (await isProfiler(loaded)) loading.push(`${path} loads ${loaded}`);
    }
  }
  assert.deepEqual(loading, []);
});
