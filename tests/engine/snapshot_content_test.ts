import assert from "node:assert/strict";
import { Harness } from "../support/engine_harness.ts";
import { expectation, plan } from "../support/entries.ts";

Deno.test("snapshot content: one that another version wrote is not used, and nothing is taken", async () => {
  const daybook = await Harness.start();
  await daybook.create({ plan: plan([expectation("paid", "ec.Paid")]) });
  const [first = "", ...rest] = daybook.engine.consumer.capture();
  const { content } = JSON.parse(first);
  const other = await Harness.start();

  for (const version of [content - 1, content + 1]) {
    const lines = [JSON.stringify({ content: version }), ...rest];
    assert.equal(other.engine.consumer.restore(lines), false);
  }
  assert.equal(other.engine.activity.jobs, 0);
  assert.equal(other.engine.consumer.restore([first, ...rest]), true);
  assert.equal(other.engine.activity.jobs, 1);
});
