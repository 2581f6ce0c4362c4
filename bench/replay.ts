/** A start of the whole engine that reads the whole journal, compared with `JSON.parse` of its lines. */

import type { Daybook } from "../src/server/daybook.ts";
import { inRounds, medianOf, perSecond, whole } from "./figures.ts";
import { IN_FLIGHT, many, openDaybook, type Result, runCode } from "./fixtures.ts";
import { withFolder } from "./folder.ts";
import { processCpuUs, threadCpuUs } from "./system.ts";

const JOBS = 100_000;
const ROUNDS = 3;
/** Small, because a start copies the last segment, which is not part of the replay. */
const SEGMENT = ["--segment-bytes", String(4 * 1024 * 1024)];

/** What is made again from the lines. */
export const CACHES: readonly string[] = ["snapshots", "index", "sidecars"];

/** The starts that are measured, each with the caches that it does not find. */
const STARTS = {
  "first start": { without: CACHES, target: 0.33 },
  "cold replay": { without: ["snapshots"], target: 0.6 },
};

/** The cost of all lines. */
interface Took {
  readonly lines: number;
  readonly perSecond: number;
  /** Processor time per line: of the JS thread, and of all threads. */
  readonly cpuUs: number;
  readonly allCpuUs: number;
}

export async function replay(): Promise<readonly Result[]> {
  return await withFolder(async (folder) => {
    await fill(folder);
    const rounds = await inRounds(ROUNDS, async () => {
      const parsed = await parseAll(folder);
      const first = await start(folder, STARTS["first start"].without, parsed.lines);
      const replayed = await start(folder, STARTS["cold replay"].without, parsed.lines);
      return { parsed, "first start": first, "cold replay": replayed };
    });
    return (["first start", "cold replay"] as const).map((name) => {
      const starts = rounds.map((round) => ({ parsed: round.parsed, started: round[name] }));
      return resultOf(name, starts);
    });
  });
}

function resultOf(
  name: keyof typeof STARTS,
  rounds: readonly { readonly parsed: Took; readonly started: Took }[],
): Result {
  const ratio = medianOf(rounds, ({ parsed, started }) => started.perSecond / parsed.perSecond);
  const cpuTimes = medianOf(rounds, ({ parsed, started }) => started.cpuUs / parsed.cpuUs);
  const allTimes = medianOf(rounds, ({ parsed, started }) => started.allCpuUs / parsed.cpuUs);
  const figure = `${whole(medianOf(rounds, ({ started }) => started.perSecond))} entries/s of ` +
    `${whole(medianOf(rounds, ({ started }) => started.lines))}, JSON.parse ` +
    `${whole(medianOf(rounds, ({ parsed }) => parsed.perSecond))} lines/s; ` +
    `CPU ${cpuTimes.toFixed(1)} times that of JSON.parse, ` +
    `${allTimes.toFixed(1)} in all threads, ` +
    `${medianOf(rounds, ({ started }) => started.cpuUs).toFixed(1)} us an entry`;
  return { name: `${name} against JSON.parse`, figure, ratio, target: STARTS[name].target };
}

/** Jobs of three tasks, all done. */
async function fill(folder: string): Promise<void> {
  const daybook = await openDaybook(folder, [...SEGMENT, "--max-running", String(IN_FLIGHT)]);
  await many(JOBS, () => runCode(daybook.engine));
  await daybook.stop(() => Promise.resolve());
}

/** Segment by segment: all lines at once would be a heap that later collections have to search. */
export async function parseAll(folder: string): Promise<Took> {
  let [lines, ms, cpuUs] = [0, 0, 0];
  for await (const { name } of Deno.readDir(`${folder}/segments`)) {
    const text = await Deno.readTextFile(`${folder}/segments/${name}`);
    const all = text.split("\n").filter((line) => line !== "");
    const [started, cpuBefore] = [performance.now(), threadCpuUs(Deno.pid)];
    let last: unknown;
    for (const line of all) last = JSON.parse(line);
    if (last === undefined) throw new Error("nothing was parsed");
    lines += all.length;
    ms += performance.now() - started;
    cpuUs += threadCpuUs(Deno.pid) - cpuBefore;
  }
  return { lines, perSecond: perSecond(lines, ms), cpuUs: cpuUs / lines, allCpuUs: cpuUs / lines };
}

/** Measures only the start, which reads, checks and projects every line. */
async function start(folder: string, without: readonly string[], lines: number): Promise<Took> {
  for (const name of without) await emptied(`${folder}/${name}`);
  const [cpuBefore, allBefore] = [threadCpuUs(Deno.pid), processCpuUs(Deno.pid)];
  const started = performance.now();
  const daybook: Daybook = await openDaybook(folder, SEGMENT);
  const took = {
    lines,
    perSecond: perSecond(lines, performance.now() - started),
    cpuUs: (threadCpuUs(Deno.pid) - cpuBefore) / lines,
    allCpuUs: (processCpuUs(Deno.pid) - allBefore) / lines,
  };
  if (daybook.report.entriesReplayed < lines) throw new Error("a snapshot was used");
  await daybook.stop(() => Promise.resolve());
  return took;
}

/** A folder without its files. A process that ended early may not have made it. */
export async function emptied(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  for await (const { name } of Deno.readDir(folder)) await Deno.remove(`${folder}/${name}`);
}
