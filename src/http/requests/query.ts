/** Parses query strings strictly: an unknown parameter is an error. */

import { type Parameters, parseQuery, type Query } from "../../documents/parameters.ts";

/**
 * @throws {Problem} `invalid-request` if there is any query.
 */
export function refuseQuery(request: Request): void {
  if (request.url.includes("?")) readQuery(request, {});
}

/** @throws {Problem} `invalid-request` for a parameter that is unknown, repeated or wrong. */
export function readQuery<Known extends Parameters>(request: Request, known: Known): Query<Known> {
  return parseQuery(new URL(request.url).searchParams, known);
}
