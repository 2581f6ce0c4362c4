/** The help of the commands, and whether it is true. */

import assert from "node:assert/strict";
import { type Command, commandHelp, runCommand } from "../../src/cli/command.ts";
import { daybookCommands } from "../../src/cli/daybook.ts";
import type { Surroundings } from "../../src/cli/server_call.ts";
import { Times } from "../../src/cli/times.ts";
import { FakeTerminal } from "../support/process/fake_terminal.ts";
import { FakeClock } from "../support/fake_clock.ts";

const EXIT_UNAVAILABLE = 69;

/** No server answers, and every file contains an empty object. */
const NOWHERE: Surroundings = {
  fetch: () => Promise.reject(new TypeError("connection refused")),
  clock: new FakeClock(),
  times: new Times("UTC"),
  setInterruptMessage: () => {},
  readFile: () => Promise.resolve(new TextEncoder().encode("{}")),
  readStandardInput: () => Promise.resolve(new TextEncoder().encode("{}")),
};

const COMMANDS = daybookCommands(NOWHERE);

async function run(args: readonly string[]): Promise<readonly [number, FakeTerminal]> {
  const terminal = new FakeTerminal();
  const sources = { program: "deno task daybook", terminal, env: () => undefined };
  return [await runCommand(COMMANDS, args, sources), terminal];
}

/** The words of a command line up to a pipe or a redirection, as a shell splits them. */
function wordsOf(line: string): readonly string[] {
  const [command = ""] = line.split(/\s(?:\||<|>)\s/);
  return [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
}

Deno.test("--help: it names the page When things go wrong", async () => {
  const [code, terminal] = await run(["--help"]);
  assert.equal(code, 0);
  assert.match(terminal.text, /src\/manual\/when-things-go-wrong\.md/);
});

for (const command of COMMANDS) {
  Deno.test(`${command.name} --help: it names each option, and has examples`, async () => {
    const [code, terminal] = await run([command.name, "--help"]);
    assert.equal(code, 0);
    assert.deepEqual(terminal.output, commandHelp(command, "deno task daybook"));
    for (const { name } of command.options) assert.ok(terminal.text.includes(` --${name}`), name);
    assert.ok(command.examples.length > 0);
    for (const example of command.examples) assert.ok(terminal.text.includes(example));
  });

  for (const example of command.examples) {
    Deno.test(`help: this example gets as far as the server: ${example}`, async () => {
      assert.deepEqual(await outcomes(example, command), [EXIT_UNAVAILABLE]);
    });
  }
}

/** The exit code of each part of an example that calls the command. */
async function outcomes(example: string, command: Command): Promise<readonly number[]> {
  const [deno, task, program, ...args] = wordsOf(example);
  assert.deepEqual([deno, task, program], ["deno", "task", "daybook"]);
  const isOfAnother = args[0] !== command.name;
  assert.ok(!isOfAnother || example.includes(`xargs deno task daybook ${command.name}`), example);
  const [code, terminal] = await run(args);
  assert.match(
    terminal.errors.join("\n"),
    /^daybook: no server holds journal\/, and http:\/\/127\.0\.0\.1:8000 does not /,
  );
  return [code];
}

Deno.test("help: without a command all commands are listed, their summaries in one column", async () => {
  const [code, { output }] = await run([]);
  assert.equal(code, 0);
  const columns = COMMANDS.map(({ name, summary }) =>
    output.find((line) => line.startsWith(`  ${name} `))?.indexOf(summary) ?? -1
  );
  assert.deepEqual([...new Set(columns)].length, 1, output.join("\n"));
  assert.ok((columns[0] ?? 0) > 0);
});

Deno.test("help: a first -- is skipped, as those used to npm write it", async () => {
  const [code, terminal] = await run(["--", "jobs", "--help"]);
  assert.equal(code, 0);
  assert.match(terminal.text, /deno task daybook jobs/);
});

Deno.test("help: an unknown command is a usage error", async () => {
  const [code, terminal] = await run(["frob"]);
  assert.equal(code, 64);
  assert.deepEqual(terminal.errors, [
    "daybook: there is no command frob; see deno task daybook --help",
  ]);
});

Deno.test("help: a misspelled command or option is named with the one that was meant", async () => {
  for (
    const [args, said] of [
      [["shwo"], "there is no command shwo; did you mean show? see deno task daybook --help"],
      [
        ["jobs", "--sate", "failed"],
        "there is no option --sate; did you mean --state? see deno task daybook jobs --help",
      ],
    ] as const
  ) {
    const [code, terminal] = await run([...args]);
    assert.equal(code, 64);
    assert.deepEqual(terminal.errors, [`daybook: ${said}`]);
  }
});

Deno.test("help: each line fits 100 columns, and options are in separate columns", () => {
  for (const command of COMMANDS) {
    const names = command.options.flatMap(({ name, short }) => [name, short ?? `(${name})`]);
    assert.equal(new Set(names).size, names.length, command.name);
    const help = commandHelp(command, "deno task daybook").join("\n").split("\n");
    const lines = help.filter((line) => !line.startsWith("  deno task "));
    for (const line of lines) assert.ok(line.length <= 100, line);
  }
});

Deno.test("help: notes are wrapped at 78 columns, except lines that begin with a space", () => {
  const long = "a word and ".repeat(20).trim();
  const note = `${long}\nof it:\n  kept   as it is, ${long}\nand on`;
  const command = { ...(COMMANDS[0] as Command), options: [], notes: [note, "short"] };
  const lines = commandHelp(command, "deno task daybook");
  const kept = lines.findIndex((line) => line.startsWith("  kept"));
  assert.equal(lines[kept], `  kept   as it is, ${long}`);
  const filled = lines.slice(lines.findIndex((line) => line.startsWith("a word")), kept);
  assert.equal(filled.join(" "), `${long} of it:`);
  assert.deepEqual(filled.map(({ length }) => length <= 78), [true, true, true]);
  assert.deepEqual(lines.slice(kept + 1, kept + 4), ["and on", "", "short"]);
});
