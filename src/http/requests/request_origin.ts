/** Where a request comes from: whose token it brings, and where it is in its trace. */

import type { Origin } from "../../core/origin.ts";
import { type TraceIds, traceIdsOf } from "../../core/trace_ids.ts";
import { withOrigin } from "../../engine/requests.ts";
import type { EventDocument } from "./event_documents.ts";
import { viewerOf } from "../guard/access.ts";

/** Who collects spans, of the request that is being answered. */
export interface RequestSpans {
  /** Where the request is in its trace. */
  active(): TraceIds | undefined;
  /** Tells which route it takes, after which its span is named: paths are as many as jobs. */
  routed(method: string, route: string): void;
}

/** Its trace is the span of the request where there is one, else what `traceparent` says. */
export function originOf(request: Request, spans: RequestSpans | undefined): Origin | undefined {
  const trace = spans?.active() ?? traceIdsOf(request.headers.get("traceparent"));
  const { name } = viewerOf(request);
  return name === undefined ? trace : { ...trace, actor: name };
}

/** The same events, each with its origin. */
export function originatedEvents(
  document: EventDocument,
  origin: Origin | undefined,
): EventDocument {
  if (origin === undefined) return document;
  const items = document.items.map((judged) =>
    judged.valid ? { valid: true as const, event: withOrigin(judged.event, origin) } : judged
  );
  return { ...document, items };
}
