/** The permissions that a command line needs, from the command's table of options. */

import assert from "node:assert/strict";
import { type Command, runCommand } from "../../src/cli/command.ts";
import { daybookCommands } from "../../src/cli/daybook.ts";
import type { JournalTools } from "../../src/cli/journal/folder.ts";
import { journalCommands } from "../../src/cli/journal.ts";
import type { Surroundings } from "../../src/cli/server_call.ts";
import type { Permissions } from "../../src/core/permissions.ts";
import { FakeTerminal } from "../support/process/fake_terminal.ts";

/** All permissions of a command line; nothing is run. */
async function neededBy(
  commands: readonly Command[],
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Required<Permissions>> {
  let found: readonly Permissions[] | undefined;
  const probes = commands.map((command): Command => ({
    ...command,
    run(input) {
      found = command.permissions?.(input);
      return Promise.resolve(0);
    },
  }));
  const terminal = new FakeTerminal();
  await runCommand(probes, args, { program: "daybook", terminal, env: (name) => env[name] });
  assert.ok(found !== undefined, terminal.errors.join("\n") || "needs nothing");
  const all = (name: keyof Permissions) => found?.flatMap((some) => some[name] ?? []) ?? [];
  return { read: all("read"), write: all("write"), net: all("net") };
}

const JOURNAL_NEEDS: readonly (readonly [line: string, read: string, write: string])[] = [
  ["head --journal /a/j", "/a/j", ""],
  ["cat --limit 5 --journal /a/j --job x", "/a/j", ""],
  ["verify --journal /a/j", "/a/j", "/a/j"],
  ["repair --apply --journal /a/j", "/a/j /a", "/a/j /a"],
  ["repair --apply", ".", "."],
  ["backup /b/copy --journal /a/j", "/a/j /b/copy /b", "/b/copy /b"],
  ["replay-test --definitions /d/jobs.ts --journal /a/j", "/a/j /d/jobs.ts src", ""],
  ["export x --journal /a/j -o /b/x", "/a/j", "/b/x"],
  ["import /b/x --unfinished --journal /a/j", "/a/j /b/x", "/a/j"],
];

for (const [line, read, write] of JOURNAL_NEEDS) {
  Deno.test(`permissions: journal ${line} gets all permissions that it needs`, async () => {
    const needed = await neededBy(journalCommands({} as JournalTools), line.split(" "));
    assert.deepEqual([needed.read.join(" "), needed.write.join(" ")], [read, write]);
  });
}

Deno.test("permissions: commands on a database need its address and the secret key file", async () => {
  const database = "postgres://daybook:secret@10.0.0.9/jobs?journal=shop";
  const lines = [["push", database], ["pull", database], ["verify", "--against", database]];
  for (const words of lines) {
    const needed = await neededBy(journalCommands({} as JournalTools), words);
    assert.deepEqual(needed.net, ["10.0.0.9:5432"], words.join(" "));
  }
  const named = await neededBy(journalCommands({} as JournalTools), [
    ...["push", "postgres://10.0.0.9:6000/jobs", "--secret-key-file", "/etc/key"],
  ]);
  assert.deepEqual([named.net, named.read], [["10.0.0.9:6000"], ["/etc/key"]]);
});

Deno.test("permissions: every command declares what it needs for its journal and server", async () => {
  const groups: readonly (readonly [commands: readonly Command[], option: string])[] = [
    [journalCommands({} as JournalTools), "--journal=/j"],
    [daybookCommands({} as Surroundings), "--journal=/j"],
  ];
  for (const [commands, option] of groups) {
    for (const { name, positionals = "" } of commands) {
      const words = Array.from(positionals.matchAll(/(?<!\[)<[^>]+>/g), () => "x");
      assert.ok((await neededBy(commands, [name, ...words, option])).read.includes("/j"), name);
    }
  }
});

Deno.test("permissions: files of a submission are relative to the current folder", async () => {
  const args = ["submit", "csv.import", "@in.json", "--file", "a=/x.csv", "--file", "b=-"];
  const { read, net } = await neededBy(
    daybookCommands({} as Surroundings),
    [...args, "--url", "http://h.example:9"],
    { INIT_CWD: "/home/ada/shop", DAYBOOK_TOKEN_FILE: "/t" },
  );
  assert.deepEqual(read, ["/t", "/home/ada/shop/in.json", "/x.csv"]);
  assert.deepEqual(net, ["h.example:9"]);
});

Deno.test("permissions: the file of --jobs is needed too, and the standard input needs nothing", async () => {
  const env = { INIT_CWD: "/home/ada/shop" };
  const needed = (file: string) =>
    neededBy(daybookCommands({} as Surroundings), ["submit", "--jobs", file], env);
  assert.deepEqual((await needed("orders.ndjson")).read, ["/home/ada/shop/orders.ndjson"]);
  assert.deepEqual((await needed("-")).read, []);
});
