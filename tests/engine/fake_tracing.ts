/** Collects spans in a test, with ids that count up. */

import { AsyncLocalStorage } from "node:async_hooks";
import { formatTraceparent, type TraceIds } from "../../src/core/trace_ids.ts";
import type { Span, SpanEnd, SpanStart, Tracing } from "../../src/engine/watches.ts";

export class FakeSpan implements Span {
  readonly ids: Required<TraceIds>;
  readonly traceparent: string;
  readonly ends: SpanEnd[] = [];
  number: number | undefined;

  constructor(
    readonly start: SpanStart,
    spanId: string,
    private readonly active: AsyncLocalStorage<FakeSpan>,
  ) {
    const traceId = start.parent?.traceId ?? `${"f".repeat(16)}${spanId}`;
    this.ids = { traceId, spanId };
    this.traceparent = formatTraceparent(this.ids);
  }

  attempt(attempt: number): void {
    this.number = attempt;
  }

  within<Result>(work: () => Result): Result {
    return this.active.run(this, work);
  }

  end(end: SpanEnd): void {
    this.ends.push(end);
  }
}

export class FakeTracing implements Tracing {
  readonly beginsTraces = true;
  readonly spans: FakeSpan[] = [];
  readonly #active = new AsyncLocalStorage<FakeSpan>();

  /** The span of the caller. */
  get current(): FakeSpan | undefined {
    return this.#active.getStore();
  }

  active(): TraceIds | undefined {
    return this.current?.ids;
  }

  start(start: SpanStart): FakeSpan {
    const spanId = (this.spans.length + 1).toString(16).padStart(16, "0");
    const span = new FakeSpan(start, spanId, this.#active);
    this.spans.push(span);
    return span;
  }

  /** `kind taskId#attempt end` of each span, in the order of their starts. */
  get story(): readonly string[] {
    return this.spans.map(({ start, number, ends }) =>
      `${start.kind} ${start.taskId}#${number ?? "?"} ${ends.map(endText).join("+") || "open"}`
    );
  }
}

function endText(end: SpanEnd): string {
  switch (end.kind) {
    case "completed":
      return "completed";
    case "interrupted":
      return end.reason;
    case "failed":
      return `${end.error.name}: ${end.error.message}`;
  }
}
