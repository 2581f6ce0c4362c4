/** Odd code, odd moments and a busy engine must not break anything. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { Correlation } from "../../src/core/correlation.ts";
import { type JobId, jobId } from "../../src/core/ids.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError, RetryLater } from "../../src/engine/job_errors.ts";
import type { TaskContext, TaskOptions } from "../../src/engine/job_context.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import type { SpanStart } from "../../src/engine/watches.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";
import { expectation, plan } from "../support/engine/entries.ts";
import { incoming } from "../support/engine/incoming.ts";
import { FakeTracing } from "./fake_tracing.ts";

const loose = v.looseObject({});

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** A gate for each name, which the test opens. */
class Gates {
  readonly #open = new Map<string, () => void>();

  wait(name: string): Promise<void> {
    return new Promise((resolve) => this.#open.set(name, resolve));
  }

  open(name: string): void {
    this.#open.get(name)?.();
  }
}

function failureOf(daybook: Harness, id: JobId) {
  const failed = daybook.job(id);
  assert.ok(failed.state === "Failed", `state is ${failed.state}`);
  return failed.failure;
}

const ODD: Readonly<
  Record<string, { run: (task: TaskContext) => unknown; options?: TaskOptions<unknown> }>
> = {
  "retries without end": { run: () => {}, options: { retry: { maxAttempts: Infinity } } },
  "no attempts at all": { run: () => {}, options: { retry: { maxAttempts: 0 } } },
  "a jitter of 2": { run: () => {}, options: { retry: { jitter: 2 } } },
  "a negative time limit": { run: () => {}, options: { timeoutMs: -1 } },
  "progress that is no number": { run: (task) => task.progress(0 / 0) },
  "progress of infinity": { run: (task) => task.progress(1, Infinity) },
  "a BigInt as progress": { run: (task) => task.progress(1n as unknown as number) },
  "a BigInt as result": { run: () => 1n },
  "an error whose name is a number": {
    run: () => {
      throw Object.assign(new Error("odd"), { name: 7 });
    },
  },
  "an error whose message is an object": {
    run: () => {
      throw Object.assign(new Error("odd"), { message: { odd: true } });
    },
  },
  "a thrown object without text": {
    run: () => {
      throw Object.create(null);
    },
  },
  "a delay that is no number": {
    run: () => {
      throw new RetryLater(NaN);
    },
  },
};

for (const [what, { run, options }] of Object.entries(ODD)) {
  Deno.test(`odd code: ${what} fails the job, and the journal can be read again`, async () => {
    const definition = looseJob(
      "demo.odd",
      (ctx) => ctx.task("odd", run, { retry: { maxAttempts: 1 }, ...options }),
    );
    const daybook = await Harness.start({ definitions: [definition], maxRunning: 1 });
    const id = await daybook.submit("demo.odd");

    assert.ok(failureOf(daybook, id).error.message.length > 0);
    assert.equal(daybook.engine.activity.busyWorkers, 0);
    daybook.assertSound();
    const restarted = await daybook.crash();
    assert.equal(JSON.stringify(restarted.job(id)), JSON.stringify(daybook.job(id)));
  });
}

Deno.test("odd code: a delay of a century becomes a year, and the job can be cancelled", async () => {
  const definition = looseJob("demo.later", (ctx) =>
    ctx.task("later", () => {
      throw new RetryLater(100 * 365 * 86_400_000);
    }));
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.later");
  assert.equal(daybook.condition(id), "backingOff");

  await daybook.control(id, "cancel");
  assert.equal(daybook.condition(id), "cancelled");
});

Deno.test("odd code: an output that is too large fails the job and says so", async () => {
  const definition = looseJob("demo.large", () => Promise.resolve("x".repeat(2_000_000)));
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.large");

  assert.match(failureOf(daybook, id).error.message, /the limit is 1048576/);
});

Deno.test("odd code: an input on which the schema throws is refused, and says why", async () => {
  const thrown = [new RangeError("no such table"), "no such table", null, revokedProxy()];
  const definitions = thrown.map((value, index) =>
    looseJob(`schema.throws${index}`, () => Promise.resolve(), {
      input: v.pipe(
        loose,
        v.check(() => {
          throw value;
        }),
      ),
    })
  );
  const daybook = await Harness.start({ definitions });
  const details = [];
  for (const { type } of definitions) {
    const outcome = await daybook.engine.create({ type, input: {} });
    assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
    details.push(...outcome.problem.issues.map(({ detail }) => detail));
  }
  const unread = "(something that cannot be read)";
  assert.deepEqual(
    details,
    ["no such table", "no such table", "null", unread]
      .map((message, index) => `schema.throws${index} cannot check the input: ${message}`),
  );
});

Deno.test("odd code: if the schema throws when run is called, the job fails with the error", async () => {
  let calls = 0;
  const input = v.pipe(
    loose,
    v.check(() => {
      if (++calls > 1) throw new RangeError("no such table");
      return true;
    }),
  );
  const definition = looseJob("schema.throws", () => Promise.resolve(), { input });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("schema.throws");
  assert.equal(failureOf(daybook, id).error.message, "no such table");
});

Deno.test("odd code: a plan that JSON would change is refused, and says why", async () => {
  const definition = defineJob({
    type: "demo.undefined",
    version: 1,
    input: v.object({ orderId: v.optional(v.string()) }),
    expects: ({ orderId }) => ({
      paid: { eventType: "ec.Paid", correlation: { equals: { orderId: orderId as string } } },
    }),
    run: (ctx) => ctx.expect("paid"),
  });
  const daybook = await Harness.start({ definitions: [definition] });

  const outcome = await daybook.engine.create({ type: "demo.undefined", input: {} });

  assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
  assert.match(outcome.problem.issues[0]?.detail ?? "", /equals of orderId is undefined/);
});

Deno.test("odd code: a plan whose correlation is nested deeper than 16 levels is refused", async () => {
  const nested = (levels: number) => {
    let correlation: Correlation = "any";
    for (let level = 1; level < levels; level++) correlation = { not: correlation };
    return { go: { eventType: "ec.Go", correlation } };
  };
  const ofDepth = (levels: number) =>
    looseJob(`demo.deep${levels}`, () => Promise.resolve(), { expects: () => nested(levels) });
  const daybook = await Harness.start({ definitions: [16, 17, 20_000].map(ofDepth) });

  assert.ok((await daybook.engine.create({ type: "demo.deep16", input: {} })).ok);
  for (const type of ["demo.deep17", "demo.deep20000"]) {
    const outcome = await daybook.engine.create({ type, input: {} });
    assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
    assert.match(outcome.problem.issues[0]?.detail ?? "", /nested deeper than 16 levels/);
  }
});

Deno.test("odd code: a plan stays as recorded when the code changes the correlation that it returned", async () => {
  const equals = { id: "" };
  const definition = looseJob("demo.shared", (ctx) => ctx.expect("go"), {
    expects: (input) => {
      equals.id = (input as { readonly id: string }).id;
      return { go: { eventType: "ec.Go", correlation: { equals } } };
    },
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const first = await daybook.submit("demo.shared", { id: "1" });
  const second = await daybook.submit("demo.shared", { id: "2" });

  const { jobs } = await daybook.event("ec.Go", { id: "1" });

  assert.deepEqual(jobs.map(({ jobId }) => jobId), [first]);
  assert.deepEqual([first, second].map((id) => daybook.job(id).state), ["Done", "Running"]);
});

Deno.test("odd code: startsOn.input may change the event that it gets; the record does not change", async () => {
  const definition = looseJob("demo.started", () => Promise.resolve(), {
    startsOn: {
      eventType: "ec.Started",
      input: ({ attributes }) => {
        const { lines } = attributes as { lines: string[] };
        lines.sort();
        return { lines };
      },
    },
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const sent = { lines: ["b", "a"] };
  const receipt = await daybook.event("ec.Started", structuredClone(sent), { eventId: "e-1" });
  const again = await daybook.event("ec.Started", structuredClone(sent), { eventId: "e-1" });

  const [entry] = await daybook.engine.entries((receipt.logId ?? 0) - 1, 1);
  assert.deepEqual(entry?.attributes, sent);
  assert.equal(again.disposition, "duplicate");
  assert.deepEqual(daybook.job(receipt.jobs[0]?.jobId as JobId).input, { lines: ["a", "b"] });
});

Deno.test("odd code: the schema and functions of a definition may change the input that they get; the record does not change", async () => {
  const grow = (input: unknown) => {
    (input as { order: { lines: string[] } }).order.lines.push("more");
  };
  const changes: Readonly<Record<string, Partial<AnyJobDefinition>>> = {
    "demo.expects": { expects: (input) => (grow(input), {}) },
    "demo.errors": { errors: (input) => (grow(input), []) },
    "demo.key": { limits: { perKey: 1, key: (input) => (grow(input), "all") } },
    "demo.rate": { limits: { rate: { count: 9, perMs: 9, key: (input) => (grow(input), "all") } } },
    "demo.schema": {
      input: v.looseObject({
        order: v.pipe(
          v.any(),
          v.check((order) => {
            grow({ order });
            return true;
          }),
        ),
      }),
    },
  };
  const definitions = Object.entries(changes).map(([type, more]) =>
    looseJob(type, () => Promise.resolve(), more)
  );
  const daybook = await Harness.start({ definitions });

  for (const type of Object.keys(changes)) {
    const id = await daybook.submit(type, { order: { lines: ["one"] } });
    assert.deepEqual(daybook.job(id).input, { order: { lines: ["one"] } }, type);
  }
});

Deno.test("odd code: a task that shares work with a task of a cancelled job fails, and is tried again", async () => {
  let shared: Promise<unknown> | undefined;
  const fetched = (signal: AbortSignal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const definition = looseJob(
    "demo.shared",
    (ctx) =>
      ctx.task("fetch", async ({ signal, attempt }) => {
        if (attempt > 1) return "fetched";
        return await (shared ??= fetched(signal));
      }),
  );
  const daybook = await Harness.start({ definitions: [definition] });
  const first = await daybook.submit("demo.shared");
  const second = await daybook.submit("demo.shared");
  await daybook.control(first, "cancel");
  await daybook.clock.advance(60_000);

  assert.equal(daybook.condition(first), "cancelled");
  assert.equal(daybook.condition(second), "succeeded");
});

Deno.test("odd code: a schema that accepts everything since it is asynchronous is not registered", async () => {
  const definition = looseJob("demo.async", () => Promise.resolve(), {
    input: v.objectAsync({ id: v.string() }) as never,
  });
  await assert.rejects(
    Harness.start({ definitions: [definition] }),
    /Cannot register demo.async: input must not be an asynchronous schema/,
  );
});

Deno.test("odd code: a schema that cannot be described does not keep the others from being listed", async () => {
  const fails = () => {
    throw new Error("no default");
  };
  const big = () => 1n as unknown as string;
  const definitions = [fails, big].map((otherwise, index) =>
    looseJob(`demo.undescribed${index}`, () => Promise.resolve(), {
      input: v.object({ id: v.optional(v.string(), otherwise) }),
    })
  );
  const daybook = await Harness.start({ definitions });

  const listed = daybook.engine.definitions().filter(({ type }) => type.startsWith("demo."));
  const described = listed.map(({ inputSchema }) => (inputSchema as JsonObject)["properties"]);
  assert.deepEqual(described, [undefined, { id: { type: "string" } }]);
});

Deno.test("odd code: a member of a definition that cannot be read is a flaw of that definition", async () => {
  const definition = looseJob("demo.getter", () => Promise.resolve());
  const get = () => {
    throw new Error("LIMITS_FILE is missing");
  };
  Object.defineProperty(definition, "limits", { get, enumerable: true });
  await assert.rejects(
    Harness.start({ definitions: [definition] }),
    new TypeError("Cannot register demo.getter: it cannot be read: LIMITS_FILE is missing"),
  );
});

Deno.test("plan: one that follows from a large input is refused at the limits of a plan from outside", async () => {
  interface Size {
    readonly names: number;
    readonly errors: number;
    readonly values: number;
  }
  const spec = (values: number) => ({
    eventType: "ec.Paid",
    correlation: { in: { orderId: Array.from({ length: values }, (_, n) => n) } },
  });
  const definition = looseJob("demo.lines", () => Promise.resolve(), {
    expects: (input) => {
      const { names, values } = input as Size;
      return Object.fromEntries(Array.from({ length: names }, (_, n) => [`e${n}`, spec(values)]));
    },
    errors: (input) => Array.from({ length: (input as Size).errors }, () => spec(1)),
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const details: string[] = [];
  for (const [names, errors, values] of [[1_001, 0, 1], [1, 1_001, 1], [1, 0, 999], [11, 0, 998]]) {
    const input = { names, errors, values } as never;
    const outcome = await daybook.engine.create({ type: "demo.lines", input });
    assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
    details.push(outcome.problem.issues[0]?.detail.replace(/^.*: Cannot /, "Cannot ") ?? "");
  }

  const size = "Cannot match ec.Paid: a correlation may have at most 1000 values and predicates, " +
    "and all of a plan together 10000";
  assert.deepEqual(details, [
    "Cannot have 1001 expectations: a plan may have at most 1000",
    "Cannot fail on 1001 events: a plan may have at most 1000",
    size,
    size,
  ]);
  await daybook.create({ type: "demo.lines", input: { names: 10, errors: 0, values: 998 } });
});

Deno.test("odd code: promises of expectations and of errors are refused, and named", async () => {
  const later = () => Promise.resolve({}) as never;
  const definitions = [
    looseJob("demo.expects", () => Promise.resolve(), { expects: later }),
    looseJob("demo.errors", () => Promise.resolve(), { errors: later }),
  ];
  const daybook = await Harness.start({ definitions });
  const details: string[] = [];
  for (const { type } of definitions) {
    const outcome = await daybook.engine.create({ type, input: {} });
    assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
    details.push(outcome.problem.issues[0]?.detail ?? "");
  }

  assert.deepEqual(details, [
    "demo.expects cannot make a plan from the input: Cannot expect [object Promise]: it must be " +
    "an object of expectations",
    "demo.errors cannot make a plan from the input: Cannot fail on [object Promise]: errors must " +
    "return a list",
  ]);
});

Deno.test("odd code: a list of expectations is refused", async () => {
  const expects = () => [{ eventType: "ec.Paid" }] as never;
  const daybook = await Harness.start({
    definitions: [looseJob("demo.list", () => Promise.resolve(), { expects })],
  });
  const outcome = await daybook.engine.create({ type: "demo.list", input: {} });
  assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
  assert.match(outcome.problem.issues[0]?.detail ?? "", /must be an object of expectations$/);
});

const MISSPELT: readonly (readonly [more: object, told: RegExp])[] = [
  [
    { expects: () => ({ paid: { eventType: "ec.Paid", corelation: "any" } }) },
    /Cannot expect paid: it has no member corelation; it may have eventType, correlation, kind,/,
  ],
  [{ expects: () => ({ paid: "ec.Paid" }) }, /Cannot expect paid: it must be an object with an/],
  [
    { errors: () => [{ eventType: "ec.Refused", where: "any" }] },
    /Cannot fail on an event: it has no member where; it may have eventType, correlation$/,
  ],
  [{ errors: () => Array(1) }, /Cannot fail on an event: it must be an object with an eventType$/],
  [
    { expects: () => ({ paid: { eventType: "ec.Paid", correlation: { all: Array(1) } } }) },
    /Cannot expect ec.Paid: the correlation is undefined: it must be/,
  ],
];

for (const [index, [more, told]] of MISSPELT.entries()) {
  Deno.test(`odd code: a misspelt correlation is refused, and does not match all events (${index + 1})`, async () => {
    const definition = looseJob("demo.misspelt", () => Promise.resolve(), more);
    const daybook = await Harness.start({ definitions: [definition] });
    const outcome = await daybook.engine.create({ type: "demo.misspelt", input: {} });
    assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
    assert.match(outcome.problem.issues[0]?.detail ?? "", told);
  });
}

const UNREAD: Readonly<Record<string, readonly [more: object, told: RegExp]>> = {
  "a misspelt member": [{ expect: () => ({}) }, /no member expect; did you mean expects\?$/],
  "expectations without a function": [
    { expects: { paid: { eventType: "ec.Paid" } } },
    /expects must be a function of the input$/,
  ],
  "errors without a function": [{ errors: [] }, /errors must be a function of the input$/],
  "a misspelt correlation of its start": [
    { startsOn: { eventType: "ec.Paid", where: "any", input: () => ({}) } },
    /startsOn: it has no member where; it may have eventType, correlation, input$/,
  ],
  "a start without an input": [
    { startsOn: { eventType: "ec.Paid" } },
    /startsOn\.input must be a function of the event$/,
  ],
};

for (const [name, [more, told]] of Object.entries(UNREAD)) {
  Deno.test(`odd code: a definition with ${name} is refused at the start, not by its first job`, async () => {
    const definition = looseJob("demo.unread", () => Promise.resolve(), more);
    await assert.rejects(
      Harness.start({ definitions: [definition] }),
      ({ message }: Error) =>
        told.test(message) && message.startsWith("Cannot register demo.unread: "),
    );
  });
}

const WRONG: readonly Partial<AnyJobDefinition>[] = [
  { version: 0.5 },
  { version: NaN },
  { onCompensated: "Maybe" as "Done" },
  { description: 5 as unknown as string },
];

for (const wrong of WRONG) {
  Deno.test(`odd code: a definition with ${JSON.stringify(wrong)} is not registered`, async () => {
    const definition = looseJob("demo.wrong", () => Promise.resolve(), wrong);
    await assert.rejects(
      Harness.start({ definitions: [definition] }),
      /Cannot register demo.wrong/,
    );
  });
}

Deno.test("odd code: a definition with an invalid type is refused with the rule for types", async () => {
  const definition = looseJob("user welcome!", () => Promise.resolve());
  await assert.rejects(
    Harness.start({ definitions: [definition] }),
    /^TypeError: Cannot use "user welcome!" as a type of job: it must be parts of A-Z/,
  );
});

/** A job whose second task fails, so that the first is compensated. */
function compensating(gates: Gates, log: string[], undo: () => unknown) {
  return looseJob("demo.undo", async (ctx) => {
    await ctx.task("reserve", () => "R", {
      retry: { maxAttempts: 3, initialMs: 60_000, jitter: 0 },
      compensate: () => {
        log.push("undo");
        return undo();
      },
    });
    await ctx.task("charge", async () => {
      await gates.wait("charge");
      throw new NonRetryableError("refused");
    });
  });
}

const blocker = (gates: Gates) =>
  looseJob("demo.block", (ctx) => ctx.task("w", () => gates.wait("w")));

Deno.test("busy engine: a compensation that is resumed while no worker is free continues", async () => {
  const [gates, log] = [new Gates(), [] as string[]];
  const definitions = [compensating(gates, log, () => {}), blocker(gates)];
  const daybook = await Harness.start({ definitions, maxRunning: 1 });
  const id = await daybook.submit("demo.undo");
  await daybook.control(id, "suspend");
  gates.open("charge");
  await daybook.clock.settle();
  const blocking = await daybook.submit("demo.block");
  assert.equal(daybook.condition(blocking), "executing");

  await daybook.control(id, "resume");
  await daybook.event("ec.Anything", {}, { jobId: id });
  gates.open("w");
  await daybook.clock.advance(1_000);

  assert.deepEqual(log, ["undo"]);
  assert.equal(daybook.job(id).state, "Failed");
  assert.equal(daybook.engine.activity.busyWorkers, 0);
});

Deno.test("busy engine: a compensation that backs off holds no worker, whatever comes", async () => {
  const [gates, log] = [new Gates(), [] as string[]];
  const undo = () => {
    if (log.length === 1) throw new Error("not now");
  };
  const daybook = await Harness.start({
    definitions: [compensating(gates, log, undo), blocker(gates)],
    maxRunning: 1,
  });
  const id = await daybook.submit("demo.undo");
  gates.open("charge");
  await daybook.clock.settle();

  await daybook.event("ec.Anything", {}, { jobId: id });
  assert.equal(daybook.engine.activity.busyWorkers, 0);
  await daybook.submit("demo.block");
  await daybook.event("ec.Anything", {}, { jobId: id });
  await daybook.clock.advance(60_000);
  assert.deepEqual(log, ["undo"]);
  gates.open("w");
  await daybook.clock.settle();

  assert.deepEqual(log, ["undo", "undo"]);
  assert.equal(daybook.job(id).state, "Failed");
});

/** Waits for an event beside a task that fails once. */
function branches(gates: Gates, ran: string[]) {
  return looseJob("demo.branches", async (ctx) => {
    await Promise.all([
      ctx.expect("x").then(() => ctx.task("afterX", () => void ran.push("afterX"))),
      ctx.task("ask", async (task) => {
        ran.push(`ask ${task.attempt}`);
        if (task.attempt === 1) throw new Error("no answer");
        await gates.wait("ask");
      }, { retry: { initialMs: 60_000, jitter: 0 } })
        .then(() => ctx.task("afterAsk", () => void ran.push("afterAsk"))),
    ]);
  }, { expects: () => ({ x: { eventType: "ec.X" } }) });
}

for (const end of ["crash", "clean stop"] as const) {
  Deno.test(`restart: a task interrupted by a ${end} beside a wait runs again`, async () => {
    const [gates, ran] = [new Gates(), [] as string[]];
    const daybook = await Harness.start({ definitions: [branches(gates, ran)] });
    const id = await daybook.submit("demo.branches");
    await daybook.clock.advance(60_000);
    assert.deepEqual(ran, ["ask 1", "ask 2"]);
    if (end === "clean stop") {
      const stopping = daybook.engine.stop(0);
      await daybook.clock.advance(20_000);
      await stopping;
      await daybook.journal.close();
    }

    const restarted = await daybook.crash();
    gates.open("ask");
    await restarted.clock.settle();
    assert.deepEqual(ran, ["ask 1", "ask 2", "ask 3", "afterAsk"]);
    assert.equal(restarted.condition(id), "waiting");
    await restarted.event("ec.X");

    assert.equal(restarted.job(id).state, "Done");
    restarted.assertSound();
  });
}

/** Waits for x beside a chain of two tasks, the first of which the test ends. */
function chainBesideWait(gates: Gates, ran: string[]) {
  return looseJob("demo.chain", (ctx) =>
    Promise.all([
      ctx.expect("x"),
      ctx.task("a", () => gates.wait("a")).then(() => ctx.task("b", () => void ran.push("b"))),
    ]), { expects: () => ({ x: { eventType: "ec.X" } }) });
}

Deno.test("restart: a task asked for while the engine drained runs after a clean stop", async () => {
  const [gates, ran] = [new Gates(), [] as string[]];
  const daybook = await Harness.start({ definitions: [chainBesideWait(gates, ran)] });
  await daybook.submit("demo.chain");
  const stopping = daybook.engine.stop(10_000);
  gates.open("a");
  await daybook.clock.advance(20_000);
  await stopping;
  await daybook.journal.close();
  assert.deepEqual(ran, []);

  await daybook.crash();
  assert.deepEqual(ran, ["b"]);
});

Deno.test("restart: a task asked for while its job was suspended runs when it is resumed", async () => {
  const [gates, ran] = [new Gates(), [] as string[]];
  const daybook = await Harness.start({ definitions: [chainBesideWait(gates, ran)] });
  const id = await daybook.submit("demo.chain");
  await daybook.control(id, "suspend");
  gates.open("a");
  await daybook.clock.settle();

  const restarted = await daybook.crash();
  await restarted.control(id, "resume");
  assert.deepEqual(ran, ["b"]);
});

Deno.test("stop: a job whose compensation resumed after a crash stops in order", async () => {
  const definition = looseJob("demo.later", async (ctx) => {
    await ctx.task("reserve", () => 1, {
      retry: { initialMs: 600_000, jitter: 0 },
      compensate: () => {
        throw new Error("later");
      },
    });
    await Promise.all([
      ctx.task("flaky", () => {
        throw new Error("no answer");
      }, { retry: { initialMs: 600_000, jitter: 0 } }),
      ctx.task("bad", () => {
        throw new NonRetryableError("no");
      }),
    ]);
  });
  const daybook = await Harness.start({ definitions: [definition] });
  await daybook.submit("demo.later");

  const restarted = await daybook.crash();
  const stopping = restarted.engine.stop(0);
  await restarted.clock.advance(20_000);
  await stopping;
  restarted.assertSound();
});

Deno.test("busy engine: the retry of a parallel compensation gives a suspended one no worker", async () => {
  const gates = new Gates();
  const definition = looseJob("demo.siblings", async (ctx) => {
    await ctx.task("reserve", () => 1, { compensate: () => {} });
    await Promise.all([
      ctx.task("flaky", () => {
        throw new Error("no answer");
      }, { retry: { initialMs: 60_000, jitter: 0 } }),
      ctx.task("bad", async () => {
        await gates.wait("bad");
        throw new NonRetryableError("no");
      }),
    ]);
  });
  const daybook = await Harness.start({ definitions: [definition], maxRunning: 1 });
  const id = await daybook.submit("demo.siblings");
  await daybook.control(id, "suspend");
  gates.open("bad");
  await daybook.clock.settle();
  assert.equal(daybook.job(id).state, "Compensating");

  await daybook.clock.advance(120_000);
  assert.equal(daybook.engine.activity.busyWorkers, 0);
  await daybook.control(id, "resume");
  assert.equal(daybook.job(id).state, "Failed");
});

Deno.test("busy engine: a suspended job that gets an event while a task ends returns its worker", async () => {
  const gates = new Gates();
  const definition = looseJob("demo.both", async (ctx) => {
    await ctx.task("sort", () => gates.wait("sort"));
    await ctx.expect("approved");
    await ctx.task("send", () => {});
  }, { expects: () => ({ approved: { eventType: "ec.Approved" } }) });
  const daybook = await Harness.start({ definitions: [definition], maxRunning: 1 });
  const id = await daybook.submit("demo.both");
  await daybook.control(id, "suspend");
  // Both are appended, and neither is durable yet.
  daybook.journal.hold();
  const approved = daybook.event("ec.Approved", {}, { jobId: id });
  await daybook.clock.settle();
  gates.open("sort");
  await daybook.clock.settle();
  daybook.journal.release();
  await approved;
  await daybook.clock.settle();
  assert.equal(daybook.condition(id), "suspended");
  assert.equal(daybook.engine.activity.busyWorkers, 0);

  await daybook.control(id, "resume");
  assert.equal(daybook.job(id).state, "Done");
});

Deno.test("restart: an event continues the waiting branch while the other backs off", async () => {
  const [gates, ran] = [new Gates(), [] as string[]];
  const daybook = await Harness.start({ definitions: [branches(gates, ran)] });
  const id = await daybook.submit("demo.branches");

  const restarted = await daybook.crash();
  assert.equal(restarted.condition(id), "backingOff");
  await restarted.event("ec.X");

  assert.deepEqual(ran, ["ask 1", "afterX"]);
});

Deno.test("restart: a job suspended while it queues for its retry continues when resumed", async () => {
  const gates = new Gates();
  const flaky = looseJob("demo.flaky", (ctx) =>
    ctx.task("call", (task) => {
      if (task.attempt === 1) throw new Error("no answer");
    }, { retry: { initialMs: 60_000, jitter: 0 } }));
  const first = await Harness.start({ definitions: [flaky, blocker(gates)], maxRunning: 1 });
  const id = await first.submit("demo.flaky");
  const blocking = await first.submit("demo.block");
  assert.equal(first.condition(blocking), "executing");
  const daybook = await first.crash();
  await daybook.clock.advance(60_000);

  await daybook.control(id, "suspend");
  gates.open("w");
  await daybook.clock.settle();
  await daybook.control(id, "resume");
  await daybook.clock.advance(60_000);

  assert.equal(daybook.job(id).state, "Done");
  assert.equal(daybook.engine.activity.busyWorkers, 0);
});

Deno.test("race: no attempt starts once its job's failure is being written", async () => {
  const [gates, ran] = [new Gates(), [] as string[]];
  const racing = looseJob("demo.racing", async (ctx) => {
    await ctx.task("undoable", () => "U", { compensate: () => void ran.push("undo") });
    await gates.wait("pause");
    await ctx.task("charge", () => void ran.push("charge"), {
      compensate: () => void ran.push("refund"),
    });
  }, { errors: () => [{ eventType: "ec.Lost" }] });
  const daybook = await Harness.start({ definitions: [racing] });
  const id = await daybook.submit("demo.racing");

  // The failure has its position, but is not durable when the start of charge is decided.
  daybook.journal.hold();
  const lost = daybook.event("ec.Lost", {}, { jobId: id });
  gates.open("pause");
  await daybook.clock.settle();
  daybook.journal.release();
  await lost;
  await daybook.clock.settle();

  const story = await daybook.story(id);
  assert.ok(story.includes("Lost") && !story.includes("TaskStarted:charge"), story.join());
  assert.deepEqual(ran, ["undo"]);
  assert.equal(daybook.job(id).state, "Failed");
  assert.equal(daybook.engine.activity.busyWorkers, 0);
});

Deno.test("disk full: a failure without room is not overtaken by the next attempt", async () => {
  const flaky = looseJob("demo.flaky", (ctx) =>
    ctx.task("call", () => {
      throw new Error("no answer");
    }, { retry: { maxAttempts: 2, initialMs: 100, jitter: 0 } }));
  const daybook = await Harness.start({ definitions: [flaky] });
  daybook.journal.hold();
  const creating = daybook.engine.create({ type: "demo.flaky", input: {} });
  await daybook.clock.settle();
  daybook.journal.release();
  const created = await creating;
  assert.ok(created.ok);
  const id = created.value.job.jobId;
  while (!(await daybook.story(id)).includes("TaskStarted:call")) await daybook.clock.nextTurn();
  daybook.journal.failNext(new JournalFullError("no room"));
  await daybook.clock.advance(5_000);

  assert.deepEqual((await daybook.story(id)).slice(3), [
    "TaskStarted:call",
    "TaskFailed:call",
    "TaskStarted:call",
    "TaskFailed:call",
  ]);
  assert.equal(failureOf(daybook, id).kind, "deadLetter");
});

Deno.test("disk full: a stop still ends", async () => {
  const gates = new Gates();
  const daybook = await Harness.start({ definitions: [blocker(gates)] });
  await daybook.submit("demo.block");
  const always = () => daybook.journal.failNext(new JournalFullError("no room"));
  always();
  gates.open("w");
  await daybook.clock.settle();
  let ended = false;
  const stopping = daybook.engine.stop(0).then(() => ended = true);
  for (let second = 0; second < 30; second++) {
    always();
    await daybook.clock.advance(1_000);
  }
  await stopping;

  assert.equal(ended, true);
});

Deno.test("a failed read is retried, and the job gets its answer", async () => {
  const waiting = looseJob("demo.waiting", async (ctx) => (await ctx.expect("x"))[0].attributes, {
    expects: () => ({ x: { eventType: "ec.X" } }),
  });
  const daybook = await Harness.start({ definitions: [waiting] });
  const id = await daybook.submit("demo.waiting");
  const readAt = daybook.journal.readAt.bind(daybook.journal);
  let failures = 0;
  daybook.journal.readAt = (logIds) =>
    failures++ === 0 ? Promise.reject(new Error("EIO")) : readAt(logIds);

  await daybook.event("ec.X", { a: 1 });
  await daybook.clock.advance(1_000);

  assert.equal(daybook.job(id).state, "Done");
  assert.equal(daybook.defects.length, 1);
});

Deno.test("replay: a run that briefly awaits something else does not diverge", async () => {
  const pause = () => new Promise<void>((resolve) => pauses.push(resolve));
  const pauses: (() => void)[] = [];
  const pausing = looseJob("demo.pausing", async (ctx) => {
    await ctx.task("one", () => 1);
    await pause();
    const [event] = await ctx.expect("x");
    await ctx.task("two", () => 2);
    await ctx.task("three", () => pause());
    return event.attributes;
  }, { expects: () => ({ x: { eventType: "ec.X" } }) });
  const daybook = await Harness.start({ definitions: [pausing] });
  const id = await daybook.submit("demo.pausing");
  await daybook.event("ec.X", { a: 1 });
  pauses.shift()?.();
  await daybook.clock.settle();
  pauses.length = 0;

  const restarted = await daybook.crash();
  await restarted.clock.advance(500);
  pauses.shift()?.();
  await restarted.clock.settle();
  pauses.shift()?.();
  await restarted.clock.settle();

  assert.equal(restarted.job(id).state, "Done");
});

Deno.test("deliver: an event too large for all its jobs is rejected, and nothing is recorded", async () => {
  const daybook = await Harness.start();
  const waiting = plan([expectation("x", "ec.X", { multiplicity: { times: 5 } })]);
  for (let number = 0; number < 70; number++) await daybook.create({ plan: waiting });
  const head = daybook.engine.headLogId;

  const receipt = await daybook.event("ec.X", { text: "x".repeat(1_000_000) });

  assert.equal(receipt.disposition, "rejected");
  assert.match(receipt.reason ?? "", /^70 jobs expect it: Cannot record 71 entries at once/);
  assert.equal(daybook.engine.headLogId, head);
  assert.equal((await daybook.event("ec.X", { small: true })).jobs.length, 70);
});

/** Simulates a defect: no run of `demo.broken` can start. */
class BrokenTracing extends FakeTracing {
  override start(start: SpanStart) {
    if (start.jobType === "demo.broken") throw new Error("defect");
    return super.start(start);
  }
}

Deno.test("defect: one at the start of a run, from the queue or after a crash, stops no other job", async () => {
  const gates = new Gates();
  const broken = looseJob("demo.broken", () => Promise.resolve());
  const twoSteps = looseJob("demo.block", async (ctx) => {
    await ctx.task("first", () => gates.wait("first"));
    await ctx.task("second", () => gates.wait("second"));
  });
  const definitions = [twoSteps, broken];
  const daybook = await Harness.start({ definitions, maxRunning: 1, tracing: new BrokenTracing() });
  const blocking = await daybook.submit("demo.block");
  const jobId = await daybook.submit("demo.broken");
  gates.open("first");
  await daybook.clock.settle();
  gates.open("second");
  await daybook.clock.settle();

  assert.equal(daybook.job(blocking).state, "Done");
  assert.equal(daybook.condition(jobId), "queued");
  assert.deepEqual(daybook.defects.map(String), ["Error: defect"]);

  const restarted = await daybook.crash();
  assert.equal(restarted.condition(jobId), "queued");
  assert.deepEqual(restarted.defects.map(String), ["Error: defect"]);
});

Deno.test("large batch: no handler begins if a later slice has the end, or a suspension, of its job", async () => {
  const ran: string[] = [];
  const definition = looseJob("demo.one", (ctx) => ctx.task("a", () => void ran.push(ctx.jobId)));
  const daybook = await Harness.start({ definitions: [definition] });
  const { engine, journal, clock } = daybook;
  const [cancelled, suspended, other] = [jobId("cancelled"), jobId("suspended"), jobId("other")];
  const all = [cancelled, suspended, other];
  for (const jobId of all) await daybook.create({ type: "demo.one", jobId, start: false });
  journal.hold();
  const first = engine.deliver([incoming("demo.First")]);
  await clock.settle();
  for (const jobId of all) void engine.control(jobId, { kind: "start" });
  await clock.settle();
  void engine.deliver(Array.from({ length: 600 }, () => incoming("demo.Between")));
  await clock.settle();
  void engine.control(cancelled, { kind: "cancel" });
  void engine.control(suspended, { kind: "suspend" });
  await clock.settle();
  journal.release();
  await first;
  await clock.settle(200);
  assert.deepEqual(ran, ["other"]);
  await daybook.control(suspended, "resume");
  assert.deepEqual(ran, ["other", "suspended"]);
  daybook.assertSound();
});
