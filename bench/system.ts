/** Figures of processes from Linux's /proc, the programs that benchmarks need, and the disk. */

import { perSecond } from "./figures.ts";
import { withFolder } from "./folder.ts";

/** Processor time of one thread so far, in microseconds. JavaScript runs on the main thread. */
export function threadCpuUs(pid: number, thread = pid): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${thread}/schedstat`);
  return Number(text.split(" ")[0]) / 1_000;
}

/** Linux's value on every platform that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** Processor time of all threads so far, including ended ones, in microseconds. */
export function processCpuUs(pid: number): number {
  const [user = NaN, system = NaN] = fieldsOf(pid).slice(11, 13);
  return (user + system) * 1_000_000 / TICKS_PER_SECOND;
}

/** Processor time of these processes and all that they started, including ended ones. */
export function treeCpuUs(pids: readonly number[]): number {
  return sumOf(withChildren(pids), (pid) => {
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fieldsOf(pid).slice(11, 15);
    return (user + system + endedUser + endedSystem) * 1_000_000 / TICKS_PER_SECOND;
  });
}

/** Processor time of the main threads of these processes. */
export function mainThreadsCpuUs(pids: readonly number[]): number {
  return sumOf(pids, (pid) => threadCpuUs(pid));
}

/** Resident memory of these processes and all that they started, in MB; shared pages count once. */
export function treeMegabytes(pids: readonly number[]): number {
  return sumOf(withChildren(pids), (pid) => {
    const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) * 1_024 / 1e6;
  });
}

function withChildren(pids: readonly number[]): readonly number[] {
  const found = new Set(pids);
  const parents = new Map<number, number>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    if (pid > 0) unlessGone(() => parents.set(pid, fieldsOf(pid)[1] ?? 0));
  }
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** A process that ends meanwhile counts as nothing. */
function sumOf(pids: readonly number[], figureOf: (pid: number) => number): number {
  return pids.reduce((sum, pid) => sum + (unlessGone(() => figureOf(pid)) ?? 0), 0);
}

function unlessGone<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch (error) {
    // The error depends on how far the process has ended.
    if (error instanceof Deno.errors.NotFound || `${error}`.includes("os error 3")) return;
    throw error;
  }
}

/** The fields of `/proc/.../stat` from the process state on; the state itself becomes NaN. */
function fieldsOf(pid: number): readonly number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name of the program, in brackets, may contain spaces.
  return text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const LOOK_MS = 500;
const QUIET_SHARE = 0.05;
const QUIET_LOOKS_MAX = 120;

/** Resolves when the main thread of a process has next to nothing to do, or after a minute. */
export async function untilQuiet(pid: number): Promise<void> {
  for (let look = 0, before = threadCpuUs(pid); look < QUIET_LOOKS_MAX; look++) {
    await pause(LOOK_MS);
    const now = threadCpuUs(pid);
    if (now - before < QUIET_SHARE * LOOK_MS * 1_000) return;
    before = now;
  }
}

/** In MB: now, or the peak. */
export function residentMegabytes(pid: number, which: "VmRSS" | "VmHWM" = "VmRSS"): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(new RegExp(`${which}:\\s+(\\d+) kB`).exec(text)?.[1]) * 1_024 / 1e6;
}

/** Resolves when a process has ended, even if it has ended by itself. */
export async function endProcess(child: Deno.ChildProcess, signal: Deno.Signal): Promise<void> {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  await child.status;
}

/** Installs a system package if its program is missing, which only root may do. */
export async function haveProgram(program: string, debianPackage = program): Promise<boolean> {
  if (await runs(program, ["--version"])) return true;
  if (Deno.uid() === 0) {
    // A new machine may have no list of packages yet.
    await runs("apt-get", ["update", "-qq"]);
    await runs("apt-get", ["install", "-y", "-qq", debianPackage]);
  }
  return await runs(program, ["--version"]);
}

/** Whether a program exists; its answer to these arguments does not matter. */
async function runs(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Size of a block that is synced. */
const BLOCK_BYTES = 4_096;
const SYNCS_MEASURED_MS = 1_000;

/** Blocks written and synced a second: nothing that waits for the disk can be faster. */
export function syncRate(): Promise<number> {
  return withFolder(async (folder) => {
    using file = await Deno.open(`${folder}/synced`, { write: true, create: true });
    const block = new Uint8Array(BLOCK_BYTES).fill(0x61);
    const started = performance.now();
    let syncs = 0;
    for (; performance.now() - started < SYNCS_MEASURED_MS; syncs++) {
      await file.write(block);
      await file.syncData();
    }
    return perSecond(syncs, performance.now() - started);
  });
}
