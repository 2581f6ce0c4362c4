/**
 * The events that were meant for an expectation and did not count, the most similar first; and how
 * each is described.
 */

import { assertNever } from "../../core/assert_never.ts";
import {
  type FrameworkEntry,
  isCorrelated,
  isRefused,
  type JobEventLogEntry,
} from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { ExpectedEvent, PolicyRole } from "../../core/job_plan.ts";
import { toMatchable } from "../../core/projector.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import type { Work } from "../../core/work.ts";
import type { OpenExpectation } from "../../core/awaited_events.ts";
import type { Candidates, Evidence } from "../statements/evidence.ts";
import { isIdentifier, type OwnValue, soughtValues } from "../likeness/own_values.ts";
import {
  type Candidate,
  type Comparison,
  type Effect,
  type Resemblance,
  toResemblance,
} from "../likeness/resemblance.ts";
import { originalId, type OutlinedHistory } from "../history/outlined_history.ts";
import { type Place, placePath, placesIn } from "../likeness/elsewhere.ts";
import { looseForm } from "../likeness/loose_form.ts";
import { insideForm, type Mismatch, mismatchesText } from "../likeness/mismatch.ts";
import { shortened } from "../words/phrases.ts";

const RESEMBLANCES_MAX = 3;
/**
 * How many of the job's own events are compared with all that it waits for, and the least with each:
 * as many of the expected type as of others.
 */
const OWN_OF_ALL = 6_400;
const OWN_MIN = 64;
/**
 * Events that merely carry values distract when they are this much less similar than the best one.
 */
const MARGIN = 3;

/** What events are compared with; the same for everything that the job waits for. */
export function compareWith(outlined: OutlinedHistory): Omit<Comparison, "common" | "successors"> {
  const { job, created, started } = outlined;
  return {
    job,
    own: soughtValues(job),
    createdBy: created.logId,
    causedBy: created.causedBy,
    started,
  };
}

/** How many of the job's own events of a kind are compared with each of several expectations. */
export function ownShare(expectations: number): number {
  return Math.max(OWN_MIN, Math.floor(OWN_OF_ALL / Math.max(1, expectations)));
}

/**
 * As work with a pause after each event.
 *
 * @param ownMax From `ownShare`.
 */
export function* findResemblances(
  known: Evidence,
  comparison: ReturnType<typeof compareWith>,
  open: OpenExpectation,
  ownMax: number,
): Work<readonly Resemblance[]> {
  const candidates = known.candidates.get(open.expected.id);
  const common = candidates?.common ?? new Set<string>();
  const successors = candidates?.successors ?? new Set<string>();
  const resemblances: Resemblance[] = [];
  const own = ownOnes(known, open, ownMax);
  for (const candidate of [...own, ...foreignEntries(known, candidates)]) {
    const resemblance = toResemblance(
      { ...comparison, common, successors },
      open.expected,
      candidate,
    );
    if (resemblance !== undefined && !isBeside(resemblance, candidates)) {
      resemblances.push(resemblance);
    }
    yield;
  }
  const sorted = resemblances.toSorted(byDistance);
  const [likeliest] = sorted;
  // Where jobs send such events, one of another type is at most what should have started the sender.
  const areOfJobs = candidates?.sender?.others !== undefined;
  return sorted.filter(({ kind, distance, type }) =>
    kind !== "values" ||
    distance < (likeliest?.distance ?? 0) + MARGIN && !(areOfJobs && type !== undefined)
  ).slice(0, RESEMBLANCES_MAX);
}

/** Whether the event is of a type that comes beside the expected one anyway. */
function isBeside({ kind, entry }: Resemblance, candidates: Candidates | undefined): boolean {
  return kind === "values" && candidates?.companions?.has(entry.eventType) === true;
}

/** Events that reached the job and did not count for this expectation. */
function ownOnes(
  outlined: OutlinedHistory,
  { expected, by }: OpenExpectation,
  max: number,
): readonly Candidate[] {
  const { eventType } = expected.matcher;
  const counted = countedSet(by);
  const ofType = outlined.facts.get(eventType) ?? outlined.ownFacts.get(eventType) ?? [];
  const others = [...outlined.facts].flatMap(([type, entries]) =>
    type === eventType ? [] : entries
  );
  const hasCounted = ({ logId }: JobEventLogEntry) => outlined.counted.has(logId);
  // One that counted for something else was hardly meant for this.
  const byUse = (left: JobEventLogEntry, right: JobEventLogEntry) =>
    Number(hasCounted(right)) - Number(hasCounted(left)) || byTime(left, right);
  return [ofType.filter(({ logId }) => !counted.has(logId)), others]
    .flatMap((entries) => entries.toSorted(byUse).slice(-max))
    .map((entry) => ({ entry, effects: [], hasCounted: hasCounted(entry) }));
}

function foreignEntries(
  outlined: OutlinedHistory,
  candidates: Candidates | undefined,
): readonly Candidate[] {
  if (candidates === undefined) return [];
  return candidates.events
    .filter((entry) =>
      !isCorrelated(entry) && !outlined.isOwn(entry.logId) && !outlined.hasReached(entry.logId) &&
      !outlined.reachedBy.has(originalId(entry))
    )
    .map((entry) => ({
      entry,
      effects: candidates.effects.get(entry.logId) ?? [],
      hasCounted: false,
    }));
}

/** Expectations with the same matches share one list of them. */
const countedSets = new WeakMap<readonly LogId[], ReadonlySet<LogId>>();

function countedSet(by: readonly LogId[]): ReadonlySet<LogId> {
  return countedSets.getOrInsertComputed(by, () => new Set(by));
}

function byDistance(left: Resemblance, right: Resemblance): number {
  return left.distance - right.distance || byTime(right.entry, left.entry);
}

/** By time first, since imported jobs may come with their events in another order. */
function byTime(left: JobEventLogEntry, right: JobEventLogEntry): number {
  return textOrder(left.receivedAt, right.receivedAt) || left.logId - right.logId;
}

function textOrder(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

const VALUES_SHOWN_MAX = 2;
const JOBS_SHOWN_MAX = 2;

/**
 * Without the full stop: `shop.Paid came at ... and did not count: orderId: ...`
 *
 * @param role If the event is compared with one that the policy names.
 */
export function resemblanceText(
  outlined: OutlinedHistory,
  expected: ExpectedEvent,
  resemblance: Resemblance,
  role?: PolicyRole,
): string {
  const { entry, kind } = resemblance;
  const came = `${toMatchable(entry).eventType} came at ${entry.receivedAt}`;
  const why = obstacles(outlined, expected, resemblance).join("; ");
  if (role !== undefined) {
    const carried = kind === "values" ? `, ${carriedText(outlined, resemblance)},` : "";
    return `${came}${carried} and did not count as ${policyText(role)}${why && `: ${why}`}`;
  }
  if (kind !== "values") return `${came} and did not count: ${why}`;
  const carried = carriedText(outlined, resemblance);
  return why === ""
    ? `${came}, ${carried}, and counted for nothing`
    : `${came}, ${carried}; ${why}`;
}

/** In Running, where no compensation is under way. */
function policyText(role: PolicyRole): string {
  switch (role) {
    case "errors":
      return "the error event of the job's policy";
    case "succeeded":
      return "the end of the job's compensation, of which none is under way";
    case "failed":
      return "the failed end of the job's compensation, of which none is under way";
    default:
      return assertNever(role, "role");
  }
}

function obstacles(
  outlined: OutlinedHistory,
  { matcher }: ExpectedEvent,
  resemblance: Resemblance,
): readonly string[] {
  const { type, clauses, addressee, effects, isEarly, entry, kind } = resemblance;
  const ofType = type === undefined
    ? []
    : [`its type is not ${matcher.eventType}${type === "another type" ? "" : ` (${type})`}`];
  const did = addressee === outlined.job.retryOf ? ", which this job retries" : didText(effects);
  const named = addressee === undefined ? [] : [`it names job ${addressee}${did}`];
  const reached = addressee === undefined && effects.length > 0 ? [reachedText(effects)] : [];
  const failing = clauses.length === 0 ? [] : [mismatchesText(clauses)];
  const advice = kind === "encoded" || kind === "part" ? [adviceText(clauses)] : [];
  const early = isEarly ? [earlyText(outlined)] : [];
  const stratum = entry.stratum === "coordination" && kind === "time"
    ? ["it came in the coordination stratum, which is never interpreted"]
    : [];
  const refused = isRefused(entry) ? [refusedText(entry)] : [];
  return [...ofType, ...failing, ...advice, ...named, ...reached, ...stratum, ...refused, ...early];
}

/** `send the value by itself at orderId`, for values inside texts. */
function adviceText(clauses: readonly Mismatch[]): string {
  const paths = clauses.filter((clause) => insideForm(clause) !== undefined)
    .map(({ path }) => shownText(path));
  const what = paths.length === 1 ? "the value by itself" : "each value by itself";
  return `send ${what}, at ${shortened(paths, VALUES_SHOWN_MAX)}`;
}

function refusedText(entry: FrameworkEntry<"journal.EventRefused">): string {
  const { eventId, jobId, reason } = entry.attributes;
  if (reason === "unknownJob") {
    return `it was refused: it names job ${jobId}, and there was no such job`;
  }
  return `it was refused: its id ${shownText(eventId)} was on record already ` +
    "with other content, so its sender has used one id twice";
}

function earlyText({ started }: OutlinedHistory): string {
  return started === undefined
    ? "the job has not started, and events count only from its start"
    : `it came before the job started at ${started.receivedAt}, and events count only from then`;
}

/** Its effect on the one job that it names. */
function didText(effects: readonly Effect[]): string {
  const counted = effects[0]?.counted;
  if (counted === undefined) return ", and so touches no other";
  return counted.length === 0
    ? ", where it counted for nothing"
    : `, where it counted for ${namesText(counted)}`;
}

function reachedText(effects: readonly Effect[]): string {
  const jobs = effects.map(({ jobId, counted = [] }) =>
    counted.length === 0 ? `job ${jobId}` : `job ${jobId} (for ${namesText(counted)})`
  );
  return `it reached ${shortened(jobs, JOBS_SHOWN_MAX)}`;
}

function namesText(ids: readonly string[]): string {
  return shortened(ids.map((id) => JSON.stringify(id)), VALUES_SHOWN_MAX);
}

function carriedText({ job }: OutlinedHistory, { entry, carried }: Resemblance): string {
  if (entry.jobId === job.jobId) {
    return isCorrelated(entry) ? "and reached this job" : "naming this job";
  }
  const places = placesIn(toMatchable(entry).attributes);
  const identifiers = carried.filter(({ from, path, value }) =>
    from === "id" || isIdentifier(path, value)
  );
  const telling = identifiers.length > 0 ? identifiers : carried;
  const texts = telling.map((own) => ownText(own) + placeText(own, places));
  return `with this job's ${shortened(texts, VALUES_SHOWN_MAX)}`;
}

function ownText({ from, path, value }: OwnValue): string {
  if (from === "id") return "id";
  const name = from === "label" ? `label ${shownText(path)}` : shownText(path);
  return `${name} ${shownScalar(value)}`;
}

/** ` at orderId`, where an event has a value under another name than the job. */
function placeText({ path, loose }: OwnValue, places: readonly Place[]): string {
  const name = path.split(".").at(-1);
  const having = places.filter(({ value }) => looseForm(value) === loose);
  const [first] = having;
  if (first === undefined || having.some(({ names }) => names.at(-1) === name)) return "";
  return ` at ${shownText(placePath(first))}`;
}
