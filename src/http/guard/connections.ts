/** Limits the requests that are answered at a time from one connection. */

import { LIMITS, overCapacity } from "../../documents/refusal.ts";
import { leaveUnread } from "../bodies/streamed_body.ts";
import { HTTP_LIMITS } from "../capacity/limits.ts";
import { problemResponse } from "../responses/problem.ts";

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
    const client = open < UNCOUNTED_MAX ? undefined : addressText(info.remoteAddr);
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

function addressText({ hostname, port }: Deno.NetAddr): string {
  return `${hostname} ${port}`;
}

function refusal(request: Request): Response {
  leaveUnread(request);
  const problem = overCapacity(LIMIT, HTTP_LIMITS[LIMIT], LIMITS[LIMIT]);
  return problemResponse(problem, request);
}
