/** A program with the thread of the index; it prints whether the thread finds a segment whole. */

import { journalLayout } from "../../src/journal/layout.ts";
import { systemClock } from "../../src/server/system.ts";
import { IndexThread } from "../../src/values/index_thread.ts";

const [folder = "", path = "", segment = ""] = Deno.args;
const layout = journalLayout(folder);
const thread = new IndexThread({
  ...layout,
  clock: systemClock,
  warn: console.error,
  unreadable: () => {},
});
// The thread alone does not keep a process going.
const timer = setInterval(() => {}, 1_000);
console.log(await thread.isWhole(path, JSON.parse(segment)));
await thread.close();
clearInterval(timer);
