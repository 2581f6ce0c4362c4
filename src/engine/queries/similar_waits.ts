/** What similar jobs show about a wait for events: when they had theirs, and what they were given. */

import { isOwnEvent, openExpectations } from "../../core/awaited_events.ts";
import { ascending } from "../../core/ascending.ts";
import { deriveCondition } from "../../core/condition.ts";
import { lengthMs } from "../../core/duration.ts";
import type { LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import { areDistinct, OTHERS_MIN, repeatsIn } from "../../explain/open/odd_waits.ts";
import type { SimilarWaits, UsualWait } from "../../explain/statements/evidence.ts";
import { takenNear } from "./job_visit.ts";
import type { Inquiry } from "./query_parts.ts";
import { hasEnded } from "./similar_jobs.ts";

/** How many jobs are looked at: the newest that were created before it and succeeded. */
const JOBS_MAX = 20;

/** Of the first event that a job waits for. */
export async function findSimilarWaits(
  inquiry: Inquiry,
  outlined: OutlinedHistory,
): Promise<SimilarWaits | undefined> {
  const { job } = outlined;
  const [open] = openExpectations(job);
  const isWaiting = deriveCondition(job) === "waiting" && "startedAt" in job;
  if (!isWaiting || open === undefined || isOwnEvent(open.expected) || job.type === undefined) {
    return undefined;
  }
  const { expected: { id } } = open;
  const repeats = repeatsIn(outlined, open);
  const others = await takenNear(inquiry, {
    range: { states: ["Done"], types: [job.type], before: job.firstLogId },
    max: JOBS_MAX,
    take: (other) => {
      const at = other.plan.expected.findIndex((one) => one.id === id);
      const { by = [], waived } = other.expected[at] ?? {};
      const last = by.at(-1);
      const isLike = hasEnded(other, inquiry.upTo) && waived === undefined;
      if (!isLike || last === undefined || !("startedAt" in other)) return undefined;
      const distinct = repeats.map((repeat) => areDistinct(other, repeat));
      return { by: last, startedAt: other.startedAt, distinct };
    },
  });
  if (others.length < OTHERS_MIN) return undefined;
  const repeat = repeats.flatMap((one, nth) => {
    const distinct = others.flatMap((other) => other.distinct[nth] ?? []);
    const isOdd = distinct.length >= OTHERS_MIN && distinct.every(Boolean);
    return isOdd ? [{ ...one, others: distinct.length }] : [];
  })[0];
  const usual = await usualWait(inquiry, job.startedAt, others);
  const isShared = usual?.isLonger === true && await othersWait(inquiry, job, usual.jobs);
  return { expectation: id, usual: isShared ? undefined : usual, repeat };
}

/** The share of those compared that wait for longer, by which it is not odd. */
const WAITING_MIN = 0.1;

/** Of waits that have ended, only the short ones are known: the long ones go on. */
async function othersWait(
  inquiry: Inquiry,
  { type = "", firstLogId }: JobState,
  jobs: number,
): Promise<boolean> {
  const { upTo, parts: { table } } = inquiry;
  const enough = Math.ceil(WAITING_MIN * jobs);
  const waiting = await takenNear(inquiry, {
    range: {
      ...{ types: [type], before: firstLogId },
      ...upTo === undefined ? { conditions: ["waiting"] } : {},
    },
    ...{ max: JOBS_MAX, enough },
    take: (other) =>
      upTo === undefined || table.trails.conditionAt(other, upTo) === "waiting"
        ? other.jobId
        : undefined,
  });
  return waiting.length >= enough;
}

async function usualWait(
  { parts: { history }, asOf }: Inquiry,
  startedAt: string,
  others: readonly { readonly by: LogId; readonly startedAt: string }[],
): Promise<UsualWait | undefined> {
  const times = new Map<LogId, string>();
  for await (const page of history.pages.of(ascending([...others.map(({ by }) => by), asOf]))) {
    for (const { logId, receivedAt } of page) times.set(logId, receivedAt);
  }
  const lengths = others.flatMap((other) => {
    const cameAt = times.get(other.by);
    return cameAt === undefined ? [] : [lengthMs(other.startedAt, cameAt)];
  }).toSorted((one, other) => one - other);
  if (lengths.length < OTHERS_MIN) return undefined;
  const [leastMs, mostMs] = [lengths[0] ?? 0, lengths.at(-1) ?? 0];
  const medianMs = lengths[lengths.length >> 1] ?? 0;
  const isLonger = lengthMs(startedAt, times.get(asOf) ?? startedAt) > mostMs;
  return { jobs: lengths.length, leastMs, medianMs, mostMs, isLonger };
}
