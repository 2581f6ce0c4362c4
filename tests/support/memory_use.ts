/** How much memory is in use once all that can be collected is. */

import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collect: () => void = vm.runInNewContext("gc");

const MEBIBYTE = 1024 * 1024;

/** Of the heap and of buffers beside it, in MiB. */
export function usedMebibytes(): number {
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return (heapUsed + external) / MEBIBYTE;
}

/** Of a process as the system sees it, in MiB; Linux only. */
export async function residentMebibytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) / 1024;
}
