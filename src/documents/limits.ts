/** Changes the limits of a job type, as requested by documents. */

import type { Origin } from "../core/trace_ids.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { LimitedType } from "../engine/requests.ts";
import * as v from "valibot";
import { valueOrThrow } from "./engine_refusal.ts";
import { PLACES_MAX, RATE_COUNT_MAX, RATE_MS_MAX } from "../engine/limits.ts";
import { checked, neededReasonField, strictObject } from "./fields.ts";
import { Refusal } from "./refusal.ts";

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
): Promise<LimitedType> {
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
): Promise<LimitedType> {
  const restored = await engine.limits.restore(type, undefined, origin);
  if (restored !== undefined) return restored;
  throw new Refusal(
    "unknown-limits",
    `Cannot restore the limits of type ${JSON.stringify(type)}: they are not changed`,
  );
}
