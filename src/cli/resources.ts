/** What the commands read of a server's answers, by the schemas of the API. */

import * as v from "valibot";
import {
  bulkAnswer as bulk,
  bulkPreviewAnswer,
  failuresAnswer as failures,
} from "../http/answers/bulk.ts";
import {
  entriesAnswer,
  receiptsAnswer as receipts,
  streamedEntryAnswer,
} from "../http/answers/entries.ts";
import {
  explanationAnswer as explanation,
  replayAnswer as replay,
} from "../http/answers/explanation.ts";
import {
  jobAnswer,
  jobReceiptsAnswer as jobReceipts,
  jobSummaryAnswer,
} from "../http/answers/job.ts";
import { nextCursor } from "../http/answers/parts.ts";
import {
  limitedTypeAnswer,
  limitsAnswer as limits,
  pauseAnswer,
  pausesAnswer as pauses,
} from "../http/answers/system.ts";
import { type Client, notDaybook } from "./client.ts";
import { tolerant } from "./tolerant.ts";

const job = v.omit(jobAnswer, ["links"]);

export const jobResource = tolerant(job);
export type JobResource = v.InferOutput<typeof jobResource>;
export type ExpectationResource = JobResource["expected"][number];
export type TaskResource = JobResource["tasks"][number];
export type FailureResource = NonNullable<JobResource["failure"]>;

/** Of a summary, or of a whole job, which has what is read of it but for `open`. */
const summary = v.pick(jobSummaryAnswer, [
  ...["jobId", "type", "state", "condition", "createdAt", "labels", "open", "failure"] as const,
]);

export const jobsPage = tolerant(v.object({ jobs: v.array(summary), nextCursor }));
export type JobSummaryResource = v.InferOutput<typeof jobsPage>["jobs"][number];

export const jobReceiptsAnswer = tolerant(jobReceipts);
export type JobReceiptResource = v.InferOutput<typeof jobReceiptsAnswer>["receipts"][number];

export const bulkAnswer = tolerant(bulk);
export const bulkPreview = tolerant(bulkPreviewAnswer);

export const failuresAnswer = tolerant(failures);
export type FailureKindResource = v.InferOutput<typeof failuresAnswer>["failures"][number];

export const entryResource = tolerant(streamedEntryAnswer);
export type EntryResource = v.InferOutput<typeof entryResource>;

export const entriesPage = tolerant(entriesAnswer);

export const pauseResource = tolerant(pauseAnswer);
export type PauseResource = v.InferOutput<typeof pauseResource>;

export const pausesAnswer = tolerant(pauses);

export const limitedTypeResource = tolerant(limitedTypeAnswer);
export type LimitedTypeResource = v.InferOutput<typeof limitedTypeResource>;

export const limitsAnswer = tolerant(limits);

export const receiptsAnswer = tolerant(receipts);
export type ReceiptResource = v.InferOutput<typeof receiptsAnswer>["receipts"][number];

export const replayAnswer = tolerant(v.object({ ...replay.entries, job }));
export type ReplayAnswer = v.InferOutput<typeof replayAnswer>;

export const explanationAnswer = tolerant(explanation);

/**
 * The value, when it has the shape; else another program answered.
 *
 * @throws {CommandError}
 */
export function expectShape<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  { url }: Client,
): v.InferOutput<Schema> {
  if (v.is(schema, value)) return value;
  throw notDaybook(url);
}
