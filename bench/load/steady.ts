/** Requests at a fixed rate, as long as the server keeps up. */

import { pause } from "../system.ts";
import { sentAt } from "./stream_readers.ts";

const TICK_MS = 10;

interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
}

/**
 * Posts a body at this pace, or more slowly if the server does not keep up. Resolves when all
 * requests are answered.
 *
 * @throws {Error} if a request is not answered with 2xx.
 */
export async function postSteadily(url: string, body: string, pace: Pace): Promise<void> {
  const headers = { prefer: "return=minimal" };
  await steadily(pace, 1_000, () => post(url, body, headers));
}

/** The same for events that say when they were sent. */
export async function publish(url: string, pace: Pace): Promise<void> {
  await steadily(pace, 200, () => {
    const event = { eventType: "bench.stream.Sent", attributes: { sentAt: sentAt() } };
    return post(`${url}/events`, JSON.stringify(event));
  });
}

/** @param openMax The most unanswered requests at a time: a slower server gets fewer. */
async function steadily(
  { perSecond, seconds }: Pace,
  openMax: number,
  send: () => Promise<void>,
): Promise<void> {
  const open = new Set<Promise<void>>();
  const began = performance.now();
  for (let ms = 0, sent = 0; ms < seconds * 1_000; ms = performance.now() - began) {
    for (; sent < ms * perSecond / 1_000 && open.size < openMax; sent++) {
      const answered = send();
      open.add(answered);
      void answered.finally(() => open.delete(answered)).catch(() => {});
    }
    await pause(TICK_MS);
  }
  await Promise.all(open);
}

async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Cannot POST ${url}: ${response.status} ${text}`);
}
