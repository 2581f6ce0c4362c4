/** The types of results: good code compiles, and each line of bad code does not. */

import assert from "node:assert/strict";
import { IS_QUICK } from "../support/effort.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

const FOLDER = new URL("result_types/", import.meta.url);
/** With its imports resolved from another folder. */
async function linesOf(name: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(new URL(name, FOLDER));
  return text.replaceAll("../../../src/", `${ROOT}src/`).split("\n");
}

const DIRECTIVE = /\/\/ @ts-expect-error/;

Deno.test({
  name:
    "results: their types are the JSON form of the handlers' results, and nothing else compiles",
  ignore: IS_QUICK,
  fn: async () => {
    const good = await linesOf("good.ts");
    const bad = await linesOf("bad.ts");
    // Without the directives, the compiler must report an error on every line after one.
    const expected = bad.flatMap((line, index) => DIRECTIVE.test(line) ? [index + 2] : []);
    const undirected = bad.map((line) => line.replace(DIRECTIVE, "//")).join("\n");

    await inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/good.ts`, good.join("\n"));
      await Deno.writeTextFile(`${folder}/bad.ts`, undirected);
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["check", `--config=${ROOT}deno.json`, `${folder}/good.ts`, `${folder}/bad.ts`],
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stderr);
      const found = [...text.matchAll(/^TS\d+ [^]*?^ {4}at file:.*\/(\w+\.ts):(\d+):\d+$/gm)];

      assert.equal(code, 1, text);
      assert.deepEqual(
        found.map(([, file, line]) => `${file}:${line}`),
        expected.map((line) => `bad.ts:${line}`),
        text,
      );
    });
  },
});
