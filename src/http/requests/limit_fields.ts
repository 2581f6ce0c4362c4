/** Limits of a type of jobs, as a document says them. */

import * as v from "valibot";
import { PLACES_MAX, RATE_COUNT_MAX, RATE_MS_MAX } from "../../engine/limits.ts";
import { strictObject } from "./fields.ts";

const whole = (max: number) =>
  v.pipe(
    v.number("must be a number"),
    v.integer("must be a whole number"),
    v.minValue(1, "must be at least 1"),
    v.maxValue(max, `must be at most ${max}`),
  );

export const placesField = whole(PLACES_MAX);
export const rateField = strictObject({ count: whole(RATE_COUNT_MAX), perMs: whole(RATE_MS_MAX) });
