/**
 * Short notes with the result of an action, for the page that its redirect leads to. The path
 * contains only the name of a note, so that a link from elsewhere cannot put text on a page.
 */

import { randomBytes } from "node:crypto";
import type { Context } from "hono";
import { single, text } from "../documents/parameters.ts";
import { UserText } from "./parts/text.tsx";

interface Note {
  readonly text: string;
  readonly isBad: boolean;
}

/** Beyond this, the oldest notes are dropped. */
const NOTES_MAX = 1_000;

export class Notes {
  readonly #notes = new Map<string, Note>();

  /** The path with the name of a new note. */
  pathWith(path: string, text: string, isBad = false): string {
    const name = randomBytes(9).toString("base64url");
    this.#notes.set(name, { text, isBad });
    for (const oldest of this.#notes.keys()) {
      if (this.#notes.size <= NOTES_MAX) break;
      this.#notes.delete(oldest);
    }
    return withNoteName(path, name);
  }

  of(name: string | undefined): Note | undefined {
    return name === undefined ? undefined : this.#notes.get(name);
  }
}

function withNoteName(path: string, name: string): string {
  const url = new URL(path, "http://daybook.invalid");
  url.searchParams.set("note", name);
  return url.pathname + url.search + url.hash;
}

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
