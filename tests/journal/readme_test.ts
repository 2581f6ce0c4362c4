import assert from "node:assert/strict";
import { readSegments } from "../support/independent_reader.ts";

const README = new URL("../../journal/README.md", import.meta.url);

Deno.test("journal/README.md: its sample lines are a segment that is whole", async () => {
  const readme = await Deno.readTextFile(README);
  const sample = /```ndjson\n([^]*?)```/.exec(readme)?.[1] ?? "";
  // The formatter takes away the blank line before the first batch.
  const bytes = new TextEncoder().encode(`\n${sample}`);
  const { entries, batches } = readSegments([["00000000000000000001.ndjson", bytes]]);
  assert.equal(entries.length, 8);
  assert.equal(batches.length, 6);
});
