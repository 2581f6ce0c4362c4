/**
 * `/ui/live`: the stream of a browser tab. It only says that something has changed, and the page
 * then reloads itself. It sends at most one message a second.
 */

import type { Context } from "hono";
import type { JobId, LogId } from "../core/ids.ts";
import type { HttpDeps } from "../http/routing/http_deps.ts";
import { requestPermit } from "../http/requests/viewer.ts";
import { STATUS } from "../http/responses/problem.ts";
import { readQuery } from "../http/requests/request.ts";
import { jobId, single, wholeNumber } from "../documents/parameters.ts";
import { streamResponse } from "../http/responses/response.ts";
import { generatedBody } from "../http/stream/outlets.ts";
import { parseWholeNumber } from "../documents/fields.ts";
import type { Route } from "../http/routing/route.ts";
import { HEARTBEAT_MS } from "../http/stream/feed.ts";

/** A page that changes more often is unreadable. */
const QUIET_MS = 1_000;

const LIVE_PARAMETERS = {
  jobId: single(jobId, "Only changes of this job."),
  after: single(
    wholeNumber(0, Number.MAX_SAFE_INTEGER),
    "The position that the page already shows.",
  ),
};

export const LIVE_ROUTES: readonly Route[] = [
  { method: "GET", path: "/ui/live", scope: "read", handle: answerLive },
];

function answerLive(c: Context, deps: HttpDeps): Response {
  const { jobId, after } = readQuery(c.req.raw, LIVE_PARAMETERS);
  const lastEventId = parseWholeNumber(c.req.header("last-event-id") ?? "");
  const seen = lastEventId ?? after ?? deps.engine.headLogId;
  const options = { keeper: deps.outlets, permit: requestPermit(c) };
  const body = generatedBody((signal) => changes(deps, jobId, seen, signal), options);
  return streamResponse(body, "text/event-stream", STATUS.ok);
}

/** The messages of one stream. */
async function* changes(
  deps: HttpDeps,
  jobId: JobId | undefined,
  seen: LogId,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { engine, clock } = deps;
  const lastOf = () => jobId === undefined ? engine.headLogId : engine.job(jobId)?.lastLogId ?? 0;
  let sentLogId = seen;
  let saidAt = clock.monotonic();
  let wokeAt = -Infinity;
  yield "retry: 2000\n\n";
  while (!signal.aborted && !engine.draining) {
    const scanned = engine.headLogId;
    // A position lower than the last one sent comes from another journal, so it is also a change.
    const isNews = lastOf() !== sentLogId;
    if (isNews || clock.monotonic() - saidAt >= HEARTBEAT_MS) {
      sentLogId = lastOf();
      saidAt = clock.monotonic();
      yield `event: ${isNews ? "changed" : "still"}\nid: ${sentLogId}\ndata: ${scanned}\n\n`;
    }
    const waitMs = Math.max(0, HEARTBEAT_MS - (clock.monotonic() - saidAt));
    await engine.changed(scanned, waitMs, signal);
    await quietFor(deps, wokeAt + QUIET_MS - clock.monotonic(), signal);
    wokeAt = clock.monotonic();
  }
}

/** Waits for a time, or until the signal aborts. */
async function quietFor({ clock }: HttpDeps, delayMs: number, signal: AbortSignal): Promise<void> {
  if (delayMs <= 0 || signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.setTimer(delayMs, resolve);
  const stop = () => resolve();
  signal.addEventListener("abort", stop, { once: true });
  await promise;
  signal.removeEventListener("abort", stop);
  cancel();
}
