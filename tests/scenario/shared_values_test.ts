/** Another job that was given the value which an error names: whether its work explains the error. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import { Explained } from "../support/engine/explained.ts";
import { scripted } from "./incident_kit.ts";

const ANY_INPUT = v.record(v.string(), v.unknown());

/** The first answer, which is the same after a crash. */
async function toldOf(daybook: Explained, jobId: string): Promise<string> {
  await daybook.assertCitations(jobId);
  const { summary } = await daybook.explanation(jobId);
  assert.equal((await (await daybook.crash()).explanation(jobId)).summary, summary);
  return summary;
}

const INDEX = scripted("search.index", { put: () => "put" });
const ERASE = defineJob({
  type: "gdpr.erase",
  version: 1,
  input: ANY_INPUT,
  async run(ctx, { userId, isLeft }) {
    await ctx.task("delete-profile", () => "deleted");
    await ctx.sleep("pause", 1_000);
    await ctx.task("delete-index", () => "deleted");
    await ctx.sleep("replication", 2_000);
    await ctx.task("verify", () => {
      if (isLeft === true) throw new NonRetryableError(`1 document of ${userId} is left`);
      return "none is left";
    });
  },
});

interface Erasure {
  readonly isLeft?: boolean;
  /** When the document of the user is written again, after the erasure began. */
  readonly putAfterMs?: number;
}

/** Erases users one after the other, each of whom has been in the index; the last one fails. */
async function erased(others: readonly Erasure[], last: Erasure) {
  const daybook = await Explained.start({ definitions: [INDEX, ERASE] });
  const all = [...others, last];
  for (const [at] of all.entries()) {
    await daybook.submit(`signup-${at}`, "search.index", { userId: `u-1${at}`, reason: "signup" });
  }
  for (const [at, { isLeft = false, putAfterMs = 0 }] of all.entries()) {
    await daybook.clock.advance(60_000);
    const userId = `u-1${at}`;
    await daybook.submit(`erase-${at}`, "gdpr.erase", { userId, isLeft });
    await daybook.clock.advance(putAfterMs);
    if (putAfterMs > 0) await daybook.submit(`put-${at}`, "search.index", { userId, reason: "up" });
    await daybook.clock.advance(4_000 - putAfterMs);
  }
  return await toldOf(daybook, `erase-${others.length}`);
}

const LEFT = { isLeft: true, putAfterMs: 2_000 };

Deno.test("explain a shared value: a job that did its work between two steps of this one is named, although all had one of its type before them", async () => {
  const told = await erased([{}, {}, { putAfterMs: 500 }, {}], LEFT);
  assert.ok(
    told.endsWith(
      'Job put-4 (search.index), which also has "u-14" at input.userId, completed task put at ' +
        "2026-01-01T00:05:18.000Z, after task delete-index of this job and before task verify failed.",
    ),
    told,
  );
});

Deno.test("explain a shared value: a job that a pause had held until then is said to have been", async () => {
  const daybook = await Explained.start({ definitions: [INDEX, ERASE] });
  const { pauseId } = await daybook.post("/pauses", { type: "search.index", reason: "upgrade" });
  await daybook.submit("put", "search.index", { userId: "u-19" });
  await daybook.submit("erase", "gdpr.erase", { userId: "u-19", isLeft: true });
  await daybook.clock.advance(2_000);
  await daybook.app.request(`http://127.0.0.1:8000/pauses/${pauseId}`, { method: "DELETE" });
  await daybook.clock.advance(2_000);
  assert.match(
    await toldOf(daybook, "erase"),
    /Job put .*, after task delete-index of this job and before task verify failed; that job had been held by the pause of type search\.index for 2 s\.$/,
  );
});

Deno.test("innocent: a job with the same value that did its work before, or when those of jobs that went through did", async () => {
  const before = { isLeft: true, putAfterMs: 500 };
  for (
    const [others, last] of [
      [[{}, {}, {}, {}], { isLeft: true }],
      [[{}, { putAfterMs: 500 }, {}, {}], before],
      [[{}, {}, { putAfterMs: 2_500 }, {}], LEFT],
      // Most others that failed alike had none.
      [[{}, {}, {}, { isLeft: true }, { isLeft: true }, LEFT], LEFT],
    ] as const
  ) {
    assert.doesNotMatch(await erased(others, last), /which also has/);
  }
});

const REMOVED = "directory.UserRemoved";
const DIRECTORY = [
  defineJob({
    type: "directory.sync",
    version: 1,
    input: ANY_INPUT,
    async run(ctx, { users }) {
      const listed = await ctx.task("fetch", () => ({ users: users as string[] }));
      await ctx.task("diff", (task) => {
        const isListed = listed.users.length > 0;
        for (const userId of isListed ? [] : ["u-33", "u-34"]) task.emit(REMOVED, { userId });
      });
    },
  }),
  looseJob("user.deprovision", (ctx) => ctx.task("revoke", () => "revoked"), {
    startsOn: {
      eventType: REMOVED,
      input: ({ attributes: { userId } }) => ({ userId: String(userId) }),
    },
  }),
  scripted("calendar.sync", {
    pull: ({ jobId, input: { userId } }) => {
      if (jobId.startsWith("last")) throw new NonRetryableError(`token of ${userId} was revoked`);
      return "pulled";
    },
  }),
];

interface Syncs {
  /** Removed users, besides those that the directory did not list. */
  readonly removed?: readonly string[];
  /** Users whose last sync fails. */
  readonly failing?: readonly string[];
  /** Users who were synced before any were removed, and after that. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

const USERS = ["u-31", "u-32", "u-33", "u-34"];

/** Syncs calendars ten times, until the directory lists no users. */
async function synced(
  { removed = [], failing = ["u-33"], before = USERS, after = ["u-31", "u-32"] }: Syncs,
) {
  const daybook = await Explained.start({ definitions: DIRECTORY });
  const sync = async (round: string, users: readonly string[]) => {
    await daybook.clock.advance(60_000);
    for (const userId of users) {
      await daybook.submit(`${round}-${userId}`, "calendar.sync", { userId });
    }
  };
  for (let round = 0; round < 12; round++) {
    await daybook.submit(`directory-${round}`, "directory.sync", { users: USERS });
    await sync(`${round}`, before);
  }
  for (const userId of removed) await daybook.event(REMOVED, { userId });
  await daybook.submit("directory-last", "directory.sync", { users: [] });
  await sync("after", after);
  await sync("last", failing);
  return await toldOf(daybook, "last-u-33");
}

Deno.test("explain a shared value: of many jobs with it, the one is named since which none went through, and the job whose event created it, with what sets that apart", async () => {
  const named =
    / Job job~\S+ \(user\.deprovision\), which also has "u-33" at input\.userId, has been Done since 2026-01-01T00:12:00\.000Z; task diff of job directory-last sent the event that created it\. Job directory-last has no elements in (?:input|result of fetch)\.users, where all 12 that went through have some/;
  assert.match(await synced({}), named);
  assert.match(await synced({ failing: ["u-33", "u-34"] }), named);
});

Deno.test("innocent: one of many jobs with a value, if jobs went through after it or had one too, failed alike without, or none went through before", async () => {
  for (
    const syncs of [
      { after: ["u-31", "u-32", "u-33"] },
      { removed: ["u-32"] },
      { failing: ["u-31", "u-32", "u-33"] },
      { before: ["u-31", "u-32"] },
      { before: ["u-33"], after: [] },
    ]
  ) {
    assert.doesNotMatch(await synced(syncs), /user\.deprovision/, JSON.stringify(syncs));
  }
});

interface Payouts {
  readonly error?: string;
  readonly sellers?: readonly string[];
  /** Sellers whose payout comes after the one that failed. */
  readonly later?: readonly string[];
}

/** Debits one account for some sellers, until it does not suffice. */
async function paid(
  { error = "insufficient funds on acc-1", sellers = SELLERS, later = [] }: Payouts,
) {
  const daybook = await Explained.start({
    definitions: [
      scripted("payout.send", {
        debit: ({ jobId }) => {
          if (jobId === "last") throw new NonRetryableError(error);
          return "debited";
        },
      }),
    ],
  });
  const pay = async (jobId: string, seller: string) => {
    await daybook.clock.advance(1_000);
    await daybook.submit(jobId, "payout.send", { seller, account: "acc-1" });
  };
  for (const [at, seller] of sellers.entries()) await pay(`pay-${at}`, seller);
  await pay("last", "S-99");
  for (const seller of later) await pay(`later-${seller}`, seller);
  return await toldOf(daybook, "last");
}

const SELLERS = ["S-11", "S-12", "S-13", "S-14", "S-12", "S-15"];

Deno.test("explain a shortage: the only two jobs with one input that took of what the error names are named", async () => {
  const told = await paid({});
  assert.ok(
    told.endsWith(
      ' Jobs pay-1 and pay-4, which also have "acc-1" at input.account, got the same input 3 s ' +
        "apart, and both had completed task debit before it failed here.",
    ),
    told,
  );
});

Deno.test("innocent: jobs with one input, if nothing is short, several are repeated, there are few others, or one came later", async () => {
  for (
    const payouts of [
      { error: "acc-1 does not answer" },
      { error: "insufficient permissions on acc-1" },
      { sellers: [...SELLERS, "S-15"] },
      { sellers: [...SELLERS, "S-12"] },
      { sellers: ["S-11", "S-12", "S-12", "S-13"] },
      { sellers: [...new Set(SELLERS)], later: ["S-12"] },
    ]
  ) {
    assert.doesNotMatch(await paid(payouts), /same input/, JSON.stringify(payouts));
  }
});

/** Pays out of accounts that were funded before, but for the last one. */
async function paidOut(
  { funded = true, isHeld = true }: {
    /** Whether those of jobs that go through had been funded by then. */
    readonly funded?: boolean;
    /** Whether the funding of the last one waits. */
    readonly isHeld?: boolean;
  } = {},
) {
  const daybook = await Explained.start({
    definitions: [
      defineJob({
        type: "account.fund",
        version: 1,
        input: ANY_INPUT,
        limits: { maxRunning: 4 },
        run: async (ctx, { isSlow }) => {
          if (isSlow === true) await ctx.task("transfer", () => new Promise(() => {}));
        },
      }),
      scripted("payout.send", {
        check: ({ input: { account, isShort } }) => {
          if (isShort === true) throw new Error(`balance 20.00 of account ${account} is too low`);
          return "paid";
        },
      }, { retry: { maxAttempts: 1, initialMs: 1, factor: 1, jitter: 0 } }),
    ],
  });
  for (let at = 10; at < 16; at++) {
    const account = `M-${at}`;
    if (funded) await daybook.submit(`fund-${at}`, "account.fund", { account });
    await daybook.submit(`payout-${at}`, "payout.send", { account });
    if (!funded) await daybook.submit(`fund-${at}`, "account.fund", { account });
  }
  await daybook.app.request("http://127.0.0.1:8000/limits/account.fund", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ maxRunning: 1, reason: "maintenance" }),
  });
  if (isHeld) await daybook.submit("fund-big", "account.fund", { account: "M-1", isSlow: true });
  await daybook.submit("fund-77", "account.fund", { account: "M-77" });
  await daybook.submit("payout-77", "payout.send", { account: "M-77", isShort: true });
  return daybook;
}

Deno.test("explain a shared value: a job that had not ended by then, where those of jobs that went through had, is named with what it waits for, and is to end before a retry", async () => {
  const daybook = await paidOut();
  assert.match(
    await toldOf(daybook, "payout-77"),
    /Job fund-77 \(account\.fund\), which also has "M-77" at input\.account, had not ended by then, unlike those of jobs that went through; it is queued: 1 of 1 place of type account\.fund taken \(maxRunning, as changed at [^ ]+\): fund-big in task transfer since .*; the limit was changed \(reason: maintenance\)\.$/,
  );
  const { next } = await daybook.explanation("payout-77");
  assert.deepEqual(next.slice(1, 3).map(({ statement }) => statement), [
    "First let job fund-77 end: until then, a retry may fail as well.",
    "Then retry it; a new job starts from the beginning:",
  ]);
});

Deno.test("innocent: a job with the same value that had ended by then, or came later for jobs that went through", async () => {
  assert.doesNotMatch(await toldOf(await paidOut({ isHeld: false }), "payout-77"), /fund-77/);
  const later = await toldOf(await paidOut({ funded: false }), "payout-77");
  assert.doesNotMatch(later, /had not ended by then/);
});

/** Trains on a partition that another job wrote, once that job was cancelled, and one before. */
async function trained(error: string, { isCancelled = true } = {}) {
  let isThere = true;
  const daybook = await Explained.start({
    definitions: [
      defineJob({
        type: "features.write",
        version: 1,
        input: ANY_INPUT,
        async run(ctx, { day }) {
          await ctx.task("write", () => ({ path: `prod/orders/dt=${day}` }), {
            compensate: () => "removed",
          });
          await ctx.sleep("check", 3_600_000);
        },
      }),
      scripted("model.train", {
        load: () => {
          if (!isThere) throw new NonRetryableError(error);
          return "loaded";
        },
      }),
    ],
  });
  await daybook.submit("write-1", "features.write", { day: "2026-01-01" });
  await daybook.submit("write-2", "features.write", { day: "2026-01-02" });
  await daybook.submit("first", "model.train", {
    epochs: 4,
    features: "prod/orders/dt=2026-01-01",
  });
  const control = { reason: "unblocks the queue" };
  if (isCancelled) await daybook.post("/jobs/write-1/cancel", control);
  await daybook.clock.advance(1_000);
  isThere = false;
  await daybook.submit("second", "model.train", {
    epochs: 9,
    features: "prod/orders/dt=2026-01-01",
  });
  return daybook;
}

const GONE = "FileNotFoundError: prod/orders/dt=2026-01-01/part-0.parquet";

Deno.test("explain a shared value: what another job made and undid is named if the error names it, and is to be made again before a retry", async () => {
  const daybook = await trained(GONE);
  assert.match(
    await toldOf(daybook, "second"),
    /Task write of job write-1 \(features\.write\) had returned path = "prod\/orders\/dt=2026-01-01", which the error names, and was undone: that job was cancelled at [^ ]+ \(reason: unblocks the queue\)\.$/,
  );
  const { next } = await daybook.explanation("second");
  assert.ok(
    next.some(({ statement }) =>
      statement ===
        "First have the work of job write-1 done again: until then, a retry may fail as well."
    ),
  );
});

Deno.test("innocent: a job whose work the error does not name, or was not undone, and one that had succeeded with the same input before", async () => {
  for (
    const daybook of [
      await trained(GONE, { isCancelled: false }),
      await trained(GONE.replaceAll("-01/", "-03/")),
    ]
  ) {
    assert.doesNotMatch(await toldOf(daybook, "second"), /undone|job first/);
  }
});
