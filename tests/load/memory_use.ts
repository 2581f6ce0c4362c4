/** Resources of a process: memory after garbage collection, and processor time. */

import v8 from "node:v8";
import vm from "node:vm";
import type { DaybookProcess } from "../support/process/daybook_process.ts";

v8.setFlagsFromString("--expose-gc");
const collect: () => void = vm.runInNewContext("gc");

const MEBIBYTE = 1024 * 1024;

/** Heap and external buffers, in MiB. */
export function usedMebibytes(): number {
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return (heapUsed + external) / MEBIBYTE;
}

/** `limited_server.ts` as a script that `mebibytesInUse` can ask. */
export const COLLECTING_SERVER = new URL("collecting_server.ts", import.meta.url).pathname;

/** The same of such a process. */
export async function mebibytesInUse(server: DaybookProcess): Promise<number> {
  const from = server.output.length;
  server.signal("SIGUSR2");
  for (;;) {
    const line = server.output.slice(from).find((line) => line.startsWith("in use:"));
    if (line !== undefined) return Number(/[\d.]+/.exec(line)?.[0]);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Resident memory of a process, in MiB; Linux only. */
export function residentMebibytes(pid: number): Promise<number> {
  return ofStatus(pid, /VmRSS:\s+(\d+) kB/);
}

/** The peak since the process started. */
export function peakMebibytes(pid: number): Promise<number> {
  return ofStatus(pid, /VmHWM:\s+(\d+) kB/);
}

/** How long its main thread was ready to run and got no processor, in ms; Linux only. */
export function processorWaitMs(pid: number): Promise<number> {
  return ofMainThread(pid, 1);
}

/** How long its main thread had a processor, in ms; Linux only. */
export function processorMs(pid: number): Promise<number> {
  return ofMainThread(pid, 0);
}

async function ofMainThread(pid: number, column: number): Promise<number> {
  const statistics = await Deno.readTextFile(`/proc/${pid}/schedstat`);
  return Number(statistics.split(" ")[column]) / 1e6;
}

async function ofStatus(pid: number, line: RegExp): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(line.exec(status)?.[1] ?? NaN) / 1024;
}
