/** What an explanation must not blame: each of these only resembles a cause. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";
import { Starting } from "../support/engine/starting.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import { hang, scripted } from "./incident_kit.ts";

const ONCE = { maxAttempts: 1, initialMs: 1, factor: 1, jitter: 0 } as const;

/** The first answer about a job whose second step throws. */
async function failedWith(
  error: Error,
  input: object = {},
  result: unknown = "ok",
  step = "login",
) {
  const use = looseJob("feed.use", async (ctx) => {
    await ctx.task(step, () => result as string);
    await ctx.task("use", () => {
      throw error;
    }, { retry: ONCE });
  });
  const daybook = await Explained.start({ definitions: [use] });
  await daybook.submit("job", "feed.use", input);
  return await daybook.explanation("job");
}

Deno.test("innocent: a step beside the failed one that only shares a word with its error", async () => {
  for (
    const [beside, message] of [
      ["notify-customer", "404: customer c-7 does not exist"],
      ["delete-account", "404: account acme-7 does not exist"],
      ["create-note", "unknown error from the note service"],
    ] as const
  ) {
    const open = looseJob("account.open", async (ctx) => {
      const made = ctx.task(
        beside,
        (task) =>
          new Promise<string>((resolve) =>
            task.signal.addEventListener("abort", () => resolve("made"))
          ),
      );
      const failing = ctx.task("charge", () => {
        throw new Error(message);
      }, { retry: ONCE });
      await Promise.all([made, failing]);
    });
    const daybook = await Explained.start({ definitions: [open] });
    await daybook.submit("job", "account.open");
    assert.doesNotMatch((await daybook.explanation("job")).summary, /may have needed/);
  }
});

Deno.test("innocent: the priority of a job, for those that ran while it waited for an event or a pause held it", async () => {
  const order = defineJob({
    ...{ type: "shop.order", version: 1, input: v.record(v.string(), v.unknown()) },
    expects: () => ({ paid: { eventType: "shop.Paid" } }),
    run: (ctx) => ctx.expect("paid"),
  });
  const letters = scripted("mail.send", {
    send: ({ input, signal }) => input["slow"] === true ? hang({ signal }) : "sent",
  });
  const said = async (until: "paid" | "resumed" | "its turn") => {
    const daybook = await Explained.start({ definitions: [order, letters], maxRunning: 1 });
    const slow = async (jobId: string, priority = 0) => {
      await daybook.submit(jobId, "mail.send", { slow: true }, { priority });
    };
    if (until === "resumed") await daybook.post("/pauses", { type: "shop.order", reason: "audit" });
    if (until === "its turn") await slow("slow");
    await daybook.submit("job", "shop.order", {}, { priority: 5 });
    if (until === "its turn") await daybook.event("shop.Paid");
    for (let at = 0; at < 5; at++) {
      await daybook.submit(`letter-${at}`, "mail.send", {});
      await daybook.clock.advance(60_000);
    }
    if (until !== "its turn") await slow("slow");
    await daybook.clock.advance(1_000);
    for (const { pauseId } of daybook.engine.pauses.all()) await daybook.engine.pauses.end(pauseId);
    if (until === "paid") await daybook.event("shop.Paid");
    await daybook.clock.advance(1_000);
    if (until === "its turn") {
      await slow("slow-2");
      await daybook.post("/jobs/slow/cancel", { reason: "done" });
      await daybook.clock.advance(1_000);
    }
    const { summary } = await daybook.explanation("job");
    assert.match(summary, /Job job is queued: 1 of 1 worker busy/);
    return summary;
  };
  assert.doesNotMatch(await said("paid"), /went first/);
  assert.doesNotMatch(await said("resumed"), /went first/);
  assert.match(await said("its turn"), /went first, since it has priority 5/);
});

Deno.test("innocent: a time that had passed of what is no credential, had passed when a step returned it, or of which the error says nothing", async () => {
  const past = "2025-12-31T00:00:00Z";
  for (
    const [result, message] of [
      [{ price: 12, validUntil: past }, "401: invalid API key"],
      [{ sku: "x", warranty: { expiresAt: past } }, "address rejected: no such street"],
      [{ token: "t", expiresAt: past }, "address rejected: no such street"],
      [{ token: "t", expiresAt: past }, "403: this account may not refund"],
      [{ token: "t", expiresAt: past }, "invalid amount"],
    ] as const
  ) {
    const { summary, next } = await failedWith(new Error(message), {}, result, "order");
    assert.doesNotMatch(summary + next.map(({ statement }) => statement), /passed|expired/);
  }
  const stale = await failedWith(new Error("the token has expired"), {}, { expiresAt: past });
  assert.match(stale.summary, /Task login returned expiresAt .* which had passed 1 d before/);
  assert.doesNotMatch(stale.next.map(({ statement }) => statement).join(), /Retry it from/);
});

Deno.test("innocent: a value of the event that created a job, of which its error only has a common word or number", async () => {
  const place = looseJob("shop.order", async (ctx) => {
    await ctx.task("place", (task) => {
      task.emit("shop.Placed", { amount: 500, port: 8080, method: "card", unit: "in", gift: "no" });
    });
  });
  const summaryOf = async (message: string) => {
    const pay = looseJob("shop.pay", async (ctx) => {
      await ctx.task("charge", () => {
        throw new Error(message);
      }, { retry: ONCE });
    }, { startsOn: { eventType: "shop.Placed", input: ({ attributes }) => attributes as never } });
    const daybook = await Explained.start({ definitions: [place, pay] });
    await daybook.submit("order", "shop.order");
    const response = await daybook.app.request("http://127.0.0.1:8000/jobs?type=shop.pay");
    const { jobs: [failed] } = await response.json();
    return (await daybook.explanation(failed.jobId)).summary;
  };
  for (
    const message of [
      "HTTP 500 from the bank",
      "500: the amount could not be charged",
      "status code 500",
      "500 lines of the log follow",
      "connect ECONNREFUSED bank.example:8080",
      "the card reader is offline",
      "error in line 3 of the template",
      "no route to host",
    ]
  ) {
    assert.doesNotMatch(await summaryOf(message), /which created this job with/, message);
  }
  for (
    const [message, shown] of [
      ["amount 500 is above the limit", "amount = 500"],
      ["422: amount must not be 500", "amount = 500"],
      ["'card' is not accepted", 'method = "card"'],
      ["method card is not accepted", 'method = "card"'],
    ] as const
  ) {
    assert.ok((await summaryOf(message)).includes(`created this job with ${shown},`), message);
  }
});

Deno.test("innocent: the lowest numbers of a backfill that began with the newest, if an outage came at its end", async () => {
  let isDown = false;
  const post = scripted("ledger.post", {
    post: () => {
      if (isDown) throw new Error("ledger answered 503");
    },
  }, { retry: ONCE });
  for (
    const input of [
      (at: number) => ({ invoice: `INV-${1_000 + at}` }),
      (at: number) => ({ day: `2026-11-${10 + at}` }),
      (at: number) => ({ page: 1 + at }),
    ]
  ) {
    isDown = false;
    const daybook = await Explained.start({ definitions: [post] });
    for (let at = 19; at >= 0; at--) {
      if (at === 4) isDown = true;
      await daybook.submit(`job-${at}`, "ledger.post", input(at));
    }
    const { summary } = await daybook.explanation("job-3");
    assert.match(summary, /All 5 jobs that failed like this were created after the 15/);
  }
});

Deno.test("innocent: what jobs ahead in the queue have in common, but no one would share places by", async () => {
  const make = (version: number) =>
    defineJob({
      ...{ type: "report.make", version, limits: { maxRunning: 1 } },
      ...version === 1 ? {} : { runs: [1] },
      input: v.record(v.string(), v.unknown()),
      run: (ctx) => ctx.task("make", (task) => hang(task)),
    });
  let daybook = await Explained.start({ definitions: [make(1)] });
  const all = { format: "pdf", paper: "A4", dpi: 300 };
  for (let at = 0; at < 14; at++) await daybook.submit(`report-${at}`, "report.make", all);
  await daybook.submit("sheet", "report.make", { format: "xls" });
  assert.doesNotMatch((await daybook.explanation("sheet")).summary, /of its type/);
  daybook = await daybook.crash({ definitions: [make(2)] });
  await daybook.submit("job", "report.make", all);
  assert.doesNotMatch((await daybook.explanation("job")).summary, /of its type/);
});

Deno.test("innocent: one attempt of another type with an error that is of no one thing, or of its own request", async () => {
  const failing = (type: string, message: string, failures: number) =>
    scripted(type, {
      call: ({ attempt }) => {
        if (attempt <= failures) throw new Error(message);
      },
    }, { retry: { ...ONCE, maxAttempts: 4, initialMs: 1_000 } });
  for (
    const [message, failures, isNamed] of [
      ["HTTP 404", 3, false],
      ["GET https://crm.example/c/7: 404 Not Found", 1, false],
      ["not found", 1, false],
      ["fetch failed", 2, false],
      ["duplicate key", 1, false],
      ["fetch failed", 3, true],
      ["HTTP 429", 3, true],
      ["connect ETIMEDOUT 10.0.0.5:443", 1, true],
      ["getaddrinfo ENOTFOUND crm.example", 1, true],
      ['database "crm" is closed', 1, true],
    ] as const
  ) {
    const definitions = [failing("crm.sync", message, failures), failing("cms.put", message, 4)];
    const daybook = await Explained.start({ definitions });
    await daybook.submit("job", "cms.put");
    await daybook.submit("other", "crm.sync");
    await daybook.clock.advance(10_000);
    const { summary } = await daybook.explanation("job");
    assert.equal(summary.includes("Attempts of jobs of 1 other type failed"), isNamed, summary);
  }
});

Deno.test("innocent: a number that a job returned, far from those of others, that says which or what is left", async () => {
  let result: Readonly<Record<string, number>> = {};
  const scan = looseJob("file.scan", async (ctx) => {
    await ctx.task("scan", () => result);
  });
  const done = async (name: string) => {
    const daybook = await Explained.start({ definitions: [scan] });
    for (let at = 0; at < 12; at++) {
      result = { [name]: 90_000 + at };
      await daybook.submit(`job-${at}`, "file.scan");
    }
    result = { [name]: 512 };
    await daybook.submit("odd", "file.scan");
    return (await daybook.explanation("odd")).summary;
  };
  for (const name of ["ledgerId", "crc", "cursor", "remaining", "port", "next_offset"]) {
    assert.doesNotMatch(await done(name), /This job has/, name);
  }
  for (const name of ["rows", "paid", "exported", "pages_read", "report"]) {
    assert.match(await done(name), /This job has result of scan\.\w+ = 512/, name);
  }
});

Deno.test("innocent: an optional member of one row, if the code failed on a length, or another row lacks one too", async () => {
  const rows = (note: number, iban: number) =>
    Array.from({ length: 6 }, (_, at) => ({
      ...at === note ? {} : { note: "x" },
      ...at === iban ? {} : { iban: `DE${at}` },
    }));
  const reading = (member: string) =>
    new TypeError(`Cannot read properties of undefined (reading '${member}')`);
  for (
    const [member, given] of [["length", rows(2, -1)], ["replaceAll", rows(2, 4)]] as const
  ) {
    const { summary } = await failedWith(reading(member), { rows: given });
    assert.doesNotMatch(summary, /rows\[2\]/);
  }
});

Deno.test("innocent: one odd text of a list, if code failed on another kind of value, several rows have odd ones, or few are usual", async () => {
  const rows = (count: number, odd: readonly number[], text: string) =>
    Array.from({ length: count }, (_, at) => ({
      day: odd.includes(at) ? text : `2026-03-1${at}`,
      zip: at === 4 ? "AD500" : `1234${at}`,
      street: at === 1 ? "Hauptstrasse" : `Main St ${at}`,
    }));
  for (
    const [message, given] of [
      ["Invalid time value", rows(8, [2, 5], "31/11/2026")],
      ["Invalid time value", rows(4, [2], "31/11/2026")],
      ["Invalid time value", rows(8, [], "")],
      ["Invalid time zone specified: Mars", rows(8, [2], "31/11/2026")],
      ["quantity is NaN", rows(8, [], "")],
      ["invalid credentials", rows(8, [2], "31/11/2026")],
      ["connection reset", rows(8, [2], "31/11/2026")],
    ] as const
  ) {
    const { summary } = await failedWith(new RangeError(message), {}, given);
    assert.doesNotMatch(summary, /where all/, message);
  }
});

Deno.test("innocent: the only odd text of a list, if the error names another text, row, or member, or only has a word like its name", async () => {
  const rows = (odd: object) =>
    Array.from({ length: 9 }, (_, at) => ({
      quantity: at,
      day: `2026-03-1${at}`,
      zip: `1234${at}`,
      link: `https://shop.example/${at}`,
      phone: `0301234${at}`,
      status: "OPEN",
      ...at === 4 ? odd : {},
    }));
  for (
    const [message, odd] of [
      [`Unexpected token '<', "<!DOCTYPE "... is not valid JSON`, { zip: "AD500" }],
      ["Unexpected end of JSON input", { zip: "AD500" }],
      ["Invalid URL: 'mail-host'", { link: "n/a" }],
      ["quantity is NaN", { phone: "+49 30 1234" }],
      ["Cannot convert 1.5 to a BigInt", { phone: "+49 30 1234" }],
      ['invalid date "2026-02-30" in the header', { day: "31/11/2026" }],
      ["Invalid time value of quantity", { day: "31/11/2026" }],
      ["row 8: invalid date", { day: "31/11/2026" }],
      ["invalid response time limit", { day: "" }],
      ["order came at an invalid time", { day: "" }],
      ["request failed with status 400: invalid signature", { status: "ON-HOLD" }],
      ["invalid status line", { status: "ON-HOLD" }],
      [`invalid date ${'<p class="a '.repeat(200)}`, { day: "31/11/2026" }],
      ["Invalid time value", { day: "" }],
      ["Invalid URL", { link: "/img/logo.png" }],
      ["422: invalid date", { day: "31/11/2026" }],
      ["cannot parse response: Date is not a valid timestamp", { day: "31/11/2026" }],
      ["Invalid array length", { phone: "030 1234 5" }],
      ["The number NaN cannot be converted to a BigInt", { phone: "-" }],
      ["401: status is not valid", { status: "ON-HOLD" }],
    ] as const
  ) {
    const { summary } = await failedWith(new RangeError(message), {}, rows(odd));
    assert.doesNotMatch(summary, /where all/, message);
  }
  for (
    const [message, odd] of [
      [`Unexpected token 'A', "AD500" is not valid JSON`, { zip: "AD500" }],
      ["Invalid URL: 'n/a'", { link: "n/a" }],
      ["row 5: invalid date", { day: "31/11/2026" }],
      ["day: Invalid time value", { day: "31/11/2026" }],
      ["400: invalid status", { status: "ON-HOLD" }],
      ["phone is NaN", { phone: "-" }],
    ] as const
  ) {
    const { summary } = await failedWith(new RangeError(message), {}, rows(odd));
    assert.match(summary, /where all/, message);
  }
  // Code may have read the single value of the input.
  const [odd, error] = [rows({ day: "31/11/2026" }), new RangeError("Invalid time value")];
  for (const [input, isNamed] of [[{ until: "soon" }, false], [{ by: "me" }, true]] as const) {
    const { summary } = await failedWith(error, input, odd);
    assert.equal(/where all/.test(summary), isNamed, summary);
  }
});

Deno.test("innocent: two jobs whose ids of business differ, whatever their names contain", async () => {
  for (const name of ["pullRequestId", "correlationId", "idempotencyKey"]) {
    const daybook = await Explained.start({ definitions: [scripted("ci.build", { go: () => 1 })] });
    await daybook.submit("one", "ci.build", { repo: "acme/shop-1", [name]: "PR-17" });
    await daybook.submit("two", "ci.build", { repo: "acme/shop-1", [name]: "PR-18" });
    assert.doesNotMatch((await daybook.explanation("two")).summary, /done twice/);
  }
});

Deno.test("innocent: a time in an error before which a retry is to come", async () => {
  for (
    const message of [
      "card declined, retry before 2026-01-01T01:00:00Z",
      "you may retry until 2026-01-01T01:00:00Z",
      "do not retry, the order closes at 2026-01-01T01:00:00Z",
    ]
  ) {
    const { summary, next } = await failedWith(new Error(message));
    assert.doesNotMatch(
      [summary, ...next.map(({ statement }) => statement)].join(" "),
      /asks to wait|not before/,
    );
  }
});

Deno.test("innocent: a step beside a time limit that acted late, if it began earlier, ended later, or others had entries meanwhile", async () => {
  for (
    const [story, late] of [["frozen", 700], ["earlier", 700], ["busy", 700], [
      "brief",
      100,
    ]] as const
  ) {
    const answered = Promise.withResolvers<string>();
    const stop = (ms: number) => daybook.clock.block(ms);
    const push = scripted("push.send", { send: (about) => hang(about) }, {
      timeoutMs: 800,
      retry: ONCE,
    });
    const resize = scripted("media.thumbnail", {
      resize: () => story === "brief" ? stop(800 + late) : answered.promise,
    });
    const note = scripted("note", { take: () => "taken" });
    const daybook = await Explained.start({ definitions: [push, resize, note] });
    if (story === "earlier") {
      await daybook.submit("thumb", "media.thumbnail");
      await daybook.clock.advance(500);
    }
    await daybook.submit("push", "push.send");
    if (story !== "earlier") await daybook.submit("thumb", "media.thumbnail");
    if (story === "busy") {
      stop(700);
      await daybook.submit("note", "note");
      stop(800);
    } else if (story !== "brief") stop(1_500);
    if (story !== "frozen") answered.resolve("resized");
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    await daybook.clock.advance(1);
    answered.resolve("resized");
    await daybook.clock.settle();
    const text = JSON.stringify(await daybook.explanation("push"));
    assert.match(text, /took longer than 800 ms/);
    assert.equal(text.includes("after its time limit"), story !== "brief", story);
    assert.doesNotMatch(text, /event loop|isolation/, story);
  }
});

Deno.test("innocent: a text that a step read correctly as a number", async () => {
  for (const [price, result] of [["3,00", 3], ["1.2.3", 1.2], ["10 20 30", 10]] as const) {
    const { summary } = await failedWith(new Error("the carrier is down"), { price }, result);
    assert.doesNotMatch(summary, /of which/);
  }
});

Deno.test("innocent: what held up the sender of a late event after it had sent that", async () => {
  const input = v.object({ order: v.string() });
  const pack = defineJob({
    ...{ type: "order.pack", version: 1, input },
    async run(ctx, { order }) {
      await ctx.sleep("dry", order === "late" ? 900_000 : 0);
      await ctx.task("pack", (task) => task.emit("order.Packed", { order }));
      await ctx.sleep("rest", 1_000);
    },
  });
  const ship = defineJob({
    ...{ type: "order.ship", version: 1, input },
    expects: ({ order }) => ({
      packed: { eventType: "order.Packed", correlation: { equals: { order } } },
    }),
    run: (ctx) => ctx.expect("packed"),
  });
  const daybook = await Explained.start({ definitions: [pack, ship], maxRunning: 4 });
  for (const order of ["O-1", "O-2", "O-3", "O-4", "O-5"]) {
    await daybook.submit(`ship-${order}`, "order.ship", { order });
    await daybook.submit(`pack-${order}`, "order.pack", { order });
    await daybook.clock.advance(2_000);
  }
  await daybook.submit("ship", "order.ship", { order: "late" });
  await daybook.submit("pack", "order.pack", { order: "late" });
  await daybook.clock.advance(900_000);
  await daybook.post("/jobs/pack/suspend", { reason: "looking into it" });
  await daybook.clock.advance(7_200_000);
  await daybook.post("/jobs/pack/resume");
  await daybook.clock.advance(2_000);
  const { summary } = await daybook.explanation("ship");
  assert.match(summary, /15 min waiting for "packed"/);
  assert.doesNotMatch(summary, /Job pack/);
});

Deno.test("innocent: an event of another type about the same thing, when a deadline passes", async () => {
  const ship = looseJob("order.ship", async (ctx) => {
    await ctx.expect("approved");
  }, {
    expects: ({ order }) => ({
      approved: {
        eventType: "order.Approved",
        correlation: { equals: { order: order as string } },
        within: { ms: 60_000, otherwise: "fail" },
      },
    }),
  });
  const all = ["A-1", "A-2", "A-3", "A-4", "A-5", "A-6"];
  for (
    const [packed, approvedLater] of [
      // Packed things were approved before, but for one.
      [[...all, "A-7"], []],
      // Approvals still come.
      [["A-7", "B-1", "B-2"], ["A-8"]],
      // Only one was packed.
      [["A-7"], []],
    ] as const
  ) {
    const daybook = await Explained.start({ definitions: [ship] });
    for (const order of all) await daybook.event("order.Approved", { order });
    await daybook.submit("job", "order.ship", { order: "A-7" });
    for (const order of packed) await daybook.event("order.Packed", { order });
    for (const order of approvedLater) await daybook.event("order.Approved", { order });
    assert.doesNotMatch((await daybook.explanation("job")).summary, /none has come since/);
    await daybook.clock.advance(60_000);
    const { state, summary } = await daybook.explanation("job");
    assert.equal(state, "Failed");
    assert.doesNotMatch(summary, /order\.Packed/);
  }
});

Deno.test("innocent: an event that comes beside the expected one of each order, while a job waits for the last of several", async () => {
  const deliver = looseJob("order.deliver", async (ctx) => {
    await ctx.expect("parcels");
  }, {
    expects: ({ order, lines }) => ({
      parcels: {
        eventType: "warehouse.ParcelShipped",
        correlation: { equals: { order: order as string } },
        multiplicity: { times: lines as number },
      },
    }),
  });
  const summaryWith = async (closed: readonly string[]) => {
    const daybook = await Explained.start({ definitions: [deliver] });
    for (const order of ["A-1", "A-2", "A-3", "A-4"]) {
      await daybook.submit(`deliver-${order}`, "order.deliver", { order, lines: 2 });
      for (const parcel of order === "A-4" ? ["P1"] : ["P1", "P2"]) {
        await daybook.event("warehouse.ParcelShipped", { order, parcel });
      }
      if (closed.includes(order)) await daybook.event("warehouse.Closed", { order, parcels: 2 });
    }
    return (await daybook.explanation("deliver-A-4")).summary;
  };
  assert.doesNotMatch(await summaryWith(["A-1", "A-2", "A-3", "A-4"]), /warehouse\.Closed/);
  // Nothing shows that it comes anyway.
  const named = /warehouse\.Closed came at .*, with this job's order "A-4"; its type is not/;
  assert.match(await summaryWith(["A-4"]), named);
});

Deno.test("innocent: an event in time for another job, when the deadline of this one passes", async () => {
  const ship = looseJob("order.ship", async (ctx) => {
    await ctx.expect("paid");
  }, {
    expects: ({ order }) => ({
      paid: {
        eventType: "order.Paid",
        correlation: { equals: { order: order as string } },
        within: { ms: 60_000, otherwise: "fail" },
      },
    }),
  });
  const daybook = await Explained.start({ definitions: [ship] });
  await daybook.submit("other", "order.ship", { order: "ORD-77" });
  await daybook.submit("job", "order.ship", { order: "ORD-78" });
  await daybook.event("order.Paid", { order: "ORD-77" });
  await daybook.clock.advance(60_000);
  assert.doesNotMatch((await daybook.explanation("job")).summary, /In time|For "paid"/);
});

Deno.test("innocent: a sleep as long as those of others of its type that are still asleep", async () => {
  const trial = looseJob("trial.end", async (ctx) => {
    await ctx.sleep("trial", ctx.jobId.startsWith("short") ? 2_000 : 14 * 86_400_000);
  });
  const said = async (shorts: number, longs: number) => {
    const daybook = await Explained.start({ definitions: [trial], maxRunning: 4 });
    for (let at = 0; at < shorts; at++) await daybook.submit(`short-${at}`, "trial.end");
    for (let at = 0; at < longs; at++) await daybook.submit(`long-${at}`, "trial.end");
    await daybook.clock.advance(5_000);
    await daybook.submit("late", "trial.end");
    await daybook.clock.advance(5_000);
    return (await daybook.explanation("late")).summary;
  };
  assert.doesNotMatch(await said(12, 3), /median/);
  assert.doesNotMatch(await said(12, 2), /median/);
  // One of many that sleeps as long may be as odd.
  assert.match(await said(12, 1), /, where the 12 of its type before it took 2 s in the median\.$/);
});

Deno.test("innocent: a number that is equal to the round length of a sleep by chance", async () => {
  const said = async (result: object, sleepMs: number) => {
    const sync = looseJob("crm.sync", async (ctx) => {
      const isOdd = ctx.jobId === "odd";
      await ctx.task("pull", () => isOdd ? result as never : null);
      await ctx.sleep("rest", isOdd ? sleepMs : 1_000);
    });
    const daybook = await Explained.start({ definitions: [sync] });
    for (let at = 0; at < 19; at++) await daybook.submit(`job-${at}`, "crm.sync");
    await daybook.clock.advance(2_000);
    await daybook.submit("odd", "crm.sync");
    // What it has that others do not have is another sentence.
    return (await daybook.explanation("odd")).summary.replace(/ This job has .*$/, "");
  };
  const hour = 3_600_000;
  for (
    const [result, ms] of [
      [{ population: 3_600 }, hour],
      [{ ttl: 168 }, 168 * hour],
      [{ cache_ttl: 86_400 }, 24 * hour],
      [{ openHours: 24 }, 24 * hour],
      [{ wait: 2 }, 2 * hour],
    ] as const
  ) {
    assert.match(await said(result, ms), /1 s in the median\.$/);
  }
  assert.match(await said({ waitHours: 2 }, 2 * hour), /; task pull returned waitHours = 2\.$/);
});

Deno.test("innocent: events that came every day before a job started, or one a month ago, when its deadline passes", async () => {
  const reprice = looseJob("shop.reprice", async (ctx) => {
    await ctx.expect("prices");
  }, {
    expects: ({ shop }) => ({
      prices: {
        eventType: "prices.Updated",
        correlation: { equals: { shop: shop as string } },
        within: { ms: 60_000, otherwise: "fail" },
      },
    }),
  });
  for (const [days, eachMs] of [[1, 86_400_000], [4, 86_400_000], [1, 30 * 86_400_000]] as const) {
    const daybook = await Explained.start({ definitions: [reprice] });
    for (let day = 0; day < days; day++) {
      await daybook.event("prices.Updated", { shop: "berlin-7" });
      await daybook.clock.advance(eachMs);
    }
    await daybook.submit("job", "shop.reprice", { shop: "berlin-7" });
    await daybook.clock.advance(60_000);
    const { summary } = await daybook.explanation("job");
    const isNamed = days === 1 && eachMs === 86_400_000;
    assert.equal(summary.includes('For "prices", prices.Updated came'), isNamed, summary);
  }
});

Deno.test("innocent: jobs of another type whose errors say as little", async () => {
  const failing = (type: string, maxAttempts: number) =>
    looseJob(type, async (ctx) => {
      await ctx.task("do", () => {
        throw new Error("");
      }, { retry: { ...ONCE, initialMs: 600_000, maxAttempts } });
    });
  for (const maxAttempts of [1, 3]) {
    const definitions = [failing("mail", maxAttempts), failing("sync", 1)];
    const daybook = await Explained.start({ definitions });
    await daybook.submit("other", "mail");
    await daybook.submit("job", "sync");
    assert.doesNotMatch(JSON.stringify(await daybook.explanation("job")), /other type/);
  }
});

/**
 * The summary of an attempt that hangs after its reports, one every 10 s, where 40 others ended at
 * once.
 */
async function runningWith(
  input: (order: number) => object,
  odd: object,
  reports: readonly (readonly [done: number, total: number])[] = [],
  isAgain = false,
) {
  let report: ((done: number, total: number) => void) | undefined;
  const reindex = looseJob("search.reindex", async (ctx) => {
    await ctx.task("list", () => ({ pages: ctx.jobId === "odd" ? 3 : 2 }));
    await ctx.task("bulk", (task) => {
      if (ctx.jobId !== "odd") return "indexed";
      if (isAgain && task.attempt === 1) throw new Error("the index is busy");
      report = (done, total) => task.progress(done, total);
      return new Promise((resolve) => task.signal.addEventListener("abort", resolve));
    }, { retry: { ...ONCE, maxAttempts: 2 } });
  });
  const daybook = await Explained.start({ definitions: [reindex] });
  for (let order = 0; order < 40; order++) {
    await daybook.submit(`job-${order}`, "search.reindex", input(order));
  }
  await daybook.submit("odd", "search.reindex", odd);
  await daybook.clock.advance(1);
  for (const [done, total] of reports) {
    await daybook.clock.advance(10_000);
    report?.(done, total);
    await daybook.clock.settle();
  }
  const { summary } = await daybook.explanation("odd");
  await daybook.assertCitations("odd");
  const again = await daybook.crash();
  assert.match((await again.explanation("odd")).summary, /Job odd is/);
  return summary;
}

Deno.test("innocent: a step that takes long for what it was given more of than others, and when it ends at its rate", async () => {
  const documents = (order: number) => ({ documents: 200 + order * 17 % 700, customer: 4_000 });
  const more = "; it has input.documents = 60000, where they have at most 863.";
  const usual = "where the 40 of its type before it took 0 ms in the median";
  const big = { documents: 60_000, customer: 4_000 };
  assert.equal(
    await runningWith(documents, big, [[10_000, 60_000]]),
    "Job odd is executing task bulk, attempt 1 of 2, since 2026-01-01T00:00:00.000Z, 10,000 of " +
      `60,000 done, at its rate so far until about 2026-01-01T00:01:01.000Z, ${usual}${more}`,
  );
  // By two reports, whatever was done before the first: here 100 in 10 s.
  assert.match(
    await runningWith(documents, big, [[59_000, 60_000], [59_100, 60_000]], true),
    /so far until about 2026-01-01T00:01:51\.000Z, after Error/,
  );
  assert.ok((await runningWith(documents, { documents: 60_000 })).endsWith(usual + more));
  const rows = (count: number) => ({ rows: Array.from({ length: count }, () => "x") });
  assert.ok(
    (await runningWith(() => rows(1), rows(40)))
      .endsWith("; it has length of input.rows = 40, where they have at most 1."),
  );
});

Deno.test("innocent: a number of a slow step that others have too, that is little more or less, and a rate that is not known", async () => {
  const amount = (order: number) => ({ amount: 200 + order * 17 % 700, customer: 4_000 });
  for (const odd of [{ amount: 863 }, { amount: 2_500 }, { amount: 5 }, { customer: 1 }]) {
    const summary = await runningWith(amount, odd);
    assert.match(summary, /, without a time limit, where the 40/);
    assert.doesNotMatch(summary, /; it has/);
  }
  for (
    const [reports, isAgain] of [
      [[[60, 60]], false],
      [[[0, 60]], false],
      [[[50, 60]], true],
      [[[50, 60], [10, 60]], false],
      [[[1, 10 ** 15]], false],
    ] as const
  ) {
    assert.doesNotMatch(await runningWith(amount, {}, reports, isAgain), /rate so far/);
  }
});

Deno.test("innocent: a result that is only a part of a word or path in the error, that the job was given, or that is a plain word", async () => {
  for (
    const [message, input, result] of [
      ["ENOENT: open '/scratch/rpt-7/pages.csv'", {}, { folder: "/scratch/rpt-7" }],
      ["ENOENT: open '/scratch/rpt-77.csv'", {}, { file: "/scratch/rpt-7" }],
      ["ENOENT: open '/scratch/rpt-7.csv'", { from: ["/scratch/rpt-7.csv"] }, "/scratch/rpt-7.csv"],
      ["order could not be created", {}, { status: "created" }],
      ["no rate for 2026-11-01", {}, { day: "2026-11-01" }],
      ["404: customer not found", {}, { id: "cus_4711" }],
    ] as const
  ) {
    const { summary, because, next } = await failedWith(new Error(message), input, result);
    const told = [summary, ...[...because, ...next].map(({ statement }) => statement)].join("\n");
    assert.doesNotMatch(told, /had returned|from task/, message);
  }
});

Deno.test("innocent: a result that the error names without saying that there is no such thing", async () => {
  for (
    const message of [
      "charge ch_4711 was declined",
      "no such currency, while ch_4711 was captured",
      'cannot find template "invoice" for "ch_4711"',
    ]
  ) {
    const { summary, because, next } = await failedWith(new Error(message), {}, { id: "ch_4711" });
    assert.doesNotMatch(summary, /had returned/, message);
    assert.ok(
      because.some(({ statement }) => statement === 'Task login had returned id = "ch_4711".'),
    );
    assert.ok(next.every(({ statement }) => !statement.includes("from task")), message);
  }
});

Deno.test("innocent: a stop between a step and the failure that names its result, if another job went through across one, or the failure came first", async () => {
  const use = (isBroken: boolean, maxAttempts = 1) =>
    looseJob("file.use", async (ctx) => {
      const file = await ctx.task("write", () => `/shared/${ctx.jobId}.csv`);
      if (maxAttempts === 1) await ctx.expect("go");
      await ctx.task("read", () => {
        if (isBroken && ctx.jobId === "bad") throw new Error(`ENOENT: no such file: ${file}`);
      }, { retry: { maxAttempts, initialMs: 60_000, jitter: 0 } });
    }, { expects: () => ({ go: { eventType: "file.Go", correlation: "any" as const } }) });
  const first = await Explained.start({ definitions: [use(true)] });
  for (const jobId of ["good", "bad"]) await first.submit(jobId, "file.use");
  const daybook = await first.crash();
  for (const jobId of ["good", "bad"]) await daybook.event("file.Go", {}, { jobId });
  assert.match((await daybook.explanation("bad")).summary, /had returned "\/shared\/bad\.csv"\.$/);

  const before = await Explained.start({ definitions: [use(true, 2)] });
  await before.submit("bad", "file.use");
  const after = await before.crash();
  await after.clock.advance(60_000);
  assert.match((await after.explanation("bad")).summary, /had returned "\/shared\/bad\.csv"\.$/);
});

Deno.test("innocent: what results lack, if one that went through lacks it too, one that failed has it, the step did not run, or keys are data", async () => {
  const refunds = { data: [] };
  const many = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`row${at}`, at]));
  const ten = Array.from({ length: 10 }, (): unknown => ({ refunds }));
  for (
    const [good, bad] of [
      [[...ten, {}], [{}, {}, {}]],
      [ten, [{}, {}, { refunds }]],
      [ten, ["skip", "skip", "skip"]],
      [ten.map((_, at) => ({ [`k${at}`]: 1 })), [{ x1: 1 }, { x2: 1 }, { x3: 1 }]],
      [ten.map(() => many), [{ row0: 0 }, { row0: 0 }, { row0: 0 }]],
    ] as const
  ) {
    const results = [...good, ...bad];
    const refund = looseJob("refund.process", async (ctx) => {
      const at = Number(ctx.jobId);
      const result = results[at];
      if (result !== "skip") await ctx.task("charge", () => result as string);
      await ctx.task("refund", () => {
        if (at >= good.length) throw new TypeError("fetch failed");
      }, { retry: ONCE });
    });
    const daybook = await Explained.start({ definitions: [refund] });
    for (const jobId of results.keys()) await daybook.submit(`${jobId}`, "refund.process");
    const { summary } = await daybook.explanation(`${good.length + 1}`);
    assert.doesNotMatch(summary, /result of charge/);
  }
});

Deno.test("innocent: a field of a result, if the error does not say that it is not valid, says so of an ordinary word, or the job was given it", async () => {
  const day = "2027-01-31";
  for (
    const [message, result, input] of [
      ["503: period_end was stored, but the ledger is closed", { period_end: day }, {}],
      ["422: the state is invalid", { state: "open" }, {}],
      ["422: period_end is invalid", { period_end: day }, { period_end: day }],
      ["422: period_ending is invalid", { period_end: day }, {}],
      ["429: invalid call, retry after 5 s", { retry_after: 5 }, {}],
      ['422: {"error":"invalid","request_id":"r-7"}', { request_id: "r-7" }, {}],
      ["401: access_token is invalid", { access_token: "t-4711-secret" }, {}],
      ["422: period_end is invalid", { period_end: "x".repeat(100) }, {}],
    ] as const
  ) {
    const { summary, next } = await failedWith(new Error(message), input, result);
    assert.doesNotMatch(summary, /had returned/, message);
    assert.ok(next.every(({ statement }) => !statement.includes("from task")), message);
  }
});

Deno.test("innocent: a field of two steps that differ in it, or of one that completed beside the failed one", async () => {
  const bill = (isBeside: boolean) =>
    looseJob("bill", async (ctx) => {
      const early = ctx.task("period", () => ({ period_end: "2027-02-31" }));
      if (!isBeside) await early;
      if (!isBeside) await ctx.task("again", () => ({ period_end: "2027-02-28" }));
      await ctx.task("bill", async () => {
        await early;
        throw new Error("period_end is invalid");
      }, { retry: ONCE });
    });
  for (const isBeside of [false, true]) {
    const daybook = await Explained.start({ definitions: [bill(isBeside)] });
    await daybook.submit("job", "bill");
    assert.doesNotMatch((await daybook.explanation("job")).summary, /had returned/);
  }
});

Deno.test("innocent: jobs that hold all workers while others wait, if they work as long as usual, have started none of these, or not all have", async () => {
  const starting = new Starting();
  const daybook = await Explained.start({ definitions: starting.definitions(), maxRunning: 2 });
  const assertSilent = async (...jobIds: readonly string[]) => {
    for (const jobId of jobIds) {
      const { summary, because, next } = await daybook.explanation(jobId);
      assert.doesNotMatch(JSON.stringify([summary, because, next]), /complete\.|ctx\.expect/);
    }
  };
  const publish = async (jobIds: readonly string[], assets: readonly number[]) => {
    await daybook.post(
      "/jobs",
      jobIds.map((jobId, at) => (
        { jobId, type: "site.publish", input: { assets: assets[at] } }
      )),
    );
    await daybook.submit(`beside-${jobIds[0]}`, "asset.render", {});
    await daybook.clock.advance(600_000);
  };
  const end = async (...jobIds: readonly string[]) => {
    for (const jobId of jobIds) await starting.end(daybook, jobId);
  };
  // Too few to know what is usual, but one has started no job, or both only such as have ended.
  await publish(["a1", "b1"], [3, 0]);
  await assertSilent("a1", "b1", "beside-a1");
  await end("a1");
  await daybook.clock.advance(600_000);
  await assertSilent("b1");
  await end("b1");
  // Each started some, and works for as long as those before it.
  for (let round = 2; round < 6; round++) {
    const pair = [`a${round}`, `b${round}`];
    await publish(pair, [2, 2]);
    if (round > 3) await assertSilent(...pair, `beside-a${round}`);
    else {assert.match(
        (await daybook.explanation(`a${round}`)).summary,
        /none of them can complete/,
      );}
    await end(...pair);
  }
  // The events came from outside, or a pause holds the jobs.
  await publish(["x", "y"], [0, 0]);
  await daybook.clock.advance(86_400_000);
  for (let asset = 0; asset < 4; asset++) await daybook.event("asset.Wanted", { asset });
  await assertSilent("x", "y", "beside-x");
  await end("x", "y");
  await daybook.post("/pauses", { type: "asset.render", reason: "the disk is full" });
  await publish(["p", "q"], [2, 2]);
  await daybook.clock.advance(86_400_000);
  await assertSilent("p", "q", "beside-p");
});
