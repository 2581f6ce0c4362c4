/** What a job still waits for, and the events that were meant for it. */

import { ascending } from "../../core/ascending.ts";
import {
  isOwnEvent,
  isUnmeetable,
  type OpenExpectation,
  openExpectations,
  policyTargets,
} from "../../core/awaited_events.ts";
import { counted, countText } from "../../core/counted.ts";
import { isRefused, type JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { type ExpectedEvent, type PolicyRole, requiredMatches } from "../../core/job_plan.ts";
import { type JsonScalar, jsonSize, present } from "../../core/json.ts";
import { toMatchable } from "../../core/projector.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import type { Work } from "../../core/work.ts";
import { matchedText, wantedText } from "../words/expectations.ts";
import { placesIn } from "../likeness/elsewhere.ts";
import type { Candidates, Evidence } from "../statements/evidence.ts";
import type { NearMiss, Statement, WaitingFor } from "../statements/explanation.ts";
import { looseForm } from "../likeness/loose_form.ts";
import { CLAUSES_MAX } from "../likeness/mismatch.ts";
import {
  carriedValues,
  type Contradiction,
  contradiction,
  demanded,
  isDistinctive,
  isIdentifier,
  type OwnValue,
} from "../likeness/own_values.ts";
import type { Resemblance } from "../likeness/resemblance.ts";
import { FEW_MAX, latest, shortened, uncapital } from "../words/phrases.ts";
import { reason } from "../statements/statement.ts";
import { fewerEvents, usualWaitText } from "./odd_waits.ts";
import { renamedReason } from "./renamed_ids.ts";
import { senderReason } from "./senders.ts";
import { compareWith, findResemblances, ownShare, resemblanceText } from "./meant_events.ts";

/** The most expectations that are described: the first ones. */
export const WAITS_SHOWN_MAX = 200;

/** Longer attributes of an event are left out. */
const ATTRIBUTES_LENGTH_MAX = 16_384;

interface Found<Target extends OpenExpectation = OpenExpectation> {
  readonly open: Target;
  readonly resemblances: readonly Resemblance[];
}

/** The events that could still move the job; see `openExpectations`. */
export function* findWaits(known: Evidence): Work<readonly WaitingFor<LogId>[]> {
  const { job } = known;
  const open = openExpectations(job).slice(0, WAITS_SHOWN_MAX);
  const comparison = compareWith(known);
  const resemblances = resemblancesIn(known, comparison);
  const found = yield* resemblances(open);
  const named = open.length === 0 ? [] : (yield* resemblances(policyTargets(job))).map(ofSameType);
  const [places, policyPlaces] = [likeliestPlaces(found), likeliestPlaces(named)];
  const isOfPolicy = ({ entry: { logId } }: Resemblance) =>
    (policyPlaces.get(logId)?.distance ?? Infinity) < (places.get(logId)?.distance ?? Infinity);
  return found.map(({ open, resemblances }, at) => {
    const own = resemblances.filter((resemblance) =>
      !isOfPolicy(resemblance) &&
      (resemblance.kind !== "values" || places.get(resemblance.entry.logId)?.at === at)
    );
    const misses = own.map((resemblance) => nearMiss(known, open.expected, resemblance));
    const ofPolicy = named.flatMap(({ open: { expected, role }, resemblances }, nth) =>
      resemblances.filter((resemblance) =>
        isOfPolicy(resemblance) && policyPlaces.get(resemblance.entry.logId)?.at === nth &&
        (places.get(resemblance.entry.logId)?.at ?? 0) === at
      ).map((resemblance) => nearMiss(known, expected, resemblance, role))
    );
    return waitingFor(known, comparison.own, open, [...misses, ...ofPolicy]);
  });
}

/** The policy names many events that never come: one of another type is not meant as one of them. */
function ofSameType<Target extends OpenExpectation>({ open, resemblances }: Found<Target>) {
  return { open, resemblances: resemblances.filter(({ type }) => type === undefined) };
}

function resemblancesIn(known: Evidence, comparison: ReturnType<typeof compareWith>) {
  return function* <Target extends OpenExpectation>(
    targets: readonly Target[],
  ): Work<readonly Found<Target>[]> {
    const found: Found<Target>[] = [];
    const ownMax = ownShare(targets.length);
    for (const open of targets) {
      const resemblances = yield* findResemblances(known, comparison, open, ownMax);
      found.push({ open, resemblances });
    }
    return found;
  };
}

/**
 * Where an event is most similar: one that merely carries the job's values is shown once, at the
 * most likely expectation, and one that is more like what the policy names is shown as that.
 */
function likeliestPlaces(
  found: readonly Found[],
): ReadonlyMap<LogId, { readonly at: number; readonly distance: number }> {
  const places = new Map<LogId, { readonly at: number; readonly distance: number }>();
  for (const [at, { resemblances }] of found.entries()) {
    for (const { entry, distance } of resemblances) {
      if (distance < (places.get(entry.logId)?.distance ?? Infinity)) {
        places.set(entry.logId, { at, distance });
      }
    }
  }
  return places;
}

function waitingFor(
  known: Evidence,
  own: readonly OwnValue[],
  open: OpenExpectation,
  nearMisses: readonly NearMiss<LogId>[],
): WaitingFor<LogId> {
  const { expected, matched, by } = open;
  const candidates = known.candidates.get(expected.id);
  const sharing = nearMisses.length > 0 ? undefined : onlySharing(known, own, expected);
  const fewer = nearMisses.length > 0 ? undefined : fewerEvents(known, open, candidates);
  const told = fewer ?? underOtherId(known, expected, nearMisses);
  const searched = told !== undefined || nearMisses.length > 0
    ? undefined
    : unmeetable(known, expected) ?? nothingLikeIt(known, open, candidates, sharing);
  const remark = told?.statement ?? searched;
  const shown = sharing && remark?.includes(sharingText(sharing)) ? sharing : undefined;
  const count = matchedText(expected, matched);
  const elsewhere = searched === undefined ? [] : countedElsewhere(known, expected).by;
  const sender = searched === undefined ? undefined : candidates?.sender;
  const sent = sender === undefined ? [] : senderReason(sender, expected.matcher.eventType).cites;
  return {
    expectation: expected.id,
    eventType: expected.matcher.eventType,
    matched,
    required: requiredMatches(expected.multiplicity),
    ...reason(
      `"${expected.id}": ${wantedText(expected)}; ${count} came.` +
        (remark === undefined ? "" : ` ${remark}`),
      known.created,
      ...latest(by),
      ...latest(elsewhere),
      ...sent,
      ...told?.cites ?? [],
      shown?.entry,
    ),
    nearMisses,
    ...present({ remark }),
  };
}

function nearMiss(
  known: Evidence,
  expected: ExpectedEvent,
  resemblance: Resemblance,
  role?: PolicyRole,
): NearMiss<LogId> {
  const { entry, kind, clauses, effects } = resemblance;
  const said = toMatchable(entry).attributes;
  const attributes = jsonSize(said) > ATTRIBUTES_LENGTH_MAX ? {} : said;
  const statement = `${resemblanceText(known, expected, resemblance, role)}.`;
  // A refused event was caused by the entry that has its id.
  const first = isRefused(entry) ? entry.causedBy : undefined;
  return {
    likeness: kind,
    ...reason(statement, entry, first, ...effects),
    ...present({ policy: role }),
    clauses: clauses.slice(0, CLAUSES_MAX),
    attributes,
  };
}

/** Events that merely carry values of the job are less likely. */
function underOtherId(
  { renamed }: Evidence,
  { id }: ExpectedEvent,
  nearMisses: readonly NearMiss<LogId>[],
): Statement<LogId> | undefined {
  return renamed?.expectation === id && nearMisses.every(({ likeness }) => likeness === "values")
    ? renamedReason(renamed)
    : undefined;
}

/** When no event can ever match. */
function unmeetable({ job }: Evidence, expected: ExpectedEvent): string | undefined {
  if (!isUnmeetable(job, expected)) return undefined;
  return "No event can meet it: only Daybook records such events, " +
    "and this job has no code that could cause one.";
}

/** `undefined` when nothing was searched. */
function nothingLikeIt(
  known: Evidence,
  open: OpenExpectation,
  candidates: Candidates | undefined,
  sharing: Sharing | undefined,
): string | undefined {
  if (candidates === undefined) return undefined;
  const { expected, matched } = open;
  const { ofType, forgottenUpTo, upTo, sender } = candidates;
  if (sender?.others !== undefined) {
    return senderReason(sender, expected.matcher.eventType).statement;
  }
  if (upTo === 0) return "No event was compared: the index of values is not ready yet.";
  const bound = (forgottenUpTo === 0 ? "" : `, as far back as entry ${forgottenUpTo + 1}`) +
    (upTo === undefined ? "" : `, up to entry ${upTo}`);
  const elsewhere = countedElsewhere(known, expected);
  const isOther = matched > 0 || elsewhere.isAny;
  const nothing = `${
    isOther ? "No other event" : "No event"
  } on record resembles what is missing${bound}`;
  if (ofType === undefined || isOwnEvent(expected)) return `${nothing}.`;
  if (ofType === 0 && !isOther && !known.facts.has(expected.matcher.eventType)) {
    const failed = sender === undefined
      ? ""
      : ` ${senderReason(sender, expected.matcher.eventType).statement}`;
    return `No event of this type has come, and ${uncapital(nothing)}.${failed}`;
  }
  const lacked = ofType === 0 ? undefined : lackedValue(known, expected, candidates);
  const lacking = lacked === undefined
    ? ""
    : `: ${lackingText(lacked, candidates)}${sharingText(sharing)}`;
  const usual = usualWaitText(known, open);
  return elsewhere.by.length === 0
    ? `${nothing}${lacking}${usual}.`
    : `${elsewhereText(elsewhere)}; ${uncapital(nothing)}${lacking}${usual}.`;
}

/** An event of the type that has an identifier which the job was given, and another than it expects. */
interface Sharing {
  readonly entry: JobEventLogEntry;
  readonly shared: OwnValue;
  readonly other: Contradiction;
}

/**
 * The only such event that reached no job: it may be about something else of the same customer, or
 * have another system's id of the same thing. Of several, none is more likely than the others.
 */
function onlySharing(
  known: Evidence,
  own: readonly OwnValue[],
  { id, matcher }: ExpectedEvent,
): Sharing | undefined {
  const { created } = known;
  const candidates = known.candidates.get(id);
  const planned = own.filter(({ from }) => from === "plan");
  const given = own.filter(({ from, path, value }) =>
    from === "input" && isIdentifier(path, value)
  );
  const sharing = (candidates?.events ?? []).flatMap((entry): Sharing[] => {
    const isOther = entry.eventType !== matcher.eventType || entry.jobId !== undefined ||
      entry.logId < created.logId || candidates?.effects.has(entry.logId) === true;
    if (isOther) return [];
    const event = toMatchable(entry);
    const common = candidates?.common ?? new Set<string>();
    const [shared] = carriedValues({ own: given, common }, event, false);
    const other = contradiction(planned, event.attributes);
    return shared === undefined || other === undefined ? [] : [{ entry, shared, other }];
  });
  return sharing.length === 1 ? sharing[0] : undefined;
}

/** `; the one of ... has this job's email "ada@shop.example", but customerId "C-812"` */
function sharingText(sharing: Sharing | undefined): string {
  if (sharing === undefined) return "";
  const { entry: { receivedAt }, shared, other: { own, found } } = sharing;
  return `; the one of ${receivedAt} has this job's ${shownText(shared.path)} ` +
    `${shownScalar(shared.value)}, but ${shownText(own.path)} ${shownScalar(found)}`;
}

interface Elsewhere {
  /** Whether any event of the type counted for another expectation. */
  readonly isAny: boolean;
  /** Empty if there are too many. */
  readonly ids: readonly string[];
  readonly by: readonly LogId[];
}

/** The most matches of other expectations that are listed for one: a plan may have very many. */
const ELSEWHERE_MAX = 1_000;

/** `2 events of this type counted for "paid" and "refunded"`. */
function elsewhereText({ ids, by }: Elsewhere): string {
  const names = shortened(ids.map((id) => `"${id}"`), FEW_MAX);
  return `${counted(by.length, "event")} of this type counted for ${names}`;
}

/** The events of its type that counted for other expectations of the job, and for which. */
function countedElsewhere({ job }: Evidence, expected: ExpectedEvent): Elsewhere {
  const { id, matcher } = expected;
  let matches = 0;
  const others = isOwnEvent(expected) ? [] : job.plan.expected.flatMap((other, index) => {
    const progress = job.expected[index];
    const isOther = other.id !== id && other.matcher.eventType === matcher.eventType;
    if (!isOther || progress === undefined || progress.matched === 0) return [];
    matches += progress.matched;
    return [{ id: other.id, progress }];
  });
  const isAny = others.length > 0;
  if (matches > ELSEWHERE_MAX) return { isAny, ids: [], by: [] };
  const by = ascending(others.flatMap(({ progress }) => progress.by));
  return { isAny, ids: others.map((other) => other.id), by };
}

/** What the other events of the type do not have, as far as they were searched. */
function lackingText(value: JsonScalar, { absent, ofType = 0 }: Candidates): string {
  const shown = shownScalar(value);
  if (!absent.has(value)) {
    return ofType === 1
      ? `${shown} was not found as a value in the one other event of this type`
      : `${shown} was not found as a value in any of the ${countText(ofType)} other events of ` +
        "this type";
  }
  return ofType === 1
    ? `the one other event of this type does not have ${shown} in it`
    : `of ${countText(ofType)} other events of this type, none has ${shown} in it`;
}

/** The first demanded value that no other event of the type carries. */
function lackedValue(
  { job }: Evidence,
  { matcher }: ExpectedEvent,
  { events, common }: Candidates,
): JsonScalar | undefined {
  const carried = new Set(
    events.filter(({ eventType, jobId }) => eventType === matcher.eventType && jobId !== job.jobId)
      .flatMap((entry) => placesIn(toMatchable(entry).attributes))
      .map(({ value }) => looseForm(value)),
  );
  return [...demanded(matcher.correlation)].find(([, value]) =>
    isDistinctive(value) && !common.has(looseForm(value)) && !carried.has(looseForm(value))
  )?.[1];
}

/**
 * The likeliest event in a few words, for the summary: one that is told beside near misses, or else
 * the closest of these; `undefined` when there is none.
 */
export function likeliestText(waitingFor: readonly WaitingFor<LogId>[]): string | undefined {
  const told = waitingFor.find(({ nearMisses }) => nearMisses.length > 0)?.remark;
  if (told !== undefined) return uncapital(told);
  const misses = waitingFor.flatMap(({ nearMisses }) => nearMisses);
  const [first] = misses.toSorted((left, right) =>
    Number(left.likeness === "values") - Number(right.likeness === "values")
  );
  return first?.statement;
}
