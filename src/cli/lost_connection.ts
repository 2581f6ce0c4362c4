/** Tells of lost connections, once each, where it is no part of the output. */

import type { Client } from "./client.ts";
import type { EventSourceOptions } from "./event_source.ts";
import type { Terminal } from "./terminal.ts";

export function tellOfConnection(
  { err }: Terminal,
  client: Client,
): Pick<EventSourceOptions, "onLost" | "onResumed"> {
  return {
    onLost(lastId) {
      const place = lastId === undefined ? "" : ` after entry ${lastId}`;
      err(`daybook: lost the connection to ${client.url}${place}; trying until it is back`);
    },
    onResumed: () => err("daybook: connected again, going on from there"),
  };
}
