/**
 * Output that nobody can take, since its disk is full or its reader is gone: Deno throws
 * then, in whatever happened to print. What is recorded must not depend on that.
 */

const PRINTING = ["log", "info", "debug", "warn", "error"] as const;

type Printing = Pick<Console, typeof PRINTING[number]>;

/** From now on, what a console cannot print is dropped. */
export function dropUnprintable(console: Printing): void {
  for (const method of PRINTING) {
    const print = console[method];
    console[method] = (...values) => {
      try {
        print.apply(console, values);
      } catch {
        // There is no other place to tell of it.
      }
    };
  }
}
