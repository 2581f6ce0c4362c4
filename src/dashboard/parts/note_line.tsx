/** The note with the result of the last action. */

import type { Context } from "hono";
import type { HttpDeps } from "../../http/http_deps.ts";
import { single, text } from "../../documents/parameters.ts";
import { UserText } from "./text.tsx";

/** The parameter of every page that an action redirects to. */
export const NOTE_PARAMETER = { note: single(text, "The name of a note.") };

const LENGTH_MAX = 500;

export function NoteLine({ c, deps }: { readonly c: Context; readonly deps: HttpDeps }) {
  const note = deps.notes.of(c.req.query("note"));
  if (note === undefined) return null;
  return (
    <p class={note.isBad ? "note note-bad" : "note"} role={note.isBad ? "alert" : "status"}>
      <UserText text={note.text} lengthMax={LENGTH_MAX} />
    </p>
  );
}
