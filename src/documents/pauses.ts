/** Begins and ends pauses, as requested by documents. */

import * as v from "valibot";
import type { Origin } from "../core/trace_ids.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import { KEY_PATTERN, KEY_RULE } from "../engine/limits.ts";
import type { Clock } from "../engine/ports.ts";
import type { HeldPause } from "../engine/requests.ts";
import { type BegunPause, PAUSES_MAX } from "../engine/run/pause_controls.ts";
import { describe, maybe } from "./documented.ts";
import { RETRY_AFTER_SECONDS, unknownType } from "./engine_refusal.ts";
import { checked, jobLabelField, neededReasonField, strictObject, timeField } from "./fields.ts";
import { invalidRequest, Refusal } from "./refusal.ts";

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
