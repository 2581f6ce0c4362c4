/** Runs `replay-test`; the real clock and the real disk come in here. */

import { shippedDefinitions } from "../jobs/shipped.ts";
import { DenoFileSystem } from "../journal/deno_file_system.ts";
import { systemClock } from "../system.ts";
import { loadDefinitions } from "../user_definitions.ts";
import { runProcess } from "./process.ts";
import { replayTestCommand } from "./replay_test_command.ts";

/** Services of the definitions that ship: a test of histories calls none of them. */
function inert(): never {
  throw new Error("Cannot use a service: histories are tested without side effects");
}

const shipped = () =>
  shippedDefinitions({
    webhook: { allowedHosts: [], fetch: inert, now: inert, lookup: inert },
  });

// From here on other people's code runs, once for each job: what it prints is about work
// that is not being done, and what it throws after its check concerns nobody.
for (const method of ["debug", "error", "info", "log", "warn"] as const) console[method] = () => {};
for (const type of ["error", "unhandledrejection"]) {
  globalThis.addEventListener(type, (event) => event.preventDefault());
}

const command = replayTestCommand({
  clock: systemClock,
  fileSystem: new DenoFileSystem(),
  definitions: async (module) =>
    module === undefined ? shipped() : [...shipped(), ...await loadDefinitions(module)],
});

await runProcess({
  program: "deno task",
  args: [command.name, ...Deno.args],
  commands: () => [command],
});
