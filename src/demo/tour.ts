/** What is printed when the demo is ready: where to look, and what is to be seen there. */

import type { Situation } from "./situations.ts";

export function tour(url: string, situations: readonly Situation[]): string {
  const width = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
  const names = width(situations.map(({ name }) => name));
  const looks = width(situations.map(({ look }) => look));
  return situations.map(({ name, jobId, look }) =>
    `  ${name.padEnd(names)}  ${look.padEnd(looks)}  ${url}/ui/jobs/${encodeURIComponent(jobId)}`
  ).join("\n");
}

/** The last thing on the screen, so that it is seen. */
export function invitation(url: string, folder: string, isKept: boolean): string {
  const fate = isKept ? "it stays" : "it goes when the demo ends; --keep <folder> keeps one";
  return [
    `journal: ${folder} (${fate})`,
    "",
    `  open  ${url}/`,
    "",
    "Ctrl-C ends the demo",
  ].join("\n");
}
