import assert from "node:assert/strict";
import { dropUnprintable } from "../../src/server/system.ts";

Deno.test("output: what cannot be printed is dropped, and what can is printed as it was given", () => {
  const printed: unknown[][] = [];
  let isFull = false;
  const print = (...values: unknown[]) => {
    if (isFull) throw new Error("No space left on device (os error 28)");
    printed.push(values);
  };
  const console = { log: print, info: print, debug: print, warn: print, error: print };
  dropUnprintable(console);

  console.log("one", 1);
  isFull = true;
  for (const method of [console.log, console.info, console.debug, console.warn, console.error]) {
    method("two");
  }
  isFull = false;
  console.error("three");

  assert.deepEqual(printed, [["one", 1], ["three"]]);
});
