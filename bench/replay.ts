/** A cold start of the whole engine, against bare `JSON.parse` of the same lines. */

import { paired, perSecond } from "./figures.ts";
import { IN_FLIGHT, many, openDaybook, type Result, runCode } from "./fixtures.ts";
import { withFolder } from "./folder.ts";

const JOBS = 20_000;
const ROUNDS = 5;

export async function replay(): Promise<Result> {
  return await withFolder(async (folder) => {
    await fill(folder);
    const lines = await readLines(folder);
    const { baseline, measured, ratio } = await paired(
      ROUNDS,
      () => Promise.resolve(parseAll(lines)),
      () => replayAll(folder, lines.length),
    );
    const figure = `${Math.round(measured)} entries/s of ${lines.length}, ` +
      `JSON.parse ${Math.round(baseline)} lines/s`;
    return { name: "cold replay against JSON.parse", figure, ratio, target: 0.5 };
  });
}

/** Jobs of three tasks, all done; no snapshot is left that would shorten the replay. */
async function fill(folder: string): Promise<void> {
  const daybook = await openDaybook(folder, ["--max-running", String(IN_FLIGHT)]);
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

function parseAll(lines: readonly string[]): number {
  const started = performance.now();
  let last: unknown;
  for (const line of lines) last = JSON.parse(line);
  if (last === undefined) throw new Error("nothing was parsed");
  return perSecond(lines.length, performance.now() - started);
}

/** Only the start is timed; it reads, checks and projects every line. */
async function replayAll(folder: string, entries: number): Promise<number> {
  const started = performance.now();
  const daybook = await openDaybook(folder);
  const elapsedMs = performance.now() - started;
  if (daybook.report.entriesReplayed < entries) throw new Error("a snapshot was used");
  await daybook.stop(() => Promise.resolve());
  await dropSnapshots(folder);
  return perSecond(entries, elapsedMs);
}
