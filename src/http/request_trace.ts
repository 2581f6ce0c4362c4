/** Where a request is in its trace. */

import { type TraceIds, traceIdsOf } from "../core/trace_ids.ts";
import type { IncomingEvent } from "../engine/requests.ts";
import type { EventDocument } from "./event_documents.ts";

/** What somebody who collects spans knows of the request that is being answered. */
export type ActiveTrace = () => TraceIds | undefined;

/** The span of the request where there is one, else what its `traceparent` says. */
export function traceOf(
  { headers }: Request,
  active: ActiveTrace | undefined,
): TraceIds | undefined {
  return active?.() ?? traceIdsOf(headers.get("traceparent"));
}

/** The same events, each with ids of its own or else those of its request. */
export function tracedEvents(
  document: EventDocument,
  trace: TraceIds | undefined,
): EventDocument {
  if (trace === undefined) return document;
  const events = document.events.map((judged) =>
    judged.valid ? { valid: true as const, event: traced(judged.event, trace) } : judged
  );
  return { ...document, events };
}

function traced(event: IncomingEvent, trace: TraceIds): IncomingEvent {
  const isTraced = event.traceId !== undefined || event.spanId !== undefined;
  return isTraced ? event : { ...event, ...trace };
}
