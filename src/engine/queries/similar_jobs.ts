/**
 * Compares a job with similar ones: what sets it apart from jobs of its type created within an hour
 * of it.
 */

import { deriveCondition } from "../../core/condition.ts";
import { ascending } from "../../core/ascending.ts";
import { toMatchable } from "../../core/projector.ts";
import { present } from "../../core/json.ts";
import { type JobEventLogEntry, PROCESS_ENDS } from "../../core/event.ts";
import { jobFingerprint } from "../../core/error_fingerprint.ts";
import type { LogId } from "../../core/ids.ts";
import { requiredMatches } from "../../core/job_plan.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import {
  ALIKE_MIN,
  BESIDE_SUSPECT_MIN,
  COMPARED_MAX,
  type Contrast,
  findContrast,
  maySetApart,
} from "../../explain/likeness/contrast.ts";
import { isOfTime } from "../../explain/likeness/created_apart.ts";
import {
  compared,
  comparedByEvents,
  type ComparedJob,
  countedEvents,
  type CountedJob,
  countedJob,
  type EventFacts,
  eventFacts,
  resultName,
} from "../../explain/likeness/compared_job.ts";
import { findSteadied, STEADY_MIN } from "../../explain/likeness/steadied.ts";
import { resultBeforeStop } from "../../explain/ended/returned_errors.ts";
import { isProcessStop, type Meanwhile } from "../../explain/past/process_history.ts";
import type { ProcessStop } from "../../explain/statements/evidence.ts";
import { each } from "../entry_pages.ts";
import type { JobFilter } from "../job_pages.ts";
import { Lookup } from "../views/past_events.ts";
import { takenNear } from "./job_visit.ts";
import type { Inquiry, Query, QueryParts } from "./query_parts.ts";

interface ContrastOptions {
  /** If it succeeded, it need not have done something else than the others. */
  readonly isSuspect?: boolean;
  /** Of a job that takes long: whether another took long too. It is compared with those that did not. */
  readonly tookLong?: ((other: JobState) => boolean) | undefined;
  /** A job of another type that failed alike. */
  readonly elsewhere?: ComparedJob | undefined;
  /** Only jobs that were created after that are compared; RFC 3339. */
  readonly createdAfter?: string;
}

/**
 * `undefined` when the job does something else than fail, wait or succeed, or nothing sets it apart.
 *
 * @param job As of `upTo`.
 */
export async function contrastOf(
  inquiry: Inquiry,
  job: JobState,
  { createdAfter, tookLong, ...how }: ContrastOptions = {},
): Promise<Contrast | undefined> {
  const { parts, share, upTo } = inquiry;
  const kind = tookLong === undefined
    ? kindOf(parts, job, upTo)
    : { least: 1, filter: { states: ["Done"] } as const, isAlike: tookLong };
  if (kind === undefined || job.type === undefined) return undefined;
  const near = { types: [job.type], ...createdNear(job), ...present({ createdAfter }) };
  const range = upTo === undefined ? {} : { before: upTo + 1 };
  const read = <Taken>(
    filter: JobFilter,
    enough: number,
    isMeant: Kind["isAlike"],
    take: (other: JobState) => Taken,
  ) =>
    takenNear(inquiry, {
      range: { ...near, ...filter, ...range },
      ...{ max: COMPARED_MAX, enough },
      take: (other) => other.jobId !== job.jobId && isMeant(other) ? take(other) : undefined,
    });
  const readOthers = <Taken>(enough: number, take: (other: JobState) => Taken) =>
    read(
      { states: ["Done"] },
      enough,
      (other) => hasEnded(other, upTo) && tookLong?.(other) !== true,
      take,
    );
  const readAlike = async <Taken>(enough: number, take: (other: JobState) => Taken) => {
    if (kind.filter === undefined) return [take(job)];
    // A retry is the same work: the newest that failed alike counts for all. Jobs come newest first.
    const same = new Set([job.retryOf, parts.table.listed.newestRetryOf(job.jobId)]);
    const isAnother = (other: JobState) => {
      if (!kind.isAlike(other)) return false;
      same.add(other.retryOf);
      return !same.has(other.jobId);
    };
    return [take(job), ...await read(kind.filter, enough, isAnother, take)];
  };
  // Of a job that succeeded, no form of a result is compared.
  const view = (other: JobState) => compared(other, job.state !== "Done");
  const someOthers = await readOthers(GLANCED_AT, view);
  if (someOthers.length < (how.isSuspect ? BESIDE_SUSPECT_MIN : GLANCED_AT)) return undefined;
  const someAlike = await readAlike(GLANCED_AT, view);
  if (someAlike.length < kind.least) return undefined;
  const contrast = await parts.pacer.all(share, maySetApart(someAlike, someOthers, how))
    ? await parts.pacer.all(
      share,
      findContrast(
        await readAlike(COMPARED_MAX - 1, view),
        await readOthers(COMPARED_MAX, view),
        how,
      ),
    )
    : undefined;
  const isClear = contrast !== undefined && !isOfTime(contrast);
  if (
    isClear || how.elsewhere !== undefined || kind.isOpen || job.state === "Done" ||
    countedEvents(job).length === 0
  ) {
    return contrast;
  }
  // What events said is in no state, so it is read only if nothing else sets the job apart.
  const expectations = new Set(countedEvents(job).map(({ expectation }) => expectation));
  const counted = (other: JobState) => countedJob(other, expectations);
  const alike = await byEvents(inquiry, await readAlike(COMPARED_MAX - 1, counted));
  const others = await byEvents(inquiry, await readOthers(COMPARED_MAX, counted));
  return await parts.pacer.all(share, findContrast(alike, others)) ?? contrast;
}

/** What sets a job apart, and the stop of the process in between, if there was one. */
export async function setApartBy(
  inquiry: Inquiry,
  known: Meanwhile,
  elsewhere: ComparedJob | undefined,
): Promise<{ readonly contrast?: Contrast; readonly stop?: ProcessStop | undefined }> {
  const contrast = await contrastOf(inquiry, known.job, { elsewhere });
  return contrast === undefined && elsewhere === undefined
    ? await contrastAfterStop(inquiry, known) ?? await steadySinceStop(inquiry, known.job) ?? {}
    : { ...present({ contrast }), stop: await stopApart(inquiry.parts, contrast) };
}

/** What sets a job apart that takes far longer than others did. */
export async function slowApart(
  inquiry: Inquiry,
  job: JobState,
  tookLong: (other: JobState) => boolean,
): Promise<{ readonly contrast?: Contrast; readonly stop?: ProcessStop | undefined }> {
  const contrast = await contrastOf(inquiry, job, { tookLong });
  return { ...present({ contrast }), stop: await stopApart(inquiry.parts, contrast) };
}

/**
 * What sets a result from before a stop of the process apart from those of jobs that were created
 * after it, as when newer code uses another unit.
 */
async function contrastAfterStop(
  inquiry: Inquiry,
  known: Meanwhile,
): Promise<{ readonly contrast: Contrast; readonly stop: ProcessStop } | undefined> {
  const before = resultBeforeStop(known);
  if (before === undefined) return undefined;
  const { task, stop } = before;
  const contrast = await contrastOf(inquiry, known.job, { createdAfter: stop.receivedAt });
  const traits = contrast?.traits.slice(0, 1).filter(({ name }) =>
    `${name}.`.startsWith(`${resultName(task.taskId)}.`)
  );
  const [trait] = traits ?? [];
  if (contrast === undefined || trait === undefined) return undefined;
  // Another one that crossed the stop with such a result, and went through, refutes it.
  const refuting = await takenNear(inquiry, {
    range: {
      ...{ types: [known.job.type ?? ""], states: ["Done"], ...createdNear(known.job) },
      createdBefore: stop.receivedAt,
    },
    ...{ max: COMPARED_MAX, enough: 1 },
    take: (other) =>
      other.jobId !== known.job.jobId && isTerminal(other) &&
        other.endedAt > stop.receivedAt && hasEnded(other, inquiry.upTo) &&
        compared(other).doneBy.get(trait.name)?.includes(trait.value ?? null) === true
        ? true
        : undefined,
  });
  if (refuting.length > 0) return undefined;
  return { contrast: { ...contrast, traits: [trait], areLater: true }, stop };
}

/** What has been the same in all jobs since the stop before a job that succeeded, as after a deploy. */
async function steadySinceStop(
  inquiry: Inquiry,
  job: JobState,
): Promise<{ readonly contrast: Contrast; readonly stop: ProcessStop } | undefined> {
  const { parts, upTo } = inquiry;
  if (job.state !== "Done" || job.type === undefined) return undefined;
  const near = createdNear(job);
  const stop = await lastStop(parts, 0, job.firstLogId);
  if (stop === undefined || stop.receivedAt < (near.createdAfter ?? "")) return undefined;
  const read = (filter: JobFilter, enough: number) =>
    takenNear(inquiry, {
      range: {
        ...{ types: [job.type ?? ""], states: ["Done"], ...near, ...filter },
        ...upTo === undefined ? {} : { before: upTo + 1 },
      },
      ...{ max: COMPARED_MAX, enough },
      take: (other) =>
        other.jobId !== job.jobId && hasEnded(other, upTo) ? compared(other, false) : undefined,
    });
  const compare = async (enough: number) => {
    const later = await read({ createdAfter: stop.receivedAt }, enough - 1);
    const since = [compared(job, false), ...later];
    const before = await read({ createdBefore: stop.receivedAt }, enough);
    const steady = findSteadied(since, before, enough === COMPARED_MAX);
    return steady && { steady, alike: since.length, others: before.length };
  };
  const found = await compare(STEADY_MIN) && await compare(COMPARED_MAX);
  if (found === undefined) return undefined;
  const { steady: { trait, had }, alike, others } = found;
  return { contrast: { traits: [trait], alike, others, had }, stop };
}

/** Jobs, compared by what their events said. Only that is kept: events may be large. */
async function byEvents(
  { parts: { history, pacer }, share }: Query,
  jobs: readonly CountedJob[],
): Promise<readonly ComparedJob[]> {
  const counted = Map.groupBy(
    jobs.flatMap((job) => job.events.map(({ by, expectation }) => ({ job, by, expectation }))),
    ({ by }) => by,
  );
  const facts = new Map<CountedJob, EventFacts[]>();
  const add = (entry: JobEventLogEntry) => {
    const event = { attributes: toMatchable(entry).attributes, receivedAt: entry.receivedAt };
    for (const { job, expectation } of counted.get(entry.logId) ?? []) {
      facts.getOrInsertComputed(job, () => []).push(eventFacts(expectation, event));
    }
  };
  for await (const page of history.pages.of(ascending(counted.keys()))) {
    await pacer.all(share, each(page, add));
  }
  return jobs.map((job) => comparedByEvents(job, facts.get(job) ?? []));
}

/** The last stop of the process between the two kinds, if they were created apart. */
export async function stopApart(
  parts: QueryParts,
  contrast: Contrast | undefined,
): Promise<ProcessStop | undefined> {
  const apart = contrast?.apart;
  return apart && await lastStop(parts, apart.from, apart.to);
}

/** The last stop of the process between two positions. */
async function lastStop(
  { pastEvents, history, writer }: QueryParts,
  from: LogId,
  to: LogId,
): Promise<ProcessStop | undefined> {
  const found = await new Lookup().ofTypes(PROCESS_ENDS).in(pastEvents, writer.durableLogId);
  const [last] = found.ofTypes(PROCESS_ENDS).filter((logId) => logId > from && logId < to)
    .toSorted((one, other) => other - one);
  const [entry] = last === undefined ? [] : await history.at([last]);
  return entry !== undefined && isProcessStop(entry) ? entry : undefined;
}

/**
 * Most jobs have nothing that sets them apart from the newest few, so that reading hundreds is not
 * worth it. No more than a contrast needs, so that with fewer there is none.
 */
const GLANCED_AT = 8;

interface Kind {
  /** Whether they wait for more. */
  readonly isOpen?: boolean;
  /** How many jobs it takes: one that waits may do so for good reason. */
  readonly least: number;
  readonly filter?: JobFilter;
  readonly isAlike: (job: JobState) => boolean;
}

function kindOf({ table }: QueryParts, job: JobState, upTo = Infinity): Kind | undefined {
  if (job.state === "Done") return { least: 1, isAlike: () => false };
  if (job.state === "Failed") {
    const fingerprint = jobFingerprint(job, job.failure);
    if (fingerprint === undefined) return undefined;
    return { least: 1, filter: { fingerprint }, isAlike: (other) => hasEnded(other, upTo) };
  }
  const condition = deriveCondition(job);
  if (condition !== "waiting" && condition !== "backingOff") return undefined;
  const [least, how] = condition === "waiting" ? [ALIKE_MIN, openIn] : [1, failingIn];
  const own = how(job, upTo);
  const isAlike = (other: JobState) => how(other, upTo) === own;
  const isOpen = condition === "waiting";
  if (upTo === Infinity) return { least, isOpen, filter: { conditions: [condition] }, isAlike };
  const wasSo = (other: JobState) => table.trails.conditionAt(other, upTo) === condition;
  return { least, isOpen, filter: {}, isAlike: (other) => wasSo(other) && isAlike(other) };
}

/** The tasks that back off, as one text. */
function failingIn({ tasks }: JobState): string {
  return tasks.filter(({ status }) => status === "backingOff").map(({ taskId }) => taskId)
    .join("\n");
}

/** The expectations that were open as of a position, as one text. */
function openIn({ plan, expected }: JobState, upTo: LogId): string {
  return plan.expected.filter(({ multiplicity }, at) => {
    const { matched = 0, by = [] } = expected[at] ?? {};
    const then = upTo === Infinity ? matched : by.filter((logId) => logId <= upTo).length;
    return then < requiredMatches(multiplicity);
  }).map(({ id }) => id).join("\n");
}

/** Whether a job had ended as of a position. */
export function hasEnded(job: JobState, upTo: LogId = Infinity): boolean {
  return isTerminal(job) && job.endedBy <= upTo;
}

interface Peers {
  /** By default those that succeeded. */
  readonly filter?: JobFilter;
  /** How many are looked at for what is usual. */
  readonly max?: number;
  /** The fewest that tell. */
  readonly least?: number;
}

/** What is taken from other jobs of the type that ended; `undefined` if there are too few. */
export async function takenFromPeers<Taken>(
  inquiry: Inquiry,
  job: JobState,
  take: (peer: JobState) => Taken | undefined,
  { filter = { states: ["Done"] }, max = 3, least = 2 }: Peers = {},
): Promise<readonly Taken[] | undefined> {
  if (job.type === undefined) return undefined;
  const { upTo } = inquiry;
  const taken = await takenNear(inquiry, {
    range: {
      ...{ types: [job.type], ...filter, ...createdNear(job) },
      ...upTo === undefined ? {} : { before: upTo + 1 },
    },
    max,
    take: (peer) => !isSameOrRetry(peer, job) && hasEnded(peer, upTo) ? take(peer) : undefined,
  });
  return taken.length < least ? undefined : taken;
}

/** Whether two are one job, or one retries the other. */
export function isSameOrRetry(one: JobState, other: JobState): boolean {
  return one.jobId === other.jobId || one.retryOf === other.jobId || other.retryOf === one.jobId;
}

/** Jobs are comparable when they were created within this time of each other. */
const WITHIN_MS = 3_600_000;

/** The jobs that were created in the same hours. Both ends are exclusive. */
export function createdNear({ createdAt }: JobState): JobFilter {
  const at = Date.parse(createdAt);
  return {
    createdAfter: new Date(at - WITHIN_MS).toISOString(),
    createdBefore: new Date(at + WITHIN_MS).toISOString(),
  };
}
