/** Requests at a fixed rate, as long as the server keeps up. */

const TICK_MS = 10;
/** The most unanswered requests at a time: a slower server gets fewer. */
const UNANSWERED_MAX = 1_000;

/**
 * Posts a body this many times a second for this long, or less often if the server is too slow.
 * Resolves when all requests are answered.
 *
 * @throws {Error} if a request is not answered with 2xx.
 */
export async function postSteadily(
  url: string,
  body: string,
  perSecond: number,
  seconds: number,
): Promise<void> {
  const headers = { "content-type": "application/json", prefer: "return=minimal" };
  const onTheirWay = new Set<Promise<void>>();
  const began = performance.now();
  for (let ms = 0, sent = 0; ms < seconds * 1_000; ms = performance.now() - began) {
    for (; sent < ms * perSecond / 1_000 && onTheirWay.size < UNANSWERED_MAX; sent++) {
      const answer = post(url, { method: "POST", headers, body });
      onTheirWay.add(answer);
      void answer.finally(() => onTheirWay.delete(answer)).catch(() => {});
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(onTheirWay);
}

async function post(url: string, init: RequestInit): Promise<void> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`Cannot POST ${url}: ${response.status} ${text}`);
}
