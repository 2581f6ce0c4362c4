/**
 * The differences between two states of one job, in terms of the job resource. Members that never
 * change are left out, and so is `lastLogId`, which always does.
 */

import { type Condition, deriveCondition } from "../../core/condition.ts";
import { isMet } from "../../core/expectations.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import {
  failureResource,
  jobEndedAt,
  jobOutput,
  jobStartAt,
  jobStartedAt,
  recordedFailure,
  taskResource,
} from "../../core/job_resource.ts";
import type { ExpectationState, JobState, TaskState } from "../../core/job_state.ts";
import { equalJson, type JsonValue } from "../../core/json.ts";
import { isCutShort, isLeftInPlace } from "../../core/left_in_place.ts";
import { runToEnd, type Work } from "../../core/work.ts";

/** A value of the job resource that differs. */
export interface Change {
  /** `condition`, `expected[shipped].matched`, `tasks[charge].status`, `failure.kind`. */
  readonly path: string;
  /** As in the resource; `null` when absent. */
  readonly from: JsonValue;
  readonly to: JsonValue;
}

type Fields = Readonly<Record<string, unknown>>;
/** A part that two states do not share. */
type Unlike<Part> = readonly [index: number, before: Part | undefined, after: Part | undefined];

const NO_FIELDS: Fields = {};

/** The changes from one state of a job to another, at most `max`, with places to pause. */
export function* firstChanges(
  before: JobState,
  after: JobState,
  max: number,
): Work<{ readonly changes: readonly Change[]; readonly more: number }> {
  const room = { left: max, more: 0 };
  const conditions = [deriveCondition(before), deriveCondition(after)] as const;
  const all = yield* changing(before, after, ...conditions, room);
  const changes = all.slice(0, max);
  return { changes, more: room.more + all.length - changes.length };
}

/** Limits the output: changes beyond the limit are only counted. */
interface Room {
  left: number;
  more: number;
}

const UNBOUNDED: Room = { left: Infinity, more: 0 };

/**
 * The changes between two states with known conditions, which need contain only the tasks that
 * differ; `undefined` is a job that does not exist yet. Parts that the states share are skipped.
 */
export function changesKnowing(
  before: JobState | undefined,
  after: JobState | undefined,
  earlier: Condition | undefined,
  later: Condition | undefined,
): readonly Change[] {
  return before === after ? [] : runToEnd(changing(before, after, earlier, later, UNBOUNDED));
}

function* changing(
  before: JobState | undefined,
  after: JobState | undefined,
  earlier: Condition | undefined,
  later: Condition | undefined,
  room: Room,
): Work<readonly Change[]> {
  const tasks = unlike(before?.tasks, after?.tasks);
  const changes = [
    ...differences("", headFields(before, earlier), headFields(after, later)),
    ...expectationChanges(before, after, room),
  ];
  for (const task of tasks) {
    changes.push(...taskChanges(task));
    yield;
  }
  return [...changes, ...failureChanges(before, after, tasks)];
}

/** The same changes in the opposite direction. */
export function reversed(changes: readonly Change[]): readonly Change[] {
  return changes.map(({ path, from, to }) => ({ path, from: to, to: from }));
}

function headFields(job: JobState | undefined, condition: Condition | undefined): Fields {
  return job === undefined || condition === undefined ? NO_FIELDS : {
    state: job.state,
    condition,
    startAt: jobStartAt(job),
    startedAt: jobStartedAt(job),
    endedAt: jobEndedAt(job),
    output: jobOutput(job),
    parked: job.parked,
  };
}

function expectationChanges(
  before: JobState | undefined,
  after: JobState | undefined,
  room: Room,
): readonly Change[] {
  const planned = (before ?? after)?.plan.expected ?? [];
  return unlike(before?.expected, after?.expected).flatMap(([index, from, to]) => {
    const expected = planned[index];
    if (expected === undefined) return [];
    const path = `expected[${expected.id}].`;
    const [left, right] = [from, to].map((progress) => countFields(expected, progress));
    return [
      ...differences(path, left ?? NO_FIELDS, right ?? NO_FIELDS),
      ...elementChanges(`${path}by`, from?.by ?? [], to?.by ?? [], room),
    ];
  });
}

function countFields(expected: ExpectedEvent, progress?: ExpectationState): Fields {
  if (progress === undefined) return NO_FIELDS;
  const { matched, waived } = progress;
  return { matched, satisfied: isMet(expected, progress), waived };
}

/**
 * Compares element by element, since an expectation of thousands of events would otherwise be
 * repeated in full each time. Of two such lists of one job, one is a prefix of the other.
 */
function elementChanges(
  path: string,
  before: readonly number[],
  after: readonly number[],
  room: Room,
): readonly Change[] {
  const changes: Change[] = [];
  const shorter = Math.min(before.length, after.length);
  const longer = Math.max(before.length, after.length);
  const end = Math.min(longer, shorter + Math.max(0, room.left));
  for (let index = shorter; index < end; index++) {
    const [from, to] = [before[index] ?? null, after[index] ?? null];
    changes.push({ path: `${path}[${index}]`, from, to });
  }
  room.left -= changes.length;
  room.more += longer - end;
  return changes;
}

function taskChanges([, before, after]: Unlike<TaskState>): readonly Change[] {
  const taskId = (before ?? after)?.taskId;
  return differences(`tasks[${taskId}].`, taskFields(before), taskFields(after));
}

function taskFields(task: TaskState | undefined): Fields {
  if (task === undefined) return NO_FIELDS;
  const { taskId: _, ...fields } = taskResource(task);
  return fields;
}

/** The list of a failure that contains the task. */
function listName(task: TaskState | undefined): "leftInPlace" | "cutShort" | undefined {
  if (task === undefined) return undefined;
  return isLeftInPlace(task) ? "leftInPlace" : isCutShort(task) ? "cutShort" : undefined;
}

function failureChanges(
  before: JobState | undefined,
  after: JobState | undefined,
  tasks: readonly Unlike<TaskState>[],
): readonly Change[] {
  const [old, young] = [before, after].map((job) => job && recordedFailure(job));
  const listsOthers = tasks.some(([, left, right]) => listName(left) !== listName(right));
  if (old === young && !listsOthers) return [];
  const [left, right] = [before, after].map((job) => (job && failureResource(job)) ?? NO_FIELDS);
  return differences("failure.", left ?? NO_FIELDS, right ?? NO_FIELDS);
}

/** The elements that two lists do not share. Lists in a job's parts only grow. */
function unlike<Part>(
  before: readonly Part[] = [],
  after: readonly Part[] = [],
): readonly Unlike<Part>[] {
  const unlike: Unlike<Part>[] = [];
  if (before === after) return unlike;
  const length = Math.max(before.length, after.length);
  for (let index = 0; index < length; index++) {
    const [from, to] = [before[index], after[index]];
    if (from !== to) unlike.push([index, from, to]);
  }
  return unlike;
}

function differences(prefix: string, before: Fields, after: Fields): readonly Change[] {
  const changes: Change[] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [from, to] = [before[name] ?? null, after[name] ?? null] as JsonValue[];
    if (from === undefined || to === undefined || equalJson(from, to)) continue;
    changes.push({ path: prefix + name, from, to });
  }
  return changes;
}
