/** An OpenTelemetry collector for tests: accepts OTLP in JSON. */

export interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the root span of a trace. */
  readonly parentSpanId: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** The library that made it: `deno`, or `daybook`. */
  readonly scope: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Attributes of each event, such as an exception. */
  readonly events: readonly Readonly<Record<string, string>>[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** 0 unset, 1 ok, 2 error. */
  readonly status: { readonly code: number; readonly message: string };
}

type Attribute = { readonly key: string; readonly value: Readonly<Record<string, unknown>> };

interface Exported extends Omit<CollectedSpan, "attributes" | "events" | "scope"> {
  readonly attributes: readonly Attribute[];
  readonly events: readonly { readonly attributes: readonly Attribute[] }[];
}

interface TracesDocument {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly Exported[];
    }[];
  }[];
}

export class OtlpCollector {
  readonly spans: CollectedSpan[] = [];
  /** `service.name` of all exporters. */
  readonly services = new Set<string>();
  /** Everything received, as text. */
  readonly texts: string[] = [];
  /** The request paths, and the `authorization` headers. */
  readonly calls: { readonly path: string; readonly authorization: string | null }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #waiting: (() => void)[] = [];

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#take(request));
  }

  /**
   * Environment variables that make a process export to this collector, soon after a span has
   * ended.
   */
  get env(): Readonly<Record<string, string>> {
    return {
      OTEL_DENO: "true",
      OTEL_SERVICE_NAME: "daybook",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_BSP_SCHEDULE_DELAY: "20",
    };
  }

  /** Resolves with the first span that matches. */
  async span(wanted: (span: CollectedSpan) => boolean): Promise<CollectedSpan> {
    for (;;) {
      const span = this.spans.find(wanted);
      if (span !== undefined) return span;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }

  async #take(request: Request): Promise<Response> {
    const text = await request.text();
    const { pathname: path } = new URL(request.url);
    this.texts.push(text);
    this.calls.push({ path, authorization: request.headers.get("authorization") });
    if (path === "/v1/traces") this.#takeTraces(JSON.parse(text));
    for (const resolve of this.#waiting.splice(0)) resolve();
    return Response.json({});
  }

  #takeTraces({ resourceSpans }: TracesDocument): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      this.services.add(recordOf(resource.attributes)["service.name"] ?? "");
      for (const { scope, spans } of scopeSpans) {
        this.spans.push(...spans.map((span) => collected(span, scope.name)));
      }
    }
  }
}

function collected(span: Exported, scope: string): CollectedSpan {
  return {
    ...span,
    scope,
    attributes: recordOf(span.attributes),
    events: span.events.map(({ attributes }) => recordOf(attributes)),
  };
}

function recordOf(attributes: readonly Attribute[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]),
  );
}
