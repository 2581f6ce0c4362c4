/** What a job still waits for, and the events that nearly were it. */

import { atOnce, type Work } from "../at_once.ts";
import type { NearMiss, WaitingFor } from "../explanation.ts";
import type { LogId } from "../ids.ts";
import { type ExpectedEvent, requiredMatches } from "../job_plan.ts";
import { jsonSize } from "../json.ts";
import { mismatchesText } from "../mismatch.ts";
import { matchableOf } from "../projector.ts";
import type { Annals } from "./annals.ts";
import type { Candidates, Evidence } from "./evidence.ts";
import { byTime, type Miss, Misses } from "./misses.ts";
import { isHopeless, type OpenExpectation, openExpectations } from "./open_expectations.ts";
import { countText, latest, timeText, wantedText } from "./phrases.ts";

/** More clauses than this a near miss does not list. */
const CLAUSES_MAX = 10;

/** Of very many expectations, the first so many are told. */
export const WAITS_MAX = 200;

/** Longer attributes of an event are not told again. */
const ATTRIBUTES_LENGTH_MAX = 16_384;

/** The events that could still move the job; see `openExpectations`. */
export function* waitsOf(
  annals: Annals,
  evidence: Evidence,
): Work<readonly WaitingFor<LogId>[]> {
  const waits: WaitingFor<LogId>[] = [];
  for (const open of openExpectations(annals.job).slice(0, WAITS_MAX)) {
    waits.push(yield* waitingFor(annals, open, evidence.candidates.get(open.expected.id)));
  }
  return waits;
}

/**
 * Events that no statement cites, and that it still rests on: that so many came is why each
 * of them is passed over. Where these go too, the job is explained as it is here.
 */
export function silentEvidence(annals: Annals, evidence: Evidence): readonly LogId[] {
  return openExpectations(annals.job).slice(0, WAITS_MAX).flatMap((open) =>
    atOnce(Misses.of(annals, open, evidence.candidates.get(open.expected.id))).passedOver
  );
}

/** The nearest miss in a few words, for the summary; `undefined` when there is none. */
export function nearestText(waitingFor: readonly WaitingFor<LogId>[]): string | undefined {
  const misses = waitingFor.flatMap(({ nearMisses }) => nearMisses);
  return misses[0]?.statement;
}

function* waitingFor(
  annals: Annals,
  open: OpenExpectation,
  candidates: Candidates | undefined,
): Work<WaitingFor<LogId>> {
  const { expected, matched, by } = open;
  const misses = yield* Misses.of(annals, open, candidates);
  const { near } = misses;
  const remark = near.length > 0
    ? undefined
    : hopeless(annals, expected) ?? remarkOn(annals, misses, open, candidates);
  const count = countText(expected, matched);
  return {
    expectation: expected.id,
    eventType: expected.matcher.eventType,
    matched,
    required: requiredMatches(expected.multiplicity),
    statement: `"${expected.id}": ${wantedText(expected)}; ${count} came.` +
      (remark === undefined ? "" : ` ${remark.statement}`),
    cites: unique([annals.created.logId, ...latest(by), ...remark?.cites ?? []]),
    nearMisses: near.map(nearMiss),
  };
}

function nearMiss({ entry, clauses, obstacle }: Miss): NearMiss<LogId> {
  const said = matchableOf(entry).attributes;
  const attributes = jsonSize(said) > ATTRIBUTES_LENGTH_MAX ? {} : said;
  const event = `${matchableOf(entry).eventType} came at ${timeText(entry)}`;
  const statement = obstacle === undefined
    ? `${event} and did not count: ${mismatchesText(clauses)}.`
    : `${event} and did not count: ${obstacle}.`;
  return { statement, clauses: clauses.slice(0, CLAUSES_MAX), attributes, cites: [entry.logId] };
}

interface Remark {
  readonly statement: string;
  readonly cites: readonly LogId[];
}

/** What no event can ever meet. */
function hopeless({ job, created }: Annals, expected: ExpectedEvent): Remark | undefined {
  if (!isHopeless(job, expected)) return undefined;
  const statement = "Nothing will meet it: Daybook alone records such events, " +
    "and this job has no code that would bring one about.";
  return { statement, cites: [created.logId] };
}

/** What to say where nothing came near; nothing when nothing was looked for. */
function remarkOn(
  annals: Annals,
  misses: Misses,
  { matched, by }: OpenExpectation,
  candidates: Candidates | undefined,
): Remark | undefined {
  const { latest } = misses;
  if (latest !== undefined) {
    const { entry, clauses, obstacle } = latest;
    const why = obstacle ?? mismatchesText(clauses);
    const counted = annals.entries.get(by.at(-1) ?? 0);
    const isLast = counted === undefined || byTime(counted, entry) < 0;
    const subject = isLast
      ? "The latest event of this type did not count"
      : "Another event of this type did not count";
    const statement = `${subject}: ${why}.` + likeText(misses);
    return { statement, cites: [entry.logId] };
  }
  if (matched > 0 || candidates === undefined) return undefined;
  const { forgottenUpTo } = candidates;
  const bound = forgottenUpTo === 0 ? "" : ", as far back as events are remembered";
  return { statement: `No event of this type has come${bound}.`, cites: [] };
}

/** How many others there are like the latest, where they are why it is passed over. */
function likeText(misses: Misses): string {
  const like = misses.latest === undefined ? 0 : misses.likeOf(misses.latest);
  return like === 0 ? "" : ` More than ${like - 1} such events came, each with another value.`;
}

function unique(logIds: readonly LogId[]): readonly LogId[] {
  return [...new Set(logIds)];
}
