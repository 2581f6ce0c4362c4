/** The job resource, as `jobResource` and `jobView` make it, and its summary. */

import * as v from "valibot";
import { EXPECTED_EVENT_KINDS } from "../../core/job_plan.ts";
import { withinField } from "../requests/plan_schema.ts";
import { correlationField } from "../requests/correlation_schema.ts";
import { fingerprintField } from "../requests/fields.ts";
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
  says,
  stateName,
  supposedPosition,
  text,
  time,
} from "./parts.ts";

const multiplicity = says(
  v.union([
    choices("How often.", {
      ExactlyOnce: "one event; further ones are surplus",
      AtLeastOnce: "one event is enough, and further ones count as well",
    }),
    says(v.object({ times: count }), "So many events."),
  ]),
  "How many events the expectation takes.",
);

type Position = typeof position;

const expectationOf = (position: Position) =>
  v.object({
    id: says(text, "Its name in the plan, or in the code."),
    kind: says(v.picklist(EXPECTED_EVENT_KINDS), "Where the event is to come from."),
    eventType: says(text, "The type that an event must have."),
    correlation: says(correlationField, "What the attributes of an event must be."),
    taskId: v.exactOptional(says(text, "The task that an event must be about.")),
    multiplicity,
    within: v.exactOptional(withinField),
    required: says(count, "Events that it needs."),
    matched: says(count, "Events that have counted so far."),
    satisfied: says(v.boolean(), "Whether it has all that it needs, or is waived."),
    waived: v.exactOptional(
      says(position, "The entry by which it counts as satisfied without all its events."),
    ),
    by: says(v.array(position), "The entries that have counted, by logId."),
  });

const taskStatus = choices("How far a task is.", {
  running: "an attempt is open",
  waiting: "`run` waits for events or sleeps; of the task `main` only",
  sleeping: "it is a sleep, which ends at `dueAt`",
  backingOff: "an attempt has failed, and the next begins at `retryAt`",
  interrupted: "an attempt was cut short, and is made again",
  abandoned: "the job ended before the task did",
  completed: "ended, with its result",
  failed: "ended without a result",
  compensating: "what it did is being undone",
  compensated: "what it did was undone",
  compensationFailed: "what it did could not be undone",
});

const taskAnswer = v.object({
  taskId: says(text, "Its name in the code, of a task or a sleep; `main` is `run` itself."),
  status: taskStatus,
  attempts: says(count, "Attempts so far, the open one included; 0 for a sleep."),
  startedAt: says(time, "When its first attempt began, or the sleep."),
  endedAt: says(v.nullable(time), "When it ended; null while it has not."),
  progress: v.exactOptional(says(
    v.object({
      done: says(v.number(), "How much is done, in units of the task's own."),
      total: v.exactOptional(says(v.number(), "Of how much.")),
      note: v.exactOptional(says(text, "In words.")),
    }),
    "What the task last reported.",
  )),
  retryAt: v.exactOptional(says(time, "When the next attempt begins.")),
  dueAt: v.exactOptional(says(time, "When the sleep ends.")),
  result: v.exactOptional(says(anyJson, "What its code returned.")),
  error: v.exactOptional(says(errorFact, "Why its last attempt failed.")),
});

const failureKind = choices("What kind of failure it is.", {
  error: "`run` itself threw, or ended without what it had asked for",
  poison: "the code said that another attempt cannot help",
  deadLetter: "the code threw, and had no attempts left",
  cancelled: "somebody cancelled the job",
});

const failureOf = (position: Position) =>
  v.object({
    kind: failureKind,
    taskId: says(v.nullable(text), "The task that failed; null where none did."),
    error: errorFact,
    fingerprint: says(
      v.nullable(fingerprintField),
      "The same for failures of one kind; null for a cancellation.",
    ),
    recoveryRequired: says(
      v.boolean(),
      "Whether somebody has to see to what was done: it was not, or could not be, undone.",
    ),
    because: says(position, "The entry that decided it."),
    leftInPlace: says(v.array(text), "Tasks whose work was left as it is."),
    cutShort: says(
      v.array(text),
      "Tasks that were begun and never ended: what they did is unknown.",
    ),
  });

export const failureAnswer = failureOf(position);

export const retentionAnswer = says(
  v.union([
    choices("For good, or until the job ends.", {
      keep: "for good",
      deleteOnCompletion: "until the job ends",
    }),
    says(v.object({ afterMs: v.number() }), "So many milliseconds after the job has ended."),
  ]),
  "How long the input can be read.",
);

export const parkedReason = choices("Why the engine holds a job.", {
  diverged: "the code does not do what is on record; it goes on with code that fits",
  noDefinition: "no definition of its type and version is loaded",
  crashed: "the process ended three times while an attempt of it was open",
});

const parkedOf = (position: Position) =>
  v.object({
    reason: parkedReason,
    message: says(text, "The reason in words, and what helps."),
    disagreesWith: v.exactOptional(says(position, "The entry that the code disagrees with.")),
    by: says(position, "The entry that says so."),
  });

/**
 * What a job and its summary have in common, as `jobHead` makes it.
 *
 * @param position Of what a job's entries are counted by.
 */
const jobHeadOf = (position: Position) => ({
  jobId: says(text, "Given by the client, or made."),
  type: says(v.nullable(text), "Of its definition; null for a job of a plan."),
  definitionVersion: says(v.nullable(count), "Of the definition that created it."),
  state: stateName,
  condition,
  createdAt: says(time, "When it was recorded."),
  startAt: v.exactOptional(says(time, "When it is to start.")),
  startedAt: says(v.nullable(time), "When it started; null before."),
  endedAt: says(v.nullable(time), "When it ended; null before."),
  sleepsUntil: v.exactOptional(
    says(time, "When the first of its sleeps ends; only while it sleeps."),
  ),
  firstLogId: says(position, "Its first entry in the journal."),
  lastLogId: says(position, "Its last entry so far."),
  priority: says(v.pipe(v.number(), v.integer()), "Lower is sooner."),
  labels: says(v.record(v.string(), text), "What the client gave it to find it by."),
  retryOf: v.exactOptional(says(text, "The job that it is a retry of.")),
  parked: v.exactOptional(says(parkedOf(position), "Only while the engine holds it.")),
});

const jobEntriesOf = (position: Position) => ({
  ...jobHeadOf(position),
  key: v.exactOptional(says(text, "By which its definition limits how many run at a time.")),
  rateKey: v.exactOptional(says(text, "By which its definition counts how many begin in a time.")),
  input: says(anyJson, "What it was given; null where there is none, or it is sealed."),
  sealed: v.exactOptional(says(
    v.object({
      secrets: says(v.array(text), "Where in the input secrets are."),
      retention: retentionAnswer,
    }),
    "Of an input that the journal holds under a seal.",
  )),
  output: says(anyJson, "What `run` returned; null until then."),
  expected: says(v.array(expectationOf(position)), "The events that it waits or has waited for."),
  tasks: says(v.array(taskAnswer), "Its steps, in the order in which they began."),
  waits: v.exactOptional(says(
    v.array(v.object({
      expectation: says(text, "What `run` waits for."),
      wait: says(count, "Which wait for it: 1 for the first."),
      withinMs: v.exactOptional(says(
        milliseconds,
        "How long `run` asked to wait, in milliseconds.",
      )),
      dueAt: says(time, "When it ends without the event."),
      passedBy: v.exactOptional(says(position, "The entry that says that it has.")),
    })),
    "The waits of `run` that end at a time; absent where there were none.",
  )),
  failure: says(v.nullable(failureOf(position)), "Why it failed; null while it has not."),
});

export const supposedJobAnswer = v.object(jobEntriesOf(supposedPosition));

const links = says(
  v.object({ self: text, events: text, stream: text, explain: text, replay: text }),
  "Paths of what belongs to the job.",
);

export const jobAnswer = v.object({ ...jobEntriesOf(position), links });

/** As `summaryView` makes it. */
export const jobSummaryAnswer = v.object({
  ...jobHeadOf(position),
  retriedBy: v.exactOptional(says(text, "The newest retry of it.")),
  progress: v.object({
    satisfied: says(count, "Expectations that have all they need."),
    expected: says(count, "Expectations in all."),
    attempts: says(count, "Of the task that needed most."),
  }),
  queuedMs: says(
    v.nullable(milliseconds),
    "From its start to its first attempt; null before that, and of a plan without code.",
  ),
  open: v.exactOptional(says(
    v.object({
      tasks: v.array(text),
      expected: v.array(v.object({ id: text, matched: count, required: count })),
    }),
    "Until it ends: the first few tasks in hand, and expectations that are not satisfied.",
  )),
  failure: v.nullable(v.object({
    kind: failureKind,
    taskId: v.nullable(text),
    error: says(v.object({ name: text, message: text }), "Cut where it is long."),
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

/** What became of one of many jobs, as `createAll` tells it. */
const jobReceipt = v.object({
  jobId: says(v.nullable(text), "null for one that was rejected, and came without a legal id."),
  disposition: choices("What became of it.", {
    created: "it is on record",
    duplicate: "the Idempotency-Key came before with the same content: this is the job of then",
    rejected: "it is not on record: `reason` says why, `errors` where",
  }),
  state: v.exactOptional(stateName),
  links: v.exactOptional(links),
  problem: v.exactOptional(
    says(text, "The type of the problem that it would have been refused with alone."),
  ),
  reason: v.exactOptional(says(text, "Why it was rejected.")),
  ...rejectionMembers,
});

export const jobReceiptsAnswer = v.object({ receipts: v.array(jobReceipt) });

export const searchedAnswer = says(
  v.object({ jobs: count, backTo: time }),
  "How far it has looked: only where it ended before it had looked at all jobs.",
);

export const jobsAnswer = v.object({
  jobs: v.union([v.array(jobSummaryAnswer), v.array(jobAnswer)]),
  nextCursor,
  searched: v.exactOptional(searchedAnswer),
});

export const inputAnswer = v.object({
  input: anyJson,
  secrets: says(v.array(text), "Where in the input secrets are."),
});
