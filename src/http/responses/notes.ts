/**
 * Short notes with the result of an action, for the page that its redirect leads to. The path
 * contains only the name of a note, so that a link from elsewhere cannot put text on a page.
 */

import { randomBytes } from "node:crypto";

/** Whether the action was carried out, had no effect, or was refused. */
export type NoteTone = "good" | "warning" | "bad";

interface Note {
  readonly text: string;
  readonly tone: NoteTone;
}

/** Beyond this, the oldest notes are dropped. */
const NOTES_MAX = 1_000;

export class Notes {
  readonly #notes = new Map<string, Note>();

  pathWith(path: string, text: string, tone: NoteTone = "good"): string {
    const name = randomBytes(9).toString("base64url");
    this.#notes.set(name, { text, tone });
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
