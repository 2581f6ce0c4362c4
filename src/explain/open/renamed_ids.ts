/** The event that a job waits for, if it came under an id that another job recorded beside its own. */

import type { LogId } from "../../core/ids.ts";
import { toMatchable } from "../../core/projector.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { type Place, placePath } from "../likeness/elsewhere.ts";
import type { Renamed } from "../statements/evidence.ts";
import type { Statement } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { capital, taskText } from "../words/phrases.ts";

/**
 * `Job merge-7 (crm.merge) was given from = "cus_1" and into = "cus_2"; shop.Paid came at ... with
 * customerId = "cus_2", and reached no job.`
 */
export function renamedReason({ job, task, by, from, to, path, event }: Renamed): Statement<LogId> {
  const of = `job ${job.jobId} (${job.type ?? "a plan"})`;
  const has = task === undefined
    ? `${capital(of)} was given`
    : `${capital(taskText(task.taskId))} of ${of} returned`;
  const statement = `${has} ${placeText(from)} and ${placeText(to)}; ` +
    `${toMatchable(event).eventType} came at ${event.receivedAt} with ${shownText(path)} = ` +
    `${shownScalar(to.value)}, and reached no job.`;
  return reason(statement, by, event);
}

function placeText(place: Place): string {
  return `${shownText(placePath(place))} = ${shownScalar(place.value)}`;
}
