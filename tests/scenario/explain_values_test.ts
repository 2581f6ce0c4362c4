/** Causes that are values: what a failed task had been given, and what its error says of them. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import { type Act, scripted } from "./incident_kit.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const ONCE = { maxAttempts: 1, initialMs: 1, factor: 1, jitter: 0 } as const;
const AT = "2026-01-01T00:00:00.000Z";

async function toldOf(daybook: Explained, jobId: string) {
  await daybook.assertCitations(jobId);
  const { summary, next } = await daybook.explanation(jobId);
  return { summary, next: next.map(({ statement }) => statement) };
}

/** What is told of a job whose last task throws an error, and whose first one returned a value. */
async function afterResult(result: unknown, error: Error, input: object = {}, waitMs = 0) {
  const use = looseJob("feed.use", async (ctx) => {
    await ctx.task("login", () => result as string);
    if (waitMs > 0) await ctx.sleep("pause", waitMs);
    await ctx.task("use", () => {
      throw error;
    }, { retry: ONCE });
  });
  const daybook = await Explained.start({ definitions: [use] });
  await daybook.submit("job", "feed.use", input);
  await daybook.clock.advance(waitMs);
  return await toldOf(daybook, "job");
}

Deno.test("explain a failure: a result that had expired before the task used it is named, and the retry that renews it", async () => {
  const refused = new Error("401 Unauthorized");
  for (
    const [result, shown] of [
      [{ expiresAt: "2026-01-01T00:59:00Z" }, 'expiresAt = "2026-01-01T00:59:00Z"'],
      [{ token: { exp: Date.parse(AT) / SECOND_MS + 3_540 } }, "token.exp = 1767229140"],
      [{ access_token: "x", expires_in: 3_540 }, "expires_in = 3540"],
    ] as const
  ) {
    const { summary, next } = await afterResult(result, refused, {}, HOUR_MS);
    const passed = `Task login returned ${shown}, which had passed 1 min before the last attempt ` +
      "of task use began.";
    assert.ok(summary.includes(passed), summary);
    assert.match(next.join("\n"), /^Retry it from task login, whose result has expired;/m);
  }
  // A retry that renews the result is all that is needed, though the task said it was hopeless.
  const hopeless = new NonRetryableError("401 Unauthorized");
  const last = await afterResult({ expiresAt: "2026-01-01T00:59:00Z" }, hopeless, {}, HOUR_MS);
  assert.match(last.next[0] ?? "", /^Retry it from task login, whose result has expired;/);
  const later = { expiresAt: "2026-01-01T02:00:00Z", expires_in: 7_200, validUntil: "2026-01-01" };
  const { summary, next } = await afterResult(later, refused, {}, HOUR_MS);
  assert.doesNotMatch(summary + next.join(), /login returned|expired/);
});

Deno.test("explain a failure: a passed time is not named if it is no end, or the error has nothing to do with one", async () => {
  const refused = new Error("401 Unauthorized");
  const past = "2025-12-31T00:00:00Z";
  for (
    const [result, error] of [
      [{ subscription: "s-1", expiredAt: past, expired_date: past, expiredOn: past }, refused],
      [{ expiresAt: "0001-01-01T00:00:00Z" }, refused],
      [{ expiresAt: "1970-01-01T00:00:00Z" }, refused],
      [{ trialExpiresIn: 14, expiresIn: 120, expires_in: 24 }, refused],
      [{ keys: [{ expiresAt: past }, { expiresAt: "2027-01-01T00:00:00Z" }] }, refused],
      [[{ expiresAt: past }], refused],
      [{ token: "t", expiresAt: past }, new Error("smtp down")],
      [{ token: "t", expiresAt: past }, new SyntaxError("Unexpected token '<'")],
    ] as const
  ) {
    const { summary, next } = await afterResult(result, error, {}, HOUR_MS);
    assert.doesNotMatch(summary + next.join(), /which had passed|has expired/);
  }
  const { summary } = await afterResult("ok", refused, { lock: { expires_in: 120 } }, HOUR_MS);
  assert.doesNotMatch(summary, /which had passed/);
});

Deno.test("explain a failure: a result that was issued after the task used it is named, as by another clock", async () => {
  const refused = new Error("403 token rejected");
  const { summary } = await afterResult({ issued_at: "2026-01-01T00:05:00Z" }, refused);
  assert.match(
    summary,
    /Task login returned issued_at = "2026-01-01T00:05:00Z", 5 min after the last attempt of task use began: a clock may be wrong\./,
  );
  const { summary: same } = await afterResult({ issued_at: AT }, refused);
  assert.doesNotMatch(same, /clock/);
});

Deno.test("explain a failure: a value of another type than the code takes it for is named, of an event, a result or the input", async () => {
  const error = new TypeError("paid.amount.toFixed is not a function");
  const { summary, next } = await afterResult({ amount: "12.50" }, error);
  const text = '"amount" as the text "12.50", not as a number.';
  assert.ok(summary.includes(`Task login completed, but returned ${text}`), summary);
  assert.match(next.join("\n"), /^First fix what task use failed on/);
  const given = await afterResult("ok", error, { amount: "12.50" });
  assert.ok(given.summary.includes(`Its input has ${text}`), given.summary);
  const right = await afterResult({ amount: 12.5 }, error, { total: "12.50" });
  assert.doesNotMatch(right.summary, /as the/);

  const book = defineJob({
    type: "invoice.book",
    version: 1,
    input: v.object({}),
    expects: () => ({ paid: { eventType: "psp.Paid", correlation: "any" } }),
    async run(ctx) {
      await ctx.expect("paid");
      await ctx.task("book", () => {
        throw error;
      }, { retry: ONCE });
    },
  });
  const daybook = await Explained.start({ definitions: [book] });
  await daybook.submit("job", "invoice.book");
  await daybook.event("psp.Paid", { amount: "12.50" });
  const { summary: ofEvent } = await toldOf(daybook, "job");
  assert.ok(ofEvent.includes(`psp.Paid has ${text}`), ofEvent);
});

Deno.test("next: the code is to be fixed if two attempts failed with the same TypeError; after one, what it failed on is checked", async () => {
  const told = async (messages: readonly string[]) => {
    const fetching = scripted("stock.fetch", {
      fetch: ({ attempt }) => {
        throw new TypeError(messages[attempt - 1]);
      },
    }, { retry: { maxAttempts: messages.length, initialMs: 1, factor: 1, jitter: 0 } });
    const daybook = await Explained.start({ definitions: [fetching] });
    await daybook.submit("job", "stock.fetch");
    await daybook.clock.advance(SECOND_MS);
    return (await toldOf(daybook, "job")).next.join("\n");
  };
  const error = "answer.items is not iterable";
  const failedOn = `what task fetch failed on: TypeError: ${error}.`;
  assert.ok((await told([error])).includes(`First check ${failedOn}`));
  assert.ok((await told(["fetch failed", error])).includes(`First check ${failedOn}`));
  assert.ok((await told([error, error])).includes(`First fix ${failedOn}`));
});

Deno.test("explain a failure: a value of the input that the error has in another form is named", async () => {
  const gone = new Error("DELETE /accounts/90071992547409940: 404 Not Found");
  const { summary } = await afterResult("ok", gone, { account: "90071992547409935" });
  assert.match(
    summary,
    /; its input has account = "90071992547409935", which the error has as 90071992547409940 \(rounded, as JavaScript/,
  );
  const { summary: other } = await afterResult("ok", gone, { account: "90071992547408111" });
  assert.doesNotMatch(other, /its input has/);
});

Deno.test("explain a failure: a part of a value of the input, or its form in a URL, is not named as damaged", async () => {
  for (
    const [message, input] of [
      ["no rate for 2026-12-02", { when: "2026-12-02T10:00:00Z" }],
      ["order-1234 is closed", { line: "order-1234-line-7" }],
      ["GET http://h/users/Ann%20Lee answered 500", { owner: "Ann Lee" }],
    ] as const
  ) {
    const { summary } = await afterResult("ok", new Error(message), input);
    assert.doesNotMatch(summary, /its input has/);
  }
  const { summary } = await afterResult("ok", new Error("no account DE89370400"), {
    iban: "DE89370400440532013000",
  });
  assert.match(summary, /, which the error has as DE89370400 \(cut off\)/);
});

Deno.test("explain a failure: a number of which a step read only the beginning is named, unless its result only happens to be equal", async () => {
  const negative = new Error("the margin is negative");
  const input = { price: "1.299,00", cost: 610 };
  for (const result of [{ price: 1.299 }, 1.299, { item: { price: 1.299 } }]) {
    const { summary } = await afterResult(result, negative, input);
    assert.match(
      summary,
      /; its input has price = "1\.299,00", of which task login made 1\.299\.$/,
    );
  }
  for (
    const [result, price] of [
      [{ discount: 1.299 }, "1.299,00"],
      [{ price: 1_299 }, "1.299,00"],
      [{ price: 1.299 }, "1.299"],
    ] as const
  ) {
    const { summary } = await afterResult(result, negative, { ...input, price });
    assert.doesNotMatch(summary, /of which|its input/);
  }
});

/** Each row of a feed sends a price, which a job of its own refuses. */
async function afterFeed(lines: readonly string[], parsed: unknown, error: string) {
  const feed = looseJob("feed.import", async (ctx) => {
    await ctx.task("parse", (task) => {
      task.emit("price.Changed", { sku: "HA-12", price: 1.611 });
      return parsed as string;
    });
  });
  const publish = looseJob("price.publish", async (ctx) => {
    await ctx.task("floor", () => {
      throw new NonRetryableError(error);
    });
  }, {
    startsOn: { eventType: "price.Changed", input: ({ attributes }) => attributes as never },
  });
  const daybook = await Explained.start({ definitions: [feed, publish] });
  await daybook.submit("feed", "feed.import", { lines });
  const response = await daybook.app.request("http://127.0.0.1:8000/jobs?type=price.publish");
  const { jobs: [failed] } = await response.json();
  return await toldOf(daybook, failed.jobId);
}

Deno.test("explain a failure: a value that came with the event which created the job is traced to the task that sent it, and the text of which that read the beginning", async () => {
  const error = "price 1.611 of HA-12 is below its floor";
  const sent =
    " price.Changed, which created this job with price = 1.611, was sent by task parse " +
    "of job feed";
  const items = [
    { sku: "HA-11", raw: "1.611,90", price: 1.611 },
    { sku: "HA-12", raw: "1.611,12", price: 1.611 },
  ];
  const lines = ["HA-11;1.611,90;EUR", "HA-12;1.611,12;EUR"];
  for (
    const [given, parsed, text] of [
      [
        lines,
        { items },
        ': task parse returned raw = "1.611,12", of which 1.611 is only the beginning.',
      ],
      [lines, "ok", ': its input has "HA-12;1.611,12;EUR", of which 1.611 is only the beginning.'],
      [["HA-12;1.611;EUR"], "ok", "."],
    ] as const
  ) {
    const { summary } = await afterFeed(given, parsed, error);
    assert.ok(summary.endsWith(sent + text), summary);
  }
});

Deno.test("explain a failure: the sender of the event that created the job is not named if the error shows only an id of it", async () => {
  for (const error of ["404: HA-12 does not exist", "connection reset", "price 161 is too low"]) {
    const { summary } = await afterFeed(["HA-12;1.611,12;EUR"], "ok", error);
    assert.doesNotMatch(summary, /was sent by/);
  }
});

Deno.test("explain a failure: attempts that came sooner than the error asks for are named, and when a retry may help", async () => {
  for (
    const [message, until] of [
      ["429 Too Many Requests (Retry-After: 120)", "2026-01-01T00:02:01.000Z"],
      ["slow down, try again in 2 minutes", "2026-01-01T00:02:01.000Z"],
      ['{"retry_after_ms":5000}', "2026-01-01T00:00:06.000Z"],
      ["daily quota used up; it resets at 2026-01-01T01:00:00+00:00", "2026-01-01T01:00:00.000Z"],
    ]
  ) {
    const call = scripted("geo.call", {
      call: () => {
        throw new Error(message);
      },
    }, { retry: { maxAttempts: 2, initialMs: SECOND_MS, factor: 1, jitter: 0 } });
    const daybook = await Explained.start({ definitions: [call] });
    await daybook.submit("job", "geo.call");
    await daybook.clock.advance(SECOND_MS);
    const { summary, next } = await toldOf(daybook, "job");
    assert.match(
      summary,
      new RegExp(`asks to wait .*, until ${until}; the 2 attempts came within 1 s\\.`),
    );
    assert.match(next.join("\n"), new RegExp(`^Retry it, not before ${until};`, "m"));
  }
  const { summary } = await afterResult("ok", new Error("no retry after 3 attempts"));
  assert.doesNotMatch(summary, /asks to wait/);
});

Deno.test("explain a failure: a number that is no wait, as in a date or of more than a day, is not taken for one", async () => {
  for (
    const [message, wait] of [
      ["HTTP 429, Retry-After: 99999999999999", ""],
      ["HTTP 429, retry-after: 1764670000", ""],
      ["HTTP 429, Retry-After: 86401", ""],
      ["HTTP 429, Retry-After: 0", ""],
      ["HTTP 503, Retry-After: 2026-12-02T10:00:00Z", ""],
      ["HTTP 429, Retry-After: 86400", "1 d"],
      ["HTTP 429, Retry-After: 120: slow down", "2 min"],
      ["HTTP 429, Retry-After: 1.5 min", "1 min 30 s"],
      ["retry_after=0.5", "500 ms"],
      ["try again at 2026-01-01T00:00:30Z", "30 s"],
      ["resets at 2025-12-31T23:00:00Z", ""],
      ["slot 2026-01-01T10:00:00Z is taken", ""],
    ] as const
  ) {
    const { summary } = await afterResult("ok", new Error(message));
    const [, asked = ""] = /asks to wait (.*?), until/.exec(summary) ?? [];
    assert.equal(asked, wait, summary);
  }
});

Deno.test("explain a failure: a retry from an earlier step comes no sooner than the error asks for either", async () => {
  const busy = new Error("429 Too Many Requests, retry after 45 seconds");
  const { next } = await afterResult({ error: "quota" }, busy);
  assert.match(
    next.join("\n"),
    /^Retry it, not before 2026-01-01T00:00:45\.000Z, from task login, whose result is an error;/m,
  );
});

Deno.test("explain a failure: the compensation that failed on what was undone before it is named with that", async () => {
  const missing: Act = () => {
    throw new Error("owner acc-77 does not exist");
  };
  const onboard = (accountId: string) =>
    scripted("tenant.onboard", {
      mailbox: () => "box-1",
      account: () => ({ accountId }),
      bill: () => {
        throw new Error("not sold any more");
      },
    }, { retry: ONCE, undo: { mailbox: missing, account: () => "deleted" } });
  for (const [id, isNamed] of [["acc-77", true], ["acc-7", false]] as const) {
    const daybook = await Explained.start({ definitions: [onboard(id)] });
    await daybook.submit("job", "tenant.onboard");
    await daybook.clock.advance(HOUR_MS);
    const { summary } = await toldOf(daybook, "job");
    assert.match(summary, /The compensation of task mailbox \(Error: owner acc-77 does not exist/);
    const undone = 'exist; task account, which had returned "acc-77", was undone before it)';
    assert.equal(summary.includes(undone), isNamed, summary);
  }
});

Deno.test("explain an error event: one that the policy nearly excepts is named, with where it has the excepted value", async () => {
  const rollout = looseJob("host.rollout", (ctx) => ctx.expect("passed"), {
    expects: () => ({ passed: { eventType: "probe.Passed", correlation: "any" } }),
    errors: () => [{
      eventType: "probe.Reported",
      correlation: { all: [{ equals: { host: "h1" } }, { not: { equals: { status: "ok" } } }] },
    }],
  });
  const told = async (attributes: object) => {
    const daybook = await Explained.start({ definitions: [rollout] });
    await daybook.submit("job", "host.rollout");
    await daybook.event("probe.Reported", { host: "h1", ...attributes });
    return (await toldOf(daybook, "job")).summary;
  };
  const nearly = 'Its policy excepts status = "ok", which the event nearly has: status: expected ' +
    '"ok", found ';
  assert.ok((await told({ state: "ok" })).includes(`${nearly}nothing; "ok" is at state.`));
  assert.ok((await told({ status: "OK" })).includes(`${nearly}"OK" (letter case).`));
  assert.doesNotMatch(await told({ status: "broken" }), /excepts/);
});

Deno.test("explain a failure: a correction of the event that it took, refused for its id, is named", async () => {
  const ship = looseJob("order.ship", async (ctx) => {
    await ctx.expect("paid");
    await ctx.sleep("pick", SECOND_MS);
    await ctx.task("check", () => {
      throw new Error("not paid in full");
    }, { retry: ONCE });
  }, {
    expects: () => ({
      paid: { eventType: "bank.Paid", correlation: { equals: { order: "O-33" } } },
    }),
  });
  const daybook = await Explained.start({ definitions: [ship] });
  await daybook.submit("job", "order.ship");
  const send = (amount: number) =>
    daybook.app.request("http://127.0.0.1:8000/events", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        ...{ eventType: "bank.Paid", eventId: "bank-33" },
        attributes: { order: "O-33", amount },
      }),
    });
  await send(1);
  await daybook.clock.settle();
  await send(133);
  await daybook.clock.advance(SECOND_MS);
  const { summary } = await toldOf(daybook, "job");
  const took = `"paid" took the event of ${AT} with amount 1; one with amount 133 came 0 ms ` +
    "later, but was refused: its id, bank-33, was on record already.";
  assert.ok(summary.includes(took), summary);
});

Deno.test("explain a failure: an event that came after it is not named among its causes", async () => {
  const watch = looseJob("order.watch", async (ctx) => {
    await ctx.expect("progress");
    await ctx.sleep("pause", SECOND_MS);
    await ctx.task("call", () => {
      throw new Error("500");
    }, { retry: ONCE });
  }, {
    expects: () => ({
      progress: { eventType: "shop.Progress", correlation: { equals: { order: "O-7" } } },
    }),
  });
  for (const isBefore of [true, false]) {
    const daybook = await Explained.start({ definitions: [watch] });
    await daybook.submit("job", "order.watch");
    await daybook.event("shop.Progress", { order: "O-7", percent: 10 });
    if (isBefore) await daybook.event("shop.Progress", { order: "O-7", percent: 20 });
    await daybook.clock.advance(SECOND_MS);
    if (!isBefore) await daybook.event("shop.Progress", { order: "O-7", percent: 20 });
    const { summary } = await toldOf(daybook, "job");
    assert.equal(summary.includes("one with percent 20 came"), isBefore, summary);
  }
});

Deno.test("explain: an event of another order that counted is named, even if a step returned what it carried", async () => {
  const settle = defineJob({
    ...{ type: "order.settle", version: 1, input: v.object({ order: v.string() }) },
    expects: () => ({ paid: { eventType: "pay.Paid", correlation: "any" } }),
    async run(ctx) {
      await ctx.expect("paid");
      await ctx.task("book", () => ({ payment: "pay_7781" }));
    },
  });
  const daybook = await Explained.start({ definitions: [settle] });
  await daybook.submit("job", "order.settle", { order: "O-1001" });
  await daybook.event("pay.Paid", { order: "O-2002", payment: "pay_7781" });
  const { summary } = await toldOf(daybook, "job");
  assert.match(summary, /although its order is "O-2002" and this job's is "O-1001"/);
});

Deno.test("explain: an event after the one that counted is not named if most jobs of the type had such events too", async () => {
  const accept = defineJob({
    ...{ type: "reefer.accept", version: 1 },
    input: v.object({ container: v.string() }),
    expects: ({ container }) => ({
      first: { eventType: "reefer.Read", correlation: { equals: { container } } },
    }),
    run: (ctx) => ctx.expect("first"),
  });
  for (const hadMore of [false, true]) {
    const daybook = await Explained.start({ definitions: [accept] });
    for (const container of ["C-1", "C-2", "C-3", "C-4"]) {
      await daybook.submit(container, "reefer.accept", { container });
      await daybook.event("reefer.Read", { container, celsius: -15 });
      if (hadMore) await daybook.event("reefer.Read", { container, celsius: -12 });
    }
    await daybook.event("reefer.Read", { container: "C-4", celsius: -9 });
    const { summary } = await toldOf(daybook, "C-4");
    assert.equal(summary.includes('"first" took the event of'), !hadMore, summary);
  }
});

Deno.test("explain a cancellation: a job that its reason names is in the summary, with what became of it", async () => {
  const publish = scripted("catalog.publish", {
    push: ({ jobId }) => {
      if (jobId === "spring-8") throw new Error("403 Forbidden");
      return new Promise<never>(() => {});
    },
  }, { retry: ONCE });
  const daybook = await Explained.start({ definitions: [publish] });
  await daybook.submit("spring-7", "catalog.publish");
  await daybook.submit("spring-8", "catalog.publish");
  await daybook.post("/jobs/spring-7/cancel", { reason: "superseded by spring-8" });
  const { summary } = await toldOf(daybook, "spring-7");
  assert.equal(
    summary,
    "Job spring-7 was cancelled (reason: superseded by spring-8). Job spring-8, which the reason " +
      `names, failed at ${AT} (Error: 403 Forbidden).`,
  );
});

Deno.test("contrast: a list without elements is named where all others have some", async () => {
  const quote = looseJob("quote.make", async (ctx) => {
    const items = await ctx.task("load", () => ctx.jobId === "bare" ? [] : [{ sku: ctx.jobId }]);
    await ctx.task("write", () => `${items[0]!.sku}`, { retry: ONCE });
  });
  const daybook = await Explained.start({ definitions: [quote], maxRunning: 8 });
  for (let at = 0; at < 12; at++) await daybook.submit(`quote-${at}`, "quote.make");
  await daybook.submit("bare", "quote.make");
  const { contrast } = await daybook.explanation("bare");
  assert.equal(
    contrast?.statement,
    "This job has no elements in result of load, where all 12 that went through have some.",
  );
});

Deno.test("contrast: what a job was given is not named if none of its code has run", async () => {
  const otp = looseJob("login.otp", (ctx) => ctx.expect("entered"), {
    expects: () => ({
      entered: {
        ...{ eventType: "login.Entered", correlation: "any" as const },
        within: { ms: SECOND_MS, otherwise: "fail" as const },
      },
    }),
  });
  const slow = scripted("bi.report", { query: () => new Promise<never>(() => {}) });
  const daybook = await Explained.start({ definitions: [otp, slow], maxRunning: 1 });
  for (let at = 0; at < 12; at++) {
    await daybook.submit(`otp-${at}`, "login.otp", { user: `u${at}` });
    await daybook.event("login.Entered", {}, { jobId: `otp-${at}` });
  }
  await daybook.submit("slow", "bi.report");
  await daybook.submit("late", "login.otp", { user: "x" });
  await daybook.clock.advance(SECOND_MS);
  const { summary, contrast } = await daybook.explanation("late");
  assert.match(summary, /before any of its code had run\./);
  assert.equal(contrast, undefined);
});

Deno.test("contrast: of jobs that failed after a restart, and others before it, the restart is named", async () => {
  const tax = (isBroken: boolean) =>
    scripted("tax.compute", {
      rate: () => {
        if (isBroken) throw new Error("TAX_TABLE is not set");
        return 0.19;
      },
    }, { retry: ONCE });
  const first = await Explained.start({ definitions: [tax(false)], maxRunning: 8 });
  for (let at = 0; at < 12; at++) await first.submit(`good-${at}`, "tax.compute");
  const daybook = await first.crash({ definitions: [tax(true)] });
  for (let at = 0; at < 3; at++) await daybook.submit(`bad-${at}`, "tax.compute");
  const { summary } = await toldOf(daybook, "bad-1");
  assert.match(
    summary,
    /created after the 12 that went through, of which the last was created at \S+\. In between, Daybook was started at \S+, after a crash\.$/,
  );
});

Deno.test("explain a failure: the only element of a list without what the code failed to read is named", async () => {
  const row = (at: number) => ({ iban: `DE${at}`, cents: at, to: { city: "Ulm" }, note: "x" });
  const rows = Array.from({ length: 6 }, (_, at) => row(at));
  const without = (at: number, name: string, list: readonly object[] = rows) =>
    list.map((one, index) => index === at ? { ...one, [name]: undefined } : one);
  const reading = (member: string, list: readonly object[], result: object = {}) =>
    afterResult(
      result,
      new TypeError(`Cannot read properties of undefined (reading '${member}')`),
      { rows: list },
    );
  for (
    const [member, name] of [["replaceAll", "iban"], ["toFixed", "cents"], ["city", "to"]] as const
  ) {
    const { summary } = await reading(member, without(4, name));
    const odd = `Its input has no "${name}" in rows[4], where all 5 others have one.`;
    assert.ok(summary.endsWith(odd), summary);
  }
  const { summary } = await reading("city", rows, { page: without(0, "to") });
  assert.match(summary, /Task login returned no "to" in page\[0\], where all 5 others have one\.$/);
  for (
    const [member, list] of [
      ["replaceAll", rows],
      // What it lacks is not what the code read.
      ["street", without(4, "to")],
      ["toFixed", without(4, "note")],
      // It may do without.
      ["replaceAll", without(4, "note", without(2, "note"))],
      ["replaceAll", without(2, "iban").slice(0, 3)],
    ] as const
  ) {
    assert.doesNotMatch((await reading(member, list)).summary, /others have one/);
  }
});

Deno.test("explain a failure: a task beside the one that failed is named if it makes what that one missed", async () => {
  const told = async (maker: string, message: string, isAwaited = false) => {
    const open = looseJob("tenant.open", async (ctx) => {
      const made = ctx.task(maker, (task) =>
        isAwaited ? "made" : new Promise<string>((resolve) => {
          task.signal.addEventListener("abort", () => resolve("made"));
        }));
      if (isAwaited) await made;
      await Promise.all([
        made,
        ctx.task("assign-plan", () => {
          throw new Error(message);
        }, { retry: ONCE }),
      ]);
    });
    const daybook = await Explained.start({ definitions: [open] });
    await daybook.submit("job", "tenant.open");
    return (await toldOf(daybook, "job")).summary;
  };
  const beside =
    /Task create-account, which was not awaited first, had not ended: task assign-plan/;
  assert.match(await told("create-account", "404: account acme-7 does not exist"), beside);
  const other = /not awaited first/;
  assert.doesNotMatch(await told("create-account", "account acme-7 is locked"), other);
  assert.doesNotMatch(await told("invite", "404: account acme-7 does not exist"), other);
  assert.doesNotMatch(await told("load-plan", "plan gold does not exist"), other);
  assert.doesNotMatch(await told("create-account", "404: no account acme-7", true), other);
});

Deno.test("explain a failure: failures of other types with the same first cause are named, however they are wrapped", async () => {
  const dns = new Error("getaddrinfo ENOTFOUND pg.internal");
  const failing = (type: string, message: string, cause: Error) =>
    scripted(type, {
      load: () => {
        throw new Error(message, { cause });
      },
    }, { retry: ONCE });
  const daybook = await Explained.start({
    definitions: [
      failing("profile.sync", "cannot load profile 7", dns),
      failing("ledger.post", "fetch failed", dns),
      failing("mail.send", "fetch failed", new Error("connection refused")),
    ],
  });
  for (const type of ["ledger.post", "mail.send", "profile.sync"]) await daybook.submit(type, type);
  const { summary } = await toldOf(daybook, "profile.sync");
  assert.match(
    summary,
    /Jobs of 1 other type, created within an hour of it, failed of the same cause: ledger\.post \(1\)\.$/,
  );
});

Deno.test("explain the queue: what most of the jobs ahead of one have, and it has not, is named", async () => {
  const resize = scripted("image.resize", { resize: () => new Promise<never>(() => {}) });
  const told = async (tenantOf: (at: number) => string) => {
    const daybook = await Explained.start({ definitions: [resize], maxRunning: 1 });
    for (let at = 0; at < 21; at++) {
      await daybook.submit(`bulk-${at}`, "image.resize", { width: 200, tenant: tenantOf(at) });
    }
    await daybook.submit("mine", "image.resize", { width: 200, tenant: "small" });
    return (await toldOf(daybook, "mine")).summary;
  };
  const crowd = 'Of the next 20 jobs of its type, 19 have input.tenant = "huge".';
  assert.ok((await told((at) => at === 9 ? "other" : "huge")).endsWith(crowd));
  assert.doesNotMatch(await told((at) => `t-${at % 3}`), /Of the next/);
  assert.doesNotMatch(await told(() => "small"), /Of the next/);
});

Deno.test("explain the queue: what most of the jobs that hold the places of a limit have, and those ahead, is named", async () => {
  const hook = (limits: object) =>
    defineJob({
      type: "hook.deliver",
      version: 1,
      input: v.record(v.string(), v.unknown()),
      limits,
      run: (ctx) => ctx.task("post", () => new Promise<never>(() => {})),
    });
  const told = async (
    tenantOf: (at: number) => string,
    { count = 30, limits = { maxRunning: 6 } as object, eventOf = (_: number): string => "paid" } =
      {},
  ) => {
    const daybook = await Explained.start({ definitions: [hook(limits)], maxRunning: 20 });
    const submit = (jobId: string, at: number, tenant: string) =>
      daybook.submit(jobId, "hook.deliver", { event: eventOf(at), tenant });
    for (let at = 0; at < count; at++) await submit(`bulk-${at}`, at, tenantOf(at));
    await submit("mine", 0, "small");
    return (await toldOf(daybook, "mine")).summary;
  };
  const of = (told: string) => /Of the .*?\.(?= |$)/.exec(told)?.[0];
  assert.equal(
    of(await told((at) => at % 12 === 9 ? "other" : "huge")),
    'Of the next 24 jobs of its type, 22 have input.tenant = "huge", and so have all 6 that hold ' +
      "the places.",
  );
  assert.equal(
    of(await told((at) => at === 3 ? "other" : "huge", { count: 10 })),
    'Of the next 4 jobs of its type, all have input.tenant = "huge", and so have 5 of the 6 that ' +
      "hold the places.",
  );
  assert.equal(
    of(await told(() => "huge", { count: 12, limits: { maxRunning: 1 } })),
    'Of the next 11 jobs of its type, all have input.tenant = "huge", and so has the one that ' +
      "holds the place.",
  );
  assert.equal(
    of(await told(() => "huge", { count: 12, limits: { maxRunning: 12 } })),
    'Of the 12 jobs that hold the places, all have input.tenant = "huge".',
  );
  assert.equal(of(await told((at) => `t-${at % 3}`)), undefined);
  assert.equal(of(await told(() => "small")), undefined);
  assert.equal(of(await told(() => "huge", { count: 8 })), undefined);
  // Keys take turns: those of another key are not in its way.
  const limits = { perKey: 1, key: ({ event }: Record<string, unknown>) => `${event}` };
  const byKey = await told((at) => at % 5 === 0 ? `t-${at}` : "huge", {
    limits,
    eventOf: (at) => at % 5 === 0 ? "paid" : "sent",
  });
  assert.match(byKey, /perKey/);
  assert.equal(of(byKey), undefined);
});

Deno.test("contrast: what the events that counted have is compared if nothing else sets jobs apart", async () => {
  const book = defineJob({
    type: "freight.book",
    version: 1,
    input: v.object({ freight: v.number() }),
    expects: ({ freight }) => ({
      answered: { eventType: "carrier.Answered", correlation: { equals: { freight } } },
    }),
    async run(ctx) {
      const [{ attributes }] = await ctx.expect("answered");
      await ctx.task("confirm", () => {
        if (attributes["answer"] !== "accepted") throw new Error("not confirmed");
      }, { retry: ONCE });
    },
  });
  const told = async (...failing: readonly object[]) => {
    const daybook = await Explained.start({ definitions: [book], maxRunning: 8 });
    const events = [
      ...Array.from({ length: 12 }, (_, at) => ({ answer: "accepted", desk: at % 5 })),
      ...failing,
    ];
    // In turns, so that the jobs that fail are set apart by no time.
    for (const [at, attributes] of [...events.slice(1), ...events.slice(0, 1)].entries()) {
      await daybook.submit(`job-${at}`, "freight.book", { freight: at });
      await daybook.event("carrier.Answered", { freight: at, ...attributes });
    }
    await daybook.assertCitations("job-11");
    return (await daybook.explanation("job-11")).contrast?.statement;
  };
  assert.equal(
    await told({ answer: "declined", desk: 2 }),
    'This job has event of answered.answer = "declined", where all 12 that went through have "accepted".',
  );
  assert.equal(
    await told({ desk: 2 }, { desk: 3 }, { desk: 1 }),
    'All 3 jobs that failed like this have no event of answered.answer, where all 12 that went through have "accepted".',
  );
});

Deno.test("contrast: a list that is far longer than those of all others is named", async () => {
  const sync = defineJob({
    type: "crm.sync",
    version: 1,
    input: v.object({ contacts: v.array(v.number()) }),
    run: async (ctx, { contacts }) => {
      await ctx.task("upload", () => {
        if (contacts.length > 100) throw new Error("took too long");
      }, { retry: ONCE });
    },
  });
  const daybook = await Explained.start({ definitions: [sync], maxRunning: 8 });
  const contacts = (length: number) => ({ contacts: Array.from({ length }, (_, at) => at) });
  for (let at = 0; at < 12; at++) {
    await daybook.submit(`job-${at}`, "crm.sync", contacts(9 + at * 7 % 12));
  }
  await daybook.submit("long", "crm.sync", contacts(400));
  assert.equal(
    (await daybook.explanation("long")).contrast?.statement,
    "This job has length of input.contacts = 400, where all 12 that went through have at most 20.",
  );
});

Deno.test("explain a failure: a value of the input that is no time is named if the error is about a time", async () => {
  const error = new RangeError("Invalid time value");
  const { summary } = await afterResult("ok", error, {
    begins: "2026-02-01T00:00:00Z",
    ends: "2027-13-01T00:00:00Z",
  });
  assert.match(summary, /Invalid time value; its input has ends = "2027-13-01T00:00:00Z"\.$/);
  const other = { host: "10.0.0.1", card: "1234-5678-9012", build: "1.2.3-rc" };
  assert.doesNotMatch((await afterResult("ok", error, other)).summary, /its input has/);
});

Deno.test("explain a failure: a task that failed on the event that run had given up on names the wait", async () => {
  const ride = (waits: boolean) =>
    looseJob("taxi.order", async (ctx) => {
      const found = waits ? await ctx.expect("accepted", { withinMs: SECOND_MS }) : undefined;
      await ctx.task("inform", () => {
        if (found === undefined) throw new TypeError("Cannot read properties of undefined");
      }, { retry: ONCE });
    }, { expects: () => ({ accepted: { eventType: "driver.Accepted", correlation: "any" } }) });
  for (const waits of [true, false]) {
    const daybook = await Explained.start({ definitions: [ride(waits)] });
    await daybook.submit("job", "taxi.order");
    await daybook.clock.advance(SECOND_MS);
    const { summary } = await toldOf(daybook, "job");
    assert.equal(summary.includes('"accepted" did not come in time'), waits, summary);
  }
});

Deno.test("explain a failure: a result from before a stop is named if newer code reads what it lacks", async () => {
  const ship = (isNew: boolean) =>
    looseJob("goods.ship", async (ctx) => {
      const got = await ctx.task("reserve", () => isNew ? { at: { code: "W1" } } : { code: "W1" });
      await ctx.expect("paid");
      await ctx.task("pick", () => isNew ? (got as { at: { code: string } }).at.code : "W1", {
        retry: ONCE,
      });
    }, { expects: () => ({ paid: { eventType: "pay.Done", correlation: "any" } }) });
  const told = async (isNew: boolean) => {
    const first = await Explained.start({ definitions: [ship(false)] });
    await first.submit("old", "goods.ship");
    const daybook = await first.crash({ definitions: [ship(isNew)] });
    await daybook.event("pay.Done", {}, { jobId: "old" });
    return (await toldOf(daybook, "old")).summary;
  };
  assert.match(
    await told(true),
    /Task reserve had completed before Daybook was started at \S+, after a crash: other code may have made its result\./,
  );
  assert.doesNotMatch(await told(false), /other code/);
});

Deno.test("explain a backoff: it says if the next attempt comes sooner than the error asks for", async () => {
  const fetching = (initialMs: number) =>
    scripted("fx.rate", {
      get: () => {
        throw new Error("429, retry after 45 seconds");
      },
    }, { retry: { maxAttempts: 3, initialMs, factor: 1, jitter: 0 } });
  for (const initialMs of [3_000, 45_000]) {
    const daybook = await Explained.start({ definitions: [fetching(initialMs)] });
    await daybook.submit("job", "fx.rate");
    const { summary } = await toldOf(daybook, "job");
    const asks = ", although the error asks to wait 45 s.";
    assert.equal(summary.endsWith(asks), initialMs < 45_000, summary);
  }
});

Deno.test("contrast: a result from before a stop is compared with those of newer code, as in another unit", async () => {
  const book = (perPiece: number, refused: string, heaviest: number) =>
    defineJob({
      type: "parcel.book",
      version: 1,
      input: v.object({ pieces: v.number() }),
      expects: () => ({ packed: { eventType: "depot.Packed", correlation: "any" } }),
      async run(ctx, { pieces }) {
        const weight = await ctx.task("weigh", () => pieces * perPiece);
        await ctx.expect("packed");
        await ctx.task("book", ({ jobId }) => {
          if (weight > heaviest && perPiece < 1 || jobId === refused) {
            throw new NonRetryableError("too heavy");
          }
        });
      },
    });
  /** What is told of a job that was weighed before a start, and booked after it. */
  const told = async (before: number, after: number, refused = "none", heaviest = 30) => {
    const packed = (jobId: string) => ({ jobId });
    const definitionOf = (perPiece: number) => book(perPiece, refused, heaviest);
    const first = await Explained.start({ definitions: [definitionOf(before)], maxRunning: 8 });
    for (let at = 0; at < 12; at++) {
      await first.submit(`old-${at}`, "parcel.book", { pieces: 1 + at % 5 });
      await first.event("depot.Packed", {}, packed(`old-${at}`));
    }
    await first.submit("job", "parcel.book", { pieces: 3 });
    const daybook = await first.crash({ definitions: [definitionOf(after)] });
    await daybook.clock.advance(1);
    for (let at = 0; at < 12; at++) {
      await daybook.submit(`new-${at}`, "parcel.book", { pieces: 1 + at % 5 });
      await daybook.event("depot.Packed", {}, packed(`new-${at}`));
    }
    await daybook.event("depot.Packed", {}, packed("job"));
    return (await toldOf(daybook, "job")).summary;
  };
  const unlike =
    /This job has result of weigh = 1500, where all 12 that went through later have at most 2\.5\. In between, Daybook was started at \S+, after a crash\.$/;
  assert.match(await told(500, 0.5), /^Job job failed/);
  assert.match(await told(500, 0.5), unlike);
  assert.match(await told(500, 0.5, "none", Infinity), /^Job job has been Done/);
  assert.match(await told(500, 0.5, "none", Infinity), unlike);
  assert.doesNotMatch(await told(0.5, 0.5, "job"), /This job has|weigh/);
  assert.doesNotMatch(await told(0.5, 0.5, "none", Infinity), /This job has|weigh/);
});

Deno.test("explain a success: what a step has returned in all jobs since a stop, and in few before it, is named", async () => {
  const issue = (isOld: boolean) =>
    scripted("invoice.issue", {
      tax: ({ input: { vat = null } }) => ({ rate: isOld && vat === null ? 19 : 0, net: 1 }),
    });
  /** What is told of one of 12 jobs since a start with other code, or with the same. */
  const told = async (isOld: boolean, inputs: (at: number) => object, isStopped = true) => {
    const first = await Explained.start({ definitions: [issue(true)], maxRunning: 8 });
    const input = (at: number) => ({ vat: at % 4 === 0 ? `DE${at}` : null });
    for (let at = 0; at < 12; at++) await first.submit(`old-${at}`, "invoice.issue", input(at));
    await first.clock.advance(1);
    const daybook = isStopped ? await first.crash({ definitions: [issue(isOld)] }) : first;
    await daybook.clock.advance(1);
    for (let at = 0; at < 12; at++) {
      await daybook.submit(`new-${at}`, "invoice.issue", inputs(at));
    }
    await daybook.assertCitations("new-7");
    return (await toldOf(daybook, "new-7")).summary;
  };
  const mixed = (at: number) => ({ vat: at % 4 === 0 ? `DE${at}` : null });
  assert.match(
    await told(false, mixed),
    /^Job new-7 has been Done since \S+\. Since Daybook was started at \S+, after a crash, all 12 jobs of this type created within an hour of this one have result of tax\.rate = 0; of the 12 before, 3 have\.$/,
  );
  const innocent = /^Job new-7 has been Done since \S+\.$/;
  assert.match(await told(true, mixed), innocent);
  assert.match(await told(true, () => ({ vat: "DE7" })), innocent);
  assert.match(await told(true, (at) => ({ vat: `DE${at}` }), false), innocent);
});

Deno.test("contrast: a text is named that is shorter or longer than all others, which are equally long", async () => {
  const told = async (iban: string, others: (at: number) => string) => {
    const pay = scripted("salary.pay", {
      transfer: ({ input }) => {
        if (input["bad"] !== undefined) throw new Error("AC01 IncorrectAccountNumber");
      },
    }, { retry: ONCE });
    const daybook = await Explained.start({ definitions: [pay], maxRunning: 8 });
    for (let at = 0; at < 12; at++) {
      await daybook.submit(`job-${at}`, "salary.pay", { iban: others(at) });
    }
    await daybook.submit("job", "salary.pay", { iban, bad: null });
    return (await daybook.explanation("job")).contrast?.traits.map(({ others }) => others);
  };
  const full = (at: number) => `DE${10n ** 19n + BigInt(at) * 7919n ** 4n}`;
  assert.deepEqual(await told(full(40).slice(0, -1), full), ["a text of 22 characters", "none"]);
  assert.deepEqual(await told(full(40), full), ["none"]);
  // Numbers that are counted up have one more digit in the end.
  assert.deepEqual(await told("order-100", (at) => `order-${at + 10}`), ["none"]);
});

Deno.test("explain a failure: another job whose step returned the value that the error names is named, unless many did", async () => {
  const write = looseJob("report.export", async (ctx) => {
    const [group = ""] = ctx.jobId.split("-");
    const path = await ctx.task("write", () => `/exports/${group}.csv`);
    await ctx.task("upload", () => {
      if (ctx.jobId.endsWith("-bad")) throw new Error(`checksum mismatch for ${path}`);
    }, { retry: ONCE });
  });
  const daybook = await Explained.start({ definitions: [write], maxRunning: 8 });
  for (const jobId of ["acme-1", "acme-bad", "bolt-1", "bolt-2", "bolt-3", "bolt-bad", "cog-bad"]) {
    await daybook.submit(jobId, "report.export");
  }
  const { summary } = await toldOf(daybook, "acme-bad");
  const same = 'Task write of job acme-1 also returned "/exports/acme.csv", which the error names.';
  assert.ok(summary.includes(same), summary);
  for (const jobId of ["bolt-bad", "cog-bad"]) {
    assert.doesNotMatch((await toldOf(daybook, jobId)).summary, /also returned/);
  }
});
