/** How a job that was waited for ended. */

import { plainText } from "../plain_text.ts";
import type { JobResource } from "../resources.ts";
import { durationText } from "../../core/duration.ts";
import { millisecondsBetween } from "../times.ts";
import { type Paint, paintedState } from "./marks.ts";

/** The outcome in a line, and the whole output: it is what the job was run for. */
export function outcomeLines(
  job: JobResource,
  withReason: boolean,
  paint: Paint,
): readonly string[] {
  const { jobId, createdAt, endedAt, output, failure } = job;
  const took = endedAt === null
    ? ""
    : ` after ${durationText(millisecondsBetween(createdAt, endedAt))}`;
  const reason = failure === null || !withReason ? "" : `: ${plainText(failure.error.message)}`;
  return [
    `${jobId} is ${paintedState(paint, job)}${took}${reason}`,
    ...(output === null ? [] : JSON.stringify(output, null, 2).split("\n").map(plainText)),
  ];
}
