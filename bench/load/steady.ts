/** Requests at a rate of their own, whatever the server makes of them. */

const TICK_MS = 10;

/**
 * Posts one body so often a second, for so long, and resolves when all were answered.
 *
 * @throws {Error} when a request is not answered with 2xx.
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
  for (let sent = 0; sent < perSecond * seconds;) {
    for (const due = (performance.now() - began) * perSecond / 1_000; sent < due; sent++) {
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
