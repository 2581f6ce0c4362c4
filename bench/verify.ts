/** `journal verify` of a million entries, compared with `JSON.parse` of the same lines. */

import type { EventType } from "../src/core/ids.ts";
import { DEFAULT_POLICY, type JobPlan } from "../src/core/job_plan.ts";
import { paired, perSecond } from "./figures.ts";
import type { Daybook } from "../src/server/daybook.ts";
import { IN_FLIGHT, many, openDaybook, PAYLOAD, type Result, runCode } from "./fixtures.ts";
import { withFolder } from "./folder.ts";

const CODE_JOBS = 60_000;
const PLAN_JOBS = 110_000;
const ROUNDS = 3;
const SAMPLE_MS = 50;
const COMMAND = new URL("../src/cli/journal.ts", import.meta.url).pathname;
const EVENT_TYPE = "bench.parcel.ParcelArrived" as EventType;

interface Run {
  readonly entries: number;
  readonly durationMs: number;
  readonly wallMs: number;
  /** Peak resident memory, in MB. */
  readonly peakMegabytes: number;
}

export async function verify(): Promise<Result> {
  return await withFolder(async (folder) => {
    await fill(folder);
    let last: Run | undefined;
    const { baseline, measured, ratio } = await paired(ROUNDS, () => parseAll(folder), async () => {
      last = await verifyOnce(folder);
      return perSecond(last.entries, last.durationMs);
    });
    if (last === undefined) throw new Error("Cannot report: nothing was verified");
    const figure = `${Math.round(measured)} entries/s of ${last.entries}, ` +
      `${Math.round(last.wallMs)} ms with the start of the process, ` +
      `${last.peakMegabytes} MB resident at most, JSON.parse ${Math.round(baseline)} lines/s`;
    return { name: "journal verify against JSON.parse", figure, ratio, target: 0.2 };
  });
}

/** Jobs of three tasks, and plans that a single event completes, with snapshots. */
async function fill(folder: string): Promise<void> {
  const daybook = await openDaybook(folder, ["--max-running", String(IN_FLIGHT)]);
  await many(CODE_JOBS, () => runCode(daybook.engine));
  await many(PLAN_JOBS, (number) => runPlan(daybook, number));
  await daybook.stop(() => Promise.resolve());
}

async function runPlan({ engine }: Daybook, parcel: number): Promise<void> {
  await engine.create({ plan: planFor(parcel) });
  const attributes = { parcel, note: PAYLOAD };
  await engine.deliver([{ eventType: EVENT_TYPE, stratum: "domain", attributes }]);
}

function planFor(parcel: number): JobPlan {
  const matcher = { eventType: EVENT_TYPE, correlation: { equals: { parcel } } };
  const expectation = { id: "arrived", kind: "DomainFact", matcher, multiplicity: "ExactlyOnce" };
  return { expected: [expectation] as JobPlan["expected"], policy: DEFAULT_POLICY };
}

async function parseAll(folder: string): Promise<number> {
  let lines = 0;
  let elapsedMs = 0;
  for await (const { name } of Deno.readDir(`${folder}/segments`)) {
    const text = await Deno.readTextFile(`${folder}/segments/${name}`);
    const found = text.split("\n").filter((line) => line !== "");
    const started = performance.now();
    for (const line of found) JSON.parse(line);
    elapsedMs += performance.now() - started;
    lines += found.length;
  }
  return perSecond(lines, elapsedMs);
}

async function verifyOnce(folder: string): Promise<Run> {
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", COMMAND, "verify", "--no-server", "--journal", folder],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let peakMegabytes = 0;
  const sampling = setInterval(() => peakMegabytes = peakOf(child.pid) ?? peakMegabytes, SAMPLE_MS);
  const { stdout, code } = await child.output();
  clearInterval(sampling);
  if (code !== 0) throw new Error(`Cannot verify: exit code ${code}`);
  const { head, durationMs } = JSON.parse(new TextDecoder().decode(stdout));
  return { entries: head.logId, durationMs, wallMs: performance.now() - started, peakMegabytes };
}

/** From Linux's /proc, in MB; `undefined` if the process has ended, or on another system. */
function peakOf(pid: number): number | undefined {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1_000);
  } catch {
    return undefined;
  }
}
