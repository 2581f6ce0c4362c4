import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { IS_QUICK } from "../support/effort.ts";
import { jobId, type LogId } from "../../src/core/ids.ts";
import type { JobState } from "../../src/core/job_state.ts";
import { quotedEntry, withReferences } from "../../src/core/log_references.ts";
import { type ExportHeader, exportLines } from "../../src/tools/export_file.ts";
import { parseExport } from "../../src/tools/export_parser.ts";
import { jobView } from "../../src/documents/jobs.ts";
import { explainedOffline } from "./explained_offline.ts";
import { JournalHome, testWithHomes } from "./journal_home.ts";
import { DEFINITIONS, KINDS, planFor, taskIs } from "./journal_kinds.ts";
import { runJournal } from "../support/process/journal_command.ts";

/** The output of `journal export` for a job. */
async function exported(home: JournalHome, id: string, ...options: string[]) {
  const { code, out, err } = await runJournal(["export", id, "--journal", home.folder, ...options]);
  assert.equal(code, 0, err.join("\n"));
  return out.map((line) => `${line}\n`).join("");
}

/** Imports a text into the journal of a home that is not started. */
async function imported(home: JournalHome, text: string, ...options: string[]) {
  await Deno.mkdir(home.folder, { recursive: true });
  const path = home.path("job.ndjson");
  await Deno.writeTextFile(path, text);
  return await runJournal(["import", path, "--journal", home.folder, ...options]);
}

function parse(text: string) {
  return parseExport(new TextEncoder().encode(text));
}

/** Maps positions of one export to those of another with the same entries. */
function movesBetween(from: string, to: string): (logId: LogId) => LogId {
  const there = new Map(parse(to).entries.map(({ eventId, logId }) => [eventId, logId]));
  const moves = new Map(
    parse(from).entries.map(({ eventId, logId }) => [logId, there.get(eventId)]),
  );
  return (logId) => {
    const moved = moves.get(logId);
    assert.ok(moved !== undefined, `entry ${logId} did not move`);
    return moved;
  };
}

const POSITIONS = new Set([
  "firstLogId",
  "lastLogId",
  "startedBy",
  "endedBy",
  "suspendedBy",
  "because",
  "completedBy",
  "reusedFrom",
  "seen",
  "setBy",
  "passedBy",
  "waived",
  "by",
]);

/** A state, or a view of one, at other positions. */
function movedState(value: unknown, moved: (logId: LogId) => LogId, key = ""): unknown {
  if (typeof value === "number") return POSITIONS.has(key) ? moved(value) : value;
  if (Array.isArray(value)) return value.map((item) => movedState(item, moved, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, movedState(item, moved, name)]),
  );
}

function movedEntries(text: string, moved: (logId: LogId) => LogId): readonly JobEventLogEntry[] {
  return parse(text).entries.map((entry) => ({
    ...withReferences(entry, moved),
    logId: moved(entry.logId),
  }));
}

for (const [kind, make] of Object.entries(KINDS)) {
  testWithHomes(
    `import: ${kind} is unchanged except for positions`,
    DEFINITIONS,
    async (old, fresh) => {
      await old.start();
      await old.event("shop.Unrelated");
      const id = await make(old);
      const before: JobState = old.job(id);
      const text = await exported(old, id);
      await fresh.start();
      await fresh.create({ plan: planFor("already here") });
      fresh.crash();

      const { code, err } = await imported(fresh, text, "--unfinished");

      assert.equal(code, 0, err.join("\n"));
      const again = await exported(fresh, id);
      const moved = movesBetween(text, again);
      assert.deepEqual(parse(again).job, movedState(before, moved));
      assert.deepEqual(parse(again).entries, movedEntries(text, moved));
      assert.deepEqual(
        JSON.parse(JSON.stringify(jobView(parse(again).job))),
        JSON.parse(JSON.stringify(movedState(jobView(before), moved))),
      );
      assert.deepEqual(
        await explainedOffline(fresh.folder, id),
        await explainedOffline(old.folder, id),
      );
      const header = (file: string): ExportHeader => ({ ...parse(file).header, from: NOWHERE });
      assert.deepEqual(header(again), header(text));
    },
  );
}

const NOWHERE = { head: { logId: 0, chain: "" } };

testWithHomes(
  "import: the history follows journal.Imported in the same batch, whatever is restored later",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ plan: planFor("a") });
    await old.event("shop.Paid", { orderId: "a" });
    const text = await exported(old, id);

    const { code, out } = await imported(fresh, text);

    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(out[0] ?? ""), {
      jobId: id,
      state: "Done",
      entries: 4,
      own: 3,
      known: 0,
      logIds: { imported: 2, first: 3, last: 6 },
    });
    await fresh.start();
    const entries = await fresh.entries();
    assert.deepEqual(entries.map(({ eventType }) => eventType), [
      "journal.SegmentOpened",
      "journal.Imported",
      "job.JobCreated",
      "job.JobStarted",
      "shop.Paid",
      "job.EventCorrelated",
      "journal.Sealed",
    ]);
    assert.deepEqual(entries[1]?.attributes, {
      jobId: id,
      entries: 4,
      from: parse(text).header.from.head,
    });
    assert.equal(entries[5]?.causedBy, 5);
    const fromSnapshot = fresh.job(id);
    fresh.crash();
    await Deno.remove(`${fresh.folder}/snapshots`, { recursive: true });
    await fresh.start();
    assert.deepEqual(fresh.job(id), fromSnapshot);
  },
);

testWithHomes(
  "import: the text output names the new position of the job",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ plan: planFor("a") });
    await old.event("shop.Paid", { orderId: "a" });
    await Deno.writeTextFile(old.path("job.ndjson"), await exported(old, id));

    const args = ["import", old.path("job.ndjson"), "--journal", fresh.folder];
    const { out } = await runJournal(args, { isInteractive: true });

    assert.deepEqual(out, [
      `imported job ${id}, Done: entries 3 to 6, 3 of them its own, after journal.Imported at 2`,
    ]);
  },
);

testWithHomes(
  "import: an unfinished job continues and completes in the new journal",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ type: "test.order", input: { orderId: "a" } });
    await old.until(id, taskIs("main", "waiting"));
    const text = await exported(old, id);

    const refused = await imported(fresh, text);
    assert.equal(refused.code, 1);
    assert.match(refused.err.join(), /it is Running, and would continue in the other journal too/);

    assert.equal((await imported(fresh, text, "--unfinished")).code, 0);
    await fresh.start();
    const receipt = await fresh.event("shop.Shipped", { orderId: "a", region: "EU" });
    assert.equal(receipt.disposition, "matched");
    const job = await fresh.until(jobId(id), ({ state }) => state === "Done");
    const runs = job.tasks.map(({ taskId, attempts }) => [taskId, attempts]);
    assert.deepEqual(runs, [["main", 2], ["reserve", 1], ["charge", 1]]);
  },
);

testWithHomes(
  "import: an event imported with the job is a duplicate",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ plan: planFor("a", 2) });
    await old.event("shop.Paid", { orderId: "a" }, { eventId: "first" });
    await imported(fresh, await exported(old, id), "--unfinished");
    await fresh.start();

    const again = await fresh.event("shop.Paid", { orderId: "a" }, { eventId: "first" });
    const second = await fresh.event("shop.Paid", { orderId: "a" }, { eventId: "second" });

    assert.equal(again.disposition, "duplicate");
    assert.equal(second.disposition, "matched");
    assert.equal(fresh.job(id).state, "Done");
  },
);

/** Its first card is declined, and then it waits. */
function declined() {
  let cards = 0;
  return defineJob({
    type: "test.declined",
    version: 1,
    input: v.object({ orderId: v.string() }),
    expects: ({ orderId }) => {
      const correlation = { equals: { orderId } };
      return {
        approved: { eventType: "shop.Approved", correlation },
        shipped: { eventType: "shop.Shipped", correlation },
      };
    },
    async run(ctx) {
      await ctx.expect("approved");
      await ctx.task("charge", () => {
        if (++cards === 1) throw new NonRetryableError("declined");
      });
      await ctx.expect("shipped");
    },
  });
}

const approvedBy = (job: JobState) =>
  job.expected[job.plan.expected.findIndex(({ id }) => id === "approved")]?.by;

/** Imports a retry that waits, and has reused an event that named the job that it retries. */
async function importRetryWithNamedEvent(old: JournalHome, fresh: JournalHome) {
  const order = { orderId: "h" };
  await old.start();
  const first = await old.create({ type: "test.declined", input: order });
  await old.until(first, taskIs("main", "waiting"));
  await old.event("shop.Approved", order, { eventId: "approval", jobId: first });
  await old.until(first, ({ state }) => state === "Failed");
  const outcome = await old.engine.retry(first, {});
  assert.ok(outcome.ok);
  const second = outcome.value.jobId;
  await old.until(second, taskIs("charge", "completed"));
  await imported(fresh, await exported(old, second), "--unfinished");
  await fresh.start();
  return { order, first, second };
}

testWithHomes(
  "import: an event that a retry reused, and that named the retried job, does not count again",
  [declined()] as unknown as readonly AnyJobDefinition[],
  async (old, fresh) => {
    const { order, first, second } = await importRetryWithNamedEvent(old, fresh);
    const before = approvedBy(fresh.job(second));
    assert.equal(before?.length, 1);

    const send = (references: { readonly jobId?: string }) =>
      fresh.event("shop.Approved", order, { eventId: "approval", ...references });
    const again = await send({ jobId: first });
    const changed = await send({});

    assert.equal(again.disposition, "duplicate");
    assert.equal(changed.disposition, "rejected");
    assert.match(changed.reason ?? "", /event id approval is on record at \d+ with other content/);
    assert.deepEqual(approvedBy(fresh.job(second)), before);
    await fresh.stop();
    assert.equal((await runJournal(["verify", "--no-server", "--journal", fresh.folder])).code, 0);
  },
);

testWithHomes(
  "import: an event that a retry reused still reaches the job that it names, if that is here",
  [declined()] as unknown as readonly AnyJobDefinition[],
  async (old, fresh) => {
    const { order, first, second } = await importRetryWithNamedEvent(old, fresh);
    await fresh.create({ type: "test.declined", input: order, jobId: first });

    const names = { eventId: "approval", jobId: first };
    const sent = await fresh.event("shop.Approved", order, names);
    const again = await fresh.event("shop.Approved", order, names);

    assert.deepEqual([sent.disposition, again.disposition], ["matched", "duplicate"]);
    assert.equal(again.logId, sent.logId);
    assert.equal(approvedBy(fresh.job(second))?.length, 1);
  },
);

testWithHomes(
  "import: references to entries that this journal already has point to them",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ plan: planFor("a") });
    await old.event("shop.Paid", { orderId: "a" }, { eventId: "both" });
    const text = await exported(old, id);
    await fresh.start();
    await fresh.event("shop.Paid", { orderId: "a" }, { eventId: "both" });
    fresh.crash();

    const { code, out } = await imported(fresh, text);

    assert.equal(code, 0);
    assert.equal(JSON.parse(out[0] ?? "").known, 1);
    await fresh.start();
    const last = fresh.job(id).lastLogId;
    const [entry] = await fresh.journal.readAt([last]);
    const [cause] = await fresh.journal.readAt([entry?.causedBy ?? 0]);
    assert.equal(cause?.eventId, "both");
    assert.equal(cause?.logId, 2);
  },
);

testWithHomes(
  "import: a retry finds its reused results and its control as quoted entries",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await KINDS["a retry of a retry, with results and events reused"]?.(old) ?? "";
    await imported(fresh, await exported(old, id));
    await fresh.start();
    const quoted = async (logId: LogId | undefined) => {
      const [entry] = await fresh.journal.readAt([logId ?? 0]);
      assert.equal(entry?.eventType, "journal.EntryQuoted");
      return entry && quotedEntry(entry);
    };

    const job = fresh.job(id);
    const [created] = await fresh.journal.readAt([job.firstLogId]);
    const retried = await quoted(created?.causedBy);
    const prepare = job.tasks.find(({ taskId }) => taskId === "prepare");
    assert.ok(prepare?.status === "completed");
    const result = await quoted(prepare.reusedFrom);

    assert.equal(retried?.eventType, "job.JobRetried");
    assert.equal(retried.jobId, job.retryOf);
    assert.deepEqual(retried.attributes, { newJobId: id, reason: "once more" });
    assert.equal(result?.eventType, "job.TaskCompleted");
    assert.equal(result.jobId, job.retryOf);
    assert.equal("result" in result.attributes && result.attributes.result, "prepared");
    assert.equal(fresh.engine.job(job.retryOf ?? jobId("none")), undefined);
  },
);

testWithHomes("import: a second import is refused", DEFINITIONS, async (old, fresh) => {
  await old.start();
  const id = await old.create({ plan: planFor("a") });
  await old.event("shop.Paid", { orderId: "a" });
  const text = await exported(old, id);
  await imported(fresh, text);
  const before = await exported(fresh, id);

  const { code, err } = await imported(fresh, text);

  assert.equal(code, 1);
  assert.deepEqual(err, [
    `daybook: Cannot import job ${id}: job ${id} already exists here, and is Done`,
  ]);
  assert.deepEqual(parse(await exported(fresh, id)).entries, parse(before).entries);
});

testWithHomes(
  "import: what verify would call damage is refused",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ plan: planFor("a") });
    const [header = "", ...lines] = (await exported(old, id)).trimEnd().split("\n");
    const entries: JobEventLogEntry[] = lines.slice(0, -1).map((line) => JSON.parse(line));
    const [created, started] = entries;
    assert.ok(created !== undefined && started !== undefined);
    const changed = [{ ...created, causedBy: started.logId }, started] as JobEventLogEntry[];
    const text = [...exportLines(JSON.parse(header), changed)].join("\n") + "\n";

    const { code, err } = await imported(fresh, text, "--unfinished");

    assert.equal(code, 1);
    assert.match(
      err.join(),
      /its entry \d+: causedBy \d+ is not a position before the entry's own/,
    );
  },
);

testWithHomes(
  "import: what contradicts this journal is refused",
  DEFINITIONS,
  async (old, fresh) => {
    const refusal = async (text: string, prepare: () => Promise<unknown>) => {
      await fresh.start();
      await prepare();
      fresh.crash();
      const { code, err } = await imported(fresh, text);
      assert.equal(code, 1);
      return err.join().replace(/^.*Cannot import job [^:]*: /, "");
    };
    await old.start();
    const idempotency = { key: "k", digest: "d" };
    const id = await old.create({ plan: planFor("a"), idempotency });
    await old.event("shop.Paid", { orderId: "a" }, { eventId: "paid" });
    const other = { plan: planFor("x"), idempotency, jobId: jobId("keeper") };
    assert.match(
      await refusal(await exported(old, id), () => fresh.create(other)),
      /^its idempotency key "k" belongs to job keeper here$/,
    );

    const rival = await old.create({ plan: planFor("r") });
    await old.event("shop.Paid", { orderId: "r" }, { eventId: "r-paid" });
    const rivalText = await exported(old, rival);
    assert.match(
      await refusal(rivalText, () => fresh.create({ plan: planFor("r"), jobId: jobId("waiter") })),
      /^job waiter waits here for event r-paid \(shop\.Paid\), which comes with it; deliver/,
    );
    assert.match(
      await refusal(
        rivalText,
        () => fresh.event("shop.Paid", { orderId: "z" }, { eventId: "r-paid" }),
      ),
      /^event r-paid, which it refers to, is another event here: entry \d+$/,
    );

    const third = await old.create({ plan: planFor("t") });
    await old.event("shop.Paid", { orderId: "t" }, { eventId: "t-own", jobId: third });
    assert.match(
      await refusal(
        await exported(old, third),
        () => fresh.event("shop.Paid", { orderId: "t" }, { eventId: "t-own" }),
      ),
      /^event t-own of its history already exists here, as entry \d+$/,
    );
  },
);

testWithHomes(
  "import: while a server holds the journal the exit code is 73",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ plan: planFor("a") });
    await old.event("shop.Paid", { orderId: "a" });
    await fresh.start();

    const { code, err } = await imported(fresh, await exported(old, id));

    assert.equal(code, 73);
    assert.match(err.join(), /another process holds it; stop Daybook first$/);
  },
);

testWithHomes(
  "import: after a crash it records the attempts that were cut short, as a start does",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ plan: planFor("a") });
    await old.event("shop.Paid", { orderId: "a" });
    const text = await exported(old, id);
    await fresh.start();
    const local = await fresh.create({ type: "test.hanging", input: {} });
    await fresh.until(local, taskIs("hang", "running"));
    fresh.crash();

    assert.equal((await imported(fresh, text)).code, 0);

    await fresh.start();
    const interrupted = (await fresh.entries()).filter(({ eventType }) =>
      eventType === "job.TaskInterrupted"
    );
    assert.deepEqual(interrupted.map(({ taskId }) => taskId), ["main", "hang"]);
    for (const { causedBy } of interrupted) {
      const [cause] = await fresh.journal.readAt([causedBy ?? 0]);
      assert.equal(cause?.eventType, "journal.Recovered");
    }
  },
);

testWithHomes(
  "export: near misses are included, and no other entries about other jobs",
  DEFINITIONS,
  async (old) => {
    await old.start();
    const order = { orderId: "42" };
    await old.event("shop.Shipped", { ...order, region: "EU" }, { eventId: "before" });
    const id = await old.create({ type: "test.order", input: order });
    await old.until(id, taskIs("main", "waiting"));
    await old.event("shop.Shipped", { orderId: 42, region: "EU" }, { eventId: "number" });
    await old.event("shop.Shipped", { ...order, region: "US" }, { eventId: "region" });
    await old.event("shop.Shipped", { orderId: "7", region: "US" }, { eventId: "other" });
    await old.event("shop.Returned", order, { eventId: "type" });

    const text = await exported(old, id, "--with", "type");

    const others = parse(text).entries.filter((entry) => entry.jobId !== id);
    assert.deepEqual(others.map(({ eventId }) => eventId), ["before", "number", "type"]);
  },
);

testWithHomes(
  "import: another job's event stays another job's, with the same sentences",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ type: "test.order", input: { orderId: "42" } });
    const other = await old.create({ type: "test.order", input: { orderId: "042" } });
    await old.until(id, taskIs("main", "waiting"));
    await old.until(other, taskIs("main", "waiting"));
    await old.event("shop.Shipped", { orderId: "042", region: "EU" }, { eventId: "other" });
    const text = await exported(old, id);
    assert.ok(parse(text).entries.some(({ eventType }) => eventType === "journal.EntryQuoted"));

    assert.equal((await imported(fresh, text, "--unfinished")).code, 0);

    const there = await explainedOffline(old.folder, id);
    assert.match(there.waitingFor[0]?.nearMisses[0]?.statement ?? "", /; it reached job /);
    assert.deepEqual(await explainedOffline(fresh.folder, id), there);
  },
);

testWithHomes(
  "export: of many near misses only those that the explanation cites are included",
  DEFINITIONS,
  async (
    old,
  ) => {
    await old.start();
    const id = await old.create({ type: "test.order", input: { orderId: "a-1" } });
    for (let count = 1; count <= 13; count++) {
      await old.event("shop.Shipped", { orderId: "a-1", count }, { eventId: `miss-${count}` });
    }

    const others = parse(await exported(old, id)).entries.filter((entry) => entry.jobId !== id);

    const ids = others.map(({ eventId }) => eventId);
    assert.deepEqual(ids, ["miss-11", "miss-12", "miss-13"]);
  },
);

testWithHomes("export: a torn tail is left out", DEFINITIONS, async (old) => {
  await old.start();
  const id = await old.create({ plan: planFor("a") });
  await old.event("shop.Paid", { orderId: "a" });
  const whole = await exported(old, id);
  const segment = `${old.folder}/segments/00000000000000000001.ndjson`;
  await Deno.writeTextFile(segment, '\n{"logId":6,"batch":6,"recei', { append: true });

  assert.equal(await exported(old, id), whole);
});

testWithHomes("export: it says what it cannot find or read", DEFINITIONS, async (old) => {
  await old.start();
  const id = await old.create({ plan: planFor("a") });
  await old.event("shop.Paid", { orderId: "b" });
  const run = (...args: string[]) => runJournal(["export", ...args, "--journal", old.folder]);

  const unknown = await run("job_none");
  assert.equal(unknown.code, 1);
  assert.match(unknown.err.join(), /Cannot find job job_none: it is not in journal .*entry 4$/);
  assert.equal((await run(id, "--with", "evt_none")).code, 1);
  assert.equal((await run("not an id")).code, 64);
  assert.equal((await runJournal(["export", id, "--journal", old.path("none")])).code, 74);
  const env = { DAYBOOK_JOURNAL: old.folder };
  assert.equal((await runJournal(["export", id], { env })).code, 0);

  const output = old.path("out.ndjson");
  assert.equal((await run(id, "--output", output)).code, 0);
  assert.equal(((await Deno.stat(output)).mode ?? 0) & 0o777, 0o600);
  assert.equal(await Deno.readTextFile(output), await exported(old, id));
  const second = await run(id, "--output", output);
  assert.equal(second.code, 74);
  assert.match(second.err.join(), /Cannot write .*: the file exists$/);

  const segment = `${old.folder}/segments/00000000000000000001.ndjson`;
  const bytes = await Deno.readFile(segment);
  bytes[200] = (bytes[200] ?? 0) ^ 1;
  await Deno.writeFile(segment, bytes);
  assert.equal((await run(id)).code, 78);
});

testWithHomes(
  "import: a file that is cut or changed anywhere is refused",
  DEFINITIONS,
  async (old) => {
    await old.start();
    const id = await KINDS["a plan that is done, by a correlated event and one that names it"]?.(
      old,
    );
    const bytes = new TextEncoder().encode(await exported(old, id ?? ""));
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => parseExport(bytes.subarray(0, length)), { name: "ExportFileError" });
    }
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.throws(() => parseExport(changed), { name: "ExportFileError" }, `byte ${at}`);
    }
  },
);

testWithHomes("import: a refusal names the line", DEFINITIONS, async (old, fresh) => {
  await old.start();
  const id = await old.create({ plan: planFor("a") });
  await old.event("shop.Paid", { orderId: "a" }, { jobId: id });
  const text = await exported(old, id);
  const message = async (changed: string) => {
    const { code, err } = await imported(fresh, changed);
    assert.equal(code, 1);
    return err.join().replace(/^daybook: Cannot import [^:]*: /, "");
  };
  const lines = text.split("\n");

  assert.equal(
    await message(text.slice(0, -10)),
    "line 5: it is incomplete: the file was cut off",
  );
  assert.equal(
    await message(lines.slice(0, 3).join("\n") + "\n"),
    "line 3: it is not the closing line: the file was cut off",
  );
  assert.equal(
    await message(lines.toSpliced(2, 1).join("\n")),
    "line 4: 3 entries were exported, but the file has 2",
  );
  assert.equal(
    await message(text.replace('"orderId":"a"}}\n', '"orderId":"b"}}\n')),
    "line 5: its sha256 does not match the lines before it: one was changed",
  );
  assert.equal(
    await message(text.replace('"daybookExport":1', '"daybookExport":2')),
    "line 1: it is of export version 2, and this Daybook reads version 1",
  );
  assert.equal(
    await message(text.replace('"stratum":"domain"', '"stratum":"dominion"')),
    "line 4: /stratum must be one of framework, domain, coordination",
  );
  assert.equal(
    await message('{"a":1}\n{}\n'),
    "line 1: the file is not an export of a job; deno task journal export writes one",
  );
});

testWithHomes(
  "import: a job that does not fit in one batch is refused with a clear message",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ plan: planFor("a") });
    const text = "x".repeat(33 * 1024 * 1024);
    await old.event("shop.Note", { text }, { jobId: id });
    await old.event("shop.Note", { text }, { jobId: id });

    const { code, err } = await imported(fresh, await exported(old, id), "--unfinished");

    assert.equal(code, 1);
    assert.match(err.join(), /its history is too long. Cannot record 5 entries at once.*67108864/);
  },
  { ignore: IS_QUICK },
);

testWithHomes(
  "import: a retry and the job that it retries may come in either order",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const id = await KINDS["a retry of a retry, with results and events reused"]?.(old) ?? "";
    const retried = old.job(id).retryOf ?? "";
    const [ofRetry, ofRetried] = [await exported(old, id), await exported(old, retried)];
    const other = await JournalHome.create("other");
    try {
      for (
        const [home, texts] of [[fresh, [ofRetry, ofRetried]], [other, [
          ofRetried,
          ofRetry,
        ]]] as const
      ) {
        for (const text of texts) assert.equal((await imported(home, text)).code, 0);
        const again = [await exported(home, id), await exported(home, retried)] as const;
        const [moved, movedRetried] = [
          movesBetween(ofRetry, again[0]),
          movesBetween(ofRetried, again[1]),
        ];
        assert.deepEqual(parse(again[0]).entries, movedEntries(ofRetry, moved));
        assert.deepEqual(parse(again[1]).entries, movedEntries(ofRetried, movedRetried));
      }
    } finally {
      await other.dispose();
    }
  },
);
