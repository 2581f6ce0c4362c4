/** Requests as calls of curl, to be pasted into a shell. */

import type { Action } from "../core/explanation.ts";

/**
 * @param base The server as the client addresses it, without a slash at the end.
 * @param needsToken Whether the call must carry the token, which is taken from the environment.
 */
export function curlOf({ method, path, body }: Action, base: string, needsToken: boolean): string {
  const token = needsToken ? ` -H "authorization: Bearer $DAYBOOK_TOKEN"` : "";
  const url = quoted(base + path);
  return body === undefined
    ? `curl -s${token} -X ${method} ${url}`
    : `curl -s${token} ${url} -H 'content-type: application/json' -d ${
      quoted(visible(JSON.stringify(body)))
    }`;
}

/** The same JSON, with what a terminal would obey or hide written as escapes. */
function visible(json: string): string {
  return json.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) =>
      [...Array(character.length).keys()]
        .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
        .join(""),
  );
}

/** As one word of a POSIX shell; as it is when it needs no quotation marks. */
function quoted(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
