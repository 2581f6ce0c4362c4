/** What keeps a job from a worker or a place, and when its turn comes. */

import { counted } from "../../core/counted.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { Case } from "../statements/evidence.ts";
import type { Next, Reasons } from "../statements/explanation.ts";
import { holdingLater, pauseCause, pausesCited, pauseSteps } from "./pause_texts.ts";
import {
  behindText,
  blockingEntries,
  changeCited,
  changeReason,
  type Queue,
  queueHeldText,
  queueText,
  rateOpensAt,
} from "./queue_holders.ts";
import { automatic, reason } from "../statements/statement.ts";
import { FEW_MAX } from "../words/phrases.ts";

/**
 * `needs a worker: 4 of 4 workers busy`, `needs a place behind 1 job of its key: job a1 holds ...`,
 * or `is held: type mail.send has been paused ...`.
 */
export function standingText(queue: Queue): string {
  const { pauses, limit } = queue;
  if (pauses !== undefined) return `is held: ${queueText(queue)}`;
  return limit === undefined
    ? `needs a worker: ${queueText(queue)}`
    : `needs a place${behindText(queue)}: ${queueHeldText(queue)}`;
}

/** The limit of workers names its flag. */
export function withFlagText(queue: Queue): string {
  const { pauses, limit, isThreaded, alone, loosened } = queue;
  const isOfWorkers = pauses === undefined && limit === undefined && isThreaded !== true &&
    alone === undefined && loosened === undefined;
  return `${queueText(queue)}${isOfWorkers ? " (the limit is --max-running)" : ""}`;
}

/** A retry is due, but cannot begin while it is paused, or without a worker or a place. */
export function dueReasons({ circumstances: { queue }, conditionSince }: Case): Reasons {
  if (queue === undefined) return [];
  const wanted = queue.limit === undefined ? "worker" : "place";
  const stands = queue.pauses === undefined ? `needs a ${wanted}${behindText(queue)}` : "is held";
  const statement = `It ${stands}: ${withFlagText(queue)}.`;
  const began = queue.limit === undefined ? [] : blockingEntries(queue.limit);
  return [
    reason(statement, ...settingsCited(queue), conditionSince, ...began.slice(0, FEW_MAX)),
    ...settingReasons(queue),
  ];
}

type Settings = Pick<Queue, "pauses" | "limit"> | undefined;

/** The pauses that hold a job, and the change of the limit that does. */
export function settingsCited(settings: Settings): readonly LogId[] {
  return [...pausesCited(settings?.pauses), ...changeCited(settings?.limit)];
}

/** Who set them, and why. */
export function settingReasons(settings: Settings): Reasons {
  return [...changeReason(settings?.limit), ...(settings?.pauses ?? []).flatMap(pauseCause)];
}

/** When it gets a worker. */
export function once(queue: Queue | undefined, cited?: JobEventLogEntry): Next {
  if (queue?.pauses !== undefined) return queue.pauses.slice(0, FEW_MAX).flatMap(pauseSteps);
  const opensAt = rateOpensAt(queue?.limit);
  if (queue === undefined || opensAt === undefined) {
    const place = queue?.limit === undefined ? "" : "a place is free and ";
    return [automatic(`It runs when ${place}its turn comes.`, cited)];
  }
  const statement = queue.ahead === 0
    ? `It may begin at ${opensAt} at the earliest.`
    : `The rate lets the next job begin at ${opensAt}, and ${
      counted(queue.ahead, "job goes", "jobs go")
    } before this one, whose turn comes at ${
      rateOpensAt(queue.limit, queue.ahead)
    } at the earliest.`;
  return [automatic(statement, cited)];
}

/** The pauses that will hold what comes next; see `holdingLater`. */
export function laterPauses(known: Case): Next {
  return holdingLater(known).slice(0, FEW_MAX).flatMap(pauseSteps);
}
