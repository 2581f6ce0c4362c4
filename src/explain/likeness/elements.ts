/** Where a list in a value has an element, or a member of one, that is sought. */

import { isScalar, type JsonScalar, type JsonValue } from "../../core/json.ts";
import { shownText } from "../../core/shown_value.ts";
import { membersOf } from "./elsewhere.ts";

export interface Element {
  /** `stale[3].intent`. */
  readonly path: string;
  readonly value: JsonScalar;
}

/** How many lists, objects and scalars of a value are looked at. */
const VALUES_MAX = 1_000;

/** The first one that is meant. */
export function elementIn(
  value: JsonValue,
  isMeant: (scalar: JsonScalar) => boolean,
): Element | undefined {
  const found = elementWithin(value, isMeant, { count: VALUES_MAX }, false);
  return found && { ...found, path: found.path.replace(/^\./, "") };
}

function elementWithin(
  value: JsonValue,
  isMeant: (scalar: JsonScalar) => boolean,
  left: { count: number },
  isListed: boolean,
): Element | undefined {
  if (left.count-- <= 0) return undefined;
  if (isScalar(value)) return isListed && isMeant(value) ? { path: "", value } : undefined;
  const isList = Array.isArray(value);
  for (const [name, member] of membersOf(value, left.count)) {
    const found = elementWithin(member, isMeant, left, isListed || isList);
    if (found === undefined) continue;
    return { ...found, path: `${isList ? `[${name}]` : `.${shownText(name)}`}${found.path}` };
  }
  return undefined;
}
