/** What a schema finds wrong, in words that do not name the library. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { inputIssues } from "../../src/engine/input_issues.ts";

function detailOf(schema: v.GenericSchema, value: unknown): string | undefined {
  const { issues = [] } = v.safeParse(schema, value);
  return inputIssues(issues)[0]?.detail;
}

Deno.test("input issues: what is none of a few choices is told which there are", () => {
  assert.equal(
    detailOf(v.picklist(["north", "south", "east"]), "up"),
    'must be "north", "south" or "east"',
  );
  assert.equal(detailOf(v.literal("x"), 3), 'must be "x"');
  assert.equal(detailOf(v.enum({ One: 1, Two: 2 }), 3), "must be 1 or 2");
});

Deno.test("input issues: a definition that says it in its own words is quoted", () => {
  assert.equal(detailOf(v.picklist(["a"], "must be a letter"), "b"), "must be a letter");
});

Deno.test("input issues: a member that is missing is required, of whatever kind the object is", () => {
  const entries = { email: v.string() };
  for (const schema of [v.object(entries), v.strictObject(entries), v.looseObject(entries)]) {
    assert.equal(detailOf(schema, {}), "is required");
    assert.equal(detailOf(schema, "text"), "must be an object");
  }
});
