/** A route as one value: the request, the scope, the answers and the handler. */

import type { Context } from "hono";
import type { Scope } from "../access/tokens.ts";
import type { HttpDeps } from "./http_deps.ts";
import type { Operation } from "./openapi/operation.ts";

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
  /** How `/openapi.json` describes it; absent for the pages and forms of the dashboard. */
  readonly operation?: Operation;
  /**
   * @throws {Problem} if the request is invalid or cannot be answered now.
   */
  readonly handle: (c: Context, deps: HttpDeps) => Response | Promise<Response>;
}
