/** Answers that are too large to be made in one go. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { chunksOf, largeJsonResponse } from "../../src/http/large_answer.ts";

Deno.test("large answer: its text is what JSON.stringify gives", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(30), (value, copies) => {
    const large = {
      left: undefined,
      value,
      copies: Array.from({ length: copies }, () => ({ value, text: "x".repeat(2_000) })),
      numbers: Array.from({ length: copies * 1_000 }, (_, index) => index),
      mixed: [1, 2, { text: "y".repeat(20_000), none: undefined }, 3, null, 4, [], {}],
    };
    assert.equal([...chunksOf(large)].join(""), JSON.stringify(large));
  }));
});

Deno.test("large answer: what is small has its length, what is large comes in chunks", async () => {
  const small = largeJsonResponse({ a: [1, 2, 3] }, 200, { etag: '"1"' });
  assert.equal(await small.text(), '{"a":[1,2,3]}');
  assert.equal(small.headers.get("etag"), '"1"');

  const by = Array.from({ length: 1_000_000 }, (_, index) => index);
  const large = largeJsonResponse({ expected: Array(3).fill({ by }) }, 200, { etag: '"2"' });
  assert.equal(large.headers.get("etag"), '"2"');
  assert.equal(large.headers.get("content-type"), "application/json");
  let longest = 0;
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of large.body ?? []) {
    longest = Math.max(longest, chunk.length);
    text += decoder.decode(chunk, { stream: true });
  }
  assert.ok(longest < 200_000, `${longest} bytes in a chunk`);
  assert.deepEqual(JSON.parse(text), { expected: Array(3).fill({ by }) });
});

Deno.test("large answer: nothing is made of what nobody reads", async () => {
  let made = 0;
  const item = { toJSON: () => (made++, "x".repeat(10_000)), size: "y".repeat(10_000) };
  const { body } = largeJsonResponse(Array(1_000).fill(item), 200);
  const reader = body?.getReader();
  await reader?.read();
  assert.ok(made < 50, `${made} items were made`);
  await reader?.cancel();
});
