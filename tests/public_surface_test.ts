/** What `src/mod.ts` exports: documented throughout, with examples that compile and run. */

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

/** Files that the public surface is made of, with that itself. */
async function publicFiles(): Promise<readonly string[]> {
  const surface = await Deno.readTextFile(`${ROOT}src/mod.ts`);
  const files = [...surface.matchAll(/ from "\.\/([^"]+)"/g)].map(([, path]) => `src/${path}`);
  return ["src/mod.ts", ...new Set(files)];
}

const EXAMPLE = /^ \* ```ts\n((?: \*.*\n)*?) \* ```$/gm;

async function examples(): Promise<readonly string[]> {
  const texts = await Promise.all(
    (await publicFiles()).map((file) => Deno.readTextFile(ROOT + file)),
  );
  return texts.flatMap((text) => [...text.matchAll(EXAMPLE)])
    .map(([, code = ""]) => code.replaceAll(/^ \* ?/gm, ""));
}

Deno.test("mod: every exported symbol is documented, and refers to none that is not", async () => {
  const [code, text] = await deno(["doc", "--lint", "src/mod.ts"], ROOT);
  assert.equal(code, 0, text);
});

Deno.test("mod: every example of the documentation compiles", async () => {
  await inFolder(async (folder) => {
    const codes = await examples();
    assert.ok(codes.length >= 6);
    const files = codes.map((_, index) => `${folder}/example_${index}.ts`);
    await Promise.all(files.map((file, index) => Deno.writeTextFile(file, codes[index] ?? "")));
    const [code, text] = await deno(["check", `--config=${ROOT}deno.json`, ...files], folder);
    assert.equal(code, 0, text);
  });
});

Deno.test("mod: the example of openDaybook does what it says", async () => {
  await inFolder(async (folder) => {
    const example = (await examples()).find((code) => code.includes("await using daybook"));
    assert.ok(example);
    await Deno.writeTextFile(`${folder}/example.ts`, example);
    const permissions = ["--no-prompt", "--allow-read=.", "--allow-write=journal"];
    const args = ["run", `--config=${ROOT}deno.json`, ...permissions, "example.ts"];
    const [code, text] = await deno(args, folder);
    assert.equal(code, 0, text);
    assert.match(text, /^Done \d{4}-\d\d-\d\dT/m);
  });
});
