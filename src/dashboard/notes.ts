/**
 * Short notes of what an action did, for the page that its redirect leads to. The path holds
 * the name of a note only: a link from elsewhere cannot put words on a page.
 */

import { randomBytes } from "node:crypto";

interface Note {
  readonly text: string;
  readonly isBad: boolean;
}

/** The oldest go first. */
const NOTES_MAX = 1_000;

export class Notes {
  readonly #notes = new Map<string, Note>();

  /** The same path, with the name of the note. */
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

/** The same path without a note, for the next form that leads back to it. */
export function withoutNote(url: string): string {
  const { pathname, searchParams } = new URL(url);
  searchParams.delete("note");
  return searchParams.size === 0 ? pathname : `${pathname}?${searchParams}`;
}
