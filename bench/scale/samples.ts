/** Samples of a server under load, by the number of jobs done. */

import { metric } from "../server/http.ts";
import type { ServerProcess } from "../server/process.ts";
import { pause, residentMegabytes } from "../system.ts";

export interface Sample {
  /** Jobs recorded since the first. */
  readonly jobs: number;
  /** Since the previous sample. */
  readonly jobsPerSecond: number;
  readonly residentMegabytes: number;
  /** Jobs that have ended but are not in the index yet. */
  readonly waitingForIndex: number;
  readonly journalMegabytes: number;
  readonly indexMegabytes: number;
  /** The time of the newest snapshot from the creation of its file to its last write. */
  readonly snapshotMs: number;
  readonly snapshotMegabytes: number;
}

const EVERY_MS = 3_000;

/** Takes samples until the load is over, and reports each one. */
export async function sampleDuring(
  load: Promise<unknown>,
  { url, pid }: ServerProcess,
  journal: string,
  tell: (sample: Sample) => void,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const first = await recorded(url);
  let [jobs, at] = [first, performance.now()];
  for (let isOver = false; !isOver;) {
    isOver = await Promise.race([pause(EVERY_MS).then(() => false), load.then(() => true)]);
    const [jobsBefore, before] = [jobs, at];
    [jobs, at] = [await recorded(url), performance.now()];
    // The last sample covers too little time for a rate.
    if (isOver && samples.length > 0) break;
    const sample = {
      jobs: jobs - first,
      jobsPerSecond: (jobs - jobsBefore) / (at - before) * 1_000,
      residentMegabytes: residentMegabytes(pid),
      waitingForIndex: await metric(url, "daybook_index_waiting_jobs"),
      journalMegabytes: await megabytesIn(`${journal}/segments`),
      indexMegabytes: await megabytesIn(`${journal}/index`),
      ...await newestSnapshot(`${journal}/snapshots`),
    };
    samples.push(sample);
    tell(sample);
  }
  return samples;
}

function recorded(url: string): Promise<number> {
  return metric(url, "daybook_recorded_jobs");
}

async function newestSnapshot(folder: string) {
  let newest: Deno.FileInfo | undefined;
  for (const info of await filesIn(folder, ".snapshot")) {
    if ((info.birthtime ?? 0) > (newest?.birthtime ?? 0)) newest = info;
  }
  if (newest === undefined) return { snapshotMs: NaN, snapshotMegabytes: NaN };
  return {
    snapshotMs: Number(newest.mtime) - Number(newest.birthtime),
    snapshotMegabytes: newest.size / 1e6,
  };
}

async function megabytesIn(folder: string): Promise<number> {
  return (await filesIn(folder, "")).reduce((sum, { size }) => sum + size, 0) / 1e6;
}

/** Files may vanish meanwhile. */
async function filesIn(folder: string, suffix: string): Promise<readonly Deno.FileInfo[]> {
  const found: Deno.FileInfo[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(suffix)) continue;
    try {
      found.push(await Deno.stat(`${folder}/${name}`));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found;
}
