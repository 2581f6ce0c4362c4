/**
 * The time that an event id tells. Most ids are made as their entry is recorded: `evt_` and a
 * ULID of just the time at which it was received. Such an id leads to its place by itself. It is
 * a rule of the entry alone: whoever made the id, and whenever it is read.
 */

import type { JobEventLogEntry } from "../../core/event.ts";

const PREFIX = "evt_";
/** Of a ULID. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_LENGTH = 10;
const ID_LENGTH = PREFIX.length + 26;

/** In milliseconds since the epoch; `undefined` for an id of another form. */
export function timeToldBy(eventId: string): number | undefined {
  if (eventId.length !== ID_LENGTH || !eventId.startsWith(PREFIX)) return undefined;
  let time = 0;
  for (let index = PREFIX.length; index < PREFIX.length + TIME_LENGTH; index++) {
    const digit = ALPHABET.indexOf(eventId.charAt(index));
    if (digit < 0) return undefined;
    time = 32 * time + digit;
  }
  return time;
}

/** Says which entries have such ids; the text of one time is made once. */
export class ToldTimes {
  #receivedAt = "";
  #ms = 0;
  /** What ids of that time begin with. */
  #begin = "";

  /** When the entry was received, if its id tells just that; in milliseconds since the epoch. */
  of(
    { eventId, receivedAt }: Pick<JobEventLogEntry, "eventId" | "receivedAt">,
  ): number | undefined {
    if (receivedAt !== this.#receivedAt) this.#take(receivedAt);
    const isTold = eventId.length === ID_LENGTH && eventId.startsWith(this.#begin);
    return isTold ? this.#ms : undefined;
  }

  #take(receivedAt: string): void {
    this.#receivedAt = receivedAt;
    this.#ms = Date.parse(receivedAt);
    this.#begin = PREFIX + textOf(this.#ms);
  }
}

/** A time as ULIDs begin with it; text that none begins with, when it is none. */
function textOf(ms: number): string {
  if (!(ms >= 0)) return " ";
  let text = "";
  for (let rest = ms; text.length < TIME_LENGTH; rest = Math.floor(rest / 32)) {
    text = ALPHABET.charAt(rest % 32) + text;
  }
  return text;
}
