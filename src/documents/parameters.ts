/** Query parameters: the schema of each both parses and documents it. */

import * as v from "valibot";
import { invalidParameter, invalidRequest } from "./refusal.ts";
import type { ErrorFingerprint } from "../core/error_fingerprint.ts";
import { isEventType, type JobId, type LogId } from "../core/ids.ts";
import {
  documented,
  eventTypeField,
  findDocumentation,
  fingerprintField,
  jobIdField,
  parseWholeNumber,
  timeField,
} from "./fields.ts";

/** The most items of a page, for the API and its clients. Whole jobs are read one by one. */
export const PAGE_MAX = { jobs: 500, wholeJobs: 50, entries: 1_000, failureKinds: 200 } as const;

/** The most values of a parameter: an index is asked about each. */
export const VALUES_MAX = 100;

export type CursorScope = "jobs" | "history" | "journal" | "steps";

/** Cursors of pages: opaque to clients, and valid only for the list that returned them. */
export function formatCursor(scope: CursorScope, logId: LogId): string {
  return btoa(`${scope}:${logId}`).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// A supposed entry has a position between two others.
const CURSOR = /^([a-z]+):(\d{1,16}(?:\.\d{1,3})?)$/;

/** The position in a cursor of any list; `undefined` if there is none. */
export function cursorPosition(cursor: string): LogId | undefined {
  const position = CURSOR.exec(decoded(cursor))?.[2];
  return position === undefined ? undefined : Math.floor(Number(position));
}

/** `undefined` if the text is not a cursor of this scope. */
function parseCursor(scope: CursorScope, cursor: string): LogId | undefined {
  const match = CURSOR.exec(decoded(cursor));
  const logId = Number(match?.[2]);
  const isPosition = scope === "steps"
    ? logId <= Number.MAX_SAFE_INTEGER
    : Number.isSafeInteger(logId);
  return match?.[1] === scope && isPosition ? logId : undefined;
}

function decoded(cursor: string): string {
  try {
    return atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}

export interface Parameter<Value = unknown> {
  /**
   * `single` may be given at most once. `list` may be repeated or contain several values separated
   * by commas. `repeated` may be repeated, and commas have no meaning.
   */
  readonly form: "single" | "list" | "repeated";
  readonly schema: v.GenericSchema<string, Value>;
  readonly description: string;
  readonly required?: boolean;
}

export type Parameters = Readonly<Record<string, Parameter>>;

type Schema<Value> = Parameter<Value>["schema"];

export function single<Value>(schema: Schema<Value>, description: string) {
  return { form: "single", schema, description } as const;
}

export function listParameter<Value>(schema: Schema<Value>, description: string) {
  return { form: "list", schema, description } as const;
}

export function repeated<Value>(schema: Schema<Value>, description: string) {
  return { form: "repeated", schema, description } as const;
}

export const text: Schema<string> = v.string();

export function choice<const Choices extends readonly string[]>(
  known: Choices,
): Schema<Choices[number]> {
  // The input type of a picklist is that of its choices, but the input is any text.
  return v.picklist(known, `must be one of ${known.join(", ")}`) as unknown as Schema<
    Choices[number]
  >;
}

export const eventType: Schema<string> = v.pipe(
  documented(v.string(), findDocumentation(eventTypeField) ?? {}),
  v.check(isEventType, "is not an event type"),
);

export const jobId = jobIdField as unknown as Schema<JobId>;
export const time: Schema<string> = timeField;

export const fingerprint = fingerprintField as unknown as Schema<ErrorFingerprint>;

export function cursor(scope: CursorScope): Schema<LogId> {
  return v.pipe(
    v.string(),
    v.check((text) => parseCursor(scope, text) !== undefined, "must be a nextCursor of this list"),
    v.transform((text) => parseCursor(scope, text) as LogId),
  );
}

/**
 * A position that a client has from an earlier answer. One beyond the head comes from another journal,
 * or from a later state of this one, so it does not mean what the client takes it for.
 *
 * @param place Where the request has it.
 * @throws {Refusal} `invalid-request` if it is beyond the head.
 */
export function notBeyondHead<Position extends LogId | undefined>(
  position: Position,
  headLogId: LogId,
  place:
    | { readonly parameter: string }
    | { readonly header: string }
    | { readonly pointer: string },
): Position {
  if (position === undefined || Math.floor(position) <= headLogId) return position;
  const detail = `must not be beyond the head of the journal, which is ${headLogId}`;
  throw invalidRequest([{ ...place, detail }]);
}

export function wholeNumber(minimum: number, maximum: number, byDefault?: number): Schema<number> {
  const schema = { type: "integer", minimum, maximum };
  const isWithin = (text: string) => {
    const number = parseWholeNumber(text);
    return number !== undefined && number >= minimum && number <= maximum;
  };
  return v.pipe(
    documented(v.string(), byDefault === undefined ? schema : { ...schema, default: byDefault }),
    v.check(isWithin, `must be a whole number from ${minimum} to ${maximum}`),
    v.transform(Number),
  );
}

/** The parameters by name; `undefined` if absent. */
export type Query<Known extends Parameters> = {
  readonly [Name in keyof Known]: ValueOf<Known[Name]> | undefined;
};

type ValueOf<Known> = Known extends Parameter<infer Value>
  ? Known["form"] extends "single" ? Value : readonly Value[]
  : never;

/** @throws {Refusal} `invalid-request` for a parameter that is unknown, repeated or wrong. */
export function parseQuery<Known extends Parameters>(
  searchParams: URLSearchParams,
  known: Known,
): Query<Known> {
  for (const name of new Set(searchParams.keys())) {
    const parameter = Object.hasOwn(known, name) ? known[name] : undefined;
    if (parameter === undefined) throw invalidParameter(name, unknownDetail(name, known));
    if (parameter.form === "single" && searchParams.getAll(name).length > 1) {
      throw invalidParameter(name, "is given twice");
    }
  }
  const values = Object.entries(known)
    .map(([name, parameter]) => [name, parseValue(name, parameter, searchParams.getAll(name))]);
  return Object.fromEntries(values);
}

function unknownDetail(name: string, known: Parameters): string {
  const names = Object.keys(known);
  if (name === "wait") return "is not a known parameter; waiting is a header: Prefer: wait=5";
  const all = names.length === 0 ? "there are no parameters here" : `known are ${names.join(", ")}`;
  return `is not a known parameter; ${all}`;
}

function parseValue(name: string, { form, schema }: Parameter, texts: readonly string[]): unknown {
  const parts = form === "list"
    ? texts.flatMap((text) => text.split(",")).filter((part) => part !== "")
    : texts;
  if (texts.length === 0) return undefined;
  // Taken for absent, it would select everything: a script may have sent an unset variable.
  if (parts.length === 0) throw invalidParameter(name, "is empty");
  if (parts.length > VALUES_MAX) {
    throw invalidParameter(name, `must have at most ${VALUES_MAX} values`);
  }
  const values = parts.map((text) => parsed(name, schema, text));
  return form === "single" ? values[0] : values;
}

function parsed(name: string, schema: Parameter["schema"], text: string): unknown {
  const result = v.safeParse(schema, text);
  if (result.success) return result.output;
  throw invalidParameter(name, result.issues[0].message);
}
