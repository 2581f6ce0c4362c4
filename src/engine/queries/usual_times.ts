/** How long jobs of a type, or one of their steps, usually take. */

import { lengthMs } from "../../core/duration.ts";
import { type LogId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import { findTask, type JobState, timedOutTask } from "../../core/job_state.ts";
import { isFarLonger, mayBeLong, riseOf, usualTime } from "../../explain/ended/time_spent.ts";
import { compared } from "../../explain/likeness/compared_job.ts";
import { moreThanOthers } from "../../explain/likeness/contrast.ts";
import type { Slowed, UsualTime } from "../../explain/statements/evidence.ts";
import type { JobFilter } from "../job_pages.ts";
import { takenNear } from "./job_visit.ts";
import type { Inquiry } from "./query_parts.ts";
import { hasEnded } from "./similar_jobs.ts";

/** How many to compare, the newest. */
const JOBS_MAX = 100;

/**
 * The usual time of jobs that were created before it and succeeded, or of the only step that the
 * job is in, or that failed it at a time limit; `undefined` when there are too few, or the job does
 * none of these, or was short.
 */
export async function findUsualTime(
  inquiry: Inquiry,
  job: JobState,
): Promise<UsualTime | undefined> {
  const step = openStep(job) ?? timedOutTask(job);
  const isLong = job.state === "Done" && mayBeLong(lengthMs(job.createdAt, job.endedAt));
  if (!isLong && step === undefined) return undefined;
  const { type } = job;
  const filter: JobFilter = type === undefined
    ? { states: ["Done"] }
    : { states: ["Done"], types: [type] };
  const awaited = awaitedBy(job);
  const isLike = (other: JobState) => type !== undefined || awaitedBy(other) === awaited;
  const others = await takenNear(inquiry, {
    range: { ...filter, before: job.firstLogId },
    max: JOBS_MAX,
    take: (other) =>
      other.type === type && isLike(other) && hasEnded(other, inquiry.upTo)
        ? { ms: tookMs(other, step), facts: compared(other, false), createdAt: other.createdAt }
        : undefined,
  });
  const lengthsMs = others.flatMap(({ ms = [] }) => ms).toReversed();
  const usual = usualTime(lengthsMs);
  const isShared = usual !== undefined && step !== undefined &&
    await sleepsLikeOthers(inquiry, job, step, usual);
  if (usual === undefined || isShared) return undefined;
  const timed = others.flatMap(({ ms, facts }) => ms === undefined ? [] : facts);
  const rise = riseOf(lengthsMs);
  const oldest = others.at(-1)?.createdAt;
  const slowed = rise && oldest !== undefined ? await slowedSince(inquiry, job, oldest) : [];
  return { ...usual, rise, slowed, more: moreThanOthers(compared(job, false), timed) };
}

/**
 * Whether another job took far longer than usual in the open step, if this one takes as long, or is
 * to, and was not given more than others.
 */
export function tookLong(
  { parts: { clock }, upTo }: Inquiry,
  job: JobState,
  usual: UsualTime | undefined,
): ((other: JobState) => boolean) | undefined {
  const step = openStep(job);
  const task = step && findTask(job, step);
  if (task === undefined || usual === undefined || upTo !== undefined) return undefined;
  const until = task.status === "sleeping" ? task.dueAt : new Date(clock.now()).toISOString();
  const isLong = isFarLonger(lengthMs(task.startedAt, until), usual) && usual.more?.length === 0;
  return isLong ? (other) => isFarLonger(tookMs(other, step) ?? 0, usual) : undefined;
}

/** How many steps of each job are compared. */
const STEPS_MAX = 8;

/** The steps of other types that took longer and longer, as when all need the same slow service. */
async function slowedSince(
  inquiry: Inquiry,
  { type, firstLogId }: JobState,
  createdAfter: string,
): Promise<readonly Slowed[]> {
  const steps = await takenNear(inquiry, {
    range: { states: ["Done"], createdAfter, before: firstLogId },
    max: JOBS_MAX,
    take: (other) =>
      other.type === undefined || other.type === type || !hasEnded(other, inquiry.upTo)
        ? undefined
        : other.tasks.slice(0, STEPS_MAX).flatMap(({ taskId, attempts }) => {
          const ms = attempts === 0 || taskId === MAIN_TASK ? undefined : tookMs(other, taskId);
          return ms === undefined ? [] : { type: other.type, taskId, ms };
        }),
  });
  const alike = Map.groupBy(steps.flat(), (step) => `${step.type}\n${step.taskId}`);
  return [...alike.values()].flatMap((same) => {
    const [{ type = "", taskId } = {}] = same;
    const rise = riseOf(same.map(({ ms }) => ms).toReversed());
    return rise === undefined || taskId === undefined ? [] : [{ ...rise, type, taskId }];
  });
}

/** The share of those compared that sleep as long now, by which it is not odd. */
const ASLEEP_MIN = 0.1;

/** Of sleeps that have ended, only the short ones are known: the long ones are still asleep. */
async function sleepsLikeOthers(
  inquiry: Inquiry,
  job: JobState,
  step: TaskId,
  usual: Pick<UsualTime, "jobs" | "medianMs">,
): Promise<boolean> {
  const { type } = job;
  const { upTo } = inquiry;
  const ms = sleepMs(job, step, upTo);
  if (type === undefined || ms === undefined || !isFarLonger(ms, usual)) return false;
  const enough = Math.ceil(ASLEEP_MIN * usual.jobs);
  const asleep = await takenNear(inquiry, {
    range: {
      types: [type],
      ...upTo === undefined ? { conditions: ["sleeping"] } : { before: upTo + 1 },
    },
    ...{ max: JOBS_MAX, enough },
    take: (other) => {
      const theirMs = other.jobId === job.jobId ? undefined : sleepMs(other, step, upTo);
      const isAsLong = theirMs !== undefined && !isFarLonger(ms, { ...usual, medianMs: theirMs });
      return isAsLong ? theirMs : undefined;
    },
  });
  return asleep.length >= enough;
}

/** How long a sleep that had begun as of a position, and not ended, was to take. */
function sleepMs(job: JobState, step: TaskId, upTo: LogId = Infinity): number | undefined {
  const task = findTask(job, step);
  if (task === undefined || task.firstLogId > upTo) return undefined;
  if (task.status === "sleeping") return lengthMs(task.startedAt, task.dueAt);
  const wasAsleep = task.status === "completed" && task.completedBy > upTo;
  return wasAsleep ? lengthMs(task.startedAt, task.endedAt) : undefined;
}

/** How long a job that has ended took, or one of its steps, if that ran. */
function tookMs(job: JobState, step: TaskId | undefined): number | undefined {
  const done = step === undefined ? job : findTask(job, step);
  if (done === undefined || !("endedAt" in done)) return undefined;
  return lengthMs("createdAt" in done ? done.createdAt : done.startedAt, done.endedAt);
}

/** The task that is running, or the sleep, if it is the only one. */
function openStep({ type, tasks }: JobState): TaskId | undefined {
  const open = tasks.filter(({ taskId, status }) =>
    taskId !== MAIN_TASK && (status === "running" || status === "sleeping")
  );
  return type !== undefined && open.length === 1 ? open[0]?.taskId : undefined;
}

/** The types of the events that a plan waits for, as one text. */
function awaitedBy({ plan }: JobState): string {
  return plan.expected.map(({ matcher }) => matcher.eventType).toSorted().join(" ");
}
