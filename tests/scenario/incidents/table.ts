/**
 * Prints the verdicts on the answers to the incidents; with names, their full answers:
 *
 *     deno run -A tests/scenario/incidents/table.ts [part of a name ...]
 */

import { investigate, isWhole, WORDS_MAX } from "../incident.ts";
import { incidentsOf, SETS } from "./collected.ts";

const mark = (yes: boolean) => yes ? "yes" : "NO";

for (const set of SETS) {
  const all = await incidentsOf(set);
  let [causes, whole, wordy] = [0, 0, 0];
  console.log(`\n${set === "seen" ? "Incidents" : "Incidents of the unseen set"}\n`);
  console.log("cause  lines  innocent  next  silent  page  words");
  for (const { name, incident } of all) {
    if (Deno.args.length > 0 && !Deno.args.some((part) => name.includes(part))) continue;
    const finding = await investigate(incident);
    const { cause, decisive, innocent, next, silent, page, words, texts } = finding;
    if (cause) causes++;
    if (isWhole(finding)) whole++;
    if (words > WORDS_MAX) wordy++;
    const cells = [
      mark(cause).padEnd(5),
      mark(decisive).padEnd(5),
      mark(innocent).padEnd(8),
      mark(next).padEnd(4),
      mark(silent).padEnd(6),
      mark(page).padEnd(4),
      String(words).padStart(5),
    ];
    console.log(`${cells.join("  ")}  ${name}`);
    if (Deno.args.length > 0) console.log(`\n${texts.join("\n--- without its culprit\n")}`);
  }
  console.log(`\nThe cause in the first answer: ${causes} of ${all.length}; all held: ${whole}.`);
  console.log(`More than ${WORDS_MAX} words: ${wordy}.`);
}
Deno.exit();
