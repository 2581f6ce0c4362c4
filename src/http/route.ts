/** A route as one value: the request, the scope, the answers and the handler. */

import type { Context } from "hono";
import type { Scope } from "../access/tokens.ts";
import type { HttpDeps } from "./http_deps.ts";
import type { Operation } from "./openapi/operation.ts";

/** `open` routes need no token: they tell a supervisor nothing of jobs. */
export type RouteScope = Scope | "open";

type Answerer = "here" | "leader";

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** As Hono reads it: `/jobs/:id`. */
  readonly path: string;
  /** What a token must have. */
  readonly scope: RouteScope;
  /**
   * Who answers in a journal that several processes share: whichever is asked, or the leader, since
   * it records something or says what only the leader knows. Absent: a GET is answered here, all
   * else by the leader.
   */
  readonly by?: Answerer | ((c: Context) => Answerer);
  /** What `/openapi.json` says of it; absent for the pages and forms of the dashboard. */
  readonly operation?: Operation;
  /** @throws {Problem} what the client did wrong, or why it cannot be answered now. */
  readonly handle: (c: Context, deps: HttpDeps) => Response | Promise<Response>;
}
