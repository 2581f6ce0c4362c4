/** Query strings, read strictly: what a route does not know is an error. */

import { type Parameters, parseQuery, type Query } from "../../documents/parameters.ts";

/** @throws {Problem} `invalid-request` when there is any query at all. */
export function refuseQuery(request: Request): void {
  if (request.url.includes("?")) readQuery(request, {});
}

/** @throws {Problem} `invalid-request` for a parameter that is unknown, repeated or wrong. */
export function readQuery<Known extends Parameters>(request: Request, known: Known): Query<Known> {
  return parseQuery(new URL(request.url).searchParams, known);
}
