/** Figures of a process, from Linux's /proc, and the programs that benchmarks need. */

/** Processor time of one thread so far, in microseconds; JavaScript runs on the main one. */
export function threadCpuUs(pid: number, thread = pid): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${thread}/schedstat`);
  return Number(text.split(" ")[0]) / 1_000;
}

/** Of Linux, on every platform that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** Processor time of all threads so far, those that have ended included, in microseconds. */
export function processCpuUs(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name of the program, in brackets, may hold spaces.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return (user + system) * 1_000_000 / TICKS_PER_SECOND;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** In MB. */
export function residentMegabytes(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1]) * 1_024 / 1e6;
}

/** Installs a package of the system where its program is missing, which only root may do. */
export async function haveProgram(program: string, debianPackage = program): Promise<boolean> {
  if (await runs(program, ["--version"])) return true;
  const args = ["install", "-y", "-qq", debianPackage];
  if (Deno.uid() === 0) await runs("apt-get", args);
  return await runs(program, ["--version"]);
}

/** Whether a program is there; what it answers to these arguments does not matter. */
async function runs(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
