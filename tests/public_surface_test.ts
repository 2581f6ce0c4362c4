/** The public modules: fully documented, with examples that compile and run. */

import assert from "node:assert/strict";
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

Deno.test("mod: every exported symbol is documented, and refers only to exported ones", async () => {
  const [code, text] = await deno(["doc", "--lint", ...SURFACES], ROOT);
  assert.equal(code, 0, text);
});

Deno.test("mod: every example of the documentation compiles", async () => {
  await inFolder(async (folder) => {
    const codes = await examples(...SURFACES);
    assert.ok(codes.length >= 11);
    const files = codes.map((_, index) => `${folder}/example_${index}.ts`);
    await Promise.all(files.map((file, index) => Deno.writeTextFile(file, codes[index] ?? "")));
    const [code, text] = await deno(["check", `--config=${ROOT}deno.json`, ...files], folder);
    assert.equal(code, 0, text);
  });
});

// A program checks the files that it imports with its own options.
Deno.test("mod: the files compile with the strict options that a program may set", async () => {
  await inFolder(async (folder) => {
    const { imports, links, unstable, compilerOptions } = JSON.parse(
      await Deno.readTextFile(`${ROOT}deno.json`),
    );
    const config = {
      ...{ imports, unstable, nodeModulesDir: "none" },
      links: links.map((path: string) => ROOT + path),
      compilerOptions: {
        ...compilerOptions,
        noImplicitReturns: true,
        noPropertyAccessFromIndexSignature: true,
        noUnusedParameters: true,
        verbatimModuleSyntax: true,
      },
    };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
    const imported = SURFACES.map((surface) => `import "${ROOT}${surface}";\n`);
    await Deno.writeTextFile(`${folder}/program.ts`, imported.join(""));
    const [code, text] = await deno(["check", "program.ts"], folder);
    assert.equal(code, 0, text);
  });
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
