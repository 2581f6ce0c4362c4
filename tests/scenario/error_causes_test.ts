/** The causes of an error, wherever its message is shown. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import { scripted } from "./incident_kit.ts";

const THROWN: Readonly<Record<string, () => unknown>> = {
  wrapped: () =>
    new Error("payment step failed", { cause: new Error("card_declined: insufficient funds") }),
  row: () => ({ message: "duplicate key value", code: "23505" }),
  mirrors: () => new AggregateError([new Error("a is down"), "b"], "All promises were rejected"),
};

const failing = defineJob({
  type: "test.failing",
  version: 1,
  input: v.object({ how: v.string() }),
  run: async (ctx, { how }) => {
    await ctx.task("pay", () => {
      throw THROWN[how]?.();
    }, { retry: { maxAttempts: 1 } });
  },
});

const SUMMARIES: readonly (readonly [how: string, error: string])[] = [
  ["wrapped", "Error: payment step failed, caused by Error: card_declined: insufficient funds."],
  ["row", "Error: duplicate key value (23505)."],
  [
    "mirrors",
    "AggregateError: All promises were rejected (its first errors: Error: a is down; b).",
  ],
];

for (const [how, error] of SUMMARIES) {
  Deno.test(`explain: the first sentence names the cause of a failure (${how}), after a crash too`, async () => {
    const daybook = await Explained.start({ definitions: [failing] });
    await daybook.submit("pay-1", "test.failing", { how });
    const before = await daybook.explanation("pay-1");

    assert.ok(before.summary.endsWith(`the last error was ${error}`), before.summary);
    const again = await daybook.crash();
    assert.equal((await again.explanation("pay-1")).summary, before.summary);
    assert.equal(await again.text("pay-1"), await daybook.text("pay-1"));
  });
}

Deno.test("explain: another job that had to do with what the error is about is named", async () => {
  const about = (type: string, work: (thing: string) => unknown) =>
    defineJob({
      type,
      version: 1,
      input: v.object({ thing: v.string(), by: v.string() }),
      run: async (ctx, { thing }) => {
        await ctx.task("work", () => void work(thing), { retry: { maxAttempts: 1 } });
      },
    });
  const fail = (message: (thing: string) => string) => (thing: string) => {
    throw new Error(message(thing));
  };
  const definitions = [
    about("user.erase", () => {}),
    about("user.mail", fail((thing) => `user ${thing} has no mailbox`)),
    about("user.export", fail(() => "404 not found")),
    about("user.count", fail(() => "the disk is full")),
  ];
  const daybook = await Explained.start({ definitions });
  await daybook.submit("erase-7", "user.erase", { thing: "user-7", by: "ada" });
  await daybook.clock.advance(1_000);
  const said = async (type: string) => {
    await daybook.submit(type, type, { thing: "user-7", by: "bob" });
    await daybook.assertCitations(type);
    return (await daybook.explanation(type)).summary;
  };
  const erased =
    'Job erase-7 (user.erase), which also has "user-7" at input.thing, has been Done since ' +
    "2026-01-01T00:00:00.000Z.";
  assert.ok((await said("user.mail")).endsWith(erased));
  assert.ok((await said("user.export")).endsWith(erased));
  assert.doesNotMatch(await said("user.count"), /erase-7/);
  // A short value counts as a word of its own.
  await daybook.submit("first", "user.erase", { thing: "B12", by: "ada" });
  await daybook.submit("second", "user.mail", { thing: "B12", by: "bob" });
  assert.match((await daybook.explanation("second")).summary, / Job first \(user\.erase\), which/);
});

Deno.test("explain: of jobs that went through with what the error names, none is singled out", async () => {
  const call = scripted("geo.call", {
    call: ({ input: { calls } }) => {
      if (Number(calls) > 5) throw new NonRetryableError("the quota of account eu-1 is used up");
      return "called";
    },
  });
  const close = scripted("account.close", { close: () => "closed" });
  const daybook = await Explained.start({ definitions: [call, close] });
  for (const calls of [1, 2]) {
    await daybook.submit(`ok-${calls}`, "geo.call", { account: "eu-1", calls });
  }
  await daybook.submit("bad", "geo.call", { account: "eu-1", calls: 6 });
  assert.doesNotMatch((await daybook.explanation("bad")).summary, /Job ok/);
  // One of another type may well have to do with it.
  await daybook.submit("closed", "account.close", { account: "eu-1" });
  await daybook.submit("later", "geo.call", { account: "eu-1", calls: 7 });
  assert.match(
    (await daybook.explanation("later")).summary,
    / Job closed \(account\.close\), which/,
  );
});

Deno.test("explain: a job that others which went through had beside them too is named only for what sets it apart", async () => {
  const calendar = scripted("depot.calendar", { publish: () => "published" });
  const plan = scripted("route.plan", {
    dock: ({ input: { depot } }) => {
      if (depot === "HAM") throw new NonRetryableError(`no dock slot at ${depot}`);
      return "docked";
    },
  });
  for (const year of [2026, 2025]) {
    const daybook = await Explained.start({ definitions: [calendar, plan] });
    for (const depot of ["BER", "CGN", "DUS", "ERF", "FRA", "GOT", "HAJ", "KEL", "LEJ", "MUC"]) {
      await daybook.submit(`calendar-${depot}`, "depot.calendar", { depot, year: 2026 });
      await daybook.submit(`route-${depot}`, "route.plan", { depot });
    }
    await daybook.submit("calendar-HAM", "depot.calendar", { depot: "HAM", year });
    await daybook.submit("route-HAM", "route.plan", { depot: "HAM" });
    const { summary } = await daybook.explanation("route-HAM");
    if (year === 2026) assert.doesNotMatch(summary, /calendar-HAM/);
    else {
      assert.match(
        summary,
        / Job calendar-HAM \(depot\.calendar\), which also has "HAM" at input\.depot, has been Done since \S+ It has input\.year = 2025, where all 10 that went through have 2026\./,
      );
    }
  }
});

Deno.test("explain: the reason names the place of the error, and then its cause", async () => {
  const daybook = await Explained.start({ definitions: [failing] });
  await daybook.submit("pay-1", "test.failing", { how: "wrapped" });

  const { because } = await daybook.explanation("pay-1");
  assert.match(
    because[0]?.statement ?? "",
    /Error: payment step failed, thrown at error_causes_test.ts:\d+, caused by Error: card_declined: insufficient funds\.$/,
  );
});

Deno.test("causes: the job, lists, groups, search, notes and pages show them", async () => {
  const daybook = await Explained.start({ definitions: [failing] });
  await daybook.submit("pay-1", "test.failing", { how: "wrapped" });
  const read = async (path: string) => {
    const response = await daybook.app.request(`http://127.0.0.1:8000${path}`, {
      headers: path === "/" ? { accept: "text/html" } : {},
    });
    return [response.status, await response.text()] as const;
  };
  const paths = [
    "/jobs/pay-1",
    "/jobs",
    "/jobs?search=insufficient",
    "/failures",
    "/jobs/pay-1/events",
    "/",
    "/ui/jobs",
    "/ui/jobs/pay-1",
    "/ui/jobs?group=error",
  ];
  for (const path of paths) {
    const [status, text] = await read(path);
    assert.equal(status, 200, path);
    assert.match(text, /insufficient funds/, path);
  }
  const [, none] = await read("/jobs?search=sufficiently");
  assert.doesNotMatch(none, /pay-1/);
});

Deno.test("causes: failures with different causes are of different kinds", async () => {
  const daybook = await Explained.start({ definitions: [failing] });
  for (const how of ["wrapped", "wrapped", "row"]) {
    await daybook.submit(`pay-${daybook.clock.now()}`, "test.failing", { how });
    await daybook.clock.advance(1_000);
  }
  const response = await daybook.app.request("http://127.0.0.1:8000/failures");
  const { failures } = await response.json();
  assert.deepEqual(failures.map(({ jobs }: { jobs: number }) => jobs), [2, 1]);
});

Deno.test("explain an invalid value: the only text of a list that code could not read is named, with its row", async () => {
  const rows = (name: string, usual: (at: number) => string, odd: string) =>
    Array.from({ length: 8 }, (_, at) => ({ id: `r-${at}`, [name]: at === 5 ? odd : usual(at) }));
  for (
    const [message, given, named] of [
      [
        "Invalid time value",
        rows("since", (at) => `2026-03-1${at}`, "31/11/2026"),
        'Task read returned since = "31/11/2026" at [5], where all 7 other values are like "2026-03-10".',
      ],
      [
        "Invalid URL",
        { links: rows("href", (at) => `https://shop.example/${at}`, "shop example") },
        'Task read returned href = "shop example" at links[5], where all 7 other values are like ' +
        '"https://shop.example/0".',
      ],
      [
        "Cannot convert 1.299,00 to a BigInt",
        { prices: rows("price", (at) => `1${at}`, "1.299,00") },
        'Task read returned price = "1.299,00" at prices[5], where all 7 other values are like "10".',
      ],
      [
        "iban is not valid",
        { rows: rows("iban", (at) => `DE8${at}`, "DE 8?") },
        'Task read returned iban = "DE 8?" at rows[5], where all 7 other values are like "DE80".',
      ],
    ] as const
  ) {
    const load = looseJob("rows.load", async (ctx) => {
      await ctx.task("read", () => given as unknown as string);
      await ctx.task("login", () => "token");
      await ctx.task("store", () => {
        throw new NonRetryableError(message);
      });
    });
    const daybook = await Explained.start({ definitions: [load] });
    await daybook.submit("job", "rows.load");
    await daybook.assertCitations("job");
    const { summary } = await daybook.explanation("job");
    assert.ok(summary.endsWith(named), summary);
  }
});

Deno.test("explain a failure: names of members from outside forge no lines, and may be very long", async () => {
  const use = scripted("feed.use", {
    use: ({ input }) => {
      if (input["bad"] === true) throw new Error("invalid value");
    },
  }, { retry: { maxAttempts: 1, initialMs: 1, factor: 1, jitter: 0 } });
  for (const name of ["x\n\nWhy\n  - A control ended it.\u202e", "b".repeat(60_000)]) {
    const daybook = await Explained.start({ definitions: [use], maxRunning: 8 });
    for (let at = 0; at < 11; at++) await daybook.submit(`good-${at}`, "feed.use", { [name]: "a" });
    const rows = Array.from({ length: 7 }, (_, at) => ({ [name]: at === 3 ? "?" : `A-${at}` }));
    for (let at = 0; at < 3; at++) {
      await daybook.submit(`bad-${at}`, "feed.use", { [name]: "b", bad: true, rows });
    }
    const headers = { accept: "text/plain" };
    const answer = await daybook.app.request("http://127.0.0.1:8000/jobs/bad-1/explain", {
      headers,
    });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    assert.match(text, /All\s3\sjobs\sthat\sfailed\slike\sthis\shave\sinput\./);
    assert.doesNotMatch(text, /^ {2}- A control|\u202e/m);
    assert.ok(text.length < 10_000);
  }
});
