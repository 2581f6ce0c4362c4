/**
 * The time in an event id. Most ids are generated when their entry is recorded: `evt_` and a ULID
 * with exactly the time of receipt. Such an id leads to its entry without an index. An id from a
 * caller with the same form does so too.
 */

import type { JobEventLogEntry } from "../../core/event.ts";

const PREFIX = "evt_";
/** The alphabet of ULIDs. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_LENGTH = 10;
const ID_LENGTH = PREFIX.length + 26;

/** The time in milliseconds since the epoch; `undefined` for an id of another form. */
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

/** Detects entries whose ids contain their time of receipt. Encodes each time only once. */
export class TimesInIds {
  #receivedAt = "";
  #ms = 0;
  /** The prefix of ids with that time. */
  #prefix = "";

  /** The time of receipt, in milliseconds since the epoch, if the id contains exactly that time. */
  of(
    { eventId, receivedAt }: Pick<JobEventLogEntry, "eventId" | "receivedAt">,
  ): number | undefined {
    if (receivedAt !== this.#receivedAt) this.#take(receivedAt);
    // `startsWith` takes three times as long for an id that is a substring of a longer text.
    const isSame = eventId.length === ID_LENGTH &&
      eventId.slice(0, PREFIX.length + TIME_LENGTH) === this.#prefix;
    return isSame ? this.#ms : undefined;
  }

  #take(receivedAt: string): void {
    this.#receivedAt = receivedAt;
    this.#ms = Date.parse(receivedAt);
    this.#prefix = PREFIX + timeText(this.#ms);
  }
}

/** The prefix of ULIDs with a time; for an invalid time, text that no ULID starts with. */
function timeText(ms: number): string {
  if (!(ms >= 0)) return " ";
  let text = "";
  for (let rest = ms; text.length < TIME_LENGTH; rest = Math.floor(rest / 32)) {
    text = ALPHABET.charAt(rest % 32) + text;
  }
  return text;
}
