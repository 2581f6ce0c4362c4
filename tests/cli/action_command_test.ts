/** Actions of an explanation as commands. */

import assert from "node:assert/strict";
import { commandOfAction } from "../../src/cli/commands/explain.ts";
import type { JsonObject } from "../../src/core/json.ts";

function command(path: string, body?: JsonObject, flags: readonly string[] = []) {
  return commandOfAction({ method: "POST", path, ...(body === undefined ? {} : { body }) }, flags);
}

Deno.test("commandOfAction: controls and events become commands that name the server", () => {
  assert.equal(
    command("/jobs/a~1/retry", { from: "charge", again: true }),
    "deno task daybook retry a~1 --again --from charge",
  );
  assert.equal(command("/jobs/a/start"), "deno task daybook start a");
  assert.equal(
    command("/jobs/a/cancel", { reason: "too late" }, ["--journal", "/a j"]),
    "deno task daybook cancel a --reason 'too late' --journal '/a j'",
  );
  assert.equal(
    command("/events", { eventType: "shop.Paid", attributes: { n: "4'2" }, jobId: "a" }),
    `deno task daybook event shop.Paid '{"n":"4'\\''2"}' --job a`,
  );
  assert.equal(command("/events", { eventType: "shop.Paid" }), "deno task daybook event shop.Paid");
});

Deno.test("commandOfAction: what no command can send remains a curl call", () => {
  assert.equal(command("/jobs", { type: "a.B" }), undefined);
  assert.equal(command("/jobs/a/retry", { from: 1 }), undefined);
  assert.equal(command("/events", { eventType: "a.B", traceId: "x" }), undefined);
});

Deno.test("commandOfAction: the end of a pause", () => {
  const action = { method: "DELETE", path: "/pauses/pau_1" } as const;
  assert.equal(commandOfAction(action, []), "deno task daybook end-pause pau_1");
});
