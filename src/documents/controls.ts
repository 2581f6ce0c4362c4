/**
 * Carries out what operators ask for in documents: controls of a job, limits of a job type, and
 * pauses.
 */

import * as v from "valibot";
import { type ControlName, isLegal, type StateControl } from "../core/controls.ts";
import { type JobId, MAIN_TASK } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";
import type { Origin } from "../core/trace_ids.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { ControlRequest, RetryRequest, TypeLimits } from "../engine/requests.ts";
import type { HeldPause } from "../explain/statements/queue_facts.ts";
import { RETRY_AFTER_SECONDS, unknownType, valueOrThrow } from "./engine_refusal.ts";
import {
  checked,
  describe,
  jobLabelField,
  maybe,
  neededReasonField,
  reasonField,
  strictObject,
  taskIdField,
  timeField,
} from "./fields.ts";
import { invalidRequest, Refusal } from "./refusal.ts";
import {
  KEY_PATTERN,
  KEY_RULE,
  PLACES_MAX,
  RATE_COUNT_MAX,
  RATE_MS_MAX,
} from "../engine/definition_limits.ts";
import type { Clock } from "../engine/ports.ts";
import { type BegunPause, PAUSES_MAX } from "../engine/run/queue/pause_controls.ts";

export const controlBody = strictObject({ reason: v.exactOptional(reasonField) });

export const cancelBody = strictObject({
  reason: v.exactOptional(reasonField),
  leave: v.exactOptional(v.boolean()),
});

export const retryBody = strictObject({
  reason: v.exactOptional(reasonField),
  from: v.exactOptional(taskIdField),
  again: v.exactOptional(v.boolean()),
  dryRun: v.exactOptional(v.boolean()),
});

type RetryBody = v.InferOutput<typeof retryBody>;

/**
 * Applies a control to a job.
 *
 * @param body The body for the route of the control.
 * @returns The current job; for a retry, the new one.
 * @throws {Refusal} if the engine refuses.
 */
export async function controlled(
  engine: JobEngine,
  jobId: JobId,
  control: ControlName,
  body: JsonValue,
  origin?: Origin,
): Promise<JobState> {
  if (control !== "retry") {
    return valueOrThrow(
      await engine.control(jobId, { ...parseControlRequest(control, body), origin }),
    );
  }
  const { dryRun, ...request } = parseRetryBody(body, engine.job(jobId));
  if (dryRun) throw invalidRequest([{ pointer: "/dryRun", detail: "is only for the HTTP API" }]);
  return valueOrThrow(await engine.retry(jobId, { ...toRetryRequest(request), origin }));
}

/** @throws {Refusal} `invalid-request`, also for a task that the job does not have. */
export function parseRetryBody(given: JsonValue, job: JobState | undefined): RetryBody {
  const body = checked(retryBody, given);
  const { from } = body;
  if (from === undefined || job === undefined || !isLegal(job, "retry")) return body;
  if (job.tasks.some(({ taskId }) => taskId === from)) return body;
  const known = job.tasks.map(({ taskId }) => taskId).filter((taskId) => taskId !== MAIN_TASK);
  const names = known.length === 0 ? "it has none" : `its tasks are ${known.join(", ")}`;
  throw invalidRequest([{ pointer: "/from", detail: `must be a task of the job; ${names}` }]);
}

/** @throws {Refusal} `invalid-request`. */
export function parseControlRequest(kind: StateControl, body: JsonValue): ControlRequest {
  return kind === "cancel"
    ? { kind, ...checked(cancelBody, body) }
    : { kind, ...checked(controlBody, body) };
}

export function toRetryRequest({ again = false, dryRun: _, ...request }: RetryBody): RetryRequest {
  return again ? request : { ...request, unlessRetriedAfter: 0 };
}

const whole = (max: number) =>
  v.pipe(
    v.number(),
    v.integer("must be a whole number"),
    v.minValue(1, "must be at least 1"),
    v.maxValue(max, `must be at most ${max}`),
  );

export const placesField = whole(PLACES_MAX);
export const rateField = strictObject({ count: whole(RATE_COUNT_MAX), perMs: whole(RATE_MS_MAX) });

export const limitsBody = strictObject({
  maxRunning: v.exactOptional(placesField),
  perKey: v.exactOptional(placesField),
  rate: v.exactOptional(rateField),
  reason: neededReasonField,
});

/**
 * Replaces the limits of a type's code.
 *
 * @param body The body of `PUT /limits/:type`.
 * @throws {Refusal} `invalid-request`, `unknown-limits`
 */
export async function changeLimits(
  type: string,
  body: unknown,
  engine: JobEngine,
  origin?: Origin,
): Promise<TypeLimits> {
  const { reason, ...limits } = checked(limitsBody, body);
  const outcome = await engine.limits.change(type, limits, reason, origin);
  if (!outcome.ok && outcome.problem.kind === "unknownType") {
    throw new Refusal(
      "unknown-limits",
      `Cannot limit type ${JSON.stringify(type)}: no definition of this type is loaded`,
    );
  }
  return valueOrThrow(outcome);
}

/**
 * Restores the limits of the code.
 *
 * @throws {Refusal} `unknown-limits`
 */
export async function restoreLimits(
  type: string,
  engine: JobEngine,
  origin?: Origin,
): Promise<TypeLimits> {
  const restored = await engine.limits.restore(type, origin);
  if (restored !== undefined) return restored;
  throw new Refusal(
    "unknown-limits",
    `Cannot restore the limits of type ${JSON.stringify(type)}: they are not changed`,
  );
}

const keyField = v.pipe(v.string(), v.regex(KEY_PATTERN, `must be ${KEY_RULE}`));

export const pauseBody = strictObject({
  type: maybe(v.string(), "Only jobs of this type."),
  label: maybe(jobLabelField, "Only jobs with this label, as name:value."),
  key: maybe(keyField, "Only jobs with this key (limits.key of their definition)."),
  reason: describe(neededReasonField, "The reason; recorded, and shown in explanations."),
  until: maybe(
    timeField,
    "When the pause ends automatically; if absent, it lasts until someone ends it.",
  ),
});

/**
 * Begins a pause, unless an equal one is in force.
 *
 * @param body The body of `POST /pauses`.
 * @throws {Refusal} `invalid-request`, `unknown-type`, `over-capacity`
 */
export async function beginPause(
  body: unknown,
  { engine, clock }: { readonly engine: JobEngine; readonly clock: Clock },
  origin?: Origin,
): Promise<BegunPause> {
  const asked = checked(pauseBody, body);
  const types = [...new Set(engine.definitions().map(({ type }) => type))];
  if (asked.type !== undefined && !types.includes(asked.type)) {
    throw unknownType("pause", asked.type, types);
  }
  if (asked.until !== undefined && Date.parse(asked.until) <= clock.now()) {
    throw invalidRequest([{ pointer: "/until", detail: "must be in the future" }]);
  }
  const begun = await engine.pauses.begin(asked, origin);
  if (begun !== undefined) return begun;
  throw new Refusal(
    "over-capacity",
    `Cannot pause: ${PAUSES_MAX} pauses are in force, which is the maximum`,
    {},
    RETRY_AFTER_SECONDS,
  );
}

/**
 * Ends a pause.
 *
 * @returns The pause that ended.
 * @throws {Refusal} `unknown-pause`
 */
export async function endPause(
  pauseId: string,
  engine: JobEngine,
  origin?: Origin,
): Promise<HeldPause> {
  const ended = await engine.pauses.end(pauseId, origin);
  if (ended !== undefined) return ended;
  throw new Refusal("unknown-pause", `Cannot end pause ${pauseId}: no pause in force has this id`);
}
