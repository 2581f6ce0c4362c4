/** Shows some of many similar items, and counts the rest. */

import type { Reasons } from "./explanation.ts";
import type { LogId } from "../core/ids.ts";

const SHOWN_MAX = 50;

/** @param cited The entries that the count rests on. */
export function showSome<Item>(
  items: readonly Item[],
  cited: LogId,
  describe: (item: Item) => Reasons,
): Reasons {
  const shown = items.slice(0, SHOWN_MAX).flatMap(describe);
  const more = items.length - SHOWN_MAX;
  if (more <= 0) return shown;
  const statement = `${more} more ${more === 1 ? "is" : "are"} like these.`;
  return [...shown, { statement, cites: [cited] }];
}
