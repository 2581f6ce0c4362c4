/** Filters for jobs, as a query or as members of a body. */

import * as v from "valibot";
import { present } from "../core/json.ts";
import {
  choice,
  fingerprint,
  listParameter,
  type Parameter,
  type Query,
  repeated,
  single,
  text,
  time,
  VALUES_MAX,
} from "./parameters.ts";
import { documented, labelField, maybe, strictObject } from "./fields.ts";
import { CONDITIONS } from "../core/condition.ts";
import { STATE_NAMES } from "../core/job_state.ts";
import type { JobFilter } from "../engine/job_pages.ts";

const SEARCH_LENGTH_MAX = 200;

/** Without words it would match every job. */
const searchText = v.pipe(
  v.string(),
  v.regex(/\S/, "must have a word"),
  v.maxLength(SEARCH_LENGTH_MAX, `must be at most ${SEARCH_LENGTH_MAX} characters`),
);

const label = v.pipe(
  labelField,
  v.transform((text): readonly [name: string, value: string] => {
    const colon = text.indexOf(":");
    return [text.slice(0, colon), text.slice(colon + 1)];
  }),
);

const yesOrNo = v.pipe(choice(["true", "false"]), v.transform((text) => text === "true"));

/** Upper and lower case are equal. */
function named<const Names extends readonly string[]>(names: Names) {
  return v.pipe(
    documented(v.string(), { type: "string", enum: [...names] }),
    v.transform((text) => names.find((name) => name.toLowerCase() === text.toLowerCase()) ?? text),
    choice(names),
  );
}

export const FILTER_PARAMETERS = {
  state: listParameter(named(STATE_NAMES), "Jobs in one of these states."),
  condition: listParameter(named(CONDITIONS), "Jobs in one of these conditions."),
  type: listParameter(
    v.pipe(text, v.regex(/[^,]/, "must be a type")),
    "Jobs of one of these types.",
  ),
  label: repeated(label, "Jobs with all of these labels, each as name:value."),
  createdAfter: single(time, "Jobs created after this time."),
  createdBefore: single(time, "Jobs created before this time."),
  search: single(
    searchText,
    "Jobs with all of these words in their id, type, labels (as name:value), or in the name or " +
      "message of an error, in upper or lower case. A whole generated id finds only its job.",
  ),
  fingerprint: single(fingerprint, "Jobs whose failure has this fingerprint."),
  retried: single(yesOrNo, "true: jobs that were retried; false: jobs that were not."),
};

/** Filters as members of a body, with the same names and rules; repeatable ones are arrays. */
export const filterBody = strictObject({
  state: many(FILTER_PARAMETERS.state),
  condition: many(FILTER_PARAMETERS.condition),
  type: many(FILTER_PARAMETERS.type),
  label: many(FILTER_PARAMETERS.label),
  createdAfter: one(FILTER_PARAMETERS.createdAfter),
  createdBefore: one(FILTER_PARAMETERS.createdBefore),
  search: one(FILTER_PARAMETERS.search),
  fingerprint: one(FILTER_PARAMETERS.fingerprint),
  retried: maybe(v.boolean(), FILTER_PARAMETERS.retried.description),
});

function one<Value>({ schema, description }: Parameter<Value>) {
  return maybe(schema, description);
}

function many<Value>({ schema, description }: Parameter<Value>) {
  const list = v.pipe(
    v.array(schema),
    v.minLength(1, "must not be empty"),
    v.maxLength(VALUES_MAX, `must have at most ${VALUES_MAX} values`),
  );
  return maybe(list, description);
}

/** The engine's filter from a query or a body; absent members do not restrict. */
export function toJobFilter(query: Partial<Query<typeof FILTER_PARAMETERS>>): JobFilter {
  return present({
    states: query.state,
    conditions: query.condition,
    types: query.type,
    labels: query.label,
    search: query.search,
    fingerprint: query.fingerprint,
    createdAfter: query.createdAfter,
    createdBefore: query.createdBefore,
    retried: query.retried,
  });
}
