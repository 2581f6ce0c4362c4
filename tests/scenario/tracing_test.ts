/** A trace through the real process: from the request through each task to the called service. */

import assert from "node:assert/strict";
import { SECRET_MARK } from "../../src/core/sealed_input.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { type CollectedSpan, OtlpCollector } from "./otlp_collector.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const DEFINITIONS = new URL("./traced_definitions.ts", import.meta.url).pathname;

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const CALLER = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE_ID}-${CALLER}-01`;

interface Entry {
  readonly eventType: string;
  readonly taskId?: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The service that the tasks call: notes the callers, and fails the first call after the wait. */
class Callee {
  readonly traceparents = new Map<string, string | null>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, async (request) => {
      await request.body?.cancel();
      const { pathname } = new URL(request.url);
      this.traceparents.set(pathname, request.headers.get("traceparent"));
      return new Response("", { status: pathname === "/after-1" ? 503 : 200 });
    });
  }

  get host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }
}

interface Scene {
  readonly collector: OtlpCollector;
  readonly callee: Callee;
  start(env?: Readonly<Record<string, string>>): Promise<DaybookProcess>;
}

function inScene(play: (scene: Scene) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const [collector, callee] = [new OtlpCollector(), new Callee()];
    const started: DaybookProcess[] = [];
    const start = async (env = collector.env) => {
      const daybook = await DaybookProcess.start({
        journal: `${folder}/journal`,
        definitions: DEFINITIONS,
        args: [`--webhook-hosts=${callee.host}`],
        env,
      });
      started.push(daybook);
      return daybook;
    };
    try {
      await play({ collector, callee, start });
    } finally {
      for (const daybook of started) await daybook.kill().catch(() => {});
      await callee.close();
      await collector.close();
    }
  });
}

async function submit(
  daybook: DaybookProcess,
  body: object,
  headers: Record<string, string> = { traceparent: TRACEPARENT },
): Promise<string> {
  const response = await daybook.post("/jobs", body, headers);
  const job = await response.json();
  assert.equal(response.status, 202, JSON.stringify(job));
  return job.jobId;
}

async function ended(daybook: DaybookProcess, jobId: string): Promise<void> {
  const headers = { prefer: "wait=60" };
  const response = await fetch(`${daybook.url}/jobs/${jobId}`, { headers });
  const { state } = await response.json();
  assert.ok(state === "Done" || state === "Failed", state);
}

async function entriesOf(daybook: DaybookProcess, jobId: string): Promise<readonly Entry[]> {
  const { entries } = await daybook.get(`/jobs/${jobId}/events?limit=500`) as { entries: Entry[] };
  return entries;
}

function ofTask(entries: readonly Entry[], eventType: string, taskId: string): readonly Entry[] {
  return entries.filter((entry) => entry.eventType === eventType && entry.taskId === taskId);
}

/** The span that made a call, as the callee saw it. */
function callerOf(callee: Callee, path: string): string {
  const [, traceId, spanId = ""] = callee.traceparents.get(path)?.split("-") ?? [];
  assert.equal(traceId, TRACE_ID, `${path}: ${callee.traceparents.get(path)}`);
  return spanId;
}

function isRun(span: CollectedSpan): boolean {
  return span.scope === "daybook" && span.name === "run test.relay";
}

Deno.test("tracing: one trace from the request through each task, a restart and what it starts", () =>
  inScene(async ({ collector, callee, start }) => {
    const killed = await start();
    const jobId = await submit(killed, { type: "test.relay", input: { url: callee.url } });
    const before = await collector.span(({ name }) => name === "task before");
    // Its span may be exported before its result is on record; without one it would run again.
    await until("its result is on record", async () => {
      const { condition } = await killed.get(`/jobs/${jobId}`) as { condition: string };
      return condition === "waiting";
    });
    await killed.kill();
    const daybook = await start();
    const going = { eventType: "test.Going", attributes: { url: callee.url } };
    await (await daybook.post("/events", going)).body?.cancel();
    await ended(daybook, jobId);
    const follower = await collector.span(({ name }) => name === "run test.follow");
    const run = await collector.span(isRun);
    const entries = await entriesOf(daybook, jobId);
    await daybook.stop();

    const server = collector.spans.find(({ parentSpanId }) => parentSpanId === CALLER);
    assert.deepEqual([server?.scope, server?.kind, server?.name], ["deno", 2, "POST /jobs"]);
    const [created] = entries;
    assert.deepEqual([created?.eventType, created?.traceId], ["job.JobCreated", TRACE_ID]);
    assert.equal(created?.spanId, server?.spanId);
    assert.equal(run.parentSpanId, server?.spanId);
    assert.equal(run.attributes["daybook.job.id"], jobId);

    // Each attempt is on record with the span that was exported for it, and calls within it.
    const attempts = ofTask(entries, "job.TaskStarted", "after");
    const spans = collector.spans.filter(({ name }) => name === "task after");
    assert.deepEqual(spans.map(({ spanId }) => spanId), attempts.map(({ spanId }) => spanId));
    assert.deepEqual(spans.map(({ status }) => status.code), [2, 0]);
    assert.deepEqual(spans.map(({ parentSpanId }) => parentSpanId), [run.spanId, run.spanId]);
    for (const [path, span] of [["/before", before], ["/after-1", spans[0]]] as const) {
      const call = collector.spans.find(({ spanId }) => spanId === callerOf(callee, path));
      assert.deepEqual([call?.scope, call?.parentSpanId], ["deno", span?.spanId]);
    }
    assert.equal(spans[1]?.attributes["daybook.attempt"], "2");
    const [completed] = ofTask(entries, "job.TaskCompleted", "after");
    assert.equal(completed?.attributes["result"], `00-${TRACE_ID}-${spans[1]?.spanId}-01`);

    // The job started by the task's event continues the trace of the attempt that emitted it.
    assert.deepEqual([follower.traceId, follower.parentSpanId], [TRACE_ID, spans[1]?.spanId]);
    callerOf(callee, "/follow");
    const ours = collector.spans.filter(({ scope }) => scope === "daybook");
    assert.deepEqual([...new Set(ours.map(({ traceId }) => traceId))], [TRACE_ID]);
    assert.deepEqual([...collector.services], ["daybook"]);
  }));

Deno.test("tracing: a webhook has one traceparent, that of its attempt's call", () =>
  inScene(async ({ collector, callee, start }) => {
    const daybook = await start();
    const input = { url: `${callee.url}/hook`, event: "order.shipped", payload: {} };
    const jobId = await submit(daybook, { type: "webhook.deliver", input });
    await ended(daybook, jobId);
    const attempt = await collector.span(({ name }) => name === "task deliver");
    const spanId = callerOf(callee, "/hook");
    const call = await collector.span((span) => span.spanId === spanId);
    await daybook.stop();
    assert.equal(callee.traceparents.get("/hook"), `00-${TRACE_ID}-${spanId}-01`);
    assert.deepEqual([call.parentSpanId, attempt.traceId], [attempt.spanId, TRACE_ID]);
  }));

Deno.test("tracing: failures and compensations are spans, and no secret is in any", () =>
  inScene(async ({ collector, callee, start }) => {
    const daybook = await start();
    const input = { url: callee.url, password: "correct horse battery" };
    const jobId = await submit(daybook, { type: "test.leak", input });
    await ended(daybook, jobId);
    const charge = await collector.span(({ name }) => name === "task charge");
    const release = await collector.span(({ name }) => name === "compensation reserve");
    const run = await collector.span(({ name }) => name === "run test.leak");
    const entries = await entriesOf(daybook, jobId);
    await daybook.stop();
    const message = `the password ${SECRET_MARK} was refused`;
    assert.deepEqual([charge.status.code, charge.status.message], [2, message]);
    assert.equal(charge.events[0]?.["exception.message"], message);
    assert.equal(charge.events[0]?.["exception.type"], "NonRetryableError");
    assert.match(charge.events[0]?.["exception.stacktrace"] ?? "", /traced_definitions/);
    assert.equal(charge.attributes["error.type"], "NonRetryableError");
    assert.deepEqual([run.status.code, release.status.code], [2, 0]);
    const [started] = ofTask(entries, "job.CompensationStarted", "reserve");
    const [undone] = ofTask(entries, "job.TaskCompensated", "reserve");
    for (const entry of [started, undone]) assert.equal(entry?.spanId, release.spanId);
    callerOf(callee, "/release");
    assert.ok(collector.texts.length > 0);
    assert.ok(collector.texts.every((text) => !text.includes("correct horse battery")));
  }));

Deno.test("tracing: a retry is a separate trace, linked to that of the job", () =>
  inScene(async ({ collector, callee, start }) => {
    const daybook = await start();
    const input = { url: callee.url, password: "correct horse battery" };
    const jobId = await submit(daybook, { type: "test.leak", input });
    await ended(daybook, jobId);
    const [created] = await entriesOf(daybook, jobId);
    const response = await daybook.post(`/jobs/${jobId}/retry`, {});
    const { jobId: retried } = await response.json();
    await ended(daybook, retried);
    const run = await collector.span(({ attributes, name }) =>
      name === "run test.leak" && attributes["daybook.job.id"] === retried
    );
    await daybook.stop();
    assert.notEqual(run.traceId, TRACE_ID);
    assert.deepEqual(run.links.map(({ traceId, spanId }) => [traceId, spanId]), [
      [TRACE_ID, created?.spanId],
    ]);
  }));

Deno.test("tracing: an unsampled trace is not exported, and only its trace id is on record", () =>
  inScene(async ({ collector, callee, start }) => {
    const daybook = await start({
      ...collector.env,
      OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20abc",
    });
    const input = { url: `${callee.url}/hook`, event: "a.B", payload: {} };
    const body = { type: "webhook.deliver", input };
    const unsampled = await submit(daybook, body, {});
    await ended(daybook, unsampled);
    const [created] = await entriesOf(daybook, unsampled);
    assert.match(created?.traceId ?? "", /^[0-9a-f]{32}$/);
    assert.equal(created?.spanId, undefined);
    assert.match(
      callee.traceparents.get("/hook") ?? "",
      new RegExp(`^00-${created?.traceId}-[0-9a-f]{16}-00$`),
    );
    await ended(daybook, await submit(daybook, body));
    await collector.span(({ name }) => name === "task deliver");
    await daybook.stop();
    assert.deepEqual([...new Set(collector.spans.map(({ traceId }) => traceId))], [TRACE_ID]);
    assert.ok(collector.calls.every(({ authorization }) => authorization === "Bearer abc"));
  }));

Deno.test("tracing: without OTEL_DENO a trace goes through to the webhook, and nothing is exported", () =>
  inScene(async ({ collector, callee, start }) => {
    const daybook = await start({});
    const inputOf = (path: string) => ({ url: callee.url + path, event: "a.B", payload: {} });
    const jobIds = [
      await submit(daybook, { type: "webhook.deliver", input: inputOf("/traced") }),
      await submit(daybook, { type: "webhook.deliver", input: inputOf("/plain") }, {}),
    ];
    for (const jobId of jobIds) await ended(daybook, jobId);
    const entries = await entriesOf(daybook, jobIds[0] ?? "");
    const plain = await entriesOf(daybook, jobIds[1] ?? "");
    await daybook.stop();
    const [created] = entries;
    assert.deepEqual([created?.traceId, created?.spanId], [TRACE_ID, CALLER]);
    const [started] = ofTask(entries, "job.TaskStarted", "deliver");
    assert.equal(callee.traceparents.get("/traced"), `00-${TRACE_ID}-${started?.spanId}-01`);
    assert.equal(callee.traceparents.get("/plain"), null);
    assert.ok(plain.every(({ traceId, spanId }) => traceId === undefined && spanId === undefined));
    assert.equal(collector.texts.length, 0);
  }));
