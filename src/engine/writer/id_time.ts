/**
 * The time in an event id. Most ids are made as their entry is recorded: `evt_` and a ULID of
 * exactly the time of receipt. Such an id leads to its entry without an index. This depends on the
 * entry alone, whoever made the id.
 */

import type { JobEventLogEntry } from "../../core/event.ts";

const PREFIX = "evt_";
/** Of a ULID. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_LENGTH = 10;
const ID_LENGTH = PREFIX.length + 26;

/** In milliseconds since the epoch; `undefined` for an id of another form. */
export function timeInId(eventId: string): number | undefined {
  if (eventId.length !== ID_LENGTH || !eventId.startsWith(PREFIX)) return undefined;
  let time = 0;
  for (let index = PREFIX.length; index < PREFIX.length + TIME_LENGTH; index++) {
    const digit = ALPHABET.indexOf(eventId.charAt(index));
    if (digit < 0) return undefined;
    time = 32 * time + digit;
  }
  return time;
}

/** Finds the entries with such ids; the text of a time is made once. */
export class TimesInIds {
  #receivedAt = "";
  #ms = 0;
  /** The beginning of ids of that time. */
  #begin = "";

  /** The time of receipt, in milliseconds since the epoch, if the id contains exactly that. */
  of(
    { eventId, receivedAt }: Pick<JobEventLogEntry, "eventId" | "receivedAt">,
  ): number | undefined {
    if (receivedAt !== this.#receivedAt) this.#take(receivedAt);
    const isSame = eventId.length === ID_LENGTH && eventId.startsWith(this.#begin);
    return isSame ? this.#ms : undefined;
  }

  #take(receivedAt: string): void {
    this.#receivedAt = receivedAt;
    this.#ms = Date.parse(receivedAt);
    this.#begin = PREFIX + timeText(this.#ms);
  }
}

/** The beginning of ULIDs of a time; for an invalid time, text that begins none. */
function timeText(ms: number): string {
  if (!(ms >= 0)) return " ";
  let text = "";
  for (let rest = ms; text.length < TIME_LENGTH; rest = Math.floor(rest / 32)) {
    text = ALPHABET.charAt(rest % 32) + text;
  }
  return text;
}
