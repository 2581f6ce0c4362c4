/**
 * Finds a job that did the same step about the same thing in the other order: an older one that came
 * later, as after a failed attempt, and may have overwritten what the newer one wrote.
 */

import type { LogId } from "../../core/ids.ts";
import { type CompletedTask, findTask, isStep, type JobState } from "../../core/job_state.ts";
import type { JsonScalar } from "../../core/json.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { type Place, placePath, placesIn } from "../../explain/likeness/elsewhere.ts";
import { isIdentifier, OF_DATE, ownValues } from "../../explain/likeness/own_values.ts";
import type { Statement } from "../../explain/statements/explanation.ts";
import { reason } from "../../explain/statements/statement.ts";
import { capital, taskText } from "../../explain/words/phrases.ts";
import { takenNear } from "./job_visit.ts";
import type { Inquiry } from "./query_parts.ts";
import { createdNear, isSameOrRetry, takenFromPeers } from "./similar_jobs.ts";

/** How many steps of the job are looked at, the last ones; and of how many other jobs. */
const STEPS_MAX = 4;
const JOBS_MAX = 25;
/** Of how many others, if so many of them have the value, it tells of no single thing. */
const PEERS_MAX = 8;
const COMMON = 3;

/** A shorter text, or one of words alone, names nothing; and nobody overwrites an address of mail. */
const LENGTH_MIN = 6;
const OF_NAME = /^(?!.*@).*(?:\d|[\\/:]|\w\.\w)/;

interface Telling {
  readonly task: CompletedTask;
  readonly place: Place;
}

interface Crossed extends Telling {
  readonly other: JobState;
  readonly theirs: CompletedTask;
}

export async function findOverwritten(
  inquiry: Inquiry,
  job: JobState,
): Promise<Statement<LogId> | undefined> {
  const telling = job.tasks.filter(isStep).slice(-STEPS_MAX).flatMap(tellingOf);
  const about = thingsOf(job);
  if (job.state !== "Done" || job.type === undefined) return undefined;
  if (telling.length === 0 || about.size === 0) return undefined;
  const near = { types: [job.type], ...createdNear(job) };
  const crossedIn = (range: { readonly before: LogId; readonly after?: LogId }) =>
    takenNear(inquiry, {
      range: { ...near, ...range, continuesAfter: job.firstLogId },
      ...{ max: JOBS_MAX, enough: 1 },
      take: (other) => {
        const isSame = !isSameOrRetry(other, job) && isAbout(other, about);
        return isSame ? crossedBy(inquiry, job, telling, other) : undefined;
      },
    });
  const [crossed] = [
    ...await crossedIn({ before: job.firstLogId }),
    ...await crossedIn({ after: job.firstLogId, before: job.endedBy }),
  ];
  return crossed === undefined || await isCommon(inquiry, job, crossed)
    ? undefined
    : told(job, crossed);
}

/** What its input identifies, by path: an article, but not the number of its revision. */
function thingsOf(job: JobState): ReadonlyMap<string, JsonScalar> {
  return new Map(
    ownValues(job).flatMap(({ from, path, value }) =>
      from === "input" && typeof value === "string" && isIdentifier(path, value)
        ? [[path, value] as const]
        : []
    ),
  );
}

function isAbout(job: JobState, things: ReadonlyMap<string, JsonScalar>): boolean {
  const theirs = thingsOf(job);
  return things.size === theirs.size &&
    [...things].every(([path, value]) => theirs.get(path) === value);
}

function tellingOf(task: CompletedTask): readonly Telling[] {
  if (task.reusedFrom !== undefined) return [];
  return placesIn({ result: task.result ?? null }).filter(({ value }) =>
    typeof value === "string" && value.length >= LENGTH_MIN && OF_NAME.test(value) &&
    !OF_DATE.test(value)
  ).map((place) => ({ task, place }));
}

/** The last step that both did with one value, if the older job did it later. */
function crossedBy(
  { upTo = Infinity }: Inquiry,
  job: JobState,
  telling: readonly Telling[],
  other: JobState,
): Crossed | undefined {
  for (const { task, place } of telling.toReversed()) {
    const theirs = findTask(other, task.taskId);
    if (theirs === undefined || !isStep(theirs) || theirs.completedBy > upTo) continue;
    const isOlder = other.firstLogId < job.firstLogId;
    const isLater = theirs.completedBy > task.completedBy;
    if (isOlder === isLater && hasPlace(theirs, place)) return { task, place, other, theirs };
  }
  return undefined;
}

function hasPlace(task: CompletedTask, { names, value }: Place): boolean {
  return task.reusedFrom === undefined && placesIn({ result: task.result ?? null })
    .some((one) => one.value === value && one.names.at(-1) === names.at(-1));
}

async function isCommon(
  inquiry: Inquiry,
  job: JobState,
  { other, task, place }: Crossed,
): Promise<boolean> {
  const having = await takenFromPeers(inquiry, job, (peer) => {
    const theirs = findTask(peer, task.taskId);
    if (peer.jobId === other.jobId || theirs === undefined || !isStep(theirs)) return undefined;
    return hasPlace(theirs, place);
  }, { max: PEERS_MAX, least: COMMON });
  // With too few others, nothing shows that they differ.
  return having === undefined || having.filter(Boolean).length >= COMMON;
}

/**
 * `Task upload of job a-1, which was created before this job, completed after it did, in attempt 2 at
 * ..., with the same path = "/a.html": it may have overwritten what this job wrote.`
 */
function told(job: JobState, { task, place, other, theirs }: Crossed): Statement<LogId> {
  const isOlder = other.firstLogId < job.firstLogId;
  const path = placePath(place).slice("result.".length);
  const same = path === "" ? "result" : shownText(path);
  const attempt = theirs.attempts > 1 ? `, in attempt ${theirs.attempts} at` : " at";
  const which = isOlder ? "before" : "after";
  const when = isOlder ? "completed after it did" : "had completed before it did";
  const then = isOlder
    ? "it may have overwritten what this job wrote"
    : "this job may have overwritten what that one wrote";
  const statement = `${capital(taskText(task.taskId))} of job ${other.jobId}, which was created ` +
    `${which} this job, ${when}${attempt} ${theirs.endedAt}, with the same ${same} = ` +
    `${shownScalar(place.value)}: ${then}.`;
  return reason(statement, other.firstLogId, theirs.completedBy, task.completedBy);
}
