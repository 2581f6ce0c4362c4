/** A cold start of the whole engine, compared with `JSON.parse` of the same lines. */

import type { Daybook } from "../src/server/daybook.ts";
import { inRounds, medianOf, perSecond, whole } from "./figures.ts";
import { IN_FLIGHT, many, openDaybook, type Result, runCode } from "./fixtures.ts";
import { withFolder } from "./folder.ts";
import { processCpuUs, threadCpuUs } from "./system.ts";

const JOBS = 20_000;
const ROUNDS = 5;
/** Small, because a start copies the last segment, which is not part of the replay. */
const SEGMENT = ["--segment-bytes", String(4 * 1024 * 1024)];

/** The cost of all lines. */
interface Took {
  readonly perSecond: number;
  /** Processor time per line: of the JS thread, and of all threads. */
  readonly cpuUs: number;
  readonly allCpuUs: number;
}

export async function replay(): Promise<Result> {
  return await withFolder(async (folder) => {
    await fill(folder);
    const lines = await readLines(folder);
    const rounds = await inRounds(ROUNDS, async () => ({
      parsed: await took(lines.length, () => Promise.resolve(parseAll(lines))),
      started: await replayAll(folder, lines.length),
    }));
    const ratio = medianOf(rounds, ({ parsed, started }) => started.perSecond / parsed.perSecond);
    const cpuTimes = medianOf(rounds, ({ parsed, started }) => started.cpuUs / parsed.cpuUs);
    const allTimes = medianOf(rounds, ({ parsed, started }) => started.allCpuUs / parsed.cpuUs);
    const figure = `${whole(medianOf(rounds, ({ started }) => started.perSecond))} entries/s of ` +
      `${whole(lines.length)}, JSON.parse ` +
      `${whole(medianOf(rounds, ({ parsed }) => parsed.perSecond))} lines/s; ` +
      `CPU ${cpuTimes.toFixed(1)} times that of JSON.parse, ${
        allTimes.toFixed(1)
      } in all threads, ` +
      `${medianOf(rounds, ({ started }) => started.cpuUs).toFixed(1)} us an entry`;
    return { name: "cold replay against JSON.parse", figure, ratio, target: 0.6 };
  });
}

async function took(lines: number, work: () => Promise<void>): Promise<Took> {
  const [started, cpuBefore] = [performance.now(), threadCpuUs(Deno.pid)];
  const allBefore = processCpuUs(Deno.pid);
  await work();
  const cpuUs = (threadCpuUs(Deno.pid) - cpuBefore) / lines;
  const allCpuUs = (processCpuUs(Deno.pid) - allBefore) / lines;
  return { perSecond: perSecond(lines, performance.now() - started), cpuUs, allCpuUs };
}

/** Jobs of three tasks, all done, without a snapshot that would shorten the replay. */
async function fill(folder: string): Promise<void> {
  const daybook = await openDaybook(folder, [...SEGMENT, "--max-running", String(IN_FLIGHT)]);
  await many(JOBS, () => runCode(daybook.engine));
  await daybook.stop(() => Promise.resolve());
  await dropSnapshots(folder);
}

async function dropSnapshots(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(`${folder}/snapshots`)) {
    await Deno.remove(`${folder}/snapshots/${name}`);
  }
}

async function readLines(folder: string): Promise<readonly string[]> {
  const lines: string[] = [];
  const names = await Array.fromAsync(Deno.readDir(`${folder}/segments`), ({ name }) => name);
  for (const name of names.toSorted()) {
    const text = await Deno.readTextFile(`${folder}/segments/${name}`);
    for (const line of text.split("\n")) if (line !== "") lines.push(line);
  }
  return lines;
}

function parseAll(lines: readonly string[]): void {
  let last: unknown;
  for (const line of lines) last = JSON.parse(line);
  if (last === undefined) throw new Error("nothing was parsed");
}

/** Measures only the start, which reads, checks and projects every line. */
async function replayAll(folder: string, entries: number): Promise<Took> {
  const opened: Daybook[] = [];
  const start = await took(
    entries,
    async () => void opened.push(await openDaybook(folder, SEGMENT)),
  );
  for (const daybook of opened) {
    if (daybook.report.entriesReplayed < entries) throw new Error("a snapshot was used");
    await daybook.stop(() => Promise.resolve());
  }
  await dropSnapshots(folder);
  return start;
}
