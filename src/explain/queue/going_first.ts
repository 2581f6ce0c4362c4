/** Describes the jobs that go before one in the queue. */

import { counted } from "../../core/counted.ts";
import { shownValue } from "../../core/shown_value.ts";
import type { CountOf } from "../statements/queue_facts.ts";
import type { Queue } from "./queue_holders.ts";

/** A sentence, if its priority is why others go first. */
export function priorityText(
  { ahead, overtaken = { count: 0, isAll: true } }: Queue,
  priority: number,
): readonly string[] {
  const { count, isAll } = overtaken;
  if (count === 0) {
    return ahead > 0 && priority > 0 ? [`It has priority ${priority}, and lower goes first.`] : [];
  }
  const jobs = `${isAll ? "" : "At least "}${counted(count, "job")}`;
  return [`${jobs} that came later went first: it has priority ${priority}, and lower goes first.`];
}

/**
 * `Of the next 100 jobs of its type, 98 have input.tenant = "acme", and so have all 6 that hold the
 * places.`
 */
export function crowdText({ crowd, limit, pauses }: Queue): readonly string[] {
  if (crowd === undefined || pauses !== undefined) return [];
  const { trait: { name, value }, ahead, holding = NONE } = crowd;
  const trait = `${name} = ${shownValue(value)}`;
  const isOfAll = limit === undefined || limit.limit === "rate" || holding.of === limit.taken;
  const holders = `${isOfAll ? "" : "of those looked at "}that hold the places`;
  if (ahead.count === 0) {
    return [`Of the ${holding.of} jobs ${holders}, ${haveText(holding)} ${trait}.`];
  }
  const areToo = holding.count * 2 > holding.of
    ? `, and so have ${
      holding.count === holding.of ? `all ${holding.of}` : `${holding.count} of the ${holding.of}`
    } ${holders}`
    : "";
  const next = counted(ahead.of, "job");
  return [`Of the next ${next} of its type, ${haveText(ahead)} ${trait}${areToo}.`];
}

const NONE: CountOf = { count: 0, of: 0 };

function haveText({ count, of }: CountOf): string {
  return `${count === of ? "all" : `${count}`} have`;
}
