/// <reference lib="deno.worker" />
/**
 * Asks paths again and again, in a thread of its own, and tells how long each waited at most:
 * what the test itself does with answers holds it up in no way. What the server waited itself,
 * for a processor that others had, does not count, where the system tells.
 */

export interface ProbeRequest {
  readonly urls: readonly string[];
  /** Of the server. */
  readonly pid: number;
}

let goesOn = true;

/** How long the main thread of a process was ready and had no processor, in all. */
function delayedMs(pid: number): number {
  try {
    const [, delayed] = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/schedstat`).split(" ");
    return Number(delayed) / 1e6;
  } catch {
    return 0;
  }
}

async function probe(url: string, pid: number): Promise<number> {
  let longest = 0;
  while (goesOn) {
    const [began, delayedBefore] = [performance.now(), delayedMs(pid)];
    const response = await fetch(url);
    await response.body?.cancel();
    if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
    const waited = performance.now() - began - (delayedMs(pid) - delayedBefore);
    longest = Math.max(longest, waited);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return longest;
}

self.onmessage = async ({ data }: MessageEvent<ProbeRequest | "stop">) => {
  if (data === "stop") {
    goesOn = false;
    return;
  }
  const { urls, pid } = data;
  const warm = urls.map((url) => fetch(url).then((response) => response.body?.cancel()));
  await Promise.all(warm);
  self.postMessage("begun");
  self.postMessage(await Promise.all(urls.map((url) => probe(url, pid))));
  self.close();
};
