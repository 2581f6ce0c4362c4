/// <reference lib="webworker" />
/**
 * Asks paths again and again, in a thread of its own, and tells how long each waited at most:
 * what the test itself does with answers holds it up in no way.
 */

let goesOn = true;

async function probe(url: string): Promise<number> {
  let longest = 0;
  while (goesOn) {
    const began = performance.now();
    const response = await fetch(url);
    await response.body?.cancel();
    if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
    longest = Math.max(longest, performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return longest;
}

self.onmessage = async ({ data }: MessageEvent<readonly string[] | "stop">) => {
  if (data === "stop") {
    goesOn = false;
    return;
  }
  const warm = data.map((url) => fetch(url).then((response) => response.body?.cancel()));
  await Promise.all(warm);
  self.postMessage("begun");
  self.postMessage(await Promise.all(data.map(probe)));
  self.close();
};
