/** What code prints in a thread, with whose it is. */

import { formatWithOptions } from "node:util";

const PRINTING = ["log", "info", "debug", "warn", "error", "trace", "dir"] as const;

/**
 * From now on, what the console would print is given to `take`, where that wants it.
 *
 * @param take Whether it took the text.
 */
export function takePrinted(take: (text: string) => boolean): void {
  for (const method of PRINTING) {
    const print = console[method].bind(console) as (...values: unknown[]) => void;
    console[method] = (...values: unknown[]) => {
      if (!take(formatWithOptions({ colors: false }, ...values))) print(...values);
    };
  }
}
