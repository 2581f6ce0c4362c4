/** Loading the module of definitions that a user names. */

import assert from "node:assert/strict";
import { IS_QUICK } from "../support/effort.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

/** The output of a process that loads a module; `onReport` is called when it is said to be slow. */
async function saidOnLoading(
  module: string,
  slowMs?: number,
  { env = { NO_COLOR: "1" }, onReport = () => {} }: {
    readonly env?: Record<string, string>;
    readonly onReport?: () => void;
  } = {},
): Promise<string> {
  const script = `
    const { loadDefinitions } = await import(${
    JSON.stringify(`${ROOT}src/server/user_definitions.ts`)
  });
    console.log((await loadDefinitions(${
    JSON.stringify(module)
  }, ${slowMs})).map(({ type }) => type));`;
  const { stdout, stderr, status } = new Deno.Command(Deno.execPath(), {
    args: ["eval", `--config=${ROOT}deno.json`, script],
    env,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let said = "";
  for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (said.includes("still loading")) onReport();
  }
  await status;
  return said + await new Response(stdout).text();
}

const DEFINITION = `export const some = { type: "demo.some", run: () => Promise.resolve() };`;

const AWAITS = "while (!isReported()) await new Promise((resolve) => setTimeout(resolve, 10));";
/** Modules that load once a file exists, which is created when they are reported. */
const SLOW = [
  { what: "awaits at its top level", code: AWAITS, slowMs: 300, after: "300 ms" },
  { what: "takes longer than by default", code: AWAITS, slowMs: undefined, after: "5 s" },
];

for (const { what, code, slowMs, after } of SLOW) {
  Deno.test({
    name: `definitions: a module that ${what} is reported by name meanwhile, after ${after}`,
    // It takes them.
    ignore: IS_QUICK && slowMs === undefined,
    fn: () =>
      inFolder(async (folder) => {
        const [module, file] = [`${folder}/slow.ts`, `${folder}/reported`];
        const isReported = `const isReported = () => {
          try { return Deno.statSync("${file}").isFile; } catch { return false; }
        };`;
        await Deno.writeTextFile(module, `${isReported}\n${code}\n${DEFINITION}`);

        const onReport = () => Deno.writeTextFileSync(file, "");
        const said = await saidOnLoading(module, slowMs, { onReport });
        const line = `daybook: still loading --definitions ${module} after ${after}: `;
        assert.ok(said.startsWith(line) && said.includes("demo.some"), said);
      }),
  });
}

Deno.test("definitions: the reason why a module cannot be loaded has no colours, which a log escapes", () =>
  inFolder(async (folder) => {
    const module = `${folder}/misspelt.ts`;
    await Deno.writeTextFile(module, `import "@daybook/daybok"; ${DEFINITION}`);

    const said = await saidOnLoading(module, 60_000, {
      env: { NO_COLOR: "", FORCE_COLOR: "1" },
    });
    const reason = said.slice(said.indexOf("Cannot load"), said.indexOf("misspelt.ts:1:8"));
    assert.match(reason, /"@daybook\/daybok" not a dependency.*\n +hint: .*\n +at file:/);
  }));

Deno.test("definitions: a module that loads in time is not reported", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/quick.ts`, DEFINITION);
    assert.equal(await saidOnLoading(`${folder}/quick.ts`, 60_000), `[ "demo.some" ]\n`);
  }));

Deno.test("definitions: one with a member that cannot be read is loaded, so that the registry names it", () =>
  inFolder(async (folder) => {
    const module = `${folder}/jobs.ts`;
    const limits = `get limits() { throw new Error("LIMITS_FILE is missing"); }`;
    await Deno.writeTextFile(module, DEFINITION.replace("run:", `${limits}, run:`));
    assert.match(await saidOnLoading(module), /^\[ "demo\.some" \]/);
  }));

Deno.test("definitions: a version that cannot be read is refused, and another export that cannot be is ignored", () =>
  inFolder(async (folder) => {
    const throws = `() { throw new Error("SOME_FILE is missing"); }`;
    const version = `${folder}/version.ts`;
    await Deno.writeTextFile(version, DEFINITION.replace("run:", `get version${throws}, run:`));
    assert.match(
      await saidOnLoading(version),
      /its export \w+ cannot be read: SOME_FILE is missing/,
    );

    const other = `${folder}/other.ts`;
    await Deno.writeTextFile(other, `${DEFINITION}\nexport const lazy = { get type${throws} };`);
    assert.match(await saidOnLoading(other), /^\[ "demo\.some" \]/);
  }));
