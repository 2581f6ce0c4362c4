/** Gives events that are recorded outside the engine their ids and times. */

import type { EventDraft } from "../core/event.ts";
import { newId } from "../core/ids.ts";
import type { Clock, Random, StampedEvent } from "../engine/ports.ts";

export type Stamp = (draft: EventDraft) => StampedEvent;

export function stampWith(clock: Clock, random: Random): Stamp {
  return (draft) => {
    const now = new Date(clock.now()).toISOString();
    return {
      ...draft,
      eventId: draft.eventId ?? newId.event(random.ulid()),
      occurredAt: draft.occurredAt ?? now,
      receivedAt: now,
    };
  };
}
