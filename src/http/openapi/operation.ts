/** What the document says of one route, by reference to the schemas that the route uses. */

import * as v from "valibot";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import type { ProblemKind } from "../problem.ts";
import type { Parameters } from "../query_parameters.ts";

/** One representation of a body. */
export interface Content {
  /** A schema of valibot, or JSON Schema of what none reads, such as the parts of a form. */
  readonly schema: v.GenericSchema | { readonly json: JsonObject };
  readonly examples?: Readonly<Record<string, JsonValue>>;
  /** JSON Schema of each item, where the body is a sequence of them. */
  readonly item?: JsonObject;
}

export type Contents = Readonly<Record<string, Content>>;

export interface Header {
  readonly description: string;
  readonly schema: v.GenericSchema;
}

export interface Answer {
  readonly description: string;
  /** Absent for an answer without a body. */
  readonly content?: Contents;
  readonly headers?: Readonly<Record<string, Header>>;
}

export interface Operation {
  readonly tag: "jobs" | "events" | "replay" | "system";
  readonly summary: string;
  readonly description?: string;
  readonly query?: Parameters;
  readonly headers?: Readonly<Record<string, Header>>;
  readonly body?: { readonly required: boolean; readonly content: Contents };
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beside those that every route may answer. */
  readonly problems: readonly ProblemKind[];
}

/** By method and path, as the routes are declared. */
export type Operations = Readonly<Record<string, Operation>>;

export function json(schema: v.GenericSchema, examples?: Content["examples"]): Contents {
  return { "application/json": examples === undefined ? { schema } : { schema, examples } };
}

/** Of a route that records what it is asked to. */
export const TRACE_HEADERS: Readonly<Record<string, Header>> = {
  "traceparent": {
    description: "As in W3C Trace Context: its ids are recorded with all that the request " +
      "causes. One that is not valid is ignored.",
    schema: v.string(),
  },
};

/** Of a route that takes a body. */
export const BODY_PROBLEMS: readonly ProblemKind[] = [
  "malformed-json",
  "malformed-text",
  "unreadable-body",
  "body-too-slow",
  "body-too-large",
  "unsupported-media-type",
];

/** Of a route that is not safe, whether or not it records anything. */
export const UNSAFE_PROBLEMS: readonly ProblemKind[] = ["cross-site", "draining"];

/** Of a route that records. */
export const WRITE_PROBLEMS: readonly ProblemKind[] = [
  ...UNSAFE_PROBLEMS,
  "outcome-unknown",
  "disk-full",
];
