/**
 * A server made of some layers of Daybook, for `deno task bench layers`. What is
 * left out of a layer is replaced with the least that can create and run these jobs, in the same
 * durable order: no step begins before its start is on disk, and the answer waits for the last line.
 */

import { Hono } from "hono";
import * as v from "valibot";
import type { EventDraft, JobEventLogEntry } from "../../src/core/event.ts";
import { type JobId, newId, type TaskId } from "../../src/core/ids.ts";
import { JobFold } from "../../src/core/job_fold.ts";
import { MAIN_ONLY_PLAN } from "../../src/core/job_plan.ts";
import { isTerminal, type JobState } from "../../src/core/job_state.ts";
import type { JsonValue } from "../../src/core/json.ts";
import { runToEnd } from "../../src/core/work.ts";
import { parseCreateRequest } from "../../src/documents/create_request.ts";
import { jobPath } from "../../src/documents/jobs.ts";
import { parseJson } from "../../src/documents/json_document.ts";
import { ENGINE_LIMITS } from "../../src/engine/engine_limits.ts";
import { JobEngine } from "../../src/engine/job_engine.ts";
import type { JournalConsumer, JournalHead } from "../../src/engine/ports.ts";
import { EventEngine } from "../../src/engine/writer/event_engine.ts";
import { FiledJobs } from "../../src/engine/matching/filed_jobs.ts";
import { Projection } from "../../src/engine/writer/projection.ts";
import { Writer } from "../../src/engine/writer/writer.ts";
import { createApp } from "../../src/http/app.ts";
import { minimalText } from "../../src/http/answers/job_answer.ts";
import { STATUS } from "../../src/http/responses/problem.ts";
import { createdResponse } from "../../src/http/responses/response.ts";
import { jobIndexIn } from "../../src/index/open_index.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { KeyFiles } from "../../src/journal/files/key_files.ts";
import { FileJournal } from "../../src/journal/file_journal.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { Batch, encodedGroup } from "../../src/journal/write/batch.ts";
import { systemClock as clock, systemRandom as random } from "../../src/server/system.ts";
import { threeTasks } from "../server/definitions.ts";

/** Each contains those before it. */
export type Layer = "facts" | "journal" | "writer" | "engine" | "http";

/** Records entries of one job, and calls `then` when they are durable. */
type Append = (drafts: readonly EventDraft[], job: JobFold, then: () => void) => void;
type Run = (request: unknown) => Promise<Pick<JobState, "jobId" | "state">>;

const warn = (message: string) => console.error(message);
const MAX_RUNNING = 64;
const JOB_BYTES_MAX = 1_000_000_000;
const START_DELAY_MAX_MS = 900_000;
const WAIT_MS = 60_000;
/** No snapshots: what they cost depends on the jobs that wait, and here are none. */
const NEVER = Number.MAX_SAFE_INTEGER;
/** Written ahead, and overwritten again and again. */
const FILE_BYTES = 32 * 1_048_576;

/** Calls back in the order in which entries become durable. */
class Callbacks {
  #waiting: { readonly lastLogId: number; readonly then: () => void }[] = [];

  add(lastLogId: number, then: () => void): void {
    this.#waiting.push({ lastLogId, then });
  }

  call(durable: number): void {
    const open = this.#waiting.findIndex(({ lastLogId }) => lastLogId > durable);
    const due = this.#waiting.splice(0, open < 0 ? this.#waiting.length : open);
    for (const { then } of due) then();
  }
}

/** Lines in one file, each batch with one write and one sync; projected as they are appended. */
function facts(folder: string): Append {
  const file = Deno.openSync(`${folder}/lines`, { write: true, create: true });
  file.writeSync(new Uint8Array(FILE_BYTES).fill(10));
  file.syncSync();
  const callbacks = new Callbacks();
  let [batch, chain, at, isWriting] = [new Batch(1), "", 0, false];
  const write = async () => {
    isWriting = true;
    for (await Promise.resolve(); batch.size > 0; await Promise.resolve()) {
      const sealed = runToEnd(batch.sealing(chain));
      [batch, chain] = [new Batch(sealed.lastLogId + 1), sealed.chain];
      if (at + sealed.bytes.length > FILE_BYTES) at = 0;
      file.seekSync(at, Deno.SeekMode.Start);
      at += file.writeSync(sealed.bytes);
      await file.syncData();
      callbacks.call(sealed.lastLogId);
    }
    isWriting = false;
  };
  return (drafts, job, then) => {
    const { entries } = batch.add(encodedGroup(drafts), { clock, random });
    for (const entry of entries) job.apply(entry);
    callbacks.add(entries.at(-1)?.logId ?? 0, then);
    if (!isWriting) void write();
  };
}

/** The journal: segments written ahead, line indexes, the folder's lock and room on the disk. */
async function journal(folder: string): Promise<Append> {
  const callbacks = new Callbacks();
  const opened = await openJournal(folder, {
    ...new Nothing(),
    durable: (entries) => callbacks.call(entries.at(-1)?.logId ?? 0),
  });
  return (drafts, job, then) => {
    const { entries } = opened.append(drafts);
    for (const entry of entries) job.apply(entry);
    callbacks.add(entries.at(-1)?.logId ?? 0, then);
  };
}

/** Pending and visible states, ids, and the index of ended jobs. */
async function writer(folder: string): Promise<Append> {
  const callbacks = new Callbacks();
  const projection = new Projection(openIndex(folder));
  const events = new EventEngine(clock, projection.eventIds);
  const written = new Writer(events, projection.table, new FiledJobs(), clock);
  const opened = await openJournal(folder, {
    ...new Nothing(),
    durable(entries) {
      const shown = written.durable(entries);
      let next = 0;
      for (const entry of entries) {
        const isNext = shown[next]?.entry.logId === entry.logId;
        projection.see(entry, isNext ? shown[next++] : undefined);
      }
      callbacks.call(written.durableLogId);
      while (projection.table.isLettingGo) projection.table.letGo();
    },
  });
  projection.begin();
  projection.table.index?.made();
  events.open(opened);
  written.open(opened.head.logId);
  return (drafts, _job, then) => callbacks.add(written.append(drafts).lastLogId, then);
}

/** The engine: runs of jobs with workers, limits and retries; views; checks. */
async function engine(folder: string): Promise<JobEngine> {
  const made = new JobEngine({
    clock,
    random,
    definitions: [threeTasks],
    index: openIndex(folder),
    keys: new KeyFiles(new DenoFileSystem(clock), journalLayout(folder), undefined),
    maxRunning: MAX_RUNNING,
    limits: { ...ENGINE_LIMITS, jobsBytesMax: JOB_BYTES_MAX },
  });
  await made.start(await openJournal(folder, made.consumer));
  return made;
}

function openIndex(folder: string) {
  return jobIndexIn({ folder: journalLayout(folder).index, checkpoint: () => {}, warn });
}

async function openJournal(folder: string, consumer: JournalConsumer): Promise<FileJournal> {
  const fileSystem = new DenoFileSystem(clock);
  const options = { folder, fileSystem, clock, random, consumer, snapshotEvery: NEVER, warn };
  return (await FileJournal.open(options)).journal;
}

/** A consumer of a new journal that interprets nothing. */
class Nothing implements Omit<JournalConsumer, "durable"> {
  readonly restore = () => false;
  readonly replay = () => {};
  readonly lost = () => {};
  readonly capture = (_head: JournalHead): readonly string[] => [];
  readonly refuse = (_entry: JobEventLogEntry) => undefined;
  readonly failed = () => {};
}

const INPUT = v.object({ payload: v.string() });
const framework = (eventType: string, jobId: JobId, attributes: object, taskId?: string) =>
  ({ stratum: "framework", eventType, jobId, taskId, attributes }) as EventDraft;

/** Creates a job of three tasks on nothing but `append`, and runs it unless it is held. */
function leastRun(append: Append): Run {
  return async (request) => {
    const { type, input, start } = parseCreateRequest(request as JsonValue, {
      now: clock.now(),
      maxStartDelayMs: START_DELAY_MAX_MS,
    }) as { readonly type: string; readonly input: JsonValue; readonly start?: boolean };
    v.parse(INPUT, input);
    const [jobId, job] = [newId.job(random.ulid()), new JobFold()];
    const started = (taskId: string) =>
      framework("job.TaskStarted", jobId, { attempt: 1 }, taskId as TaskId);
    const completed = (taskId: string, result: unknown) =>
      framework("job.TaskCompleted", jobId, { attempt: 1, result }, taskId as TaskId);
    const task = (taskId: string, work: () => number) =>
      new Promise<void>((resolve) =>
        append([started(taskId)], job, () => {
          append([completed(taskId, work())], job, () => {});
          resolve();
        })
      );
    const created = {
      ...{ type, definitionVersion: 1, plan: MAIN_ONLY_PLAN, input, priority: 0, labels: {} },
    };
    const creation = framework("job.JobCreated", jobId, created);
    if (start === false) {
      await new Promise<void>((resolve) => append([creation], job, resolve));
      return { jobId, state: "Created" };
    }
    append(
      [
        creation,
        framework("job.JobStarted", jobId, {}),
        started("main"),
      ],
      job,
      () => {},
    );
    await task("one", () => 1);
    await task("two", () => 2);
    await task("three", () => 3);
    await new Promise<void>((resolve) => append([completed("main", "done")], job, resolve));
    return { jobId, state: "Done" };
  };
}

function engineRun(running: JobEngine): Run {
  return async (request) => {
    const limits = { now: clock.now(), maxStartDelayMs: START_DELAY_MAX_MS };
    const created = await running.create(parseCreateRequest(request as JsonValue, limits));
    if (!created.ok) throw new Error(`a job was refused: ${created.problem.kind}`);
    const { job } = created.value;
    return job.state === "Created" ? job : await running.waitFor(job.jobId, isTerminal, WAIT_MS);
  };
}

/** The same headers as Daybook's, since each costs about a microsecond. */
const APPLIED = { "preference-applied": "return=minimal" };

function leastApp(run: Run): Hono {
  const app = new Hono();
  app.post("/jobs", async (c) => {
    const job = await run(parseJson(await c.req.text()));
    const status = job.state === "Created" ? STATUS.accepted : STATUS.ok;
    return createdResponse(minimalText(job as JobState), status, jobPath(job.jobId), APPLIED);
  });
  return app;
}

async function appOf(layer: Layer, folder: string): Promise<Hono> {
  switch (layer) {
    case "facts":
      return leastApp(leastRun(facts(folder)));
    case "journal":
      return leastApp(leastRun(await journal(folder)));
    case "writer":
      return leastApp(leastRun(await writer(folder)));
    case "engine":
      return leastApp(engineRun(await engine(folder)));
    case "http":
      return createApp({ engine: await engine(folder), clock });
  }
}

if (import.meta.main) {
  const [layer, folder = ""] = Deno.args;
  const app = await appOf(layer as Layer, folder);
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
  }, app.fetch);
}
