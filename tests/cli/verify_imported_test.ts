import assert from "node:assert/strict";
import { DenoFileSystem } from "../../src/journal/deno_file_system.ts";
import { journalCommand, runJournal } from "../support/process/journal_command.ts";
import { testWithHomes } from "./journal_home.ts";
import { DEFINITIONS, KINDS } from "./journal_kinds.ts";

testWithHomes(
  "verify: journals with every kind of job are intact, including those with imported jobs",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const ids = [];
    for (const make of Object.values(KINDS)) ids.push(await make(old));
    await fresh.start();
    await fresh.stop();
    for (const id of ids) {
      const { code, out } = await runJournal(["export", id, "--journal", old.folder]);
      assert.equal(code, 0);
      const path = fresh.path(`${id}.ndjson`);
      await Deno.writeTextFile(path, out.map((line) => `${line}\n`).join(""));
      const imported = await runJournal(
        ["import", path, "--unfinished", "--journal", fresh.folder],
      );
      assert.equal(imported.code, 0, imported.err.join("\n"));
    }
    for (const home of [old, fresh]) {
      const args = ["verify", "--no-server", "--journal", home.folder];
      const { code, out, err } = await journalCommand(new DenoFileSystem(), args);
      assert.equal(code, 0, [...out, ...err].join("\n"));
    }
  },
);
