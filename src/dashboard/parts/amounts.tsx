/** Counts with the word for what is counted, so that large ones can be read. */

import { countText } from "../../core/size.ts";

/** `1 job`, `12,345 jobs`. */
export function countedText(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
