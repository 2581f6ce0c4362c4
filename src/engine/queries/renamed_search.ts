/**
 * Finds the job that recorded another id beside the one that a job waits for, as one that merges two
 * customers, and the event that came under the other id since and reached no job.
 */

import { ascending } from "../../core/ascending.ts";
import { openExpectations } from "../../core/awaited_events.ts";
import { deriveCondition } from "../../core/condition.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import { isStep, type JobState } from "../../core/job_state.ts";
import { isObject, isScalar, type JsonScalar, type JsonValue, valueAt } from "../../core/json.ts";
import { quotedEntry } from "../../core/log_references.ts";
import { toMatchable } from "../../core/projector.ts";
import { type Place, placePath, placesIn } from "../../explain/likeness/elsewhere.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";
import { mismatchesWith } from "../../explain/likeness/mismatch.ts";
import {
  demanded,
  isIdentifier,
  looseValues,
  ownValues,
} from "../../explain/likeness/own_values.ts";
import type { Renamed } from "../../explain/statements/evidence.ts";
import { Lookup } from "../views/past_events.ts";
import { takenNear } from "./job_visit.ts";
import { takenFromOthers } from "./other_types.ts";
import type { Inquiry } from "./query_parts.ts";
import { reachedBy } from "./reached_jobs.ts";
import { VALUES_MAX } from "./sender_search.ts";

/** For how many expectations, and in how many steps of another job. */
const EXPECTATIONS_MAX = 3;
const STEPS_MAX = 16;
/** How many jobs that were given an id, pairs of ids, and events with one are looked at. */
const FOUND_MAX = 64;
/** How many other jobs of the type are compared. */
const PEERS_MAX = 8;
/** An id that more events had since is still in use; a last one may say that it is gone. */
const USES_MAX = 1;

interface Sought {
  readonly expected: ExpectedEvent;
  readonly path: string;
  readonly value: JsonScalar;
}

type Pair = Pick<Renamed, "job" | "task" | "by" | "from" | "to">;

/** Of the first expectation for which there is one. */
export async function findRenamed(
  inquiry: Inquiry,
  job: JobState,
): Promise<Renamed | undefined> {
  if (deriveCondition(job) !== "waiting") return undefined;
  for (const { expected } of openExpectations(job).slice(0, EXPECTATIONS_MAX)) {
    const values = [...Iterator.from(demanded(expected.matcher.correlation)).take(VALUES_MAX)];
    for (const [path, value] of values) {
      if (!isIdentifier(path, value)) continue;
      const sought = { expected, path, value };
      for await (const pairs of pairsWith(inquiry, job, sought)) {
        const found = await cameUnder(inquiry, job, sought, pairs);
        if (found !== undefined && !await isStillUsed(inquiry, sought, found)) return found;
      }
    }
  }
  return undefined;
}

/**
 * The ids that jobs of other types recorded beside one: first those that were given it, then the
 * newest; none unless an event of the type has come since.
 */
async function* pairsWith(
  inquiry: Inquiry,
  job: JobState,
  { expected: { matcher: { eventType } }, value }: Sought,
): AsyncGenerator<readonly Pair[]> {
  const { parts: { pastEvents, table, history, pacer }, share, asOf } = inquiry;
  const loose = looseForm(value);
  const own = new Set(ownValues(job).map((one) => one.loose));
  const pairsOf = (other: JobState | undefined) =>
    other === undefined || other.type === job.type
      ? []
      : pairsIn(other, loose, own).filter(({ by }) => by <= asOf);
  const lookup = new Lookup().jobsGiven(loose, FOUND_MAX).ofType(eventType, 1);
  const found = await lookup.in(pastEvents, asOf);
  const [newest = 0] = found.ofType(eventType, 1);
  if (newest < job.firstLogId) return;
  const pairs: Pair[] = [];
  const given = between(found.jobsGiven(loose, FOUND_MAX), 0, asOf);
  for (const { jobId } of await history.at(ascending(given))) {
    pairs.push(...await pacer.do(share, () => pairsOf(jobId && table.job(jobId))));
  }
  yield pairs.slice(-FOUND_MAX);
  const returned = takenFromOthers(inquiry, job, {
    range: { before: asOf + 1 },
    take: (other) => {
      const pairs = pairsOf(other);
      return pairs.length === 0 ? undefined : pairs;
    },
  });
  yield (await Array.fromAsync(returned)).flat().slice(0, FOUND_MAX);
}

/** The identifiers beside one in the input, or in results of steps: not those of the same list. */
function pairsIn(job: JobState, loose: string, own: ReadonlySet<string>): readonly Pair[] {
  return recordsOf(job).flatMap(({ places, ...recorded }) => {
    const from = places.find(({ value }) => looseForm(value) === loose);
    if (from === undefined) return [];
    const beside = places.filter((to) =>
      isBeside(from, to) && isIdentifier(placePath(to), to.value) && !own.has(looseForm(to.value))
    );
    return beside.map((to) => ({ job, ...recorded, from, to }));
  });
}

interface Recorded extends Pick<Renamed, "task" | "by"> {
  readonly places: readonly Place[];
}

/** What is in the input of a job, unless it is sealed, and in the results of its steps. */
function recordsOf(job: JobState): readonly Recorded[] {
  const placesOf = (value: JsonValue = null) => isObject(value) ? placesIn(value) : [];
  const { input, sealed, firstLogId, tasks } = job;
  return [
    { places: placesOf(sealed === undefined ? input : null), by: firstLogId },
    ...tasks.slice(0, STEPS_MAX).filter(isStep)
      .map((task) => ({ places: placesOf(task.result), by: task.completedBy, task })),
  ];
}

/** `into` beside `from`, or beside an element of a list `from`. */
function isBeside(from: Place, to: Place): boolean {
  const [parent, outer] = [-1, -2].map((end) => JSON.stringify(from.names.slice(0, end)));
  const isElement = /^\d+$/.test(from.names.at(-1) ?? "");
  return to !== from && JSON.stringify(to.names.slice(0, -1)) === (isElement ? outer : parent);
}

/** The first event that would have matched, but for having the other id of a pair. */
async function cameUnder(
  inquiry: Inquiry,
  job: JobState,
  { expected, path, value }: Sought,
  pairs: readonly Pair[],
): Promise<Renamed | undefined> {
  const { parts: { pastEvents }, asOf } = inquiry;
  const { eventType } = expected.matcher;
  const lookup = new Lookup().ofType(eventType);
  for (const { to } of pairs) lookup.carrying(looseForm(to.value), FOUND_MAX);
  const found = await lookup.in(pastEvents, asOf);
  const ofType = new Set(found.ofType(eventType));
  const byEvent = new Map<LogId, Pair>();
  for (const pair of pairs) {
    const carriers = found.carrying(looseForm(pair.to.value), FOUND_MAX);
    for (const logId of between(carriers, Math.max(pair.by, job.firstLogId), asOf)) {
      if (ofType.has(logId)) byEvent.getOrInsertComputed(logId, () => pair);
    }
  }
  const read = (logIds: readonly LogId[]) => entriesAt(inquiry, logIds);
  const meant: Renamed[] = [];
  for await (const event of read([...byEvent.keys()])) {
    const pair = byEvent.get(event.logId);
    if (pair === undefined || event.jobId !== undefined) continue;
    const [clause, another] = mismatchesWith(expected, toMatchable(event));
    const own = valueAt(toMatchable(event).attributes, path);
    const isOther = isScalar(own) && looseForm(own) === looseForm(pair.to.value);
    if (clause?.path !== path || another !== undefined || !isOther) continue;
    meant.push({ ...pair, expectation: expected.id, path, value, event });
  }
  const reached = new Set<LogId>();
  for await (const { causedBy } of reachedBy(meant.map(({ event }) => event.logId), read, asOf)) {
    reached.add(causedBy);
  }
  return meant.find(({ event }) => !reached.has(event.logId));
}

/**
 * Whether events still come under such an id: this one, or most of those that other jobs of the type
 * recorded in its place, as where these only refer to others.
 */
async function isStillUsed(
  inquiry: Inquiry,
  { expected: { matcher: { eventType } }, value }: Sought,
  { job, from, to, by, task }: Renamed,
): Promise<boolean> {
  const { parts: { pastEvents }, asOf } = inquiry;
  const path = placePath(from);
  const peers = await takenNear(inquiry, {
    range: { types: [job.type ?? ""], before: asOf + 1 },
    max: PEERS_MAX,
    take: (peer) => {
      if (peer.jobId === job.jobId) return undefined;
      const record = recordsOf(peer).find((one) => one.task?.taskId === task?.taskId);
      const place = record?.places.find((one) => placePath(one) === path);
      return place && record && { loose: looseForm(place.value), by: record.by };
    },
  });
  const own = looseForm(value);
  const lookup = new Lookup().ofType(eventType).carrying(own, FOUND_MAX);
  for (const { loose } of peers) lookup.carrying(loose, FOUND_MAX);
  const found = await lookup.in(pastEvents, asOf);
  const since = (loose: string, from: LogId) =>
    between(found.carrying(loose, FOUND_MAX), from, asOf);
  const ofType = new Set(found.ofType(eventType));
  const used = peers.filter((peer) => since(peer.loose, peer.by).some((at) => ofType.has(at)));
  if (peers.length > 0 && 2 * used.length >= peers.length) return true;
  let uses = 0;
  for await (const event of entriesAt(inquiry, since(own, by))) {
    if (!looseValues(toMatchable(event)).has(looseForm(to.value))) uses++;
  }
  return uses > USES_MAX;
}

function between(logIds: readonly LogId[], after: LogId, upTo: LogId): readonly LogId[] {
  return logIds.filter((logId) => logId > after && logId <= upTo);
}

async function* entriesAt(
  { parts: { history } }: Inquiry,
  logIds: readonly LogId[],
): AsyncGenerator<JobEventLogEntry> {
  for await (const page of history.pages.of(ascending(logIds))) yield* page.map(quotedEntry);
}
