/** An event from outside, as the engine receives it. */

import { eventType } from "../../../src/core/ids.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import type { IncomingEvent } from "../../../src/engine/requests.ts";

/** The ids that an event may come with, as plain text. */
export interface References {
  readonly eventId?: string;
  readonly jobId?: string;
  readonly taskId?: string;
}

export function incoming(
  type: string,
  attributes: JsonObject = {},
  references: References = {},
): IncomingEvent {
  return {
    eventType: eventType(type),
    stratum: "domain",
    attributes,
    ...references as Partial<IncomingEvent>,
  };
}
