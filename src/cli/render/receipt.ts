/** What an event did, in words. */

import { plainText } from "../plain_text.ts";
import type { ReceiptResource } from "../resources.ts";
import { type Paint, painted } from "./marks.ts";

export function receiptLines(receipt: ReceiptResource, paint: Paint): readonly string[] {
  const { disposition, eventId, logId, jobs } = receipt;
  const at = logId === undefined ? "" : ` at ${logId}`;
  switch (disposition) {
    case "matched":
      return [...jobs.map((job) => reachedLine(job, paint)), ...moreLines(receipt)];
    case "duplicate":
      return [`duplicate: event ${eventId} was recorded${at} before, and changes nothing`];
    case "recorded":
      return [
        `recorded${at}, and matched nothing${because(shortReason(receipt.reason))}`,
        ...jobs.map((job) => reachedLine(job, paint)),
        ...moreLines(receipt),
        ...nearestLines(receipt, paint),
      ];
    default:
      return [`${disposition}${because(receipt.reason)}`];
  }
}

function moreLines({ more = 0 }: ReceiptResource): readonly string[] {
  return more === 0 ? [] : [`${more} more ${more === 1 ? "is" : "are"} not listed`];
}

/** Without what the line says before it. */
function shortReason(reason: string | undefined): string | undefined {
  return reason?.replace(/^matched nothing: /, "");
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : `: ${plainText(reason)}`;
}

/** `matched shipped of order-42: 1 of 1, the job is Done`, or what else came of it. */
function reachedLine(job: ReceiptResource["jobs"][number], paint: Paint): string {
  const { jobId, expectation, matched = 0, required = 0 } = job;
  if (expectation === undefined) {
    return `reached ${jobId}, which is ${painted(paint, job.state)}${because(job.reason)}`;
  }
  const count = `${matched} of ${required}`;
  const remark = job.reason === undefined ? "" : ` (${plainText(job.reason)})`;
  return `${paint("green", "matched")} ${expectation} of ${jobId}: ${count}${remark}, the job is ${
    painted(paint, job.state)
  }`;
}

/** Unless the reason tells of it already. */
function nearestLines(receipt: ReceiptResource, paint: Paint): readonly string[] {
  const { nearest, jobs } = receipt;
  if (nearest === undefined) return [];
  const { expectation = "the policy", jobId, reason } = nearest;
  const said = [receipt.reason ?? "", ...jobs.map((job) => job.reason ?? "")];
  if (said.some((text) => text.includes(reason))) return [];
  return [paint("yellow", `nearest is ${expectation} of ${jobId}: ${plainText(reason)}`)];
}
