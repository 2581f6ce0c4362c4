import assert from "node:assert/strict";
import { checkedFetch } from "../../src/server/checked_fetch.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { webhookDeliver, type WebhookOptions } from "../../src/jobs/webhook_deliver.ts";
import type { Job, SubmittedInput } from "../../src/mod.ts";
import { EPOCH_MS } from "../../src/testing/stand_ins.ts";
import { type TestDaybook, testDaybook } from "../../src/testing/mod.ts";
import {
  type Answer,
  expectedSignature,
  Receiver,
  status,
  WEBHOOK_SECRET,
} from "../support/http/job_receiver.ts";
import { until } from "../support/until.ts";

const URL_OF_HOOK = "https://hooks.example.com/in?tenant=1";
const message = { url: URL_OF_HOOK, event: "order.shipped", payload: { orderId: "A-1" } };

interface Delivery {
  readonly daybook: TestDaybook;
  readonly id: string;
  readonly receiver: Receiver;
  job(): Job;
  attempts(): number | undefined;
}

async function delivering(
  answers: readonly Answer[],
  options: Partial<WebhookOptions> = {},
  input: JsonObject = message,
  traceparent?: string,
): Promise<Delivery> {
  const receiver = new Receiver(...answers);
  let now = () => EPOCH_MS;
  const definition = webhookDeliver({
    allowedHosts: ["hooks.example.com"],
    secret: WEBHOOK_SECRET,
    fetch: receiver.fetch,
    now: () => now(),
    ...options,
  });
  const daybook = await testDaybook([definition]);
  now = () => daybook.now();
  const id = traceparent === undefined
    ? (await daybook.submit(definition, input as Input)).jobId
    : await submitTraced(daybook, input, traceparent);
  await daybook.untilIdle();
  const job = () => jobOf(daybook, id);
  const attempts = () => job().tasks.find(({ taskId }) => taskId === "deliver")?.attempts;
  return { daybook, id, receiver, job, attempts };
}

type Input = SubmittedInput<ReturnType<typeof webhookDeliver>["input"]>;

/** Over HTTP, with a trace in the request. */
async function submitTraced(daybook: TestDaybook, input: JsonObject, traceparent: string) {
  const request = new Request("http://localhost/jobs", {
    method: "POST",
    headers: { "content-type": "application/json", traceparent },
    body: JSON.stringify({ type: "webhook.deliver", input }),
  });
  return (await (await daybook.fetch(request)).json()).jobId;
}

function jobOf(daybook: TestDaybook, id: string): Job {
  const job = daybook.job(id);
  assert.ok(job);
  return job;
}

function outputOf({ state, output, failure }: Job): unknown {
  assert.equal(state, "Done", failure?.error.message);
  return output;
}

/** The failure of a job that must not be retried. */
function poisonOf({ job, attempts }: Delivery): string {
  const { failure } = job();
  assert.equal(failure?.kind, "poison");
  assert.equal(attempts(), 1);
  return failure?.error.message ?? "";
}

Deno.test("webhook.deliver: it posts signed JSON with the job's id", async () => {
  const { job, id, receiver } = await delivering([status(202)]);

  assert.deepEqual(outputOf(job()), { status: 202, attempts: 1, durationMs: 0 });
  const [received] = receiver.received;
  assert.ok(received);
  assert.equal(received.method, "POST");
  assert.equal(received.url, URL_OF_HOOK);
  assert.deepEqual(JSON.parse(received.body), {
    type: "order.shipped",
    timestamp: new Date(EPOCH_MS).toISOString(),
    data: { orderId: "A-1" },
  });
  assert.equal(received.headers.get("content-type"), "application/json");
  assert.equal(received.headers.get("webhook-id"), id);
  assert.equal(received.headers.get("webhook-timestamp"), String(EPOCH_MS / 1_000));
  assert.equal(received.headers.get("webhook-signature"), await expectedSignature(received));
});

Deno.test("webhook.deliver: without a secret nothing is signed", async () => {
  const receiver = new Receiver();
  const definition = webhookDeliver({
    allowedHosts: ["hooks.example.com"],
    fetch: receiver.fetch,
    now: () => EPOCH_MS,
  });
  const daybook = await testDaybook([definition]);
  await daybook.submit(definition, message);
  assert.equal(receiver.received[0]?.headers.has("webhook-signature"), false);
});

Deno.test("webhook.deliver: custom headers are sent beside those of the delivery", async () => {
  const headers = { "x-tenant": "t-1", "User-Agent": "Acme" };
  const { receiver } = await delivering([status(200)], {}, { ...message, headers });
  const [received] = receiver.received;
  assert.equal(received?.headers.get("x-tenant"), "t-1");
  assert.equal(received?.headers.get("user-agent"), "Acme");
});

Deno.test("webhook.deliver: after 503 it retries with the same id and body, and a new time and signature", async () => {
  const { daybook, job, receiver } = await delivering([status(503), status(503), status(200)]);
  await daybook.advance(1_000);
  await daybook.advance(3_000);

  assert.deepEqual(outputOf(job()), { status: 200, attempts: 3, durationMs: 0 });
  const { received } = receiver;
  assert.equal(received.length, 3);
  assert.equal(new Set(received.map(({ body }) => body)).size, 1);
  assert.equal(new Set(received.map(({ headers }) => headers.get("webhook-id"))).size, 1);
  assert.deepEqual(
    received.map(({ headers }) => Number(headers.get("webhook-timestamp")) - EPOCH_MS / 1_000),
    [0, 1, 4],
  );
  for (const request of received) {
    assert.equal(request.headers.get("webhook-signature"), await expectedSignature(request));
  }
});

Deno.test("webhook.deliver: after a restart the body is the same", async () => {
  const { daybook, job, receiver } = await delivering([status(503), status(200)]);
  await daybook.advance(500);
  await daybook.crash();
  await daybook.advance(500);
  outputOf(job());
  const bodies = receiver.received.map(({ body }) => body);
  assert.equal(bodies.length, 2);
  assert.equal(bodies[0], bodies[1]);
});

Deno.test("webhook.deliver: a network error is retried", async () => {
  const broken = () => Promise.reject(new TypeError("connection refused"));
  const { daybook, job, attempts } = await delivering([broken, status(200)]);
  assert.equal(daybook.now(), EPOCH_MS);
  assert.equal(attempts(), 1);
  await daybook.advance(1_000);
  assert.deepEqual(outputOf(job()), { status: 200, attempts: 2, durationMs: 0 });
});

Deno.test("webhook.deliver: Retry-After is honoured, up to an hour", async () => {
  const { daybook, attempts } = await delivering([
    status(429, { "retry-after": "120" }),
    status(503, { "retry-after": "86400" }),
    status(200),
  ]);
  await daybook.advance(119_999);
  assert.equal(attempts(), 1);
  await daybook.advance(1);
  assert.equal(attempts(), 2);
  await daybook.advance(3_599_999);
  assert.equal(attempts(), 2);
  await daybook.advance(1);
  assert.equal(attempts(), 3);
});

Deno.test("webhook.deliver: 410 is final, with the answer in the failure", async () => {
  const delivery = await delivering([status(410, {}, "gone\r\n\u001b[31mfor good")]);
  assert.equal(
    poisonOf(delivery),
    "Cannot deliver to hooks.example.com: it answered 410: gone [31mfor good",
  );
});

Deno.test("webhook.deliver: a host that is not allowed gets nothing; the failure says how to allow it", async () => {
  const delivery = await delivering([], { allowedHosts: [] });
  assert.equal(
    poisonOf(delivery),
    "Cannot deliver to hooks.example.com: the host is not allowed; start Daybook with " +
      "--webhook-hosts=hooks.example.com or DAYBOOK_WEBHOOK_HOSTS, and the permission " +
      "--allow-net=hooks.example.com",
  );
  assert.deepEqual(delivery.receiver.received, []);
});

Deno.test("webhook.deliver: a missing permission is final and named", async () => {
  const refused = () => Promise.reject(new Deno.errors.NotCapable("Requires net access"));
  const delivery = await delivering([refused]);
  assert.equal(
    poisonOf(delivery),
    "Cannot deliver to hooks.example.com: this process may not connect to it; start Daybook " +
      "with the permission --allow-net=hooks.example.com",
  );
});

Deno.test("webhook.deliver: an allowed name with a private address gets nothing", async () => {
  const lookup = () => Promise.resolve(["93.184.216.34", "169.254.169.254"]);
  const delivery = await delivering([], { lookup });
  assert.equal(
    poisonOf(delivery),
    "Cannot deliver to hooks.example.com: its address 169.254.169.254 is not public; to send " +
      "there, use and allow the address itself",
  );
  assert.deepEqual(delivery.receiver.received, []);
});

Deno.test("webhook.deliver: a name that was public at the check and resolves to this machine now gets nothing", async () => {
  const lookup = () => Promise.resolve(["93.184.216.34"]);
  const receiver = new Receiver(status(200));
  const rebound: WebhookOptions["fetch"] = (url, request, admit) => {
    admit("127.0.0.1");
    return receiver.fetch(url, request, admit);
  };
  const delivery = await delivering([], { lookup, fetch: rebound });
  assert.match(poisonOf(delivery), /its address 127\.0\.0\.1 is not public/);
  assert.deepEqual(receiver.received, []);
});

Deno.test("webhook.deliver: an allowed name with public addresses is delivered to", async () => {
  const lookup = () => Promise.resolve(["93.184.216.34"]);
  const { job } = await delivering([status(200)], { lookup });
  assert.equal(job().state, "Done");
});

Deno.test("webhook.deliver: the last failed attempt makes a dead letter", async () => {
  const { daybook, job, attempts, receiver } = await delivering([status(500, {}, "broken")]);
  await daybook.advance(1_000 + 3_000 + 9_000 + 27_000 + 81_000 + 243_000);
  assert.equal(attempts(), 7);
  assert.equal(job().state, "Running");
  await daybook.advance(729_000);

  const { failure } = job();
  assert.equal(failure?.kind, "deadLetter");
  assert.equal(
    failure?.error.message,
    "Cannot deliver to hooks.example.com: it answered 500: broken",
  );
  assert.equal(receiver.received.length, 8);
});

Deno.test("webhook.deliver: a receiver that takes too long is retried", async () => {
  const never = () => new Promise<Response>(() => {});
  const { daybook, job, attempts } = await delivering([never, status(200)]);
  await daybook.advance(14_999);
  assert.equal(attempts(), 1);
  await daybook.advance(1);
  assert.equal(job().condition, "backingOff");
  await daybook.advance(1_000);
  assert.equal(job().state, "Done");
});

Deno.test("webhook.deliver: the duration is that of the last attempt", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const { daybook, job } = await delivering([status(503), () => promise]);
  await daybook.advance(1_000);
  await daybook.advance(250);
  resolve(new Response(null, { status: 204 }));
  await daybook.untilIdle();
  assert.deepEqual(outputOf(job()), { status: 204, attempts: 2, durationMs: 250 });
});

Deno.test("webhook.deliver: two hundred characters of a long answer are kept, and none of the secret", async () => {
  const { daybook } = await delivering([status(400, {}, "x".repeat(100_000))]);
  const journal = JSON.stringify(await daybook.events());
  assert.equal(/x{200}/.test(journal), true);
  assert.equal(/x{201}/.test(journal), false);
  assert.equal(journal.includes(WEBHOOK_SECRET.slice("whsec_".length)), false);
  assert.equal(journal.includes("v1,"), false);
});

Deno.test("webhookDeliver: an invalid secret or host is refused when Daybook starts", () => {
  const options = { allowedHosts: [], fetch: checkedFetch, now: () => EPOCH_MS };
  assert.throws(() => webhookDeliver({ ...options, secret: "hunter2" }), TypeError);
  assert.throws(() => webhookDeliver({ ...options, allowedHosts: ["*"] }), TypeError);
});

Deno.test("webhook.deliver: a real server gets what it can verify", async () => {
  const receiver = new Receiver(status(200, {}, "thank you"));
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => receiver.receive(request),
  );
  const host = `127.0.0.1:${server.addr.port}`;
  const options = { allowedHosts: [host], fetch: checkedFetch };
  const input = { ...message, url: `http://${host}/hook`, payload: { text: "grüße" } };
  const { id, job } = await delivering([], options, input);

  await until("it is delivered", () => job().endedAt !== null);

  assert.deepEqual(outputOf(job()), { status: 200, attempts: 1, durationMs: 0 });
  const [received] = receiver.received;
  assert.ok(received);
  assert.equal(received.headers.get("webhook-id"), id);
  assert.equal(received.headers.get("webhook-signature"), await expectedSignature(received));
  assert.deepEqual(JSON.parse(received.body).data, { text: "grüße" });
});

Deno.test("webhook.deliver: a real redirect is recognized", async () => {
  const receiver = new Receiver(status(302, { location: "/elsewhere" }));
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => receiver.receive(request),
  );
  const host = `127.0.0.1:${server.addr.port}`;
  const input = { ...message, url: `http://${host}/hook` };
  const { job } = await delivering([], { allowedHosts: [host], fetch: checkedFetch }, input);

  await until("it has failed", () => job().endedAt !== null);

  const { failure } = job();
  assert.equal(failure?.kind, "poison");
  assert.match(failure?.error.message ?? "", /it answered 302; redirects are not followed$/);
  assert.equal(receiver.received.length, 1);
});

Deno.test("webhook.deliver: it sends its trace to the receiver, with a separate span for each attempt", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const headers = { traceparent: "what the caller made up", "x-other": "1" };
  const answers = [status(503), status(204)];
  const { daybook, id, receiver } = await delivering(
    answers,
    {},
    { ...message, headers },
    `00-${traceId}-b7ad6b7169203331-01`,
  );
  await daybook.wait(id, { timeoutMs: 5_000 });
  const sent = receiver.received.map(({ headers }) => headers.get("traceparent"));
  const starts = (await daybook.events(id)).filter((entry) =>
    entry.eventType === "job.TaskStarted" && entry.taskId === "deliver"
  );
  assert.deepEqual(sent, starts.map(({ spanId }) => `00-${traceId}-${spanId}-01`));
  assert.equal(new Set(sent).size, 2);
});

Deno.test("webhook.deliver: without a trace it sends no traceparent except one in its input", async () => {
  const traceparents: (string | null | undefined)[] = [];
  for (const headers of [{}, { traceparent: "00-of-the-caller" }]) {
    const { receiver } = await delivering([status(204)], {}, { ...message, headers });
    traceparents.push(receiver.received[0]?.headers.get("traceparent"));
  }
  assert.deepEqual(traceparents, [null, "00-of-the-caller"]);
});
