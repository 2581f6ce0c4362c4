/** An entry as shown on pages. */

import type { JobEventLogEntry } from "../../core/event.ts";
import { isLarge, type JsonObject } from "../../core/json.ts";
import { entryNote } from "../../documents/entry_note.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { cutText, type ShownJson, shownJson, UserText } from "./text.tsx";

/** The data of an entry that pages show. */
export interface ShownEntry extends Omit<JobEventLogEntry, "attributes"> {
  /** A short description, the same as in the terminal; may be empty. */
  readonly note: string;
  /** The whole entry, as JSON. */
  readonly json: ShownJson;
}

const NOTE_LENGTH_MAX = 240;
/** Smaller entries are rendered at once. */
const SMALL_CHARACTERS = 8 * 1024;

const UTC = { timeOfDay: (time: string) => `${time.slice(11, 19)} UTC` };

/**
 * An event may have a megabyte, and a page a hundred events. So each entry is cut to what the page
 * shows as soon as it is read, and a large one gets a turn of its own.
 *
 * @param lengthMax The length of its JSON, in UTF-16 units.
 */
export async function shownEntry(
  { admission }: Pick<HttpDeps, "admission">,
  entry: JobEventLogEntry,
  lengthMax: number,
): Promise<ShownEntry> {
  if (isLarge(entry.attributes as JsonObject, SMALL_CHARACTERS)) await admission.enter("medium");
  const { attributes: _, ...rest } = entry;
  const note = entryNote(entry, UTC);
  const shown = cutText(note, NOTE_LENGTH_MAX);
  return {
    ...rest,
    note: shown === note ? note : `${shown}…`,
    json: shownJson(entry as unknown as JsonObject, lengthMax),
  };
}

/** A short description of an entry, the same as in the terminal. */
export function EntryNote({ entry: { note } }: { readonly entry: Pick<ShownEntry, "note"> }) {
  if (note === "") return null;
  return (
    <span class="entry-note">
      <UserText text={note} />
    </span>
  );
}
