/** Where a request is in its trace. */

import { type TraceIds, traceIdsOf } from "../core/trace_ids.ts";
import { withTrace } from "../engine/requests.ts";
import type { EventDocument } from "./event_documents.ts";

/** Who collects spans, of the request that is being answered. */
export interface RequestSpans {
  /** Where the request is in its trace. */
  active(): TraceIds | undefined;
  /** Tells which route it takes, after which its span is named: paths are as many as jobs. */
  routed(method: string, route: string): void;
}

/** The span of the request where there is one, else what its `traceparent` says. */
export function traceOf(
  { headers }: Request,
  spans: RequestSpans | undefined,
): TraceIds | undefined {
  return spans?.active() ?? traceIdsOf(headers.get("traceparent"));
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
