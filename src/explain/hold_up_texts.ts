/** Describes how a pause or a limit delayed a job that has ended. */

import { counted } from "../core/counted.ts";
import { durationText } from "../core/duration.ts";
import type { LogId } from "../core/ids.ts";
import { shownText } from "../core/shown_value.ts";
import { lengthMs } from "./condition_spans.ts";
import type { Evidence } from "./evidence.ts";
import type { Statement } from "./explanation.ts";
import { type HoldUp, isRelevant } from "./hold_ups.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { scopeText } from "./pause_texts.ts";
import { actorText, reasonText } from "./phrases.ts";

const NAMED_MAX = 3;

/** The delays of an ended job that took a relevant share of its time. */
export function heldUpReasons(
  { created, endedBy }: OutlinedHistory,
  { heldUp }: Evidence,
): readonly Statement<LogId>[] {
  if (endedBy === undefined || heldUp === undefined) return [];
  const totalMs = lengthMs(created.receivedAt, endedBy.entry.receivedAt);
  return heldUp.all.flatMap((holdUp) => {
    return isRelevant(holdUp.ms, totalMs) ? holdUpReason(holdUp, heldUp.isAll) : [];
  });
}

/** @param isAll Whether all jobs of that time were looked at. */
export function holdUpReason(holdUp: HoldUp, isAll: boolean): readonly Statement<LogId>[] {
  if (holdUp.kind === "worker" || holdUp.kind === "unknown") return [];
  return [holdUp.kind === "pause" ? pauseReason(holdUp) : limitReason(holdUp, isAll)];
}

function pauseReason(
  { pause, ms, until }: Extract<HoldUp, { kind: "pause" }>,
): Statement<LogId> {
  const { by, since, ended, actor, reason } = pause;
  const end = ended === undefined ? "" : ` until ${ended.at}`;
  const who = actorText(actor === undefined ? {} : { actor });
  const statement =
    `It was held for ${durationText(ms)} by the pause of ${scopeText(pause)}${who}, ` +
    `in force from ${since}${end}${reasonText(reason)}.`;
  return { statement, cites: [by, ...ended === undefined ? [] : [ended.logId], ...until] };
}

function limitReason(
  { reached, holders, type, key, ms, until }: Extract<HoldUp, { kind: "limit" }>,
  isAll: boolean,
): Statement<LogId> {
  const least = isAll ? "" : "at least ";
  const what = key === undefined ? `type ${type}` : `key ${shownText(key)}`;
  const of = key === undefined ? "" : ` of type ${type}`;
  const change = reached.change === undefined ? "" : `, as changed at ${reached.change.at}`;
  const limit = `(${reached.limit}${of}${change})`;
  const changed = reached.change === undefined ? [] : [reached.change.logId];
  if (reached.limit === "rate") {
    const { count, perMs, starts } = reached;
    const statement =
      `It waited ${least}${durationText(ms)} to begin within the rate of ${what}: ` +
      `${counted(count, "start")} within ${durationText(perMs)} ${
        wereText(count)
      } used up ${limit}.`;
    const cites = starts.slice(-NAMED_MAX).map(({ logId }) => logId);
    return { statement, cites: [...changed, ...cites, ...until] };
  }
  const named = holders.slice(0, NAMED_MAX);
  const names = named.map(({ job, since }) => `${job.jobId} since ${since.at}`);
  const rest = holders.length - named.length;
  const others = rest > 0 ? `; and ${counted(rest, "other job")}` : "";
  const statement = `It waited ${least}${durationText(ms)} for a place of ${what}: ` +
    `${reached.places} of ${reached.places} ${wereText(reached.places)} taken ${limit}, by ${
      names.join("; ")
    }${others}.`;
  return { statement, cites: [...changed, ...named.map(({ since }) => since.logId), ...until] };
}

function wereText(count: number): string {
  return count === 1 ? "was" : "were";
}

/** `for a place of key acme`, `held by the pause of type mail.send`, `for a worker`. */
export function holdUpText(holdUp: HoldUp): string {
  if (holdUp.kind === "unknown") return "in the queue";
  if (holdUp.kind === "worker") return "in the queue for a worker";
  if (holdUp.kind === "pause") return `held by the pause of ${scopeText(holdUp.pause)}`;
  const { reached, type, key } = holdUp;
  const what = key === undefined ? `type ${type}` : `key ${shownText(key)}`;
  return reached.limit === "rate"
    ? `in the queue for the rate of ${what}`
    : `in the queue for a place of ${what}`;
}
