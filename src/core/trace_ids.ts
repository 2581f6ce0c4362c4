/**
 * Trace context, as W3C defines it: https://www.w3.org/TR/trace-context/. It is recorded with
 * events, and influences nothing.
 */

export interface TraceIds {
  /** 32 lower-case hex digits, not all of them 0. */
  readonly traceId: string;
  /**
   * 16 lower-case hex digits, not all of them 0. Absent in a trace that is not sampled: there is no
   * span with such an id, and later spans are not sampled either.
   */
  readonly spanId?: string;
}

/** Later versions may append fields with an unknown meaning. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

const TRACE_ID = /^(?!0{32}$)[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16}$)[0-9a-f]{16}$/;

const SAMPLED = 0x01;

/** The span id of an unsampled trace, for formats that require one. */
export const UNSAMPLED_SPAN_ID = "0000000000000001";

/** The ids in a `traceparent`; `undefined` for an invalid one, which must be ignored. */
export function parseTraceparent(traceparent: unknown): TraceIds | undefined {
  if (typeof traceparent !== "string") return undefined;
  const [, version, traceId = "", spanId = "", flags = "", rest] = TRACEPARENT.exec(traceparent) ??
    [];
  if (version === undefined || version === "ff") return undefined;
  if (version === "00" && rest !== undefined) return undefined;
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId)) return undefined;
  return (parseInt(flags, 16) & SAMPLED) === 0 ? { traceId } : { traceId, spanId };
}

export function formatTraceparent({ traceId, spanId }: TraceIds, ownSpanId = spanId): string {
  const flags = spanId === undefined ? "00" : "01";
  return `00-${traceId}-${ownSpanId ?? UNSAMPLED_SPAN_ID}-${flags}`;
}

/** The trace context of an entry. Ids from senders may have another form. */
export function traceOfEntry({ traceId, spanId }: Partial<TraceIds>): TraceIds | undefined {
  if (traceId === undefined || !TRACE_ID.test(traceId)) return undefined;
  if (spanId === undefined) return { traceId };
  return SPAN_ID.test(spanId) ? { traceId, spanId } : undefined;
}

/** The ids of an event, in any form, to pass on to an event that it causes. */
export function traceFields({ traceId, spanId }: Partial<TraceIds>): Partial<TraceIds> | undefined {
  if (traceId === undefined && spanId === undefined) return undefined;
  return {
    ...(traceId === undefined ? {} : { traceId }),
    ...(spanId === undefined ? {} : { spanId }),
  };
}

/** The origin of a request. It is recorded with the effects, and does not influence them. */
export interface Origin extends Partial<TraceIds> {
  /** The name beside the token of the request; absent when it is unknown. */
  readonly actor?: string;
}
