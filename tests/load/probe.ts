/**
 * Requests paths of a real server repeatedly from a separate thread, like a supervisor in another
 * process, so that the test's own work does not add to the response times.
 */

const EVERY_MS = 10;

/** Of one answer, in milliseconds. */
export interface Wait {
  readonly tookMs: number;
  /**
   * Time in which the server's main thread was ready but had no processor. Zero if the system does
   * not report it.
   */
  readonly starvedMs: number;
  /** How long the server's main thread worked meanwhile; `tookMs` if the system does not report it. */
  readonly workedMs: number;
}

interface ProbeRequest {
  readonly urls: readonly string[];
  /** Of the server. */
  readonly pid: number;
}

export interface Probe {
  /** Stops, and returns all response times by address. */
  end(): Promise<readonly (readonly Wait[])[]>;
}

/** Resolves when it has started. */
export async function probing(request: ProbeRequest): Promise<Probe> {
  const worker = new Worker(import.meta.url, { type: "module" });
  const said = () =>
    new Promise<readonly (readonly Wait[])[]>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  const begun = said();
  worker.postMessage(request);
  await begun;
  return {
    async end() {
      const waits = said();
      worker.postMessage("end");
      return await waits.finally(() => worker.terminate());
    },
  };
}

const OWN_THREAD = "thread-self";

/** How long a thread has worked, and was ready but had no processor; Linux only. */
function processorUse(
  thread: string,
): { workedMs: number; starvedMs: number } | undefined {
  try {
    const [worked, delayed] = Deno.readTextFileSync(`/proc/${thread}/schedstat`).split(" ");
    return { workedMs: Number(worked) / 1e6, starvedMs: Number(delayed) / 1e6 };
  } catch {
    return undefined;
  }
}

const PARSED = JSON.stringify({
  text: "x".repeat(100),
  list: [1, 2, { three: "four" }],
  none: null,
});
/** As many as take long in comparison with how finely the system counts. */
const PARSES = 100_000;
/** On the machine that the limits were set on, with nothing else to do. */
const PARSES_MS = 50;

/**
 * How many times as long as usual the processor works now for the same; at least 1. The time in
 * which this thread waits for a processor does not count, as it does not for the server.
 */
export function slowness(): number {
  const began = performance.now();
  const before = processorUse(OWN_THREAD);
  for (let parsed = 0; parsed < PARSES; parsed++) JSON.parse(PARSED);
  const after = processorUse(OWN_THREAD);
  const workedMs = before === undefined || after === undefined
    ? performance.now() - began
    : after.workedMs - before.workedMs;
  return Math.max(1, workedMs / PARSES_MS);
}

async function ask(url: string, pid: number, isOver: () => boolean): Promise<readonly Wait[]> {
  const waits: Wait[] = [];
  const thread = `${pid}/task/${pid}`;
  while (!isOver()) {
    const [began, before] = [performance.now(), processorUse(thread)];
    const response = await fetch(url);
    await response.body?.cancel();
    if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
    const [tookMs, use] = [performance.now() - began, processorUse(thread)];
    const [starvedMs, workedMs] = use === undefined || before === undefined
      ? [0, tookMs]
      : [use.starvedMs - before.starvedMs, use.workedMs - before.workedMs];
    waits.push({ tookMs, starvedMs, workedMs });
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  return waits;
}

/** The worker's `postMessage`, which has no target origin. */
interface WorkerScope {
  onmessage: (event: MessageEvent<ProbeRequest | "end">) => void;
  postMessage(message: "begun" | readonly (readonly Wait[])[]): void;
}

if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as WorkerScope;
  let isOver = false;
  scope.onmessage = async ({ data }) => {
    if (data === "end") {
      isOver = true;
      return;
    }
    const { urls, pid } = data;
    await Promise.all(urls.map(async (url) => await (await fetch(url)).body?.cancel()));
    scope.postMessage("begun");
    scope.postMessage(await Promise.all(urls.map((url) => ask(url, pid, () => isOver))));
  };
}
