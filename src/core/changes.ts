/**
 * What differs between two states of one job, in terms of the job resource. What never
 * changes in a job's life is left out, and so is `lastLogId`, which always does.
 */

import { conditionOf } from "./condition.ts";
import type { JobState, TaskState } from "./job_state.ts";
import { requiredMatches } from "./job_plan.ts";
import {
  endedAtOf,
  failureResource,
  isLeftInPlace,
  outputOf,
  recordedFailure,
  startAtOf,
  startedAtOf,
  taskResource,
} from "./job_resource.ts";
import { equalJson, type JsonValue } from "./json.ts";

/** One value of the job resource that differs. */
export interface Change {
  /** `condition`, `expected[shipped].matched`, `tasks[charge].status`, `failure.kind`. */
  readonly path: string;
  /** As in the resource; `null` when absent. */
  readonly from: JsonValue;
  readonly to: JsonValue;
}

type Fields = Readonly<Record<string, unknown>>;
type Unlike<Part> = readonly [before: Part | undefined, after: Part | undefined];

const NO_FIELDS: Fields = {};

/**
 * The changes from one state of a job to another; `undefined` is a job that is not there
 * yet. States that follow each other share the parts that did not change, which are
 * passed over.
 */
export function changesBetween(
  before: JobState | undefined,
  after: JobState | undefined,
): readonly Change[] {
  if (before === after) return [];
  const tasks = unlike(before?.tasks, after?.tasks);
  return [
    ...differences("", headOf(before), headOf(after)),
    ...expectationChanges(before, after),
    ...tasks.flatMap(taskChanges),
    ...failureChanges(before, after, tasks),
  ];
}

/** The same changes, the other way. */
export function reversed(changes: readonly Change[]): readonly Change[] {
  return changes.map(({ path, from, to }) => ({ path, from: to, to: from }));
}

function headOf(job: JobState | undefined): Fields {
  return job === undefined ? NO_FIELDS : {
    state: job.state,
    condition: conditionOf(job),
    startAt: startAtOf(job),
    startedAt: startedAtOf(job),
    endedAt: endedAtOf(job),
    output: outputOf(job),
  };
}

function expectationChanges(
  before: JobState | undefined,
  after: JobState | undefined,
): readonly Change[] {
  const [old, young] = [before?.expected, after?.expected];
  if (old === young) return [];
  const planned = (before ?? after)?.plan.expected ?? [];
  return planned.flatMap(({ id, multiplicity }, index) => {
    if (old?.[index] === young?.[index]) return [];
    const required = requiredMatches(multiplicity);
    const fieldsOf = (progress: { matched: number } | undefined): Fields =>
      progress === undefined
        ? NO_FIELDS
        : { matched: progress.matched, satisfied: progress.matched >= required };
    const path = `expected[${id}]`;
    return [
      ...differences(`${path}.`, fieldsOf(old?.[index]), fieldsOf(young?.[index])),
      ...elementChanges(`${path}.by`, old?.[index]?.by ?? [], young?.[index]?.by ?? []),
    ];
  });
}

/** One by one: an expectation of thousands of events would otherwise tell all at each. */
function elementChanges(
  path: string,
  before: readonly number[],
  after: readonly number[],
): readonly Change[] {
  const changes: Change[] = [];
  for (let index = 0; index < Math.max(before.length, after.length); index++) {
    const [from, to] = [before[index] ?? null, after[index] ?? null];
    if (from !== to) changes.push({ path: `${path}[${index}]`, from, to });
  }
  return changes;
}

function taskChanges([before, after]: Unlike<TaskState>): readonly Change[] {
  const taskId = (before ?? after)?.taskId;
  return differences(`tasks[${taskId}].`, taskFields(before), taskFields(after));
}

function taskFields(task: TaskState | undefined): Fields {
  if (task === undefined) return NO_FIELDS;
  const { taskId: _, ...fields } = taskResource(task);
  return fields;
}

function failureChanges(
  before: JobState | undefined,
  after: JobState | undefined,
  tasks: readonly Unlike<TaskState>[],
): readonly Change[] {
  const [old, young] = [before, after].map((job) => job && recordedFailure(job));
  const listsOthers = tasks.some(([left, right]) =>
    (left !== undefined && isLeftInPlace(left)) !== (right !== undefined && isLeftInPlace(right))
  );
  if (old === young && !listsOthers) return [];
  const [left, right] = [before, after].map((job) => (job && failureResource(job)) ?? NO_FIELDS);
  return differences("failure.", left ?? NO_FIELDS, right ?? NO_FIELDS);
}

/** The members of two lists that are not shared. Lists of a job's parts only ever grow. */
function unlike<Part>(
  before: readonly Part[] = [],
  after: readonly Part[] = [],
): readonly Unlike<Part>[] {
  const pairs: Unlike<Part>[] = [];
  if (before === after) return pairs;
  for (let index = 0; index < Math.max(before.length, after.length); index++) {
    if (before[index] !== after[index]) pairs.push([before[index], after[index]]);
  }
  return pairs;
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
