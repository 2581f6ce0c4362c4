/** Streamed bodies: complete, in their own memory, and without blocking others. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { StreamedBody } from "../../src/http/bodies/streamed_body.ts";

type Source = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;

/** Streams as the server makes them, and others. */
function streams(
  start: (source: Source) => void,
): readonly ReadableStream<Uint8Array<ArrayBuffer>>[] {
  return [
    new ReadableStream({ start }),
    new ReadableStream({ type: "bytes", start: (source) => start(source as unknown as Source) }),
  ];
}

function bodyOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const heard: number[] = [];
  const work: number[] = [];
  const worked = (pieces: number) => Promise.resolve(void work.push(pieces));
  const body = new StreamedBody(stream, { came: (bytes) => void heard.push(bytes), worked });
  return { body, heard, work };
}

Deno.test("streamed body: it equals what was sent, in whatever pieces", async () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(pieces, async (sent) => {
      const start = (source: Source) => {
        for (const piece of sent) source.enqueue(new Uint8Array(piece));
        source.close();
      };
      for (const stream of streams(start)) {
        const { body, heard } = bodyOf(stream);
        assert.deepEqual([...await body.whole()], sent.flatMap((piece) => [...piece]));
        assert.equal(heard.at(-1) ?? 0, sent.reduce((sum, { length }) => sum + length, 0));
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("streamed body: one that comes byte by byte does not block others", async () => {
  const start = (source: Source) => {
    for (let count = 0; count < 1_000; count++) source.enqueue(new Uint8Array(1));
    source.close();
  };
  const [pieces] = streams(start);
  assert.ok(pieces !== undefined);
  const { body, work } = bodyOf(pieces);
  assert.equal((await body.whole()).length, 1_000);
  assert.deepEqual(work, Array.from({ length: 1_000 }, () => 1));
});

Deno.test("streamed body: an abandoned one is released at once, and nothing more is kept", async () => {
  const sources: Source[] = [];
  const both = streams((source) => void sources.push(source));
  for (const [at, stream] of both.entries()) {
    const { body, heard } = bodyOf(stream);
    const whole = body.whole();
    sources[at]?.enqueue(new Uint8Array(1_000));
    await new Promise((resolve) => setTimeout(resolve, 0));
    body.giveUp();
    sources[at]?.enqueue(new Uint8Array(1_000));
    assert.equal((await whole).length, 0);
    assert.deepEqual(heard, [1_000]);
  }
});

Deno.test("streamed body: too many bytes end it, and its source is cancelled", async () => {
  let cancelled = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (source) => source.enqueue(new Uint8Array(10)),
    cancel: () => void cancelled++,
  });
  const came = (bytes: number) => {
    if (bytes > 25) throw new Error("too much");
  };
  const body = new StreamedBody(stream, { came, worked: () => undefined });
  await assert.rejects(body.whole(), /too much/);
  assert.equal(cancelled, 1);
});
