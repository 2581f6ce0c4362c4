/** Parses documents of POST /jobs/:id/what-if, and answers them page by page, like a replay. */

import * as v from "valibot";
import { type EventId, ID_PATTERN, type JobId, type LogId } from "../core/ids.ts";
import { type JsonObject, type JsonValue, present } from "../core/json.ts";
import type { Point } from "../core/point.ts";
import {
  SUPPOSED_EVENTS_MAX,
  type SupposedEvent,
  type Supposition,
} from "../explain/replay/supposition.ts";
import {
  checked,
  documented,
  parseTime,
  parseWholeNumber,
  strictObject,
  TIME_RULE,
} from "./fields.ts";
import { incomingEventFields } from "./events.ts";
import { placesField, rateField } from "./controls.ts";
import { planField, repeatedIdIssues, toPlan } from "./plan_schema.ts";
import { invalidRequest } from "./refusal.ts";
import { jobResource } from "../core/job_resource.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { ReserveMemory } from "../engine/entry_pages.ts";
import type { StepsWanted } from "../explain/replay/replay_steps.ts";
import { valueOrThrow } from "./engine_refusal.ts";
import {
  cursor,
  formatCursor,
  notBeyondHead,
  type Query,
  single,
  wholeNumber,
} from "./parameters.ts";

/** Before an eventId that would otherwise be a logId or a time. No id contains a slash. */
const EVENT_PREFIX = "event/";

/** The JSON Schema of a point. */
export const POINT_FORMS: JsonObject = {
  anyOf: [
    { type: "integer", minimum: 1, description: "A logId." },
    { type: "string", format: "date-time" },
    {
      type: "string",
      pattern: ID_PATTERN.source,
      description: "An eventId, unless it has the form of one of the others.",
    },
    {
      type: "string",
      pattern: ID_PATTERN.source.replace("^", `^${EVENT_PREFIX}`),
      description: "An eventId of any form.",
    },
  ],
};

export const POINT_RULE = `must be a logId, an eventId, or ${TIME_RULE}`;

/**
 * The point that a text names: 1 to 15 digits are a position, an RFC 3339 time is a time, and any
 * other valid id is an event, as is every id after `event/`. `undefined` if it is none of these.
 */
export function parsePoint(text: string): Point | undefined {
  const logId = parseWholeNumber(text);
  if (logId !== undefined) return { kind: "logId", logId };
  const milliseconds = parseTime(text);
  if (milliseconds !== undefined) {
    return { kind: "time", time: new Date(milliseconds).toISOString() };
  }
  const id = text.startsWith(EVENT_PREFIX) ? text.slice(EVENT_PREFIX.length) : text;
  return ID_PATTERN.test(id) ? { kind: "eventId", eventId: id as EventId } : undefined;
}

const WITHOUT_MAX = 10_000;

const POSITION_RULE = "must be the logId of an entry: a whole number from 1";

const positionField = v.pipe(
  v.number(),
  v.safeInteger(POSITION_RULE),
  v.minValue(1, POSITION_RULE),
);

function pointOfValue(value: unknown): Point | undefined {
  if (v.is(positionField, value)) return { kind: "logId", logId: value };
  return typeof value === "string" ? parsePoint(value) : undefined;
}

const pointField = v.pipe(
  documented(
    v.custom<LogId | string>((value) => pointOfValue(value) !== undefined, POINT_RULE),
    POINT_FORMS,
  ),
  v.transform((value) => pointOfValue(value) as Point),
);

const supposedEvent = strictObject({
  ...incomingEventFields,
  after: v.exactOptional(positionField),
});

export const supposition = strictObject({
  plan: v.exactOptional(planField),
  without: v.exactOptional(
    v.pipe(
      v.array(positionField),
      v.maxLength(WITHOUT_MAX, `must have at most ${WITHOUT_MAX} entries`),
    ),
  ),
  with: v.exactOptional(
    v.pipe(
      v.array(supposedEvent),
      v.maxLength(SUPPOSED_EVENTS_MAX, `must have at most ${SUPPOSED_EVENTS_MAX} events`),
    ),
  ),
  upTo: v.exactOptional(pointField),
  limits: v.exactOptional(
    v.pipe(
      strictObject({
        maxRunning: v.exactOptional(v.nullable(placesField)),
        perKey: v.exactOptional(v.nullable(placesField)),
        rate: v.exactOptional(v.nullable(rateField)),
      }),
      v.check((limits) => Object.keys(limits).length > 0, "must name a limit"),
    ),
  ),
});

type SuppositionInput = v.InferOutput<typeof supposition>;

/** @throws {Refusal} `invalid-request`, with a pointer for each issue. */
export function parseSupposition(document: JsonValue, jobId: JobId): Supposition {
  const { plan, with: events, ...rest } = checked(supposition, document);
  const issues = [
    ...plan === undefined ? [] : repeatedIdIssues(plan),
    ...otherJobs(events, jobId),
    ...limitsAlone(document as JsonObject),
  ];
  if (issues.length > 0) throw invalidRequest(issues);
  return { ...rest, ...present({ plan: plan && toPlan(plan), with: events?.map(withoutJob) }) };
}

/** Other limits do not affect the projection, so they cannot be combined with other changes. */
function limitsAlone({ limits, ...others }: JsonObject) {
  const names = Object.keys(others);
  return limits === undefined || names.length === 0
    ? []
    : [{ pointer: "/limits", detail: `cannot be combined with ${names.join(", ")}` }];
}

function otherJobs(events: SuppositionInput["with"] = [], own: JobId) {
  return events.flatMap(({ jobId }, index) =>
    jobId === undefined || jobId === own
      ? []
      : [{ pointer: `/with/${index}/jobId`, detail: `must be ${own}, or left out` }]
  );
}

/** Every supposed event belongs to the job of the request. */
function withoutJob(
  { jobId: _, ...event }: NonNullable<SuppositionInput["with"]>[number],
): SupposedEvent {
  return event;
}

const STEPS_MAX = 1_000;

export const STEP_PARAMETERS = {
  limit: single(wholeNumber(1, STEPS_MAX), `Steps per page. Default: ${STEPS_MAX}.`),
  cursor: single(cursor("steps"), "The nextCursor of the previous page."),
};

/** @throws {Refusal} `invalid-request` if the cursor is beyond the head. */
export function stepsWanted(
  { limit, cursor }: Query<typeof STEP_PARAMETERS>,
  { headLogId }: JobEngine,
): StepsWanted {
  const after = notBeyondHead(cursor, headLogId, { parameter: "cursor" });
  return { after, limit: limit ?? STEPS_MAX };
}

export function stepsCursor(next: LogId | undefined): string | null {
  return next === undefined ? null : formatCursor("steps", next);
}

/**
 * A job under a supposition, with a page of the steps. It has no links, since they would lead to
 * the real job.
 *
 * @throws {Refusal} `unknown-point`, `job-too-long`, `invalid-request`
 */
export async function supposedJob(
  jobId: JobId,
  supposed: Supposition,
  steps: Query<typeof STEP_PARAMETERS>,
  engine: JobEngine,
  hold?: ReserveMemory,
) {
  const { job, next, ...answer } = valueOrThrow(
    await (await engine.explanations()).replays.whatIf(
      jobId,
      supposed,
      stepsWanted(steps, engine),
      hold,
    ),
  );
  return { ...answer, job: jobResource(job), nextCursor: stepsCursor(next) };
}
