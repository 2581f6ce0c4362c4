/** Loading the module of definitions that a user names. */

import assert from "node:assert/strict";
import { IS_QUICK } from "../support/effort.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

/** The output of a process that loads a module. */
async function saidOnLoading(
  module: string,
  slowMs?: number,
  env: Readonly<Record<string, string>> = { NO_COLOR: "1" },
): Promise<string> {
  const script = `
    const { loadDefinitions } = await import(${
    JSON.stringify(`${ROOT}src/server/user_definitions.ts`)
  });
    console.log((await loadDefinitions(${
    JSON.stringify(module)
  }, ${slowMs})).map(({ type }) => type));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `--config=${ROOT}deno.json`, script],
    env: { ...env },
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stderr) + decoder.decode(stdout);
}

const DEFINITION = `export const some = { type: "demo.some", run: () => Promise.resolve() };`;

const SLOW: Readonly<Record<string, string>> = {
  "awaits at its top level": "await new Promise((resolve) => setTimeout(resolve, 1_500));",
  "loops at its top level": "const end = Date.now() + 1_500; while (Date.now() < end);",
};

for (const [what, code] of Object.entries(SLOW)) {
  Deno.test(`definitions: a module that ${what} is reported by name meanwhile`, () =>
    inFolder(async (folder) => {
      const module = `${folder}/slow.ts`;
      await Deno.writeTextFile(module, `${code}\n${DEFINITION}`);

      const said = await saidOnLoading(module, 300);
      const line = `daybook: still loading --definitions ${module} after 300 ms: `;
      assert.ok(said.startsWith(line) && said.includes("demo.some"), said);
    }));
}

Deno.test({
  name: "definitions: a module that is not loaded after five seconds is reported",
  // It takes them.
  ignore: IS_QUICK,
  fn: () =>
    inFolder(async (folder) => {
      const module = `${folder}/endless.ts`;
      const code = "await new Promise((resolve) => setTimeout(resolve, 8_000));";
      await Deno.writeTextFile(module, `${code}\n${DEFINITION}`);
      assert.match(await saidOnLoading(module), /^daybook: still loading .* after 5 s: /);
    }),
});

Deno.test("definitions: the reason why a module cannot be loaded has no colours, which a log escapes", () =>
  inFolder(async (folder) => {
    const module = `${folder}/misspelt.ts`;
    await Deno.writeTextFile(module, `import "@daybook/daybok"; ${DEFINITION}`);

    const said = await saidOnLoading(module, 60_000, { NO_COLOR: "", FORCE_COLOR: "1" });
    const reason = said.slice(said.indexOf("Cannot load"), said.indexOf("misspelt.ts:1:8"));
    assert.match(reason, /"@daybook\/daybok" not a dependency.*\n +hint: .*\n +at file:/);
  }));

Deno.test("definitions: a module that loads in time is not reported", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/quick.ts`, DEFINITION);
    assert.equal(await saidOnLoading(`${folder}/quick.ts`, 60_000), `[ "demo.some" ]\n`);
  }));
