/**
 * Spans for OpenTelemetry, which Deno collects and exports when `OTEL_DENO` is set. Deno itself
 * creates spans for incoming requests and for `fetch`; these are the spans between them.
 */

import {
  type Attributes,
  context,
  INVALID_TRACEID,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from "@opentelemetry/api";
import { messageText } from "../core/error_text.ts";
import { formatTraceparent, type TraceIds, UNSAMPLED_SPAN_ID } from "../core/trace_ids.ts";
import type { Span, SpanEnd, SpanStart, Tracing } from "../engine/watches.ts";

export class OpenTelemetry implements Tracing {
  readonly beginsTraces = true;
  readonly #tracer: Tracer;

  private constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** `undefined` when no spans are collected. */
  static find(version: string): OpenTelemetry | undefined {
    const tracer = trace.getTracer("daybook", version);
    // A span that is never ended is never exported.
    const probe = tracer.startSpan("probe", { root: true }).spanContext();
    return probe.traceId === INVALID_TRACEID ? undefined : new OpenTelemetry(tracer);
  }

  /** The position in its trace of the request that is being answered. */
  active(): TraceIds | undefined {
    const span = trace.getActiveSpan();
    return span === undefined ? undefined : toTraceIds(span.spanContext());
  }

  /** Renames the request's span, since Deno does not know routes. */
  routed(method: string, route: string): void {
    trace.getActiveSpan()?.updateName(`${method} ${route}`).setAttribute("http.route", route);
  }

  start(start: SpanStart): Span {
    const { parent, link } = start;
    const options = {
      kind: start.kind === "run" ? SpanKind.CONSUMER : SpanKind.INTERNAL,
      attributes: spanAttributes(start),
      ...(link === undefined ? {} : { links: [{ context: toSpanContext(link) }] }),
    };
    const place = parent === undefined
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, toSpanContext(parent));
    return new CollectedSpan(this.#tracer.startSpan(spanName(start), options, place));
  }
}

/** Few distinct names; attributes tell spans apart. */
function spanName({ kind, jobType, taskId }: SpanStart): string {
  return kind === "run" ? `run ${jobType}` : `${kind} ${taskId}`;
}

function spanAttributes({ kind, jobId, jobType, taskId, executionId }: SpanStart): Attributes {
  return {
    "daybook.job.id": jobId,
    "daybook.job.type": jobType,
    "daybook.task.id": taskId,
    "daybook.execution.id": executionId,
    "daybook.phase": kind,
  };
}

function toTraceIds({ traceId, spanId, traceFlags }: SpanContext): TraceIds {
  return (traceFlags & TraceFlags.SAMPLED) === 0 ? { traceId } : { traceId, spanId };
}

function toSpanContext({ traceId, spanId }: TraceIds): SpanContext {
  return {
    traceId,
    spanId: spanId ?? UNSAMPLED_SPAN_ID,
    traceFlags: spanId === undefined ? TraceFlags.NONE : TraceFlags.SAMPLED,
    isRemote: true,
  };
}

class CollectedSpan implements Span {
  readonly ids: TraceIds;
  readonly traceparent: string;

  constructor(private readonly span: OtelSpan) {
    const place = span.spanContext();
    this.ids = toTraceIds(place);
    this.traceparent = formatTraceparent(this.ids, place.spanId);
  }

  attempt(attempt: number): void {
    this.span.setAttribute("daybook.attempt", attempt);
  }

  within<Result>(work: () => Result): Result {
    return context.with(trace.setSpan(ROOT_CONTEXT, this.span), work);
  }

  end(end: SpanEnd): void {
    if (end.kind === "interrupted") {
      this.span.setAttribute("daybook.interrupted", end.reason);
    }
    if (end.kind === "failed") {
      const { name, stack } = end.error;
      const message = messageText(end.error);
      this.span.setAttribute("error.type", name);
      this.span.setStatus({ code: SpanStatusCode.ERROR, message });
      this.span.recordException({ name, message, ...(stack === undefined ? {} : { stack }) });
    }
    this.span.end();
  }
}
