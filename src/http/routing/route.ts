/**
 * A route as one value: the request, the scope, the answers and the handler; and how `/openapi.json`
 * describes it.
 */

import type { Context } from "hono";
import * as v from "valibot";
import type { Scope } from "../../access/tokens.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { documented } from "../../documents/fields.ts";
import type { Parameters } from "../../documents/parameters.ts";
import type { HttpDeps } from "./http_deps.ts";
import { WAIT_SECONDS_MAX } from "../requests/request.ts";
import { type ProblemKind, STATUS } from "../responses/problem.ts";

/** `open` routes need no token, and reveal nothing about jobs. */
export type RouteScope = Scope | "open";

type Answerer = "here" | "leader";

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** In Hono's syntax: `/jobs/:id`. */
  readonly path: string;
  /** The scope that a token must have. */
  readonly scope: RouteScope;
  /**
   * Who answers if several processes share the journal: the process that gets the request, or the
   * leader, because the route records something or needs what only the leader knows. Default: a GET
   * is answered here, all else by the leader.
   */
  readonly by?: Answerer | ((c: Context) => Answerer);
  /** How `/openapi.json` describes it, by the schemas that the route uses; absent for the pages and forms of the dashboard. */
  readonly operation?: Operation;
  /** @throws {Problem} if the request is invalid or cannot be answered now. */
  readonly handle: (c: Context, deps: HttpDeps) => Response | Promise<Response>;
}

/** One representation of a body. */
export interface Content {
  /**
   * A valibot schema, or JSON Schema for what no valibot schema reads, such as the parts of a form.
   */
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
  /** The `operationId`: generated clients use it as a name. */
  readonly id: string;
  readonly tag: "jobs" | "events" | "replay" | "system";
  readonly summary: string;
  readonly description: string;
  readonly query?: Parameters;
  readonly headers?: Readonly<Record<string, Header>>;
  readonly body?: { readonly required: boolean; readonly content: Contents };
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** In addition to those that follow from the method, the body and the scope of the route. */
  readonly problems?: readonly ProblemKind[];
}

export function json(schema: v.GenericSchema, examples?: Content["examples"]): Contents {
  return { "application/json": examples === undefined ? { schema } : { schema, examples } };
}

/** A schema of `/openapi.json` that has a name there. */
export function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** A list of named items. Each is checked separately: an invalid one does not affect the others. */
export function listOf(name: string): v.GenericSchema {
  return documented(v.array(v.unknown()), { type: "array", items: reference(name) });
}

export function linesOf(name: string, description: string): Contents {
  const schema = { json: { type: "string", description } };
  return { "application/x-ndjson": { schema, item: reference(name) } };
}

export function ok(description: string, schema: v.GenericSchema): Operation["answers"] {
  return { [STATUS.ok]: { description, content: json(schema) } };
}

/** The operation of a route that shows the current state. */
export function currentState(
  id: string,
  summary: string,
  schema: v.GenericSchema,
  more: Pick<Operation, "description"> & Partial<Pick<Operation, "query" | "problems">>,
): Operation {
  return { id, tag: "system", summary, answers: ok("The current state.", schema), ...more };
}

/** The preference `wait`, as described for the header `Prefer`. */
export const WAIT =
  `wait=N: wait up to N seconds, at most ${WAIT_SECONDS_MAX}, for the job to end.`;

export const PREFERENCE_APPLIED: Header = {
  description: "Which preferences were applied.",
  schema: v.string(),
};

export const LOCATION: Header = { description: "The path of the job.", schema: v.string() };
