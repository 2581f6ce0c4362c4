import assert from "node:assert/strict";
import { withDistances } from "../../src/explain/distances.ts";

Deno.test("withDistances: a time gets its distance, and a quoted value stays as it is", () => {
  const nowMs = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(
    withDistances('due at 2026-01-01T06:00:00Z: found "2026-01-01T07:00:00Z"', nowMs),
    'due at 2026-01-01T06:00:00Z (in 6 h): found "2026-01-01T07:00:00Z"',
  );
});
