/** Errors of a schema, in words that do not come from the library. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { pointedIssues } from "../../src/engine/parsed_input.ts";

function detailOf(schema: v.GenericSchema, value: unknown): string | undefined {
  const { issues = [] } = v.safeParse(schema, value);
  return pointedIssues(issues)[0]?.detail;
}

Deno.test("input issues: for a value that is not one of a few choices, the choices are listed", () => {
  assert.equal(
    detailOf(v.picklist(["north", "south", "east"]), "up"),
    'must be "north", "south" or "east"',
  );
  assert.equal(detailOf(v.literal("x"), 3), 'must be "x"');
  assert.equal(detailOf(v.enum({ One: 1, Two: 2 }), 3), "must be 1 or 2");
});

Deno.test("input issues: a definition's own message is quoted", () => {
  assert.equal(detailOf(v.picklist(["a"], "must be a letter"), "b"), "must be a letter");
});

Deno.test("input issues: a missing member is reported as required, for any kind of object schema", () => {
  const entries = { email: v.string() };
  for (const schema of [v.object(entries), v.strictObject(entries), v.looseObject(entries)]) {
    assert.equal(detailOf(schema, {}), "is required");
    assert.equal(detailOf(schema, "text"), "must be an object");
  }
});

Deno.test("input issues: an unknown member is called that, whatever message the schema has for its own", () => {
  const schema = v.strictObject({ email: v.string() }, "must be an order");
  assert.equal(detailOf(schema, { email: "a@b", more: 1 }), "is not a known field");
});
