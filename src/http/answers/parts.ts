/**
 * What answers are made of. These schemas describe answers, and check none while a server
 * runs: the types of the core hold for them, and a test compares every answer with them.
 * Commands read answers by looser schemas of their own, since a server may be newer.
 */

import * as v from "valibot";
import { CONDITIONS } from "../../core/condition.ts";
import { STATE_NAMES } from "../../core/job_state.ts";
import { documented } from "../documented.ts";

export const text = v.string();
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
export const position = documented(v.number(), { type: "integer", minimum: 0 });
/** An event that is only supposed lies between two positions. */
export const supposedPosition = documented(v.number(), { type: "number", minimum: 0 });
export const milliseconds = v.pipe(v.number(), v.minValue(0));
export const time = documented(v.string(), { type: "string", format: "date-time" });
/** What is used of something that has a limit. */
export const use = v.object({ used: count, max: count });
export const anyJson = documented(v.unknown(), {});
export const anyObject = documented(v.record(v.string(), v.unknown()), { type: "object" });
export const stateName = v.picklist(STATE_NAMES);
export const condition = v.picklist(CONDITIONS);
export const nextCursor = v.nullable(text);
export const errorFact = v.object({ name: text, message: text, stack: v.exactOptional(text) });
