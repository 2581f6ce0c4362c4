/** The parts of a server's answers that commands read, from the schemas of the API. */

import * as v from "valibot";
import * as bulk from "../documents/answers/bulk.ts";
import * as entries from "../documents/answers/entries.ts";
import * as explanations from "../documents/answers/explanation.ts";
import * as jobs from "../documents/answers/job.ts";
import { nextCursor } from "../documents/answers/parts.ts";
import * as system from "../documents/answers/system.ts";
import type { Correlation } from "../core/correlation.ts";
import { ID_PATTERN, ID_RULE } from "../core/ids.ts";
import { UsageError } from "./command.ts";
import { plainText } from "./terminal.ts";

/** The output of such a schema, with any text in place of the API's enums. */
type Tolerant<Value> = [Value] extends [Correlation] ? Value
  : Value extends string ? string
  : Value extends readonly (infer Item)[] ? Tolerant<Item>[]
  : Value extends object ? { [Name in keyof Value]: Tolerant<Value[Name]> }
  : Value;

type TolerantSchema<Schema extends v.GenericSchema> = v.GenericSchema<
  unknown,
  Tolerant<v.InferOutput<Schema>>
>;

/**
 * Adapts the schemas of the API for reading answers. A newer server may have more members and enum
 * values: unknown ones are kept, since piped output includes them.
 */
function tolerant<Schema extends v.GenericSchema>(schema: Schema): TolerantSchema<Schema> {
  return loosened(schema as unknown as Described) as unknown as TolerantSchema<Schema>;
}

/** The parts of a valibot schema that are used here. */
interface Described {
  readonly type: string;
  readonly pipe?: readonly [Described];
  readonly entries?: Readonly<Record<string, Described>>;
  readonly item?: Described;
  readonly value?: Described;
  readonly wrapped?: Described;
  readonly options?: readonly Described[];
  readonly getter?: () => Described;
}

function loosened(schema: Described): v.GenericSchema {
  const { type, pipe, entries: members = {}, item, value, wrapped, options = [], getter } = schema;
  // A pipe only adds descriptions, and rules for writers.
  if (pipe !== undefined && pipe[0] !== schema) return loosened({ ...pipe[0] });
  if (type === "object") return v.looseObject(mapped(members));
  if (type === "array" && item !== undefined) return v.array(loosened(item));
  if (type === "record" && value !== undefined) return v.record(v.string(), loosened(value));
  if (type === "union") return v.union(options.map(loosened));
  if (type === "picklist") return v.string();
  if (type === "lazy" && getter !== undefined) return v.lazy(() => loosened(getter()));
  if (wrapped === undefined) return LEAVES[type] ?? v.unknown();
  return type === "nullable" ? v.nullable(loosened(wrapped)) : v.optional(loosened(wrapped));
}

const LEAVES: Readonly<Record<string, v.GenericSchema>> = {
  string: v.string(),
  number: v.number(),
  boolean: v.boolean(),
};

function mapped(members: Readonly<Record<string, Described>>): v.ObjectEntries {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, loosened(member)]),
  );
}

const job = v.omit(jobs.jobAnswer, ["links"]);

export const jobResource = tolerant(job);
export type JobResource = v.InferOutput<typeof jobResource>;
export type ExpectationResource = JobResource["expected"][number];
export type TaskResource = JobResource["tasks"][number];
export type FailureResource = NonNullable<JobResource["failure"]>;

/** A summary, or a whole job, which has all members except `open`. */
const summary = v.pick(jobs.jobSummaryAnswer, [
  ...["jobId", "type", "state", "condition", "createdAt", "labels", "open", "failure"] as const,
]);

export const jobsPage = tolerant(v.object({ jobs: v.array(summary), nextCursor }));
export type JobSummaryResource = v.InferOutput<typeof jobsPage>["jobs"][number];

export const jobReceiptsAnswer = tolerant(jobs.jobReceiptsAnswer);
export type JobReceiptResource = v.InferOutput<typeof jobReceiptsAnswer>["receipts"][number];

export const bulkAnswer = tolerant(bulk.bulkAnswer);
export const retryPreview = tolerant(explanations.retryPreviewAnswer);
export type RetryPreview = v.InferOutput<typeof retryPreview>;

export const bulkPreview = tolerant(bulk.bulkPreviewAnswer);

export const failuresAnswer = tolerant(bulk.failuresAnswer);
export type FailureKindResource = v.InferOutput<typeof failuresAnswer>["failures"][number];

export const entryResource = tolerant(entries.streamedEntryAnswer);
export type EntryResource = v.InferOutput<typeof entryResource>;

export const entriesPage = tolerant(entries.entriesAnswer);

export const pauseResource = tolerant(system.pauseAnswer);
export type PauseResource = v.InferOutput<typeof pauseResource>;

export const pausesAnswer = tolerant(system.pausesAnswer);

export const limitedTypeResource = tolerant(system.limitedTypeAnswer);
export type LimitedTypeResource = v.InferOutput<typeof limitedTypeResource>;

export const limitsAnswer = tolerant(system.limitsAnswer);

export const receiptsAnswer = tolerant(entries.receiptsAnswer);
export type ReceiptResource = v.InferOutput<typeof receiptsAnswer>["receipts"][number];

export const replayAnswer = tolerant(v.object({ ...explanations.replayAnswer.entries, job }));
export type ReplayAnswer = v.InferOutput<typeof replayAnswer>;

export const explanationAnswer = tolerant(explanations.explanationAnswer);
export const queueExplanationAnswer = tolerant(explanations.queueExplanationAnswer);

export const limitsWhatIfAnswer = tolerant(
  v.object({ limits: explanations.whatIfAnswer.entries.limits }),
);

/** @throws {UsageError} if the text is not a valid job id. */
export function jobPath(jobId: string): string {
  if (ID_PATTERN.test(jobId)) return `/jobs/${jobId}`;
  throw new UsageError(`${plainText(jobId)} is not a job id: an id is ${ID_RULE}`);
}
