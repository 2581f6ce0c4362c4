/** Formats requests as calls of curl, to be pasted into a shell. */

import { shellWord } from "../core/shell_word.ts";
import type { Action } from "./explanation.ts";
import { withBarePlaceholders } from "./sample_event.ts";

/**
 * @param base The address of the server as the client uses it, without a slash at the end.
 * @param needsToken Whether the call must carry the token, which is taken from the environment.
 */
export function curlCall(
  { method, path, body, placeholders }: Action,
  base: string,
  needsToken: boolean,
): string {
  const url = shellWord(base + path);
  if (body === undefined) return `curl -s${tokenOption(needsToken)} -X ${method} ${url}`;
  const json = visibleJson(body);
  const data = shellWord(placeholders === undefined ? json : withBarePlaceholders(json));
  const put = method === "PUT" ? " -X PUT" : "";
  return `curl -s${tokenOption(needsToken)}${put} ${url} ${JSON_OPTION} -d ${data}`;
}

/** The same with the body in a file. */
export function curlOfFile(
  { path }: Action,
  file: string,
  base: string,
  needsToken: boolean,
): string {
  const url = shellWord(base + path);
  return `curl -s${tokenOption(needsToken)} ${url} ${JSON_OPTION} -d @${shellWord(file)}`;
}

const JSON_OPTION = "-H 'content-type: application/json'";

/**
 * The same for a request that only reads.
 *
 * @param accept The media type to ask for, if there are several.
 */
export function curlRead(path: string, base: string, needsToken: boolean, accept?: string): string {
  const form = accept === undefined ? "" : ` -H ${shellWord(`accept: ${accept}`)}`;
  return `curl -s${tokenOption(needsToken)}${form} ${shellWord(base + path)}`;
}

/** The same for a stream, which is shown as it comes. */
export function curlFollow(path: string, base: string, needsToken: boolean): string {
  return `curl -sN${tokenOption(needsToken)} ${shellWord(base + path)}`;
}

/** The token itself is not shown, since it would end up in the history of the shell. */
function tokenOption(needsToken: boolean): string {
  return needsToken ? ` -H "authorization: Bearer $DAYBOOK_TOKEN"` : "";
}

/** Characters that JSON does not escape, but that a terminal would obey, reverse or hide. */
const UNSEEN = /[\x7f-\x9f\u2028\u2029]|\p{Cf}/gu;

/**
 * JSON with the same meaning, but without characters that move the cursor or change the direction
 * of text.
 */
function visibleJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}
