/**
 * A start without a usable snapshot keeps the index: what it derives equals what a start derives
 * from an emptied index, and from a snapshot, and nothing that the index has is written again.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { eventId, eventType, type JobId, jobId, type LogId } from "../../src/core/ids.ts";
import type { JobState } from "../../src/core/job_state.ts";
import type { JobFilter } from "../../src/engine/job_pages.ts";
import { JobCensus } from "../../src/engine/views/job_census.ts";
import type { FailuresByType } from "../../src/engine/writer/in_force.ts";
import { Projection } from "../../src/engine/writer/projection.ts";
import type { MemoryContent } from "../../src/testing/memory_journal.ts";
import { listsOf } from "../engine/lists_of.ts";
import { rounds } from "../support/effort.ts";
import { created, expectation, JOB, matcher, plan } from "../support/engine/entries.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";
import { type Action, action, Play } from "../support/engine/random_jobs.ts";

/** What random jobs leave out: keys, ids of senders, and what concerns many jobs. */
type More =
  | { readonly kind: "keyed"; readonly key: number }
  | { readonly kind: "fact"; readonly id: number; readonly lost: boolean }
  | { readonly kind: "pause" | "limit" | "retryFirst" };

const more: fc.Arbitrary<More> = fc.oneof(
  fc.record({ kind: fc.constant("keyed" as const), key: fc.nat(4) }),
  fc.record({ kind: fc.constant("fact" as const), id: fc.nat(9), lost: fc.boolean() }),
  fc.record({ kind: fc.constantFrom("pause" as const, "limit" as const, "retryFirst" as const) }),
);

const actions: fc.Arbitrary<readonly (Action | More)[]> = fc.array(
  fc.oneof({ weight: 3, arbitrary: action }, { weight: 2, arbitrary: more }),
  { minLength: 4, maxLength: 30 },
);

const PLAN = plan([expectation("paid", "ec.Paid", { multiplicity: { times: 2 } })], {
  errors: [matcher("ec.Lost")],
});

const share = fc.oneof(fc.constant(99), fc.integer({ min: 30, max: 98 }));

const RATED = { maxRunning: 2, rate: { count: 2, perMs: 60_000 } };

async function act(play: Play, action: Action | More): Promise<void> {
  const { engine } = play.daybook;
  switch (action.kind) {
    case "keyed": {
      const idempotency = { key: `key-${action.key}`, digest: "d" };
      await engine.create({ plan: PLAN, idempotency, labels: { of: `${action.key}` } });
      break;
    }
    case "fact": {
      const type = eventType(action.lost ? "ec.Lost" : "ec.Paid");
      const id = eventId(`caller-${action.id}`);
      await engine.deliver([
        { eventType: type, stratum: "domain", attributes: {}, eventId: id },
      ]);
      break;
    }
    case "pause": {
      const [pause] = engine.pauses.all();
      if (pause === undefined) await engine.pauses.begin({ type: "random.job", reason: "a test" });
      else await engine.pauses.end(pause.pauseId);
      break;
    }
    case "limit":
      await engine.limits.change("random.job", RATED, "a test");
      break;
    case "retryFirst": {
      const failed = play.jobs().findLast(({ state }) => state === "Failed");
      if (failed !== undefined) await engine.retry(failed.jobId, {});
      break;
    }
    default:
      await play.act(action);
  }
}

const FILTERS: readonly JobFilter[] = [
  {},
  { states: ["Failed"] },
  { states: ["Failed"], retried: true },
  { conditions: ["failed"], retried: false },
  { conditions: ["succeeded", "waiting", "cancelled"] },
  { types: ["random.job"] },
  { labels: [["of", "1"]] },
  { search: "yet" },
];
const KEYS = [0, 1, 2, 3, 4].map((key) => `key-${key}`);
const ALL = 10_000;

function replayed(projection: Projection, entries: readonly JobEventLogEntry[]): Projection {
  for (const entry of entries) projection.replay(entry);
  projection.begin();
  return projection;
}

/** Everything that can be asked of a projection of these entries. */
async function answersOf(projection: Projection, entries: readonly JobEventLogEntry[]) {
  const { table, eventIds, pauses, limitChanges, failures, places, starts } = projection;
  const { listed, trails, index } = table;
  const entriesAt = (logIds: readonly LogId[]) =>
    Promise.resolve(logIds.flatMap((logId) => entries[logId - 1] ?? []));
  const census = new JobCensus(undefined, assert.ifError);
  await census.restore({ table, headLogId: entries.length, isWhole: false, entriesAt });
  const created = entries.filter(({ eventType }) => eventType === "job.JobCreated");
  const jobs = created.map(({ jobId, logId }) => {
    const id = jobId as JobId;
    return {
      job: table.job(id),
      head: table.head(id)?.lastLogId,
      summary: listed.summaryAt(logId),
      retry: [listed.retriedAt(id), listed.retryOf(id)],
      trail: [trails.logIds(id, 0, ALL), trails.conditionsOf(id)],
    };
  });
  const whole = {
    jobs,
    lists: FILTERS.map((filter) => [
      [...listed.scan(filter)].map(({ firstLogId }) => firstLogId),
      listsOf(table).count(filter),
    ]),
    keys: KEYS.map((key) => table.jobOfKey(key)),
    ids: await Promise.all(entries.map(async ({ eventId }) => {
      const candidates = eventIds.candidates(eventId);
      const found = await eventIds.find([{ eventId, candidates }], entriesAt);
      return [found.get(eventId)?.entry.logId, candidates.length > 0];
    })),
    counts: [table.size, table.unfinished, table.unfinishedBytes, eventIds.head],
    census: [census.states, census.conditions, [...census.queued]],
    inForce: [pauses.all, limitChanges.all, failures.capture(), places.all, starts.kept],
  };
  // Afterwards all ended jobs are in the index.
  const snapshot = [...projection.capture({ logId: entries.length, chain: "end" })];
  const indexed = jobs.map(({ job }) =>
    job && [index?.job(job.jobId), index?.trail(job.jobId), index?.summaryAt(job.firstLogId)]
  );
  const counted = [...index?.conditions ?? []].filter(([, jobs]) => jobs > 0).sort();
  const latest = [index?.latestFailed(ALL), index?.latestAwaiting(ALL)];
  const failed = FILTERS.map((filter) => listsOf(table).failures(filter));
  return { ...whole, snapshot, indexed, counted, latest, failed };
}

/** Notes the jobs, and the positions of ids, that are put into an index. */
function putInto(index: MemoryIndex) {
  const written = { jobs: [] as JobState[], ids: [] as LogId[] };
  const put = index.put.bind(index);
  index.put = (jobs, ids = []) => {
    written.jobs.push(...jobs.map(({ job }) => job));
    written.ids.push(...ids.map(([, logId]) => logId));
    return put(jobs, ids);
  };
  return written;
}

/** The same, but ended jobs stay in memory for long. */
function slow(index: MemoryIndex): MemoryIndex {
  return Object.defineProperty(index, "batch", { value: 1_000 });
}

/** The last entry that concerns the row of a job. */
function lastOf({ jobId, lastLogId }: JobState, entries: readonly JobEventLogEntry[]): LogId {
  const retry = entries.findLast((entry) =>
    entry.eventType === "job.JobCreated" && "retryOf" in entry.attributes &&
    entry.attributes.retryOf === jobId
  );
  return Math.max(lastLogId, retry?.logId ?? 0);
}

/** The entries up to the end of a batch, with this share of the batches, in percent. */
function cut({ entries, batches }: MemoryContent, share: number): readonly JobEventLogEntry[] {
  const ends = [...batches.slice(1).map((first) => first - 1), entries.length];
  return entries.slice(0, ends[Math.floor(share / 100 * ends.length)]);
}

/** A history, and each index from which a kill on the way would have let the next start go on. */
async function played(actions: readonly (Action | More)[], every: number) {
  const play = new Play();
  await play.start(2, { snapshotEvery: every });
  const indexes = new Map<LogId | undefined, MemoryIndex>();
  for (const action of actions) {
    await act(play, action);
    await play.daybook.clock.settle(12);
    const index = play.daybook.index.asAfterKill();
    indexes.set(index.point()?.logId, index);
  }
  return { daybook: play.daybook, indexes: [...indexes.values()] };
}

Deno.test("kept index: a replay onto it derives what one onto an emptied index does, and a start from a snapshot", async () => {
  const seen = { points: 0, later: 0, cut: 0 };
  await fc.assert(
    fc.asyncProperty(actions, fc.constantFrom(5, 9, 20), share, async (actions, every, share) => {
      const { daybook, indexes } = await played(actions, every);
      // As read from a file.
      const read = JSON.parse(JSON.stringify(daybook.journal.content)) as MemoryContent;
      // The index may be ahead of the journal.
      const [entries, { snapshot }] = [cut(read, share), read];
      const emptied = replayed(new Projection(MemoryIndex.empty()), entries);
      assert.ok(emptied.isWhole);
      const expected = await answersOf(emptied, entries);
      if (snapshot !== null && entries.length === read.entries.length) {
        const restored = new Projection(daybook.index.asAfterKill());
        assert.ok(restored.restore(snapshot.lines));
        replayed(restored, entries.slice(snapshot.logId));
        assert.deepEqual(await answersOf(restored, entries), expected);
      }
      for (const index of indexes) {
        const point = index.point();
        if (point === undefined || point.logId > entries.length) continue;
        const written = putInto(index);
        const kept = new Projection(seen.points % 2 === 0 ? index : slow(index));
        kept.begin(point);
        assert.ok(!kept.isWhole, "it was emptied");
        replayed(kept, entries);
        assert.deepEqual(await answersOf(kept, entries), expected);
        const jobs = written.jobs.filter((job) => lastOf(job, read.entries) <= point.logId);
        const ids = written.ids.filter((logId) => logId <= point.logId);
        assert.deepEqual([jobs, ids], [[], []], "they were in it");
        seen.points++;
        seen.later += written.jobs.length > 0 ? 1 : 0;
        seen.cut += entries.length < read.entries.length ? 1 : 0;
      }
    }),
    { numRuns: rounds(75, 10_000, 25) },
  );
  assert.ok(Object.values(seen).every((count) => count > rounds(7, 50, 1)), JSON.stringify(seen));
});

Deno.test("kept index: wherever its point is, a job that goes on after its end has all of it, and late failures count for its type", async () => {
  const { entries } = created({ type: "shop.late", definitionVersion: 1 }).started().mainStarted()
    .taskStarted("a").taskStarted("b").taskBackedOff("a").cancelled().taskFailed("b")
    .fact("ec.Late").framework("job.JobRetried", { newJobId: jobId("job_2") });
  const expected = await answersOf(replayed(new Projection(MemoryIndex.empty()), entries), entries);
  const [[type, failures] = []] = expected.inForce[2] as FailuresByType;
  assert.deepEqual([type, failures?.length], ["shop.late", 2]);
  for (const { logId } of entries) {
    const before = MemoryIndex.empty();
    const point = { logId, chain: "here" };
    void [...replayed(new Projection(before), entries.slice(0, logId)).capture(point)];
    const kept = new Projection(before.asAfterKill());
    kept.begin(point);
    assert.deepEqual(await answersOf(replayed(kept, entries), entries), expected, `at ${logId}`);
  }
});

Deno.test("kept index: if the later of two retries is lost, the row of the job has the earlier one again", async () => {
  const retry = (id: string, logId: LogId) => {
    const entry = created({ retryOf: JOB }).entry(0);
    return { ...entry, jobId: jobId(id), eventId: eventId(`created-${id}`), logId };
  };
  const waiting = { plan: plan([expectation("paid", "ec.Paid")]) };
  const { entries: own } = created(waiting).started().cancelled();
  const late = { ...created(waiting).fact("ec.Late").entry(1), logId: 5 };
  const entries = [...own, retry("job_2", 4), late];
  const before = MemoryIndex.empty();
  const ahead = replayed(new Projection(before), entries);
  void [...ahead.capture({ logId: 5, chain: "five" })];
  void [...replayed(ahead, [retry("job_3", 6)]).capture({ logId: 6, chain: "six" })];
  assert.equal(before.retriedAt(JOB), 6);

  const kept = new Projection(slow(before.asAfterKill()));
  kept.begin({ logId: 5, chain: "five" });
  const expected = await answersOf(replayed(new Projection(MemoryIndex.empty()), entries), entries);
  assert.deepEqual(await answersOf(replayed(kept, entries), entries), expected);
  assert.equal(kept.table.listed.retryOf(JOB), "job_2");
});
