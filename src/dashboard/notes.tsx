/** How pages show notes, and name them in their paths. */

import type { Context } from "hono";
import { single, text } from "../documents/parameters.ts";
import type { Notes } from "../http/notes.ts";
import { UserText } from "./parts/text.tsx";

/** The path without a note, for the next redirect to it. */
export function withoutNote(url: string): string {
  const { pathname, searchParams } = new URL(url);
  searchParams.delete("note");
  return searchParams.size === 0 ? pathname : `${pathname}?${searchParams}`;
}

/** The parameter of every page that an action redirects to. */
export const NOTE_PARAMETER = { note: single(text, "The name of a note.") };

const LENGTH_MAX = 500;

interface NoteLineProps {
  readonly c: Context;
  readonly deps: { readonly notes: Notes };
}

export function NoteLine({ c, deps }: NoteLineProps) {
  const note = deps.notes.of(c.req.query("note"));
  if (note === undefined) return null;
  return (
    <p class={note.isBad ? "note note-bad" : "note"} role={note.isBad ? "alert" : "status"}>
      <UserText text={note.text} lengthMax={LENGTH_MAX} />
    </p>
  );
}
