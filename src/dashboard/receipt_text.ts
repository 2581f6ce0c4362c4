/** The effect of an event, as the page shows it after sending. */

import type { Receipt, ReceiptJob } from "../engine/receipt.ts";

const JOBS_MAX = 3;

export function receiptText(receipt: Omit<Receipt, "limit">): string {
  const { disposition, eventId, logId, reason, nearest } = receipt;
  const at = logId === undefined ? "" : ` as entry ${logId}`;
  const why = reason === undefined ? "" : `: ${reason.replace(/^matched nothing: /, "")}`;
  switch (disposition) {
    case "matched":
      return `Event ${eventId} is recorded${at}. ${jobsText(receipt)}`;
    case "duplicate":
      return `Event ${eventId} was already recorded${at}, and changes nothing.`;
    case "recorded": {
      const near = nearest === undefined || why.includes(nearest.reason)
        ? ""
        : ` The nearest is job ${nearest.jobId}: ${nearest.reason}.`;
      return `Event ${eventId} is recorded${at}, and matched nothing${why}. ${
        jobsText(receipt)
      }${near}`;
    }
    case "rejected":
      return `The event was refused${why}.`;
  }
}

function jobsText({ jobs, more = 0 }: Pick<Receipt, "jobs" | "more">): string {
  const shown = jobs.slice(0, JOBS_MAX).map(jobText);
  const hidden = jobs.length - shown.length + more;
  const others = hidden > 0 ? [`${hidden} more ${hidden === 1 ? "is" : "are"} not listed.`] : [];
  return [...shown, ...others].join(" ");
}

function jobText({ jobId, state, expectation, matched, required, reason }: ReceiptJob): string {
  const why = reason === undefined ? "" : `: ${reason}`;
  return expectation === undefined
    ? `It reached job ${jobId}, which is ${state}${why}.`
    : `It counted for "${expectation}" of job ${jobId}, ${matched ?? 0} of ${required ?? 0}${why}${
      state === "Running" ? "" : `; the job is ${state}`
    }.`;
}
