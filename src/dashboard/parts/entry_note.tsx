/** What an entry says, in a few words: the same as in a terminal. */

import type { ShownEntry } from "./shown_entry.ts";
import { UserText } from "./text.tsx";

export function EntryNote({ entry: { note } }: { readonly entry: Pick<ShownEntry, "note"> }) {
  if (note === "") return null;
  return (
    <span class="entry-note">
      <UserText text={note} />
    </span>
  );
}
