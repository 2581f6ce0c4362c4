/** Security defaults that the source itself shows: what is not there cannot be misused. */

import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url).pathname;

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`);
    else if (/\.(?:tsx?|js)$/.test(name)) yield `${folder}/${name}`;
  }
}

/** The code of every file of some folders, without its comments. */
async function sourceOf(...folders: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const source = new Map([["main.ts", await Deno.readTextFile(`${ROOT}main.ts`)]]);
  for (const folder of folders) {
    for await (const path of filesIn(folder)) {
      source.set(path, await Deno.readTextFile(ROOT + path));
    }
  }
  return new Map([...source].map(([path, text]) => [path, withoutComments(text)]));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
}

function offenders(source: ReadonlyMap<string, string>, pattern: RegExp): readonly string[] {
  return [...source].filter(([, text]) => pattern.test(text)).map(([path]) => path);
}

const DYNAMIC_PATTERN = /\bRegExp\(|\.(?:match|matchAll|search)\((?!\s*[/)])/;
const CODE_FROM_TEXT = /\beval\(|\bnew Function\(|\.(?:constructor)\(/;
const FILE_ACCESS = /\bDeno\.(?:open|read|write|stat|lstat|remove|rename|mkdir|makeTemp)/;
const OTHER_PROGRAMS = /\bDeno\.(?:Command|dlopen|UnsafePointer)|node:(?:child_process|vm)\b/;
const THREADS = /node:worker_threads|\bnew Worker\(/;
const DEEP_MERGE = /\b(?:structuredMerge|deepMerge|mergeDeep|defaultsDeep)\b|\.__proto__/;

Deno.test("default, no regular expressions of users: src makes none from a text", async () => {
  const source = await sourceOf("src");
  assert.ok(source.size > 200);
  // Put together of constants.
  assert.deepEqual(offenders(source, DYNAMIC_PATTERN), ["src/journal/line_reader.ts"]);
});

Deno.test("default, predicates are data: src makes no code from a text", async () => {
  assert.deepEqual(offenders(await sourceOf("src"), CODE_FROM_TEXT), []);
});

Deno.test("default, no paths from ids: the edge, the engine and the core touch no file", async () => {
  const source = await sourceOf("src/http", "src/engine", "src/core", "src/jobs");
  const found = offenders(source, FILE_ACCESS).filter((path) => path !== "main.ts");
  assert.deepEqual(found, []);
});

Deno.test("default, no other programs: src starts none, and loads no native code", async () => {
  // In a thread, the time limit of `node:vm` cuts off code that does not give way.
  const found = offenders(await sourceOf("src"), OTHER_PROGRAMS);
  assert.deepEqual(found, ["src/threads/buffer_guard.ts", "src/threads/turn_guard.ts"]);
});

Deno.test("default, threads: they are begun, and their code is made, in these places alone", async () => {
  const places = new Set(
    offenders(await sourceOf("src"), THREADS).map((path) => path.split("/").slice(0, 2).join("/")),
  );
  assert.deepEqual([...places].toSorted(), [
    "src/server",
    "src/threads",
    "src/values",
    "src/watchdog",
  ]);
});

Deno.test("default, no deep merge: src has none", async () => {
  assert.deepEqual(offenders(await sourceOf("src"), DEEP_MERGE), []);
});

Deno.test("default, tokens: where they are compared, it takes the same time for all", async () => {
  const source = await sourceOf("src");
  const comparing = offenders(source, /timingSafeEqual/);
  assert.deepEqual(comparing, ["src/http/guard/access.ts"]);
  // A loop over all of them, without an early end.
  const loop = /for \(const known of this\.#known\) \{[^}]*timingSafeEqual[^}]*\}/.exec(
    source.get("src/http/guard/access.ts") ?? "",
  )?.[0];
  assert.ok(loop !== undefined && !/\breturn\b|\bbreak\b/.test(loop), loop);
  // What a client sends goes nowhere but there.
  assert.deepEqual(offenders(source, /"authorization"/).toSorted(), [
    "src/cli/client.ts",
    "src/http/guard/guard.ts",
    "src/jobs/webhook/input.ts",
  ]);
});

Deno.test("default: each of these searches finds what it is for", () => {
  const finds = (pattern: RegExp, text: string) =>
    assert.deepEqual(offenders(new Map([["a.ts", withoutComments(text)]]), pattern), ["a.ts"]);
  finds(DYNAMIC_PATTERN, "const pattern = new RegExp(query);");
  finds(DYNAMIC_PATTERN, "text.match(query)");
  finds(CODE_FROM_TEXT, "eval(query)");
  finds(FILE_ACCESS, "Deno.readTextFile(`${folder}/${jobId}`)");
  finds(OTHER_PROGRAMS, "new Deno.Command(name)");
  finds(OTHER_PROGRAMS, 'import { spawn } from "node:child_process";');
  finds(THREADS, 'import { Worker } from "node:worker_threads";');
  finds(DEEP_MERGE, "deepMerge(options, input)");
  assert.deepEqual(
    offenders(new Map([["a.ts", withoutComments("// eval(x)")]]), CODE_FROM_TEXT),
    [],
  );
});
