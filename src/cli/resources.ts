/**
 * What the commands read of a server's answers. An answer is checked where it comes in,
 * and kept as it came: a newer server may say more, and piped output shows all of it.
 */

import * as v from "valibot";
import type { Correlation } from "../core/correlation.ts";
import { type Client, notDaybook } from "./client.ts";

const text = v.string();
const number = v.number();
const absentOrText = v.nullish(text);
const error = v.looseObject({ name: text, message: text });

const expectation = v.looseObject({
  id: text,
  eventType: text,
  correlation: v.custom<Correlation>((value) => value !== undefined),
  taskId: v.optional(text),
  required: number,
  matched: number,
  satisfied: v.boolean(),
  by: v.array(number),
});

const task = v.looseObject({
  taskId: text,
  status: text,
  attempts: number,
  startedAt: text,
  endedAt: v.nullable(text),
  retryAt: v.optional(text),
  progress: v.optional(v.looseObject({
    done: number,
    total: v.optional(number),
    note: v.optional(text),
  })),
  error: v.optional(error),
});

const failure = v.looseObject({
  kind: text,
  taskId: v.nullable(text),
  error,
  fingerprint: absentOrText,
  recoveryRequired: v.boolean(),
  because: number,
  leftInPlace: v.array(text),
  cutShort: v.array(text),
});

export const jobResource = v.looseObject({
  jobId: text,
  type: v.nullable(text),
  definitionVersion: v.nullable(number),
  state: text,
  condition: text,
  createdAt: text,
  startAt: absentOrText,
  startedAt: v.nullable(text),
  endedAt: v.nullable(text),
  firstLogId: number,
  lastLogId: number,
  priority: number,
  labels: v.record(text, text),
  retryOf: v.optional(text),
  parked: v.optional(v.looseObject({ reason: text, message: text, by: number })),
  input: v.unknown(),
  output: v.unknown(),
  expected: v.array(expectation),
  tasks: v.array(task),
  failure: v.nullable(failure),
});

export type JobResource = v.InferOutput<typeof jobResource>;
export type ExpectationResource = JobResource["expected"][number];
export type TaskResource = JobResource["tasks"][number];
export type FailureResource = NonNullable<JobResource["failure"]>;

const jobReceipt = v.looseObject({
  jobId: v.nullable(text),
  disposition: text,
  state: v.optional(text),
  reason: v.optional(text),
});

export type JobReceiptResource = v.InferOutput<typeof jobReceipt>;

export const jobReceiptsAnswer = v.looseObject({ receipts: v.array(jobReceipt) });

const nextCursor = v.nullable(text);

/** What a list tells of a job. */
const jobSummary = v.looseObject({
  jobId: text,
  type: v.nullable(text),
  state: text,
  condition: text,
  createdAt: text,
  labels: v.record(text, text),
  open: v.optional(v.looseObject({
    tasks: v.array(text),
    expected: v.array(v.looseObject({ id: text, matched: number, required: number })),
  })),
  failure: v.nullable(v.looseObject({ error })),
});

export type JobSummaryResource = v.InferOutput<typeof jobSummary>;

/** Of summaries, or of whole jobs, which have what is read of summaries but for `open`. */
export const jobsPage = v.looseObject({ jobs: v.array(jobSummary), nextCursor });

const searched = v.optional(v.looseObject({ jobs: number, backTo: text }));

/** What an action on many jobs would do. */
export const bulkPreview = v.looseObject({
  upTo: number,
  jobs: number,
  sample: v.array(jobSummary),
  retried: number,
  byHand: number,
  searched,
});

/** What it did. */
export const bulkAnswer = v.looseObject({
  upTo: number,
  done: v.array(v.looseObject({ jobId: text, newJobId: v.optional(text) })),
  refused: v.array(v.looseObject({ reason: text, jobIds: v.array(text) })),
  stopped: v.optional(v.looseObject({ detail: text })),
  left: v.looseObject({ jobs: number, searched }),
  next: v.nullable(number),
});

const failureKind = v.looseObject({
  fingerprint: text,
  type: v.nullable(text),
  taskId: v.nullable(text),
  error,
  jobs: number,
  open: number,
  newest: v.looseObject({ createdAt: text }),
});

export type FailureKindResource = v.InferOutput<typeof failureKind>;

export const failuresAnswer = v.looseObject({
  failures: v.array(failureKind),
  more: number,
  searched,
});

export const entryResource = v.looseObject({
  logId: number,
  stratum: text,
  eventId: text,
  eventType: text,
  occurredAt: text,
  receivedAt: text,
  jobId: v.optional(text),
  taskId: v.optional(text),
  attributes: v.record(text, v.unknown()),
  /** Only in streams: what the entry changed. */
  job: v.optional(v.looseObject({ from: v.nullable(text), to: text, condition: text })),
});

export type EntryResource = v.InferOutput<typeof entryResource>;

export const pauseResource = v.looseObject({
  pauseId: text,
  reason: text,
  since: text,
  actor: v.optional(text),
  jobs: number,
});

export type PauseResource = v.InferOutput<typeof pauseResource>;

export const pausesAnswer = v.looseObject({ pauses: v.array(pauseResource) });

export const entriesPage = v.looseObject({ entries: v.array(entryResource), nextCursor });

const receiptJob = v.looseObject({
  jobId: text,
  state: text,
  expectation: v.optional(text),
  matched: v.optional(number),
  required: v.optional(number),
  reason: v.optional(text),
});

const receipt = v.looseObject({
  eventId: text,
  logId: v.optional(number),
  disposition: text,
  jobs: v.array(receiptJob),
  more: v.optional(number),
  reason: v.optional(text),
  nearest: v.optional(v.looseObject({
    jobId: text,
    expectation: v.optional(text),
    policy: v.optional(text),
    reason: text,
    clauses: v.optional(v.array(v.looseObject({ path: text, expected: text, found: text }))),
  })),
});

export type ReceiptResource = v.InferOutput<typeof receipt>;

export const receiptsAnswer = v.looseObject({ receipts: v.tupleWithRest([receipt], receipt) });

const step = v.looseObject({
  logId: number,
  eventType: text,
  rule: text,
  changed: v.array(v.looseObject({ path: text, from: v.unknown(), to: v.unknown() })),
  why: text,
});

export const replayAnswer = v.looseObject({
  job: jobResource,
  steps: v.array(step),
  nextCursor: v.nullish(text),
});

const citation = v.looseObject({
  logId: number,
  segment: text,
  line: number,
  eventId: text,
  eventType: text,
});

const statement = v.looseObject({ statement: text, cites: v.array(citation) });

const nextStep = v.looseObject({
  ...statement.entries,
  action: v.optional(v.looseObject({ path: text })),
  curl: v.optional(text),
});

export const explanationAnswer = v.looseObject({
  condition: text,
  summary: text,
  because: v.array(statement),
  completed: v.array(statement),
  waitingFor: v.array(
    v.looseObject({ ...statement.entries, expectation: text, nearMisses: v.array(statement) }),
  ),
  next: v.array(nextStep),
  timing: v.looseObject({ since: text, totalMs: number }),
});

export type ReplayAnswer = v.InferOutput<typeof replayAnswer>;

/**
 * The value, when it has the shape; else another program answered.
 *
 * @throws {CommandError}
 */
export function expectShape<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  { url }: Client,
): v.InferOutput<Schema> {
  if (v.is(schema, value)) return value;
  throw notDaybook(url);
}
