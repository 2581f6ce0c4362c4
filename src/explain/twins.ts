/** Another job that was given the same input at about the same time: the work may be done twice. */

import { conditionText, deriveCondition } from "../core/condition.ts";
import { durationText } from "../core/duration.ts";
import { lengthMs } from "./condition_spans.ts";
import type { Evidence } from "./evidence.ts";
import type { Statement } from "./explanation.ts";
import type { LogId } from "../core/ids.ts";
import type { OutlinedHistory } from "./outlined_history.ts";

export function twinReasons(
  { created }: OutlinedHistory,
  { twin }: Evidence,
): readonly Statement<LogId>[] {
  if (twin === undefined) return [];
  const isEarlier = twin.firstLogId < created.logId;
  const [first, second] = isEarlier
    ? [twin.createdAt, created.receivedAt]
    : [created.receivedAt, twin.createdAt];
  const apart = `${durationText(lengthMs(first, second))} ${isEarlier ? "before" : "after"} it`;
  const became = twin.state === "Done"
    ? `is Done since ${twin.endedAt}`
    : `is ${conditionText(deriveCondition(twin))}`;
  const { retryOf } = created.attributes;
  const how = retryOf !== undefined && twin.retryOf === retryOf
    ? `is a retry of job ${retryOf} as well, made ${apart}`
    : `of the same type got the same input ${apart}`;
  const statement = `Job ${twin.jobId} ${how}, and ${became}: the work may be done twice.`;
  return [{ statement, cites: [twin.firstLogId, twin.lastLogId] }];
}
