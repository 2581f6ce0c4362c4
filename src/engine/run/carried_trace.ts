/**
 * Tracing without a span collector: propagates the trace context of a request through the entries
 * and to other systems, so that their collectors can connect the spans.
 */

import { createHash } from "node:crypto";
import { formatTraceparent, type TraceIds } from "../../core/trace_ids.ts";
import type { Span, SpanStart, Tracing } from "../watches.ts";

const SPAN_ID_DIGITS = 16;

/** Begins no traces, so a job without one costs nothing. */
export const CARRIED_TRACES: Tracing = {
  beginsTraces: false,
  active: () => undefined,
  start({ parent, executionId }) {
    if (parent === undefined) throw new TypeError("Cannot continue a trace: there is none");
    return new CarriedSpan(parent, executionId);
  },
};

class CarriedSpan implements Span {
  readonly ids: TraceIds;
  readonly traceparent: string;

  constructor({ traceId, spanId }: TraceIds, executionId: SpanStart["executionId"]) {
    const ownSpanId = spanIdOf(executionId);
    this.ids = spanId === undefined ? { traceId } : { traceId, spanId: ownSpanId };
    this.traceparent = formatTraceparent(this.ids, ownSpanId);
  }

  attempt(): void {}

  end(): void {}
}

/** As unique as a random id, since no two attempts share an execution id, and reproducible. */
function spanIdOf(executionId: string): string {
  const digest = createHash("sha256").update(executionId).digest("hex");
  return digest.slice(0, SPAN_ID_DIGITS).replace(/^0{16}$/, "0000000000000001");
}
