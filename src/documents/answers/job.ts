/** The job resource, as `jobResource` and `jobView` make it, and its summary. */

import { describe } from "../documented.ts";
import * as v from "valibot";
import { EXPECTED_EVENT_KINDS } from "../../core/job_plan.ts";
import { withinField } from "../plan_schema.ts";
import { correlationField } from "../correlation_schema.ts";
import { fingerprintField } from "../fields.ts";
import {
  anyJson,
  choices,
  condition,
  count,
  errorFact,
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
    choices("How often.", {
      ExactlyOnce: "one event; later ones are surplus",
      AtLeastOnce: "one event is enough; later ones count too",
    }),
    describe(v.object({ times: count }), "This many events."),
  ]),
  "How many events the expectation takes.",
);

type Position = typeof position;

const expectationSchema = (position: Position) =>
  v.object({
    id: describe(text, "Its name in the plan, or in the code."),
    kind: describe(v.picklist(EXPECTED_EVENT_KINDS), "Where the event comes from."),
    eventType: describe(text, "The type the event must have."),
    correlation: describe(
      correlationField,
      "The predicate that the attributes of the event must " +
        "satisfy.",
    ),
    taskId: v.exactOptional(describe(text, "The task the event must name.")),
    multiplicity,
    within: v.exactOptional(withinField),
    required: describe(count, "How many events it needs."),
    matched: describe(count, "How many events have counted so far."),
    satisfied: describe(v.boolean(), "Whether it has all the events it needs, or was waived."),
    waived: v.exactOptional(
      describe(
        position,
        "The entry that waived it: it counts as satisfied without all its events.",
      ),
    ),
    by: describe(v.array(position), "The entries that have counted, by logId."),
  });

const taskStatus = choices("The progress of a task.", {
  running: "an attempt is open",
  waiting: "`run` waits for events or sleeps; of the task `main` only",
  sleeping: "a sleep, which ends at `dueAt`",
  backingOff: "an attempt failed, and the next begins at `retryAt`",
  interrupted: "an attempt was cut short, and will be made again",
  abandoned: "the job ended before the task did",
  completed: "ended, with its result",
  failed: "ended without a result",
  compensating: "what it did is being undone",
  compensated: "what it did was undone",
  compensationFailed: "what it did could not be undone",
});

const taskAnswer = v.object({
  taskId: describe(text, "Its name in the code, of a task or a sleep; `main` is `run` itself."),
  status: taskStatus,
  attempts: describe(count, "Attempts so far, the open one included; 0 for a sleep."),
  startedAt: describe(time, "When its first attempt began, or the sleep."),
  endedAt: describe(v.nullable(time), "When it ended; null while it has not."),
  progress: v.exactOptional(describe(
    v.object({
      done: describe(v.number(), "How much is done, in the task's own units."),
      total: v.exactOptional(describe(v.number(), "The total, in the same units.")),
      note: v.exactOptional(describe(text, "In words.")),
    }),
    "What the task last reported.",
  )),
  retryAt: v.exactOptional(describe(time, "When the next attempt begins.")),
  dueAt: v.exactOptional(describe(time, "When the sleep ends.")),
  result: v.exactOptional(describe(anyJson, "What its code returned.")),
  error: v.exactOptional(describe(errorFact, "Why its last attempt failed.")),
});

const failureKind = choices("The kind of failure.", {
  error: "`run` itself threw, or returned without awaiting what it had asked for",
  poison: "the code said that another attempt would not help",
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
      "The same for all failures of one kind; null for a cancellation.",
    ),
    recoveryRequired: describe(
      v.boolean(),
      "Whether someone has to check what was done: it was not, or could not be, undone.",
    ),
    because: describe(position, "The entry that decided it."),
    leftInPlace: describe(v.array(text), "Completed tasks that were not undone."),
    cutShort: describe(
      v.array(text),
      "Tasks that started and never ended: what they did is unknown.",
    ),
  });

export const failureAnswer = failureSchema(position);

export const retentionAnswer = describe(
  v.union([
    choices("Forever, or until the job ends.", {
      keep: "for good",
      deleteOnCompletion: "until the job ends",
    }),
    describe(v.object({ afterMs: v.number() }), "This many milliseconds after the job has ended."),
  ]),
  "How long the input stays readable.",
);

export const parkedReason = choices("Why the engine holds a job.", {
  diverged: "the code does not do what is on record; the job continues once the code fits",
  noDefinition: "no definition of its type and version is loaded",
  crashed: "the process ended three times while an attempt of it was open",
});

const parkedSchema = (position: Position) =>
  v.object({
    reason: parkedReason,
    message: describe(text, "The reason in words, and what to do."),
    disagreesWith: v.exactOptional(describe(position, "The entry that the code disagrees with.")),
    by: describe(position, "The entry that parked the job."),
  });

/**
 * What a job and its summary have in common, as `jobHead` makes it.
 *
 * @param position Of what a job's entries are counted by.
 */
const jobHeadEntries = (position: Position) => ({
  jobId: describe(text, "Given by the client, or generated."),
  type: describe(v.nullable(text), "The type of its definition; null for a plan."),
  definitionVersion: describe(v.nullable(count), "The version of the definition that created it."),
  state: stateName,
  condition,
  createdAt: describe(time, "When it was recorded."),
  startAt: v.exactOptional(describe(time, "When it will start.")),
  startedAt: describe(v.nullable(time), "When it started; null before."),
  endedAt: describe(v.nullable(time), "When it ended; null before."),
  sleepsUntil: v.exactOptional(
    describe(time, "When the first of its sleeps ends; only while it sleeps."),
  ),
  firstLogId: describe(position, "Its first entry in the journal."),
  lastLogId: describe(position, "Its last entry so far."),
  priority: describe(v.pipe(v.number(), v.integer()), "Lower runs sooner."),
  labels: describe(
    v.record(v.string(), text),
    "Names and values that the client gave the job, to " +
      "search for.",
  ),
  retryOf: v.exactOptional(describe(text, "The job that it is a retry of.")),
  parked: v.exactOptional(describe(parkedSchema(position), "Only while the engine holds it.")),
});

const jobEntries = (position: Position) => ({
  ...jobHeadEntries(position),
  key: v.exactOptional(describe(
    text,
    "The key by which its definition limits how many jobs run at " +
      "a time.",
  )),
  rateKey: v.exactOptional(describe(
    text,
    "The key by which its definition limits how many jobs " +
      "start in a period.",
  )),
  input: describe(anyJson, "The input; null if there is none, or if it is sealed."),
  sealed: v.exactOptional(describe(
    v.object({
      secrets: describe(v.array(text), "Where in the input secrets are."),
      retention: retentionAnswer,
    }),
    "How long the sealed input stays readable.",
  )),
  output: describe(anyJson, "What `run` returned; null until then."),
  expected: describe(
    v.array(expectationSchema(position)),
    "The events the job waits for, or has waited " +
      "for.",
  ),
  tasks: describe(v.array(taskAnswer), "Its steps, in the order in which they began."),
  waits: v.exactOptional(describe(
    v.array(v.object({
      expectation: describe(text, "What `run` waits for."),
      wait: describe(count, "Which wait for that expectation this is, from 1."),
      withinMs: v.exactOptional(describe(
        milliseconds,
        "How long `run` asked to wait, in milliseconds.",
      )),
      dueAt: describe(time, "When it ends without the event."),
      passedBy: v.exactOptional(describe(position, "The entry that records that it ended.")),
    })),
    "The waits of `run` with a time limit; absent if there were none.",
  )),
  failure: describe(v.nullable(failureSchema(position)), "Why it failed; null if it has not."),
});

export const supposedJobAnswer = v.object(jobEntries(supposedPosition));

const links = describe(
  v.object({ self: text, events: text, stream: text, explain: text, replay: text }),
  "Paths of related resources.",
);

export const jobAnswer = v.object({ ...jobEntries(position), links });

/** As `summaryView` makes it. */
export const jobSummaryAnswer = v.object({
  ...jobHeadEntries(position),
  retriedBy: v.exactOptional(describe(text, "The newest retry of it.")),
  progress: v.object({
    satisfied: describe(count, "How many expectations are satisfied."),
    expected: describe(count, "How many expectations there are."),
    attempts: describe(count, "The most attempts of any task."),
  }),
  queuedMs: describe(
    v.nullable(milliseconds),
    "From its start to its first attempt; null before that, and for a plan without code.",
  ),
  open: v.exactOptional(describe(
    v.object({
      tasks: v.array(text),
      expected: v.array(v.object({ id: text, matched: count, required: count })),
    }),
    "Until it ends: the first few tasks in hand, and expectations that are not satisfied.",
  )),
  failure: v.nullable(v.object({
    kind: failureKind,
    taskId: v.nullable(text),
    error: describe(v.object({ name: text, message: text }), "Shortened if it is long."),
    fingerprint: v.nullable(fingerprintField),
    recoveryRequired: v.boolean(),
    because: position,
  })),
  links,
});

/** As `minimalText` writes it. */
export const minimalJobAnswer = v.object({
  jobId: text,
  state: stateName,
  links: v.object({ self: text, events: text, stream: text, explain: text }),
});

/** What became of one of many jobs, as `createAll` reports it. */
const jobReceipt = v.object({
  jobId: describe(v.nullable(text), "null for a rejected job that came without a valid id."),
  disposition: choices("What became of it.", {
    created: "it was recorded",
    duplicate: "the Idempotency-Key was used before with the same content: this is the job " +
      "created then",
    rejected: "it was not recorded: `reason` says why, `errors` where",
  }),
  state: v.exactOptional(stateName),
  links: v.exactOptional(links),
  problem: v.exactOptional(
    describe(
      text,
      "The type of the problem that the same request alone would have been refused with.",
    ),
  ),
  reason: v.exactOptional(describe(text, "Why it was rejected.")),
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
  secrets: describe(v.array(text), "Where in the input secrets are."),
});
