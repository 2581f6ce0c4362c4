/**
 * The public modules: fully documented, with examples that compile and run, and types of results
 * that are what they say.
 */

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { codeName, pageNames, readPage } from "./support/process/manual_pages.ts";
import { inFolder } from "./support/temporary_folder.ts";
import { ROOT } from "./support/process/task_process.ts";

async function deno(args: readonly string[], cwd: string): Promise<[code: number, text: string]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return [code, decoder.decode(stdout) + decoder.decode(stderr)];
}

const SURFACES = ["src/mod.ts", "src/testing/mod.ts"];

/** The files of a public surface, including the module itself. */
async function publicFiles(surface: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(ROOT + surface);
  const folder = surface.replace(/[^/]*$/, "");
  const files = [...text.matchAll(/ from "\.\/([^"]+)"/g)].map(([, path]) => folder + path);
  return [surface, ...new Set(files)];
}

const EXAMPLE = /^ \* ```ts\n((?: \*.*\n)*?) \* ```$/gm;

async function examples(...surfaces: readonly string[]): Promise<readonly string[]> {
  const files = (await Promise.all(surfaces.map(publicFiles))).flat();
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(ROOT + file)));
  return texts.flatMap((text) => [...text.matchAll(EXAMPLE)])
    .map(([, code = ""]) => code.replaceAll(/^ \* ?/gm, ""));
}

/** The modules that the pages of the manual write, by page and name. */
async function pageCode(): Promise<Readonly<Record<string, string>>> {
  const code: Record<string, string> = {};
  for (const page of await pageNames()) {
    for (const block of (await readPage(page)).blocks) {
      if (block.language !== "ts") continue;
      code[`${page}/${codeName(block)}`] = block.text.replaceAll('"./src/', `"${ROOT}src/`);
      const texts = block.text.matchAll(/ from "\.\/(\S+)" with \{ type: "text" \}/g);
      for (const [, name] of texts) code[`${page}/${name}`] = "";
    }
  }
  return code;
}

Deno.test("mod: every exported symbol is documented, and refers only to exported ones", async () => {
  const [code, text] = await deno(["doc", "--lint", ...SURFACES], ROOT);
  assert.equal(code, 0, text);
});

/** What the compiler says, and where it sees errors, as the name of the file and the line. */
interface Compiled {
  readonly text: string;
  readonly errors: readonly string[];
}

const RESULT_TYPES = new URL("result_types/", import.meta.url);
const DIRECTIVE = /\/\/ @ts-expect-error/;
/** Code about types of results, with its imports resolved from another folder. */
const [GOOD, BAD] = ["good.ts", "bad.ts"].map((name) =>
  Deno.readTextFileSync(new URL(name, RESULT_TYPES)).replaceAll("../../src/", `${ROOT}src/`)
) as [string, string];

let compiled: Promise<Compiled> | undefined;

/**
 * All that must compile, and what must not, as a program compiles it: with its own options, which
 * may be stricter. Once for all tests, because it takes ten seconds.
 */
function compile(): Promise<Compiled> {
  return compiled ??= inFolder(async (folder) => {
    const { imports, links, unstable, compilerOptions } = JSON.parse(
      await Deno.readTextFile(`${ROOT}deno.json`),
    );
    const config = {
      ...{ unstable, nodeModulesDir: "none" },
      imports: {
        ...imports,
        "@daybook/daybook": `${ROOT}src/mod.ts`,
        "@daybook/daybook/testing": `${ROOT}src/testing/mod.ts`,
      },
      links: links.map((path: string) => ROOT + path),
      compilerOptions: {
        ...compilerOptions,
        noImplicitReturns: true,
        noPropertyAccessFromIndexSignature: true,
        noUnusedParameters: true,
        verbatimModuleSyntax: true,
      },
    };
    const files: Record<string, string> = {
      "program.ts": SURFACES.map((surface) => `import "${ROOT}${surface}";\n`).join(""),
      "good.ts": GOOD,
      // Without the directives, the compiler must report an error on every line after one.
      "bad.ts": BAD.split("\n").map((line) => line.replace(DIRECTIVE, "//")).join("\n"),
    };
    const codes = await examples(...SURFACES);
    assert.ok(codes.length >= 11);
    for (const [index, code] of codes.entries()) files[`example/${index}.ts`] = code;
    for (const [name, code] of Object.entries(await pageCode())) files[`example/${name}`] = code;
    for (const [name, code] of Object.entries(files)) {
      await Deno.mkdir(dirname(`${folder}/${name}`), { recursive: true });
      await Deno.writeTextFile(`${folder}/${name}`, code);
    }
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
    const [code, text] = await deno(["check", "."], folder);
    assert.equal(code, 1, text);
    const found = [...text.matchAll(/^(TS\d+) [^]*?^ {4}at file:\/\/(\S+):(\d+):\d+$/gm)]
      .map(([, error, path = "", line]) => ({ error, file: path.replace(`${folder}/`, ""), line }));
    assert.equal(found.length, text.match(/^TS\d+ /gm)?.length, text);
    // An example may read an attribute by its name, which the strictest programs may not.
    const errors = found
      .filter(({ error, file }) => error !== "TS4111" || !inExample(file))
      .map(({ file, line }) => `${file}:${line}`);
    return { text, errors };
  });
}

const inExample = (error: string) => error.startsWith("example/");
const inResults = (error: string) => /^(?:good|bad)\.ts:/.test(error);

Deno.test("mod: every example of the documentation, and all code of the manual, compiles", async () => {
  const { errors, text } = await compile();
  assert.deepEqual(errors.filter(inExample), [], text);
});

// A program checks the files that it imports with its own options.
Deno.test("mod: the files compile with the strict options that a program may set", async () => {
  const { errors, text } = await compile();
  assert.deepEqual(errors.filter((error) => !inExample(error) && !inResults(error)), [], text);
});

Deno.test("results: their types are the JSON form of the handlers' results, and nothing else compiles", async () => {
  const lines = BAD.split("\n");
  const expected = lines.flatMap((line, index) =>
    DIRECTIVE.test(line) ? [`bad.ts:${index + 2}`] : []
  );
  const { errors, text } = await compile();
  assert.deepEqual(errors.filter(inResults), expected, text);
});

Deno.test("mod: the example of openDaybook does what it says", async () => {
  await inFolder(async (folder) => {
    const example = (await examples("src/mod.ts")).find((code) =>
      code.includes("await using daybook")
    );
    assert.ok(example);
    await Deno.writeTextFile(`${folder}/example.ts`, example);
    const permissions = ["--no-prompt", "--allow-read=.", "--allow-write=journal"];
    const args = ["run", `--config=${ROOT}deno.json`, ...permissions, "example.ts"];
    const [code, text] = await deno(args, folder);
    assert.equal(code, 0, text);
    assert.match(text, /^Done \d{4}-\d\d-\d\dT/m);
  });
});

Deno.test("testing/mod: every example does what it says, and needs no permission", async () => {
  await inFolder(async (folder) => {
    const codes = await examples("src/testing/mod.ts");
    const files = codes.map((_, index) => `${folder}/example_${index}_test.ts`);
    await Promise.all(files.map((file, index) => Deno.writeTextFile(file, codes[index] ?? "")));
    const options = [`--config=${ROOT}deno.json`, "--no-check", "--no-prompt"];
    const [code, text] = await deno(["test", ...options, ...files], folder);
    assert.equal(code, 0, text);
    assert.match(text, /2 passed/);
    // One example says in a comment what it prints.
    assert.match(text, /^12$/m);
  });
});
