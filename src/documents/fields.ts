/**
 * Schemas of single fields that several requests share, and what /openapi.json says about schemas
 * whose rules are code.
 */

import * as v from "valibot";
import { type ErrorFingerprint, FINGERPRINT_PATTERN } from "../core/error_fingerprint.ts";
import {
  EVENT_TYPE_MAX_LENGTH,
  EVENT_TYPE_PATTERN,
  EVENT_TYPE_RULE,
  type EventType,
  ID_PATTERN,
  ID_RULE,
  isEventType,
  type JobId,
  type TaskId,
} from "../core/ids.ts";
import { isObject, isScalar, type JsonObject, type JsonScalar } from "../core/json.ts";
import { pointedIssues, UNKNOWN_FIELD } from "../engine/parsed_input.ts";
import { invalidRequest } from "./refusal.ts";

const DOCUMENTED = new WeakMap<object, JsonObject>();

/** Returns the same schema, so that the documentation costs nothing at run time. */
export function documented<Schema extends v.GenericSchema>(
  schema: Schema,
  jsonSchema: JsonObject,
): Schema {
  DOCUMENTED.set(schema, jsonSchema);
  return schema;
}

/** The JSON Schema of a schema; `undefined` if its own rules suffice. */
export function findDocumentation(schema: object): JsonObject | undefined {
  return DOCUMENTED.get(schema);
}

/** Adds a description for the document. */
export function describe<Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.pipe(schema, v.description(description));
}

/** A member that may be absent, with its description. */
export function maybe<Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.exactOptional(describe(schema, description));
}

/** @throws {Refusal} `invalid-request`, with a pointer for each issue. */
export function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) throw invalidRequest(pointedIssues(parsed.issues));
  return parsed.output;
}

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Times from outside: strictly RFC 3339. */
export const TIME_RULE = "an RFC 3339 time such as 2026-01-31T12:00:00Z";

/** Milliseconds since the epoch; `undefined` if the text is not an RFC 3339 time. */
export function parseTime(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day] = match;
  if (!isDayOfMonth(Number(year), Number(month), Number(day))) return undefined;
  const milliseconds = Date.parse(text.toUpperCase());
  // RFC 3339 has no other years, so the time could not be recorded in UTC, nor compared as text.
  return milliseconds >= FIRST_MS && milliseconds <= LAST_MS ? milliseconds : undefined;
}

const FIRST_MS = Date.parse("0000-01-01T00:00:00Z");
const LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");

function isDayOfMonth(year: number, month: number, day: number): boolean {
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return month >= 1 && month <= 12 && day >= 1 && day <= lastDay;
}

/** The same instant in UTC; a text in UTC is not changed. */
function inUtc(text: string): string {
  return text.endsWith("Z") ? text : new Date(text.toUpperCase()).toISOString();
}

/** The number of a text of decimal digits; `undefined` for any other text. */
export function parseWholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export function wholeField(
  min: number,
  max: number,
  rule = `must be a whole number from ${min} to ${max}`,
) {
  return v.pipe(v.number(), v.integer(rule), v.minValue(min, rule), v.maxValue(max, rule));
}

/** The longest name of a job type. */
export const TYPE_LENGTH_MAX = 200;

function isId(value: unknown): boolean {
  return typeof value === "string" && ID_PATTERN.test(value);
}

/** The schema of an id, with the branded type of the engine. */
export function id<Id extends string>() {
  return documented(v.custom<Id>(isId, `must be ${ID_RULE}`), {
    type: "string",
    pattern: ID_PATTERN.source,
  });
}

/** The schema of an id that a sender chooses, which must not look like a derived one. */
export function chosenId<Id extends string>(derived: string) {
  return documented(
    v.pipe(
      id<Id>(),
      v.check((text) => !text.startsWith(derived), `must not begin with ${derived}`),
    ),
    { type: "string", pattern: ID_PATTERN.source.replace("(?!", `(?!${derived}|`) },
  );
}

export const jobIdField = id<JobId>();
export const taskIdField = id<TaskId>();

export const fingerprintField = documented(
  v.custom<ErrorFingerprint>(
    (value) => typeof value === "string" && FINGERPRINT_PATTERN.test(value),
    "must be a fingerprint of 12 hexadecimal digits, as failures have",
  ),
  { type: "string", pattern: FINGERPRINT_PATTERN.source },
);

export const eventTypeField = documented(
  v.custom<EventType>(
    (value) => typeof value === "string" && isEventType(value),
    `must be ${EVENT_TYPE_RULE}`,
  ),
  { type: "string", pattern: EVENT_TYPE_PATTERN.source, maxLength: EVENT_TYPE_MAX_LENGTH },
);

export const timeField = v.pipe(
  documented(v.string(), { type: "string", format: "date-time" }),
  v.check((text) => parseTime(text) !== undefined, `must be ${TIME_RULE}`),
  v.transform(inUtc),
);

export const scalarField = documented(
  v.custom<JsonScalar>(isScalar, "must be a string, a number, true, false or null"),
  { type: ["string", "number", "boolean", "null"] },
);

export const objectField = documented(v.custom<JsonObject>(isObject, "must be an object"), {
  type: "object",
});

const notAnObject = v.custom<never>(() => false, "must be an object");

/** An object with these fields and no others. valibot alone would accept an array as an object. */
export function strictObject<Entries extends v.ObjectEntries>(entries: Entries) {
  const names = Object.keys(entries);
  const unknown = names.length === 0
    ? UNKNOWN_FIELD
    : `${UNKNOWN_FIELD}; known are ${names.join(", ")}`;
  const schema = v.strictObject(
    entries,
    ({ expected, message }) => expected === "never" ? unknown : message,
  );
  return v.lazy((value) => Array.isArray(value) ? notAnObject : schema);
}

/** An object with names of one form, and values of one schema. */
export function mapSchema<Value extends v.GenericSchema>(
  name: v.GenericSchema<string>,
  value: Value,
) {
  const schema = v.record(name, value);
  return v.lazy((value) => Array.isArray(value) ? notAnObject : schema);
}

/**
 * One of several schemas, chosen by the content, so that errors are about the intended one. No
 * document contains `undefined`: only the description of the schema passes it, to get all of them.
 */
export function chosenFrom<Schemas extends v.GenericSchema[]>(
  schemas: Schemas,
  choose: (value: unknown) => Schemas[number],
) {
  const all = v.union(schemas);
  return v.lazy((value): Schemas[number] => value === undefined ? all : choose(value));
}

/** The schema inside one from `strictObject` or `chosenFrom`. */
export function withinLazy(schema: v.GenericSchema): v.GenericSchema {
  if ("getter" in schema) return (schema as v.LazySchema<v.GenericSchema>).getter(undefined);
  return schema;
}

export const REASON_LENGTH_MAX = 1_000;

/** The reason of an operator's action, recorded with it. */
export const reasonField = v.pipe(
  v.string(),
  v.maxLength(REASON_LENGTH_MAX, `must be at most ${REASON_LENGTH_MAX} characters`),
);

/** A reason that is required. */
export const neededReasonField = v.pipe(reasonField, v.regex(/\S/, "must give a reason"));

/** A label, as in filters of lists and pauses. */
export const labelField = v.pipe(
  documented(v.string(), { type: "string", pattern: "^[^:]+:" }),
  v.check((text) => text.indexOf(":") >= 1, "must be a name and a value as name:value"),
);

const LABELS_MAX = 32;
const LABEL_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._\/-]{0,62}$/;
const LABEL_NAME_RULE = "a name of 1 to 63 characters of A-Z a-z 0-9 . _ / -";
const LABEL_VALUE_PATTERN = /^[^\p{Cc}\p{Cs}]{0,256}$/u;

/** A label that a job can have, as one text. */
export const jobLabelField = v.pipe(
  labelField,
  v.check(
    (text) => {
      const colon = text.indexOf(":");
      return LABEL_NAME_PATTERN.test(text.slice(0, colon)) &&
        LABEL_VALUE_PATTERN.test(text.slice(colon + 1));
    },
    `must be a label that a job can have: ${LABEL_NAME_RULE}, ` +
      "a colon, and a value of at most 256, without control characters",
  ),
);

export const labelsField = v.pipe(
  mapSchema(
    v.pipe(v.string(), v.regex(LABEL_NAME_PATTERN, `must be ${LABEL_NAME_RULE}`)),
    v.pipe(
      v.string(),
      v.regex(LABEL_VALUE_PATTERN, "must be at most 256 characters, without control characters"),
    ),
  ),
  v.maxEntries(LABELS_MAX, `must have at most ${LABELS_MAX} entries`),
);
