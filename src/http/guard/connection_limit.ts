/**
 * The limit on requests from one connection. Over HTTP/2, one connection can make 200 requests at a
 * time, and Deno's server cannot refuse HTTP/2. Requests beyond the limit are refused before they
 * cost anything: otherwise fifty connections could hold up everyone else.
 */

import { LIMITS, overCapacity } from "../../documents/over_capacity.ts";
import { leaveUnread } from "../bodies/bodies.ts";
import { problemResponse } from "../problems/problem.ts";
import { HTTP_LIMITS } from "./capacity.ts";

type Fetch = Deno.ServeHandler<Deno.NetAddr>;

/** While fewer requests are being answered, connections are not counted, since that takes time. */
const UNCOUNTED_MAX = 100;
const LIMIT = "connectionRequestsMax";

export function limitConnections(fetch: Fetch): Fetch {
  let open = 0;
  /** Counted requests being answered, by the address of their client. */
  const counts = new Map<string, number>();
  const add = (client: string, difference: 1 | -1) => {
    const count = (counts.get(client) ?? 0) + difference;
    if (count > 0) counts.set(client, count);
    else counts.delete(client);
  };
  return async (request, info) => {
    const { hostname, port } = info.remoteAddr;
    const client = open < UNCOUNTED_MAX ? undefined : `${hostname} ${port}`;
    if (client !== undefined && counts.get(client) === HTTP_LIMITS[LIMIT]) return refusal(request);
    open++;
    if (client !== undefined) add(client, 1);
    try {
      return await fetch(request, info);
    } finally {
      open--;
      if (client !== undefined) add(client, -1);
    }
  };
}

function refusal(request: Request): Response {
  leaveUnread(request);
  const problem = overCapacity(LIMIT, HTTP_LIMITS[LIMIT], LIMITS[LIMIT]);
  return problemResponse(problem, new URL(request.url).pathname);
}
