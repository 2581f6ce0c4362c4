/** Sends events at a steady pace, whether or not the server keeps up. */

import { pause } from "../system.ts";
import { sentAt } from "./stream_readers.ts";

const TICK_MS = 10;
/** A server that is this far behind gets no more requests. */
const OPEN_MAX = 200;

/** Resolves when they have all been answered. */
export async function publish(
  url: string,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<void> {
  const open = new Set<Promise<void>>();
  const started = performance.now();
  let sent = 0;
  for (let elapsedMs = 0; elapsedMs < seconds * 1_000;) {
    for (; sent < elapsedMs * perSecond / 1_000 && open.size < OPEN_MAX; sent++) {
      const answered = publishOne(url).finally(() => open.delete(answered));
      open.add(answered);
    }
    await pause(TICK_MS);
    elapsedMs = performance.now() - started;
  }
  await Promise.all(open);
}

async function publishOne(url: string): Promise<void> {
  const event = { eventType: "bench.stream.Sent", attributes: { sentAt: sentAt() } };
  const response = await fetch(`${url}/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(event),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`Cannot publish: ${response.status}`);
}
