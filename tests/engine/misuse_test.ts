/** Misuse of `ctx` and unreadable errors: reported at once, with the step. */

import assert from "node:assert/strict";
import { type JobId, jobId } from "../../src/core/ids.ts";
import type { JobContext } from "../../src/engine/job_context.ts";
import { NonRetryableError, RetryLater } from "../../src/engine/job_errors.ts";
import { EMITTED_LENGTH_MAX, EMITTED_MAX } from "../../src/engine/run/attempts/attempt_context.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";
import { jsonOf, startApp } from "../support/http/http_app.ts";
import { TASKS_MAX, WAITS_MAX } from "../../src/core/job_state.ts";
import { RunContext } from "../../src/engine/run/call/run_context.ts";

/** A job that has failed, and why. */
async function failed(daybook: Harness, id: JobId) {
  await daybook.clock.settle();
  const job = daybook.job(id);
  assert.ok(job.state === "Failed", `state is ${job.state}`);
  daybook.assertSound();
  return job.failure;
}

const never = () => new Promise<void>(() => {});

Deno.test("misuse: a task that run does not await fails the job, and failure and explanation name it", async () => {
  const definition = looseJob("demo.float", async (ctx) => {
    void ctx.task("notify", never);
    await ctx.task("write", () => "written");
    return "done";
  });
  const app = await startApp({ definitions: [definition] });
  const { jobId } = await jsonOf(await app.post("/jobs", { type: "demo.float", input: {} }), 202);
  await app.clock.settle();

  const { failure } = await jsonOf<{ failure: { kind: string; taskId: string } }>(
    await app.get(`/jobs/${jobId}`),
    200,
  );
  assert.deepEqual([failure.kind, failure.taskId], ["poison", "main"]);
  const text = await (await app.get(`/jobs/${jobId}/explain?format=text`)).text();
  assert.match(
    text.replaceAll("\n", " "),
    /^Job \S+ failed: run .*MisuseError: run returned before task notify had ended: await everything/,
  );
});

Deno.test("misuse: a run that races an expectation with a sleep is told how to limit a wait", async () => {
  const definition = looseJob("demo.race", async (ctx) => {
    await Promise.race([ctx.expect("paid"), ctx.sleep("hour", 3_600_000)]);
  }, { expects: () => ({ paid: { eventType: "ec.Paid" } }) });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.race");
  await daybook.clock.advance(3_600_000);

  const { error } = await failed(daybook, id);
  assert.match(
    error.message,
    /^run returned before expectation paid had ended: .*; to wait for an event only for a time,/,
  );
});

Deno.test("misuse: an expectation that run does not await fails the job, live and after a restart", async () => {
  const definition = looseJob("demo.loose", async (ctx) => {
    await ctx.expect("go");
    void ctx.expect("shipped");
  }, { expects: () => ({ go: { eventType: "ec.Go" }, shipped: { eventType: "ec.Shipped" } }) });
  const daybook = await Harness.start({ definitions: [definition] });
  const one = await daybook.submit("demo.loose");
  const restarted = await daybook.crash();
  const other = await restarted.submit("demo.loose");
  await restarted.event("ec.Go");

  for (const id of [one, other]) {
    const { error, kind } = await failed(restarted, id);
    assert.match(error.message, /^run returned before expectation shipped had ended/);
    assert.equal(kind, "poison");
  }
});

Deno.test("misuse: the first failure stays the reason, with Promise.all and with a throw beside a task", async () => {
  const definitions = [
    looseJob("demo.all", (ctx) =>
      Promise.all([
        ctx.task("slow", (task) => aborted(task.signal)),
        ctx.task("bad", () => {
          throw new Error("no room");
        }, { retry: { maxAttempts: 1 } }),
      ])),
    looseJob("demo.throws", async (ctx) => {
      void ctx.task("slow", (task) => aborted(task.signal));
      await ctx.task("quick", () => 1);
      throw new Error("no room");
    }),
  ];
  const daybook = await Harness.start({ definitions });

  for (const [type, taskId] of [["demo.all", "bad"], ["demo.throws", "main"]] as const) {
    const id = await daybook.submit(type);
    const failure = await failed(daybook, id);
    assert.deepEqual([failure.taskId, failure.error.message], [taskId, "no room"]);
    assert.ok((await daybook.story(id)).includes("TaskInterrupted:slow"));
  }
});

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise((_, reject) => signal.addEventListener("abort", reject));
}

Deno.test("misuse: a task inside a task is refused when called, and both are named", async () => {
  let attempts = 0;
  const definition = looseJob("demo.nested", (ctx) =>
    ctx.task("outer", async () => {
      attempts++;
      await Promise.resolve();
      await ctx.task("inner", () => 1);
    }));
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.nested");

  const { error, taskId, kind } = await failed(daybook, id);
  assert.match(error.message, /^Cannot ask for task inner inside task outer: /);
  assert.deepEqual([taskId, kind, attempts], ["outer", "poison", 1]);
});

Deno.test("misuse: a task may not wait for an expectation, and a compensation may not call a task", async () => {
  const undoes = looseJob("demo.undoes", async (ctx) => {
    await ctx.task("reserve", () => 1, {
      retry: { maxAttempts: 1 },
      compensate: () => ctx.task("more", () => 1).catch(() => {}),
    });
    throw new Error("no room");
  });
  const waits = looseJob("demo.waits", (ctx) =>
    ctx.task("ask", async () => {
      await ctx.expect("go").catch(() => {});
    }), { expects: () => ({ go: { eventType: "ec.Go" } }) });
  const daybook = await Harness.start({ definitions: [undoes, waits] });

  const undoing = await daybook.submit("demo.undoes");
  assert.equal((await failed(daybook, undoing)).recoveryRequired, true);
  const [, failure] = (await daybook.entries(undoing))
    .filter(({ eventType }) => /Failed$/.test(eventType));
  assert.match(JSON.stringify(failure?.attributes), /ask for task more inside task reserve/);
  const waiting = await failed(daybook, await daybook.submit("demo.waits"));
  assert.match(waiting.error.message, /^Cannot ask for expectation go inside task ask/);
});

Deno.test("misuse: a task may start another job, whose tasks are its own", async () => {
  const daybook: Harness = await Harness.start({
    definitions: [
      looseJob("demo.outer", (ctx) =>
        ctx.task("start", async () => {
          await daybook.engine.create({ type: "demo.inner", input: {} });
        })),
      looseJob("demo.inner", async (ctx) => {
        await ctx.task("first", () => 1);
        return await ctx.task("second", () => 2);
      }),
    ],
  });
  await daybook.submit("demo.outer");

  const { jobs } = daybook.engine.lists.page({ limit: 10 });
  assert.deepEqual(jobs.map(({ state }) => state), ["Done", "Done"]);
});

Deno.test("misuse: a second use of an id is refused when called, and named", async () => {
  const definition = looseJob("demo.twice", async (ctx) => {
    await ctx.task("charge", () => 1);
    await ctx.task("charge", () => 2);
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const { error, kind } = await failed(daybook, await daybook.submit("demo.twice"));

  assert.match(error.message, /^Cannot ask for task charge twice/);
  assert.equal(kind, "poison");
});

Deno.test("misuse: the ctx of another job is refused in a task, and both are named", async () => {
  const held = Promise.withResolvers<JobContext<string>>();
  const holder = looseJob("demo.holder", async (ctx) => {
    held.resolve(ctx);
    await ctx.sleep("rest", 60_000);
  });
  const thief = looseJob("demo.thief", (ctx) =>
    ctx.task("steal", async () => {
      await (await held.promise).task("stolen", () => 1);
    }));
  const daybook = await Harness.start({ definitions: [holder, thief] });
  const holding = await daybook.submit("demo.holder");
  const stealing = await daybook.submit("demo.thief");
  const { error } = await failed(daybook, stealing);

  assert.equal(
    error.message,
    `Cannot ask for task stolen of job ${holding} inside task steal of job ${stealing}: ` +
      "only the run of a job may use its ctx",
  );
  assert.equal(daybook.job(holding).tasks.some(({ taskId }) => taskId === "stolen"), false);
});

const WRONG_CALLS: Readonly<
  Record<string, readonly [call: (ctx: JobContext<string>) => unknown, message: RegExp]>
> = {
  "a number as the id of a task": [
    (ctx) => ctx.task(7 as unknown as string, () => 1),
    /^Cannot use 7 as a task id: it must be 1 to 128/,
  ],
  "null as the id of a task": [
    (ctx) => ctx.task(null as unknown as string, () => 1),
    /^Cannot use null as a task id: it must be 1 to 128/,
  ],
  "a list as the id of a sleep": [
    (ctx) => ctx.sleep(["rest"] as unknown as string, 1),
    /^Cannot use \["rest"\] as a sleep id: it must be 1 to 128/,
  ],
  "a task without a function": [
    (ctx) => ctx.task("charge", undefined as unknown as () => void),
    /^Cannot run task charge: its second argument must be a function$/,
  ],
  "a compensation that is no function": [
    (ctx) => ctx.task("charge", () => 1, { compensate: "refund" as unknown as () => void }),
    /^Cannot run task charge: compensate must be a function$/,
  ],
  "an option of a task that there is not": [
    (ctx) => ctx.task("charge", () => 1, { timeout: 5_000 } as object),
    /^Cannot run task charge: timeout is not an option; known are retry, timeoutMs, compensate$/,
  ],
  "a member of retry that there is not": [
    (ctx) => ctx.task("charge", () => 1, { retry: { attempts: 5 } as object }),
    /^Cannot run task charge: attempts is not a member of retry; known are maxAttempts, initialMs,/,
  ],
  "a number as retry": [
    (ctx) => ctx.task("charge", () => 1, { retry: 3 as unknown as object }),
    /^Cannot run task charge: retry must be an object, as \{maxAttempts: 3\}$/,
  ],
  "null as retry": [
    (ctx) => ctx.task("charge", () => 1, { retry: null as unknown as object }),
    /^Cannot run task charge: retry must be an object, as \{maxAttempts: 3\}$/,
  ],
  "a number as the options of a task": [
    (ctx) => ctx.task("charge", () => 1, 5_000 as unknown as object),
    /^Cannot run task charge: its options must be an object, as \{timeoutMs: 5_000\}$/,
  ],
  "a list as the options of a task": [
    (ctx) => ctx.task("charge", () => 1, [] as object),
    /^Cannot run task charge: its options must be an object, as \{timeoutMs: 5_000\}$/,
  ],
  "an option of a wait that there is not": [
    (ctx) => ctx.expect("paid", { withinMs: 1, otherwise: "fail" } as { withinMs: number }),
    /^Cannot expect paid: otherwise is not an option; known are withinMs$/,
  ],
  "null as the options of a wait": [
    (ctx) => ctx.expect("paid", null as unknown as { withinMs: number }),
    /^Cannot expect paid: its options must be an object, as \{withinMs: 60_000\}$/,
  ],
  "null as the end of a sleep": [
    (ctx) => ctx.sleep("rest", { until: null as unknown as Date }),
    /^Cannot sleep rest until null: give a Date, a time in RFC 3339, or milliseconds since/,
  ],
  "a time of a sleep that there is not": [
    (ctx) => ctx.sleep("rest", { until: 0, ms: 5 } as { until: number }),
    /^Cannot sleep rest: ms is not a time; known are until$/,
  ],
  "a text as a time limit": [
    (ctx) => ctx.task("charge", () => 1, { timeoutMs: "5s" as unknown as number }),
    /^Cannot run task charge: timeoutMs is 5s; it must be milliseconds, above 0$/,
  ],
  "a text as the time of a sleep": [
    (ctx) => ctx.sleep("rest", "5m" as unknown as number),
    /^Cannot sleep rest for 5m: give milliseconds, or \{until\}$/,
  ],
  "a task without its ctx": [
    ({ task }) => task("charge", () => 1),
    /^Cannot ask for task charge without ctx: call the methods of ctx as ctx.task, ctx.sleep and/,
  ],
  "the end of run as an expectation": [
    (ctx) => ctx.expect("main"),
    /^Cannot expect "main": expects did not declare it for this job; it declared paid$/,
  ],
  "a list as the type of an event": [
    (ctx) => ctx.task("emit", (task) => task.emit(["ec.Sent"] as unknown as string)),
    /^Cannot use \["ec.Sent"\] as an event type/,
  ],
};

for (const [what, [call, message]] of Object.entries(WRONG_CALLS)) {
  Deno.test(`misuse: ${what} is refused when called`, async () => {
    const definition = looseJob("demo.wrong", async (ctx) => void await call(ctx), {
      expects: () => ({ paid: { eventType: "ec.Paid" } }),
    });
    const daybook = await Harness.start({ definitions: [definition] });
    const id = await daybook.submit("demo.wrong");
    await daybook.clock.advance(60_000);
    const { error } = await failed(daybook, id);

    assert.match(error.message, message);
  });
}

Deno.test("misuse: a call of ctx after the end of run is refused with that reason", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const definition = looseJob("demo.late", (ctx) => {
    setTimeout(() => {
      try {
        resolve(ctx.task("late", () => 1));
      } catch (error) {
        resolve(error);
      }
    }, 1);
    return ctx.task("quick", () => 1);
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.late");

  assert.match(String(await promise), /^MisuseError: Cannot ask for task late of job .* has ended/);
  assert.equal(daybook.job(id).state, "Done");
});

/** An unreadable value, and a way to throw it. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable(new Error("gone"), {});
  revoke();
  return proxy;
}

function unreadable(...names: readonly string[]): Error {
  const get = () => {
    throw new Error("not for you");
  };
  const members = Object.fromEntries(names.map((name) => [name, { get }]));
  return Object.defineProperties(new RangeError("hidden"), members);
}

const THROWN: Readonly<Record<string, readonly [thrown: () => unknown, learnt: RegExp]>> = {
  "a revoked proxy": [revoked, /^Error: \(something that cannot be read\)$/],
  "an error whose message throws": [() => unreadable("message"), /^RangeError: \(its message/],
  "an error whose name throws": [() => unreadable("name"), /^Error: hidden$/],
  "an error whose stack and cause throw": [
    () => unreadable("stack", "cause"),
    /^RangeError: hidden$/,
  ],
  "an error of which nothing can be read": [
    () => unreadable("name", "message", "stack", "cause", "toString"),
    /^Error: \(its message cannot be read\)$/,
  ],
  "an object whose toString throws": [
    () => ({
      toString: () => {
        throw revoked();
      },
    }),
    /^Error: \[object Object\]$/,
  ],
  "an error whose message is one": [
    () => Object.assign(new Error(), { message: revoked() }),
    /^Error: \(something that cannot be read\)$/,
  ],
  "a delay that throws": [
    () => Object.defineProperty(new RetryLater(1, "later"), "delayMs", { get: revokedRead }),
    /^RetryLater: later$/,
  ],
};

function revokedRead(): never {
  throw revoked();
}

for (const [what, [thrown, learnt]] of Object.entries(THROWN)) {
  Deno.test(`thrown: ${what} fails the task that threw it, with what could be read`, async () => {
    const fails = () => {
      throw thrown();
    };
    const once = { retry: { maxAttempts: 1 } };
    const definitions = [
      looseJob("demo.task", (ctx) => ctx.task("task", fails, once)),
      looseJob("demo.run", () => Promise.reject(thrown())),
      looseJob("demo.undo", async (ctx) => {
        await ctx.task("done", () => 1, { ...once, compensate: fails });
        await ctx.task("task", fails, once);
      }),
    ];
    const daybook = await Harness.start({ definitions });
    for (const { type } of definitions) {
      const { error } = await failed(daybook, await daybook.submit(type));
      assert.match(`${error.name}: ${error.message}`, learnt, type);
    }
    const restarted = await daybook.crash();
    restarted.assertSound();
  });
}

Deno.test("thrown: startsOn may throw any value too", async () => {
  const definition = looseJob("demo.started", () => Promise.resolve(), {
    startsOn: { eventType: "ec.Started", input: revokedRead },
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const { jobs: [started] } = await daybook.event("ec.Started");

  const { error } = await failed(daybook, started?.jobId as JobId);
  assert.equal(error.message, "(something that cannot be read)");
});

Deno.test("late: emit and progress after the end of an attempt are reported once, with the step", async () => {
  const late: Promise<void>[] = [];
  const definition = looseJob("demo.late", (ctx) =>
    ctx.task("notify", (task) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      late.push(promise);
      setTimeout(() => {
        for (let call = 0; call < 1_000; call++) {
          task.emit("ec.Notified", { to: "all" });
          task.progress(call, 1_000);
        }
        resolve();
      }, 1);
    }));
  const daybook = await Harness.start({ definitions: [definition] });
  const [id] = [await daybook.submit("demo.late"), await daybook.submit("demo.late")];
  await Promise.all(late);
  await daybook.clock.settle();

  const after = `after its attempt 1 had ended: the call is not recorded`;
  assert.equal(daybook.misuses.length, 2);
  for (const [index, call] of ["emit", "progress"].entries()) {
    const told = `task notify of demo.late, job ${id}, called task.${call} ${after}`;
    assert.equal(daybook.misuses[index]?.slice(0, told.length), told);
  }
  assert.equal(daybook.job(id).state, "Done");
  assert.ok(!(await daybook.story(id)).some((name) => /Notified|Progressed/.test(name)));
});

Deno.test("late: calls of an attempt that was stopped from outside are not reported", async () => {
  const { promise: isLate, resolve } = Promise.withResolvers<void>();
  const definition = looseJob("demo.stopped", (ctx) =>
    ctx.task("copy", async (task) => {
      await new Promise((resolve) => task.signal.addEventListener("abort", resolve));
      await Promise.resolve();
      setTimeout(() => {
        task.progress(1, 2);
        resolve();
      }, 1);
    }, { timeoutMs: 5, retry: { maxAttempts: 1 } }));
  const daybook = await Harness.start({ definitions: [definition] });
  await daybook.submit("demo.stopped");
  await daybook.clock.advance(10);
  await isLate;

  assert.deepEqual(daybook.misuses, []);
});

Deno.test("limits: the events of an attempt are limited in number and characters", async () => {
  const emits = (count: number, text: string) => (ctx: JobContext<string>) =>
    ctx.task("emit", (task) => {
      for (let event = 0; event < count; event++) task.emit("ec.Counted", { event, text });
    });
  const definitions = [
    looseJob("demo.most", emits(EMITTED_MAX, "")),
    looseJob("demo.many", emits(EMITTED_MAX + 1, "")),
    looseJob("demo.long", emits(6, "x".repeat(EMITTED_LENGTH_MAX / 5))),
  ];
  const daybook = await Harness.start({ definitions });

  const most = await daybook.submit("demo.most");
  await daybook.clock.settle(300);
  assert.equal(daybook.job(most).state, "Done");
  for (const [type, limit] of [["demo.many", "1000 events"], ["demo.long", "4194304 char"]]) {
    const { error, kind, taskId } = await failed(daybook, await daybook.submit(type ?? ""));
    assert.match(
      error.message,
      new RegExp(`^Cannot emit ec.Counted: an attempt may emit at most ${limit}`),
    );
    assert.deepEqual([kind, taskId], ["poison", "emit"]);
  }
  const counted = (await daybook.engine.entries(0, 5_000))
    .filter(({ eventType }) => eventType === "ec.Counted");
  assert.equal(counted.length, EMITTED_MAX);
});

Deno.test("limits: an attempt fails if its events reach too many jobs", async () => {
  const waits = looseJob("demo.waits", (ctx) => ctx.expect("go"), {
    expects: () => ({ go: { eventType: "ec.Go" } }),
  });
  const emits = looseJob("demo.emits", (ctx) => ctx.task("emit", (task) => task.emit("ec.Go")));
  const definitions = [waits, emits];
  const daybook = await Harness.start({ definitions, limits: { entriesMax: 6 } });
  const waiting: JobId[] = [];
  for (let count = 0; count < 5; count++) waiting.push(await daybook.submit("demo.waits"));

  const { error, taskId, kind } = await failed(daybook, await daybook.submit("demo.emits"));
  assert.deepEqual([error.name, taskId, kind], ["TooManyEntriesError", "emit", "poison"]);
  assert.match(error.message, /may make 6 entries; let several/);
  await daybook.control(waiting[0] as JobId, "cancel");
  const id = await daybook.submit("demo.emits");
  assert.equal(daybook.job(id).state, "Done");
  assert.equal(daybook.job(waiting[1] as JobId).state, "Done");
});

Deno.test("limits: tasks start jobs up to a quarter beyond the limit of requests, and are then retried", async () => {
  const waits = looseJob("demo.waits", (ctx) => ctx.sleep("long", 3_600_000), {
    startsOn: { eventType: "ec.Go", input: () => ({}) },
  });
  const emits = looseJob("demo.emits", async (ctx) => {
    await ctx.sleep("first", ctx.jobId === "late" ? 1_000 : 0);
    await ctx.task("emit", (task) => {
      for (let count = 0; count < 8; count++) task.emit("ec.Go");
    });
  });
  const daybook = await Harness.start({ definitions: [waits, emits], limits: { jobsMax: 8 } });
  const started = async () =>
    (await daybook.engine.entries(0, 1_000)).flatMap(({ eventType, causedBy, jobId }) =>
      eventType === "job.JobCreated" && causedBy !== undefined ? [jobId as JobId] : []
    );

  const late = jobId("late");
  await daybook.create({ type: "demo.emits", input: {}, jobId: late });
  const early = await daybook.submit("demo.emits");
  await daybook.clock.advance(1);
  assert.equal(daybook.job(early).state, "Done");
  assert.equal((await started()).length, 8);

  await daybook.clock.advance(1_000);
  const task = daybook.job(late).tasks.find(({ taskId }) => taskId === "emit");
  assert.ok(task?.status === "backingOff", task?.status);
  assert.equal(
    task.error.message,
    "Cannot start 8 jobs with the events of a task: the limit jobsMax is 8, which tasks may " +
      "exceed by a quarter",
  );
  for (const jobId of await started()) await daybook.control(jobId, "cancel");
  await daybook.clock.advance(60_000);
  assert.equal(daybook.job(late).state, "Done");
  assert.equal((await started()).length, 16, "each event is recorded once");
  daybook.assertSound();
});

Deno.test("limits: a compensation may start any number of jobs, so that nothing is left to a person", async () => {
  const waits = looseJob("demo.waits", (ctx) => ctx.sleep("long", 3_600_000), {
    startsOn: { eventType: "ec.Go", input: () => ({}) },
  });
  const undoes = looseJob("demo.undoes", async (ctx) => {
    await ctx.task("charge", () => {}, {
      compensate: (_, task) => {
        for (let count = 0; count < 9; count++) task.emit("ec.Go");
      },
    });
    throw new NonRetryableError("declined");
  });
  const daybook = await Harness.start({ definitions: [waits, undoes], limits: { jobsMax: 4 } });
  const id = await daybook.submit("demo.undoes");
  const { failure } = daybook.job(id) as { failure?: { recoveryRequired: boolean } };
  assert.equal(failure?.recoveryRequired, false);
  const { jobs } = daybook.engine.lists.page({ limit: 50, types: ["demo.waits"] });
  assert.equal(jobs.length, 9);
  daybook.assertSound();
});

Deno.test("limits: progress is limited to a few reports a second, and the last one is on record", async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let report = (_done: number) => {};
  const definition = looseJob("demo.copy", (ctx) =>
    ctx.task("copy", (task) => {
      report = (done) => task.progress(done, 10_000);
      return ended;
    }));
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.copy");
  for (let tenth = 0; tenth < 30; tenth++) {
    for (let call = 0; call < 100; call++) report(tenth * 100 + call);
    await daybook.clock.advance(100);
  }
  report(10_000);
  end();
  await daybook.clock.settle();

  const reports = (await daybook.entries(id))
    .flatMap((entry) => entry.eventType === "job.TaskProgressed" ? [entry.attributes] : []);
  assert.ok(reports.length >= 8 && reports.length <= 14, `${reports.length} reports in 3 s`);
  assert.deepEqual(reports[0], { done: 0, total: 10_000 });
  assert.deepEqual(reports.at(-1), { done: 10_000, total: 10_000 });
});

Deno.test("run: the number of tasks is limited, and the call for one more says so", () => {
  const asked = new RunContext(jobId("order-7"), [], {
    seenAt: () => 0,
    asks: () => {},
  });
  for (let task = 0; task < TASKS_MAX; task++) asked.task(`task-${task}`, () => task);

  assert.throws(() => asked.task("one-more", () => 1), {
    name: "TypeError",
    message: /^Cannot ask for task one-more: this job has asked for 10000 tasks, the most allowed/,
  });
  assert.equal(asked.tasks.size, TASKS_MAX);
});

Deno.test("run: the first mistake is thrown, and later ones reject", async () => {
  const expectables = [{ id: "paid" }];
  const asked = new RunContext(jobId("order-7"), expectables, { seenAt: () => 0, asks: () => {} });
  void asked.task("charge", () => 1);

  assert.throws(
    () => asked.task("charge", () => 1),
    /^MisuseError: Cannot ask for task charge twice/,
  );
  await assert.rejects(() => asked.task("charge", () => 1), /^MisuseError: .* twice/);
  await assert.rejects(() => asked.sleep("late", -1), /^MisuseError: Cannot ask for sleep late/);
  await assert.rejects(
    () => asked.expect("rated"),
    /Cannot expect "rated": expects did not declare/,
  );
});

Deno.test("run: the number of waits with a time is limited, and the call for one more says so", () => {
  const expectables = ["paid", "rated"].map((id) => ({ id }));
  const asked = new RunContext(jobId("order-7"), expectables, {
    seenAt: () => 0,
    asks: (step) => step.kind === "wait" && asked.answerDeadline(step.name, step.wait),
  });
  for (let wait = 0; wait < WAITS_MAX; wait++) {
    void asked.expect(wait % 2 === 0 ? "paid" : "rated", { withinMs: 0 });
  }

  assert.throws(() => asked.expect("paid", { withinMs: 0 }), {
    name: "TypeError",
    message: /^Cannot wait for "paid" again: this job has had 10000 timed waits, the most allowed/,
  });
});
