/** Where a request is in its trace. */

import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { type TraceIds, traceIdsOf } from "../core/trace_ids.ts";
import { withTrace } from "../engine/requests.ts";
import type { EventDocument } from "./event_documents.ts";

/** Who collects spans, of the request that is being answered. */
export interface RequestSpans {
  /** Where the request is in its trace. */
  active(): TraceIds | undefined;
  /** Tells which route it takes. */
  routed(method: string, route: string): void;
}

/** The span of the request where there is one, else what its `traceparent` says. */
export function traceOf(
  { headers }: Request,
  spans: RequestSpans | undefined,
): TraceIds | undefined {
  return spans?.active() ?? traceIdsOf(headers.get("traceparent"));
}

/** Names the span of each request after its route: paths are as many as there are jobs. */
export function nameSpans(spans: RequestSpans): MiddlewareHandler {
  return async (c, next) => {
    const route = matchedRoutes(c).at(-1);
    if (route !== undefined && route.method !== "ALL") spans.routed(c.req.method, route.path);
    await next();
  };
}

/** The same events, each with ids of its own or else those of its request. */
export function tracedEvents(
  document: EventDocument,
  trace: TraceIds | undefined,
): EventDocument {
  if (trace === undefined) return document;
  const events = document.events.map((judged) =>
    judged.valid ? { valid: true as const, event: withTrace(judged.event, trace) } : judged
  );
  return { ...document, events };
}
