/**
 * Draws the samples with Vega-Lite, which is installed from npm on demand, like the peers: as a
 * dependency of the project it would be downloaded at every first start.
 */

import { Packages } from "../peer/packages.ts";
import type { Sample } from "./samples.ts";

const PACKAGES = ["vega@6", "vega-lite@6"];
const SCRIPT = new URL("./picture.mjs", import.meta.url);

/** The chart titles, by field of the sample. */
export const FIGURES = {
  jobsPerSecond: "jobs a second",
  residentMegabytes: "resident memory, MB",
  waitingForIndex: "jobs waiting for the index",
  snapshotMs: "writing the newest snapshot, ms",
  snapshotMegabytes: "the newest snapshot, MB",
  journalMegabytes: "journal, MB",
  indexMegabytes: "index, MB",
} as const satisfies Partial<Record<keyof Sample, string>>;

/** Writes an SVG, or returns the reason why it cannot. */
export async function drawPicture(
  file: string,
  samples: readonly Sample[],
  title: string,
): Promise<string | undefined> {
  const packages = await Packages.install(PACKAGES);
  if (typeof packages === "string") return packages;
  await using _packages = packages;
  await packages.add(SCRIPT);
  const charts = `${packages.folder}/charts.json`;
  await Deno.writeTextFile(charts, JSON.stringify({ title, figures: FIGURES, samples }));
  const { success } = await new Deno.Command(packages.node, {
    args: [`${packages.folder}/picture.mjs`, charts, file],
    stdout: "null",
  }).output();
  return success ? undefined : "Vega-Lite could not draw it";
}
