/** What only a server can tell of a request: whether it came with a Host. */

import { Problem, problemResponse } from "./problem.ts";

/**
 * The refusal of a request without one, as HTTP/1.1 asks for (RFC 9112, 3.2); `undefined` for
 * any other. A server fills its own address into the URL of the request, which no list of hosts
 * can tell from a name that was meant. HTTP/1.0, and HTTP/2 without TLS, need a Host here too.
 */
export function refusalWithoutHost({ headers, url }: Request): Response | undefined {
  if (headers.has("host")) return undefined;
  const detail = "Cannot take the request: it has no Host header";
  return problemResponse(new Problem("malformed-host", detail), URL.parse(url)?.pathname ?? "/");
}
