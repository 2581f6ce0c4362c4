/** Results, outputs and events on record: values that JSON would change are refused. */

import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import type { TaskContext } from "../../src/engine/job_context.ts";
import type { JobId } from "../../src/core/ids.ts";
import { recordable, RECORDED_LENGTH_MAX } from "../../src/engine/recordable.ts";
import { jsonOf, startApp } from "../support/http/http_app.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { cases } from "../support/effort.ts";

const input = v.looseObject({});

/** A job of one task. */
function ofTask(run: (task: TaskContext) => unknown): AnyJobDefinition {
  return defineJob({
    type: "demo.task",
    version: 1,
    input,
    run: (ctx) => ctx.task("count", run),
  });
}

function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

const parent: Record<string, unknown> = { name: "parent" };
parent["children"] = [{ parent }];
class Disguised extends Map<string, number> {
  override readonly [Symbol.toStringTag] = "Object";
}
class DisguisedSet extends Set<number> {
  override get [Symbol.toStringTag]() {
    return "Object";
  }
}
const revoked = Proxy.revocable({}, {});
revoked.revoke();

const REFUSED: Readonly<Record<string, readonly [value: unknown, reason: RegExp]>> = {
  "a Map": [{ rows: [1, { by: new Map() }] }, /: rows\[1\]\.by is a Map, which JSON would lose/],
  "a Set": [new Set([1]), /: it is a Set, which JSON would lose; use \[\.\.\.set\]/],
  "a Map that calls itself an Object": [
    { rows: [new Disguised([["a", 1]])] },
    /: rows\[0\] is a Map, which JSON would lose; use Object\.fromEntries/,
  ],
  "a Set that calls itself an Object": [new DisguisedSet([1]), /: it is a Set, which JSON would/],
  "a member under a symbol": [
    { rows: [{ [Symbol("a")]: 1, b: 2 }] },
    /: rows\[0\] has a member under the symbol Symbol\(a\), which JSON would lose/,
  ],
  "a function": [{ f: () => 1 }, /: f is a function, which JSON would lose/],
  "a symbol": [[Symbol("s")], /: \[0\] is a symbol, which JSON would lose/],
  "NaN": [{ "a b": { total: NaN } }, /: \["a b"\]\.total is NaN, which JSON does not have/],
  "Infinity": [-Infinity, /: it is -Infinity/],
  "a bigint": [{ rows: 10n }, /: rows is a bigint, which JSON does not have; use a string/],
  "a cycle": [parent, /: children\[0\]\.parent refers back to an object that contains it/],
  "a lone surrogate": [{ text: "\ud800" }, /: text is a lone surrogate/],
  "one in a name": [{ a: { "\udc00": 1 } }, /has a name with a lone surrogate/],
  "65 levels": [nested(65), /is nested deeper than 64 levels/],
  "20,000 levels": [nested(20_000), /is nested deeper than 64 levels/],
  "a promise": [{ later: Promise.resolve(1) }, /: later is a Promise, .* await it/],
  "bytes": [new Uint8Array(3), /: it is a Uint8Array, which JSON would lose; use base64/],
  "an error": [{ error: new Error("lost") }, /: error is an Error, which JSON would lose/],
  "headers": [new Headers(), /: it is a Headers, which JSON would lose/],
  "a Date without a time": [{ at: new Date(NaN) }, /: at is a Date that RFC 3339 cannot express/],
  "a Date in the year 20000": [new Date(Date.UTC(20_000, 0)), /RFC 3339/],
  "a getter that throws": [
    {
      get a() {
        throw new Error("not today");
      },
    },
    /: a cannot be read: not today/,
  ],
  "a revoked proxy": [[revoked.proxy], /: \[0\] cannot be read: /],
  "too much": ["x".repeat(RECORDED_LENGTH_MAX - 1), /too long, the limit is 1048576/],
  "too much once escaped": ["\n".repeat(RECORDED_LENGTH_MAX / 2), /the limit is/],
  "a little that is there often": [
    Array.from({ length: 40 }).reduce((value) => [value, value], [] as unknown),
    /the limit is/,
  ],
};

for (const [what, [value, reason]] of Object.entries(REFUSED)) {
  Deno.test(`results: ${what} fails the task at once, with the path of the value`, async () => {
    let attempts = 0;
    const daybook = await Harness.start({
      definitions: [ofTask(() => {
        attempts++;
        return value;
      })],
    });
    const id = await daybook.submit("demo.task");

    const job = daybook.job(id);
    assert.ok(job.state === "Failed");
    assert.deepEqual([attempts, job.failure.kind, job.failure.taskId], [1, "poison", "count"]);
    assert.match(job.failure.error.message, reason);
    daybook.assertSound();
  });
}

Deno.test("results: an accepted value equals its JSON round trip", () => {
  const values = fc.anything({ withDate: true, withNullPrototype: true, withSparseArray: true });
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), values), (value) => {
      let recorded: unknown;
      try {
        recorded = recordable(value, "result");
      } catch {
        return;
      }
      accepted++;
      const text = JSON.stringify(value);
      assert.deepEqual(recorded, text === undefined ? undefined : JSON.parse(text));
      assert.equal(JSON.stringify(recorded), text);
    }),
    { numRuns: cases(2_000) },
  );
  assert.ok(accepted > cases(1_000), `${accepted} accepted`);
});

Deno.test("results: a Date becomes text, undefined is left out, and toJSON is called once", () => {
  const at = new Date(Date.UTC(2026, 10, 27, 12));
  class Order {
    readonly id = "42";
    total(): number {
      return 1;
    }
  }
  const value = {
    at,
    left: undefined,
    gaps: [1, undefined, at],
    zero: -0,
    order: new Order(),
    money: { toJSON: () => ({ cents: 5, toJSON: undefined }) },
    same: [at, at],
    ["__proto__"]: { own: true },
  };

  const text = "2026-11-27T12:00:00.000Z";
  assert.equal(
    JSON.stringify(recordable(value, "result")),
    `{"at":"${text}","gaps":[1,null,"${text}"],"zero":0,"order":{"id":"42"},` +
      `"money":{"cents":5},"same":["${text}","${text}"],"__proto__":{"own":true}}`,
  );
  assert.deepEqual(recordable(nested(64), "result"), nested(64));
  assert.equal(recordable(undefined, "result"), undefined);
});

Deno.test("results: run and compensations get the text of a Date, live and after a restart", async () => {
  const [seen, undone] = [new Set<unknown>(), [] as unknown[]];
  const definition = defineJob({
    type: "demo.dates",
    version: 1,
    input,
    expects: () => ({ go: { eventType: "ec.Go" } }),
    async run(ctx) {
      const { at } = await ctx.task("book", () => ({ at: new Date(0) }), {
        compensate: (result) => void undone.push(result.at),
      });
      seen.add(at);
      await ctx.expect("go");
      throw new Error("too late");
    },
  });
  const daybook = await Harness.start({ definitions: [definition] });
  await daybook.submit("demo.dates");

  const restarted = await daybook.crash();
  await restarted.event("ec.Go");

  const text = "1970-01-01T00:00:00.000Z";
  assert.deepEqual([...seen], [text]);
  assert.deepEqual(undone, [text]);
});

Deno.test("results: an output that JSON would change fails the job, with the path of the value", async () => {
  const run = (): Promise<unknown> => Promise.resolve({ seen: [new Set([1])] });
  const daybook = await Harness.start({
    definitions: [defineJob({ type: "demo.output", version: 1, input, run })],
  });
  const id = await daybook.submit("demo.output");

  const job = daybook.job(id);
  assert.ok(job.state === "Failed");
  assert.match(job.failure.error.message, /^Cannot record the output: seen\[0\] is a Set/);
  assert.equal(job.failure.kind, "poison");
});

Deno.test("results: an event that JSON would change fails the task when it is emitted", async () => {
  const attributes = { rows: [{ total: NaN }] };
  const daybook = await Harness.start({
    definitions: [ofTask((task) => task.emit("ec.Counted", attributes))],
  });
  const id = await daybook.submit("demo.task");

  const job = daybook.job(id);
  assert.ok(job.state === "Failed");
  assert.match(
    job.failure.error.message,
    /^Cannot record the attributes of ec\.Counted: rows\[0\]\.total is NaN/,
  );
  assert.equal(job.failure.kind, "poison");
});

Deno.test("results: the same holds for an input that startsOn makes from an event", async () => {
  const definition = defineJob({
    type: "demo.started",
    version: 1,
    input: v.any(),
    startsOn: { eventType: "ec.Started", input: () => ({ by: new Map() }) },
    run: () => Promise.resolve(),
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const { jobs: [started] } = await daybook.event("ec.Started");

  const job = daybook.job(started?.jobId as JobId);
  assert.ok(job.state === "Failed");
  assert.match(job.failure.error.message, /^Cannot record the input: by is a Map/);
});

Deno.test("results: one that is nested 20,000 deep does not break lists, pages and streams", async () => {
  const deep = defineJob({
    type: "demo.deep",
    version: 1,
    input,
    run: async (ctx): Promise<unknown> => {
      const levels = await ctx.task("levels", () => nested(64));
      return [levels, await ctx.task("deep", () => nested(20_000))];
    },
  });
  const app = await startApp({ definitions: [deep] });
  const { jobId } = await jsonOf(await app.post("/jobs", { type: "demo.deep", input: {} }), 202);
  await app.clock.settle();

  const job = await jsonOf<{ state: string }>(await app.get(`/jobs/${jobId}`), 200);
  assert.equal(job.state, "Failed");
  const paths = ["/jobs", `/jobs?view=full`, `/jobs/${jobId}/events`, `/jobs/${jobId}/explain`];
  const pages = ["/ui/jobs", `/ui/jobs/${jobId}`];
  for (const path of [...paths, ...pages, "/stream?after=0"]) {
    const response = await app.get(path);
    assert.equal(response.status, 200, path);
    await response.body?.cancel();
  }
});
