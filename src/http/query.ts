/** Query strings, read strictly: what a route does not know is an error. */

import { isEventType } from "../core/event_type.ts";
import { ID_PATTERN, ID_RULE, type JobId, type LogId } from "../core/ids.ts";
import { type CursorScope, positionOf } from "./cursor.ts";
import { invalidRequest, type Problem } from "./problem.ts";
import { inUtc, millisecondsOf, TIME_RULE } from "./time.ts";

interface KnownParameters {
  /** Given at most once. */
  readonly single?: readonly string[];
  /** May be repeated. */
  readonly list?: readonly string[];
}

/** @throws {Problem} `invalid-request` when there is any query at all. */
export function refuseQuery(request: Request): void {
  if (request.url.includes("?")) readQuery(request, {});
}

/** @throws {Problem} `invalid-request` for an unknown or wrongly repeated parameter. */
export function readQuery(request: Request, known: KnownParameters): Query {
  const { searchParams } = new URL(request.url);
  for (const name of new Set(searchParams.keys())) {
    if (known.list?.includes(name)) continue;
    if (!known.single?.includes(name)) throw invalidParameter(name, unknownDetail(known));
    if (searchParams.getAll(name).length > 1) throw invalidParameter(name, "is given twice");
  }
  return new Query(searchParams);
}

function unknownDetail({ single = [], list = [] }: KnownParameters): string {
  const names = [...single, ...list];
  const known = names.length === 0 ? "there are none here" : `known are ${names.join(", ")}`;
  return `is not a known parameter; ${known}`;
}

export function invalidParameter(parameter: string, detail: string): Problem {
  return invalidRequest([{ parameter, detail }]);
}

/** Parameters by type; each getter gives `undefined` for one that is absent. */
export class Query {
  constructor(private readonly parameters: URLSearchParams) {}

  text(name: string): string | undefined {
    return this.parameters.get(name) ?? undefined;
  }

  /** Every value of a parameter that may be repeated, as given. */
  all(name: string): readonly string[] {
    return this.parameters.getAll(name);
  }

  /** Values of a parameter that may be repeated or hold several, comma separated. */
  list(name: string): readonly string[] | undefined {
    const values = this.all(name).flatMap((text) => text.split(",")).filter((part) => part !== "");
    return values.length === 0 ? undefined : values;
  }

  choices<Choice extends string>(
    name: string,
    known: readonly Choice[],
  ): readonly Choice[] | undefined {
    return this.list(name)?.map((value) => chosen(name, value, known));
  }

  choice<Choice extends string>(name: string, known: readonly Choice[]): Choice | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : chosen(name, value, known);
  }

  eventTypes(name: string): ReadonlySet<string> | undefined {
    const types = this.list(name);
    const illegal = types?.find((type) => !isEventType(type));
    if (illegal !== undefined) throw invalidParameter(name, "is not an event type");
    return types && new Set(types);
  }

  jobId(name: string): JobId | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!ID_PATTERN.test(value)) throw invalidParameter(name, `must be ${ID_RULE}`);
    return value as JobId;
  }

  time(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (millisecondsOf(value) === undefined) throw invalidParameter(name, `must be ${TIME_RULE}`);
    return inUtc(value);
  }

  whole(name: string, minimum: number, maximum: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = wholeNumberOf(value);
    if (number !== undefined && number >= minimum && number <= maximum) return number;
    throw invalidParameter(name, `must be a whole number from ${minimum} to ${maximum}`);
  }

  cursor(scope: CursorScope): LogId | undefined {
    const value = this.text("cursor");
    if (value === undefined) return undefined;
    const logId = positionOf(scope, value);
    if (logId === undefined) throw invalidParameter("cursor", "must be a nextCursor of this list");
    return logId;
  }
}

function chosen<Choice extends string>(
  name: string,
  value: string,
  known: readonly Choice[],
): Choice {
  const choice = known.find((one) => one === value);
  if (choice === undefined) throw invalidParameter(name, `must be one of ${known.join(", ")}`);
  return choice;
}

/** The number that decimal digits write, or `undefined` for any other text. */
export function wholeNumberOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
