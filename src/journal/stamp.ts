/** Gives the journal's own events their ids and times. */

import type { JournalEventDraft } from "../core/event.ts";
import { eventId } from "../core/ids.ts";
import type { Clock, Random, StampedEvent } from "../engine/ports.ts";

export type Stamp = (draft: JournalEventDraft) => StampedEvent;

export function stampWith(clock: Clock, random: Random): Stamp {
  return (draft) => {
    const now = new Date(clock.now()).toISOString();
    return {
      ...draft,
      eventId: eventId(`evt_${random.ulid()}`),
      occurredAt: now,
      receivedAt: now,
    };
  };
}
