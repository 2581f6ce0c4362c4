/** The job resource, as `jobResource` and `jobView` make it, and its summary. */

import * as v from "valibot";
import { EXPECTED_EVENT_KINDS } from "../../core/job_plan.ts";
import { correlationField } from "../correlation_schema.ts";
import { fingerprintField } from "../fields.ts";
import {
  anyJson,
  condition,
  count,
  errorFact,
  nextCursor,
  position,
  stateName,
  supposedPosition,
  text,
  time,
} from "./parts.ts";

const multiplicity = v.union([
  v.picklist(["ExactlyOnce", "AtLeastOnce"]),
  v.object({ times: count }),
]);

type Position = typeof position;

const expectationOf = (position: Position) =>
  v.object({
    id: text,
    kind: v.picklist(EXPECTED_EVENT_KINDS),
    eventType: text,
    correlation: correlationField,
    taskId: v.exactOptional(text),
    multiplicity,
    required: count,
    matched: count,
    satisfied: v.boolean(),
    by: v.array(position),
  });

const TASK_STATUSES = [
  ...["running", "waiting", "backingOff", "interrupted", "abandoned", "completed", "failed"],
  ...["compensating", "compensated", "compensationFailed"],
] as const;

const taskAnswer = v.object({
  taskId: text,
  status: v.picklist(TASK_STATUSES),
  attempts: count,
  startedAt: time,
  endedAt: v.nullable(time),
  progress: v.exactOptional(v.object({
    done: v.number(),
    total: v.exactOptional(v.number()),
    note: v.exactOptional(text),
  })),
  retryAt: v.exactOptional(time),
  result: v.exactOptional(anyJson),
  error: v.exactOptional(errorFact),
});

const failureKind = v.picklist(["error", "poison", "deadLetter", "cancelled"]);

const failureOf = (position: Position) =>
  v.object({
    kind: failureKind,
    taskId: v.nullable(text),
    error: errorFact,
    /** Of failures of one kind; a cancellation has none. */
    fingerprint: v.nullable(fingerprintField),
    recoveryRequired: v.boolean(),
    because: position,
    leftInPlace: v.array(text),
    /** Tasks that were begun and never ended: what they did is unknown. */
    cutShort: v.array(text),
  });

export const failureAnswer = failureOf(position);

export const retentionAnswer = v.union([
  v.picklist(["keep", "deleteOnCompletion"]),
  v.object({ afterMs: v.number() }),
]);

const parkedOf = (position: Position) =>
  v.object({
    reason: v.picklist(["diverged", "noDefinition", "crashed"]),
    message: text,
    /** The entry that `run` disagrees with. */
    disagreesWith: v.exactOptional(position),
    /** The entry that says so. */
    by: position,
  });

/**
 * What a job and its summary have in common, as `jobHead` makes it.
 *
 * @param position Of what a job's entries are counted by.
 */
const jobHeadOf = (position: Position) => ({
  jobId: text,
  type: v.nullable(text),
  definitionVersion: v.nullable(count),
  state: stateName,
  condition,
  createdAt: time,
  startAt: v.exactOptional(time),
  startedAt: v.nullable(time),
  endedAt: v.nullable(time),
  firstLogId: position,
  lastLogId: position,
  priority: v.pipe(v.number(), v.integer()),
  labels: v.record(v.string(), text),
  retryOf: v.exactOptional(text),
  /** Only while the engine holds it. */
  parked: v.exactOptional(parkedOf(position)),
});

const jobEntriesOf = (position: Position) => ({
  ...jobHeadOf(position),
  input: anyJson,
  sealed: v.exactOptional(v.object({ secrets: v.array(text), retention: retentionAnswer })),
  output: anyJson,
  expected: v.array(expectationOf(position)),
  tasks: v.array(taskAnswer),
  failure: v.nullable(failureOf(position)),
});

export const supposedJobAnswer = v.object(jobEntriesOf(supposedPosition));

const links = v.object({ self: text, events: text, stream: text, explain: text, replay: text });

export const jobAnswer = v.object({ ...jobEntriesOf(position), links });

/** As `summaryView` makes it. */
export const jobSummaryAnswer = v.object({
  ...jobHeadOf(position),
  /** The newest retry of it. */
  retriedBy: v.exactOptional(text),
  /** Of expectations, and of the task that needed most attempts. */
  progress: v.object({ satisfied: count, expected: count, attempts: count }),
  /** Until it ends: the first few tasks in hand, and expectations that are not satisfied. */
  open: v.exactOptional(v.object({
    tasks: v.array(text),
    expected: v.array(v.object({ id: text, matched: count, required: count })),
  })),
  failure: v.nullable(v.object({
    kind: failureKind,
    taskId: v.nullable(text),
    /** Cut where it is long. */
    error: v.object({ name: text, message: text }),
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

/** How far a list has looked: there only where it ended before it had looked at all jobs. */
const searchedAnswer = v.object({ jobs: count, backTo: time });

export const jobsAnswer = v.object({
  jobs: v.union([v.array(jobSummaryAnswer), v.array(jobAnswer)]),
  nextCursor,
  searched: v.exactOptional(searchedAnswer),
});

export const inputAnswer = v.object({ input: anyJson, secrets: v.array(text) });
