/** The job resource, as `jobResource` and `jobView` create it, and its summary. */

import * as v from "valibot";
import { describe, fingerprintField, maybe } from "../fields.ts";
import { EXPECTED_EVENT_KINDS } from "../../core/job_plan.ts";
import { correlationField, withinField } from "../plan_schema.ts";
import {
  anyJson,
  choices,
  condition,
  count,
  errorFact,
  errorSummary,
  milliseconds,
  nextCursor,
  position,
  rejectionMembers,
  stateName,
  supposedPosition,
  text,
  time,
} from "./parts.ts";

const multiplicity = describe(
  v.union([
    choices("How many events.", {
      ExactlyOnce: "one event; later ones are surplus",
      AtLeastOnce: "one event is enough; later ones count too",
    }),
    describe(v.object({ times: count }), "This number of events."),
  ]),
  "How many events the expectation needs, and which ones count.",
);

type Position = typeof position;

const expectationSchema = (position: Position) =>
  v.object({
    id: describe(text, "The name of the expectation in the plan, or in the code."),
    kind: describe(v.picklist(EXPECTED_EVENT_KINDS), "Where the event comes from."),
    eventType: describe(text, "The type the event must have."),
    correlation: describe(
      correlationField,
      "The predicate that the attributes of the event must satisfy.",
    ),
    taskId: maybe(text, "The task the event must name."),
    multiplicity,
    within: v.exactOptional(withinField),
    required: describe(count, "How many events the expectation needs."),
    matched: describe(count, "How many events have counted so far."),
    satisfied: describe(
      v.boolean(),
      "Whether the expectation has all events that it needs, or was waived.",
    ),
    waived: maybe(
      position,
      "The entry that waived the expectation, which then counts as satisfied without all its events.",
    ),
    by: describe(v.array(position), "The entries that have counted, by logId."),
  });

const taskStatus = choices("The progress of a task.", {
  running: "an attempt is open",
  waiting: "`run` waits for events or sleeps; of the task `main` only",
  sleeping: "a sleep, which ends at `dueAt`",
  backingOff: "an attempt failed, and the next begins at `retryAt`",
  interrupted: "an attempt was interrupted, and will run again",
  abandoned: "the job ended before the task did",
  completed: "ended with its result",
  failed: "failed permanently",
  compensating: "its effects are being undone",
  compensated: "its effects were undone",
  compensationFailed: "its effects could not be undone",
});

const taskAnswer = v.object({
  taskId: describe(text, "The name of the task or sleep in the code; `main` is `run` itself."),
  status: taskStatus,
  attempts: describe(count, "Attempts so far, the open one included; 0 for a sleep."),
  startedAt: describe(time, "When the first attempt or the sleep began."),
  endedAt: describe(v.nullable(time), "When the task ended; null until then."),
  progress: maybe(
    v.object({
      done: describe(v.number(), "How much is done, in the task's own units."),
      total: maybe(v.number(), "The total, in the same units."),
      note: maybe(text, "A message."),
    }),
    "The last progress that the task reported.",
  ),
  retryAt: maybe(time, "When the next attempt begins."),
  dueAt: maybe(time, "When the sleep ends."),
  result: maybe(anyJson, "What the task function returned."),
  error: maybe(errorFact, "The error of its last attempt."),
});

const failureKind = choices("The kind of failure.", {
  error: "`run` itself threw, or returned without awaiting a task or wait that it had started",
  poison: "the code marked the error as one that a retry cannot mend",
  deadLetter: "the code threw, and no attempts were left",
  cancelled: "someone cancelled the job",
});

const failureSchema = (position: Position) =>
  v.object({
    kind: failureKind,
    taskId: describe(v.nullable(text), "The task that failed; null if no task did."),
    error: errorFact,
    fingerprint: describe(
      v.nullable(fingerprintField),
      "Identifies the kind of failure: equal for all failures of one kind; null for a cancellation.",
    ),
    recoveryRequired: describe(
      v.boolean(),
      "Whether a person has to check the effects of the job, because they were not or could not be undone.",
    ),
    because: describe(position, "The entry that decided the failure."),
    leftInPlace: describe(v.array(text), "Completed tasks that were not undone."),
    cutShort: describe(
      v.array(text),
      "Tasks that started and never ended: their effect is unknown.",
    ),
  });

export const failureAnswer = failureSchema(position);

export const retentionAnswer = describe(
  v.union([
    choices("Permanently, or until the job ends.", {
      keep: "permanently",
      deleteOnCompletion: "until the job ends",
    }),
    describe(v.object({ afterMs: v.number() }), "This many milliseconds after the job has ended."),
  ]),
  "How long the input stays readable.",
);

export const parkedReason = choices("Why the engine holds a job.", {
  diverged: "the code does not match the record; the job continues once matching code is loaded",
  noDefinition: "no definition of its type and version is loaded",
  crashed: "the process ended three times while an attempt of the job was open",
});

const parkedSchema = (position: Position) =>
  v.object({
    reason: parkedReason,
    message: describe(text, "The reason, and what to do."),
    disagreesWith: maybe(position, "The entry from which the code diverged."),
    by: describe(position, "The entry that parked the job."),
  });

/**
 * The members that a job and its summary share, as `jobHead` creates them.
 *
 * @param position The schema of positions.
 */
const jobHeadEntries = (position: Position) => ({
  jobId: describe(text, "Chosen by the client, or generated."),
  type: describe(v.nullable(text), "The type of the job's definition; null for a plan."),
  definitionVersion: describe(v.nullable(count), "The version of the definition that created it."),
  state: stateName,
  condition,
  createdAt: describe(time, "When the job was recorded."),
  startAt: maybe(time, "When the job will start."),
  startedAt: describe(v.nullable(time), "When the job started; null until then."),
  endedAt: describe(v.nullable(time), "When the job ended; null until then."),
  sleepsUntil: maybe(time, "When the first of its sleeps ends; only while the job sleeps."),
  firstLogId: describe(position, "The first entry of the job."),
  lastLogId: describe(position, "The last entry of the job so far."),
  priority: describe(v.pipe(v.number(), v.integer()), "Lower runs first."),
  labels: describe(
    v.record(v.string(), text),
    "Names and values that the client gave the job, to search for.",
  ),
  retryOf: maybe(text, "The job that this one retries."),
  parked: maybe(parkedSchema(position), "Only while the engine holds the job."),
});

const jobEntries = (position: Position) => ({
  ...jobHeadEntries(position),
  key: maybe(text, "The key by which its definition limits how many jobs run at a time."),
  rateKey: maybe(text, "The key by which its definition limits how many jobs start in a period."),
  input: describe(anyJson, "The input; null if there is none, or if it is sealed."),
  sealed: maybe(
    v.object({
      secrets: describe(v.array(text), "Paths of the secrets in the input."),
      retention: retentionAnswer,
    }),
    "How long the sealed input stays readable.",
  ),
  output: describe(anyJson, "What `run` returned; null until then."),
  expected: describe(
    v.array(expectationSchema(position)),
    "The events that the job waits for, or has waited for.",
  ),
  tasks: describe(v.array(taskAnswer), "The steps of the job, in the order in which they began."),
  waits: maybe(
    v.array(v.object({
      expectation: describe(text, "What `run` waits for."),
      wait: describe(
        count,
        "The number of this wait among those for the same expectation, from 1.",
      ),
      withinMs: maybe(milliseconds, "How long `run` asked to wait, in milliseconds."),
      dueAt: describe(time, "When the wait ends without the event."),
      passedBy: maybe(position, "The entry that records the end of the wait."),
    })),
    "The waits of `run` with a time limit; absent if there were none.",
  ),
  failure: describe(v.nullable(failureSchema(position)), "Why the job failed; null if it has not."),
});

export const supposedJobAnswer = v.object(jobEntries(supposedPosition));

const links = describe(
  v.object({ self: text, events: text, stream: text, explain: text, replay: text }),
  "Paths of related resources.",
);

export const jobAnswer = v.object({ ...jobEntries(position), links });

/** The summary, as `summaryView` creates it. */
export const jobSummaryAnswer = v.object({
  ...jobHeadEntries(position),
  retriedBy: maybe(text, "The newest retry of this job."),
  progress: v.object({
    satisfied: describe(count, "How many expectations are satisfied."),
    expected: describe(count, "How many expectations there are."),
    attempts: describe(count, "The most attempts of any task; those of `main` count as one."),
  }),
  queuedMs: describe(
    v.nullable(milliseconds),
    "Milliseconds from the start to the first attempt; null before that, and for a plan without code.",
  ),
  open: maybe(
    v.object({
      tasks: v.array(text),
      expected: v.array(v.object({ id: text, matched: count, required: count })),
    }),
    "Until the job ends: the first few running tasks and open expectations.",
  ),
  failure: v.nullable(v.object({
    kind: failureKind,
    taskId: v.nullable(text),
    error: describe(errorSummary, "Shortened if it is long."),
    fingerprint: v.nullable(fingerprintField),
    recoveryRequired: v.boolean(),
    because: position,
  })),
  links,
});

/** The minimal answer, as `minimalText` writes it. */
export const minimalJobAnswer = v.object({
  jobId: text,
  state: stateName,
  links: v.object({ self: text, events: text, stream: text, explain: text }),
});

/** The outcome of one of many jobs, as `createAll` reports it. */
const jobReceipt = v.object({
  jobId: describe(v.nullable(text), "null for a rejected job without a valid id."),
  disposition: choices("The outcome.", {
    created: "the job was recorded",
    duplicate:
      "the Idempotency-Key was used before with the same content; this is the job created then",
    rejected: "the job was not recorded: `reason` says why, and `errors` where",
  }),
  state: v.exactOptional(stateName),
  links: v.exactOptional(links),
  problem: maybe(
    text,
    "The type of the problem with which a request for this job alone would have been refused.",
  ),
  reason: maybe(text, "Why the job was rejected."),
  ...rejectionMembers,
});

export const jobReceiptsAnswer = v.object({ receipts: v.array(jobReceipt) });

export const searchedAnswer = describe(
  v.object({ jobs: count, backTo: time }),
  "How far the search went; absent if it covered all jobs.",
);

export const jobsAnswer = v.object({
  jobs: v.union([v.array(jobSummaryAnswer), v.array(jobAnswer)]),
  nextCursor,
  searched: v.exactOptional(searchedAnswer),
});

export const inputAnswer = v.object({
  input: anyJson,
  secrets: describe(v.array(text), "Paths of the secrets in the input."),
});
