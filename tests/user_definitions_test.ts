/** Loading the module of definitions that a user names. */

import assert from "node:assert/strict";
import { loadDefinitions } from "../src/user_definitions.ts";
import { inFolder } from "./support/temporary_folder.ts";

Deno.test("definitions: an import that does not end is told of, with the name of the module", () =>
  inFolder(async (folder) => {
    const module = `${folder}/slow.ts`;
    await Deno.writeTextFile(
      module,
      `await new Promise((resolve) => globalThis.addEventListener("go on", resolve));
       export const slow = { type: "demo.slow", run: () => Promise.resolve() };`,
    );
    const { promise: told, resolve } = Promise.withResolvers<string>();
    const loading = loadDefinitions(module, resolve, 50);

    const message = await told;
    assert.ok(message.startsWith(`still loading --definitions ${module} after 0.05 s: `), message);
    globalThis.dispatchEvent(new Event("go on"));
    assert.deepEqual((await loading).map(({ type }) => type), ["demo.slow"]);
  }));
