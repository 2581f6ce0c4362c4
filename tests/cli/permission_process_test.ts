/** Runs the command that is suggested for a missing permission, as a user would. */

import assert from "node:assert/strict";
import { shellWord } from "../../src/core/shell_word.ts";
import { ROOT, runTask } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

interface End {
  readonly code: number;
  readonly text: string;
  /** The number of commands suggested in sequence. */
  readonly suggestions: number;
}

/** More than any command needs; a circle of suggestions reaches it. */
const SUGGESTIONS_MAX = 4;

/** Runs a task, then what it suggests, until nothing is suggested any more. */
async function followed(task: string, args: readonly string[], cwd = ROOT): Promise<End> {
  const env = { INIT_CWD: cwd };
  let { code, output, errors } = await runTask(task, args, { env });
  let suggestions = 0;
  for (; suggestions < SUGGESTIONS_MAX; suggestions++) {
    const command = suggestedIn(errors);
    if (command === undefined) break;
    const run = command.replace(/\bdeno run /, `${shellWord(Deno.execPath())} run `);
    // A shell without INIT_CWD, in the folder where the task was typed.
    const { INIT_CWD: _, ...inherited } = Deno.env.toObject();
    const shell = new Deno.Command("sh", {
      args: ["-c", run],
      cwd,
      env: inherited,
      clearEnv: true,
    });
    const result = await shell.output();
    const decoder = new TextDecoder();
    [code, output, errors] = [
      result.code,
      decoder.decode(result.stdout),
      decoder.decode(result.stderr),
    ];
  }
  return { code, text: output + errors, suggestions };
}

function suggestedIn(errors: string): string | undefined {
  return /\nThe whole command, with the permission:\n {2}(.+)\n/.exec(errors)?.[1];
}

Deno.test("permissions: the first command that a start suggests has all permissions", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/token`, "0123456789abcdef");
    await Deno.writeTextFile(`${folder}/jobs.ts`, moduleOf("greet", `"test.greet"`));
    const { code, text, suggestions } = await followed("start", startArgs(folder));

    assert.match(text, /Cannot listen on 192\.0\.2\.1:0: (?!permission)/);
    assert.deepEqual([code, suggestions], [69, 1]);
  }));

Deno.test("permissions: a start that may not read its environment fails, with the whole command", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "main.ts"],
    cwd: ROOT,
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert.equal(code, 64, text);
  assert.match(
    text,
    /Cannot read the settings: permission is missing, add '--allow-env=DAYBOOK_\*'/,
  );
  assert.match(suggestedIn(text) ?? "", /--allow-env=DAYBOOK_\*/);
});

Deno.test("permissions: for a module that imports its own files, their folder is named once", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/token`, "0123456789abcdef");
    await Deno.mkdir(`${folder}/parts`);
    for (const name of ["one", "two"]) {
      await Deno.writeTextFile(`${folder}/parts/${name}.ts`, `export const type = "test.${name}";`);
    }
    const imports = `import { type } from "./parts/one.ts";\nimport "./parts/two.ts";\n`;
    await Deno.writeTextFile(`${folder}/jobs.ts`, imports + moduleOf("greet", "type"));
    const { code, text, suggestions } = await followed("start", startArgs(folder));

    assert.match(text, /Cannot listen on 192\.0\.2\.1:0: (?!permission)/);
    assert.deepEqual([code, suggestions], [69, 2]);
  }));

function moduleOf(name: string, type: string): string {
  return `import * as v from "valibot";\nimport { defineJob } from "${ROOT}src/mod.ts";\n` +
    `const input = v.object({});\n` +
    `export const ${name} = defineJob({ type: ${type}, version: 1, input, async run() {} });\n`;
}

/** An address that no machine has, so that listening fails even with permission. */
function startArgs(folder: string): readonly string[] {
  return [
    ...["--definitions", `${folder}/jobs.ts`, "--journal", `${folder}/a journal`],
    ...["--token-file", `${folder}/token`, "--hostname", "192.0.2.1", "--port", "0"],
  ];
}

Deno.test("permissions: for a journal elsewhere, each command works with the suggested command line", () =>
  inFolder(async (folder) => {
    const journal = `${folder}/j`;
    await Deno.mkdir(`${journal}/segments`, { recursive: true });
    const cases: readonly (readonly [args: readonly string[], text: RegExp])[] = [
      [["head"], /"logId":0/],
      [["verify"], /"verdict":"intact"/],
      [["repair", "--apply"], /"applied":false/],
      [["export", "x", "-o", `${folder}/x`], /Cannot find job x: it is not in journal/],
      [["import", `${folder}/nothing`], /Cannot read .*nothing: No such file/],
    ];
    for (const [args, text] of cases) {
      const end = await followed("journal", [...args, "--journal", journal]);
      assert.match(end.text, text);
      assert.deepEqual([args[0], end.suggestions], [args[0], 1]);
      assert.doesNotMatch(end.text, /permission is missing/);
    }
  }));

Deno.test("permissions: a file submitted from another folder is found relative to that folder", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/input.json`, "{}");
    await Deno.writeTextFile(`${folder}/a.csv`, "");
    const args = [
      "submit",
      "csv.import",
      "@input.json",
      "--file",
      "csv=a.csv",
      "--url",
      "127.0.0.1:1",
    ];
    const { code, text, suggestions } = await followed("daybook", args, folder);

    assert.match(text, /cannot reach http:\/\/127\.0\.0\.1:1: is Daybook running there/);
    assert.deepEqual([code, suggestions], [69, 1]);
  }));

const ELSEWHERE = ["192.0.2.1", "192.0.2.1,database.example:6432", "[2001:db8::1]:6432"];

for (const hosts of ELSEWHERE) {
  Deno.test(`permissions: for a database at ${hosts}, a start and a command name what is missing, at once`, () =>
    inFolder(async (folder) => {
      await Deno.mkdir(`${folder}/segments`);
      const database = `postgres://daybook@${hosts}/jobs`;
      const options = { journal: folder, env: { DAYBOOK_SECRET_KEY: "ab".repeat(32) } };
      const own = ["--port=0", `--journal=${database}`, `--folder=${folder}`];
      const start = await runTask("start", own, options);
      const push = await runTask("journal", ["push", database, "--journal", folder], options);
      const { port } = new URL(database);
      const missing = hosts.replace(/:6432$/, "").split(",")
        .map((host) => `${host}:${port || 5432}`).join(",");
      for (const { code, errors } of [start, push]) {
        assert.equal(code, 74, errors);
        assert.match(
          errors,
          /^daybook: Cannot \w+ postgres:.*: permission is missing, add --allow-net=/m,
        );
        assert.ok(suggestedIn(errors)?.includes(missing), errors);
      }
    }));
}
