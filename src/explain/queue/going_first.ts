/** Describes the jobs that go before one in the queue. */

import { counted } from "../../core/counted.ts";
import { shownValue } from "../../core/shown_value.ts";
import type { Reasons } from "../statements/explanation.ts";
import type { CountOf, OvertakenBy } from "../statements/queue_facts.ts";
import { reason } from "../statements/statement.ts";
import { FEW_MAX, shortened } from "../words/phrases.ts";
import type { Queue } from "./queue_holders.ts";

/** A sentence, if its priority is why others go first. */
export function priorityText({ ahead, overtaken }: Queue, priority: number): readonly string[] {
  const wentFirst = wentFirstReasons(overtaken).map(({ statement }) => statement);
  if (wentFirst.length > 0) return wentFirst;
  return ahead > 0 && priority > 0 ? [`It has priority ${priority}, and lower goes first.`] : [];
}

/**
 * `120 jobs that came later went first, since it has priority 5, and lower goes first: bulk-1,
 * bulk-2, bulk-3 and 117 more, all with priority 0, type mail.send.`
 */
export function wentFirstReasons(overtaken: OvertakenBy | undefined): Reasons {
  if (overtaken === undefined || overtaken.count === 0) return [];
  const { count, isAll, own, first, alike: { priority, type, label } } = overtaken;
  const named = shortened(first.map(({ jobId }) => jobId), FEW_MAX, count);
  const have = [
    ...priority === undefined ? [] : [`priority ${priority}`],
    ...type === undefined ? [] : [`type ${type}`],
    ...label === undefined ? [] : [`label ${label[0]} = ${shownValue(label[1])}`],
  ].join(", ");
  const all = have === "" ? "" : `, ${count === 1 ? "" : "all "}with ${have}`;
  const statement = `${isAll ? "" : "At least "}${counted(count, "job")} that came later went ` +
    `first, since it has priority ${own}, and lower goes first: ${named}${all}.`;
  return [reason(statement, ...first.map(({ by }) => by))];
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
  const has = haveText(ahead);
  const next = ahead.of === 1
    ? `The next job of its type ${has} ${trait}`
    : `Of the next ${ahead.of} jobs of its type, ${has} ${trait}`;
  const isOne = holding.of === 1;
  const areAll = isOne ? "the one" : `all ${holding.of}`;
  const which = holding.count === holding.of ? areAll : `${holding.count} of the ${holding.of}`;
  const areToo = holding.count * 2 > holding.of
    ? `, and so ${isOne ? "has" : "have"} ${which} ${isOne ? "that holds the place" : holders}`
    : "";
  return [`${next}${areToo}.`];
}

const NONE: CountOf = { count: 0, of: 0 };

function haveText({ count, of }: CountOf): string {
  return `${count === of ? "all" : `${count}`} have`;
}
