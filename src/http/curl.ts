/** Requests as calls of curl, to be pasted into a shell. */

import type { Action } from "../core/explanation.ts";
import { shellWord } from "../core/shell_word.ts";

/**
 * @param base The server as the client addresses it, without a slash at the end.
 * @param needsToken Whether the call must carry the token, which is taken from the environment.
 */
export function curlOf({ method, path, body }: Action, base: string, needsToken: boolean): string {
  const token = needsToken ? ` -H "authorization: Bearer $DAYBOOK_TOKEN"` : "";
  const url = shellWord(base + path);
  return body === undefined
    ? `curl -s${token} -X ${method} ${url}`
    : `curl -s${token} ${url} -H 'content-type: application/json' -d ${
      shellWord(visibleJson(body))
    }`;
}

/** A call that reads. @param accept The form to ask for, where there are several. */
export function readingCurl(
  path: string,
  base: string,
  needsToken: boolean,
  accept?: string,
): string {
  const token = needsToken ? ` -H "authorization: Bearer $DAYBOOK_TOKEN"` : "";
  const form = accept === undefined ? "" : ` -H ${shellWord(`accept: ${accept}`)}`;
  return `curl -s${token}${form} ${shellWord(base + path)}`;
}

/** What JSON leaves as it is, and a terminal would obey, reverse or not show. */
const UNSEEN = /[\x7f-\x9f\u2028\u2029]|\p{Cf}/gu;

/** JSON with the same meaning, and nothing in it that moves a cursor or turns a line around. */
function visibleJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}
