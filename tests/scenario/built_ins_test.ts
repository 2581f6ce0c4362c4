/** Jobs that merge their input into an object without a check, in the real process. */

import assert from "node:assert/strict";
import { DenoFileSystem } from "../../src/journal/deno_file_system.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import { inFolder } from "../support/temporary_folder.ts";

const DEFINITIONS = new URL("./careless_definitions.ts", import.meta.url).pathname;
const SOURCE = new URL("../..", import.meta.url).pathname;

interface Ended {
  readonly state: string;
  readonly failure: { readonly error: { readonly message: string } } | null;
}

const CHANGES: Readonly<Record<string, string>> = {
  '{"constructor":{"prototype":{"causedBy":"x"}}}': "Cannot add property causedBy",
  '{"constructor":{"prototype":{"hasOwnProperty":"x"}}}': "Cannot change hasOwnProperty",
  '{"constructor":{"keys":"x"}}': "Cannot assign to read only property 'keys'",
  '{"constructor":{"constructor":{"prototype":{"x":1}}}}': "Cannot add property x",
  '{"list":{"constructor":{"prototype":{"x":1}}}}': "Cannot add property x",
  '{"list":{"constructor":{"from":"x"}}}': "Cannot assign to read only property 'from'",
};

for (const type of ["careless", "careless.isolated"]) {
  Deno.test(`${type}: a job that would change all objects by its input fails, and changes nothing`, () =>
    inFolder(async (journal) => {
      const daybook = await DaybookProcess.start({
        journal,
        args: ["--definitions", DEFINITIONS],
        permissions: [`--allow-read=${SOURCE}`],
      });
      const run = async (text: string): Promise<Ended> => {
        const body = { type, input: { text } };
        return await (await daybook.post("/jobs", body, { prefer: "wait=60" })).json();
      };
      for (const [text, message] of Object.entries(CHANGES)) {
        const { failure } = await run(text);
        assert.ok(failure?.error.message.startsWith(message), JSON.stringify(failure));
      }
      // An object may have its own.
      assert.equal((await run('{"toString":"mine","constructor":"mine"}')).state, "Done");
      assert.equal(await daybook.stop(), 0);
      const verify = ["verify", "--no-server", "--journal", journal];
      const { code, err } = await journalCommand(new DenoFileSystem(), verify);
      assert.equal(code, 0, err.join("\n"));
    }));
}

/** What every entry and every job needs. */
const USED = [
  ...["Date", "JSON", "Map", "Promise", "Set", "Date.now", "Date.parse"],
  ...["JSON.parse", "JSON.stringify", "Promise.resolve", "Promise.withResolvers"],
  ...["TextEncoder.prototype.encode", "TextEncoder.prototype.encodeInto"],
];
/** Code may replace these, as a library for tests does. */
const TIMERS = ["queueMicrotask", "setTimeout", "clearTimeout"];

Deno.test("changing: a job that would replace what the server uses fails; one that replaces timers stops no other", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({
      journal,
      args: ["--definitions", DEFINITIONS],
      permissions: [`--allow-read=${SOURCE}`],
    });
    const change = async (path: string): Promise<Ended> => {
      const body = { type: "changing", input: { path } };
      return await (await daybook.post("/jobs", body, { prefer: "wait=60" })).json();
    };
    for (const path of USED) {
      const { failure } = await change(path);
      const message = `Cannot assign to read only property '${path.split(".").at(-1)}'`;
      assert.ok(failure?.error.message.startsWith(message), `${path} ${JSON.stringify(failure)}`);
    }
    for (const path of TIMERS) assert.equal((await change(path)).state, "Done", path);
    assert.equal((await change("mine")).state, "Done");
    assert.equal(await daybook.stop(), 0);
    const verify = ["verify", "--no-server", "--journal", journal];
    const { code, err } = await journalCommand(new DenoFileSystem(), verify);
    assert.equal(code, 0, err.join("\n"));
  }));
