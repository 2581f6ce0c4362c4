/** What an entry says, in a few words: the same as in a terminal. */

import type { JobEventLogEntry } from "../../../core/event.ts";
import { entryNote } from "../../../engine/queries/entry_note.ts";
import { cutText, UserText } from "./text.tsx";

const LENGTH_MAX = 240;

const UTC = { timeOfDay: (time: string) => time.slice(11, 19) };

export function EntryNote({ entry }: { readonly entry: JobEventLogEntry }) {
  const note = entryNote(entry, UTC);
  if (note === "") return null;
  const shown = cutText(note, LENGTH_MAX);
  return (
    <span class="entry-note">
      <UserText text={shown === note ? note : `${shown}…`} />
    </span>
  );
}
