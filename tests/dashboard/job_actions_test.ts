/** The forms of a job's page, and the scopes that they need. */

import assert from "node:assert/strict";
import { type Scope, TokenList } from "../../src/access/tokens.ts";
import { locationOf, pageOf, pageText, submitForm } from "../support/http/dashboard.ts";
import {
  createAndRun,
  createPlan,
  jsonOf,
  startApp,
  type TestApp,
} from "../support/http/http_app.ts";
import { formsOf, formTo, readable } from "../support/http/job_pages.ts";

/** Sends a form of the page with a user's values, and returns the next page. */
async function act(
  app: TestApp,
  jobId: string,
  control: string,
  filled: Readonly<Record<string, string>> = {},
): Promise<string> {
  const form = formTo(await pageOf(app, `/ui/jobs/${jobId}`), `/ui/jobs/${jobId}/${control}`);
  const response = await submitForm(app, form.action, { ...form.fields, ...filled });
  const next = await locationOf(response);
  await app.clock.settle();
  return await pageOf(app, next);
}

interface EntriesBody {
  readonly entries: readonly { eventType: string; attributes: Record<string, unknown> }[];
}

async function lastEntry(app: TestApp, jobId: string) {
  const { entries } = await jsonOf<EntriesBody>(await app.get(`/jobs/${jobId}/events`), 200);
  return entries.at(-1) ?? assert.fail();
}

Deno.test("job form: suspend and resume work, each with a confirmation message", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const suspended = await act(app, jobId, "suspend");
  assert.match(suspended, /role="status"><bdi>The job is suspended/);
  assert.match(suspended, /condition-suspended/);
  const resumed = await act(app, jobId, "resume");
  assert.match(resumed, /role="status"><bdi>The job continues\./);
  assert.match(resumed, /condition-waiting/);
});

Deno.test("job form: start works", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app, { start: false });
  assert.match(await act(app, jobId, "start"), /<bdi>The job was started\./);
});

Deno.test("job form: cancel explains what it does, and records the reason", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const html = await pageOf(app, `/ui/jobs/${jobId}`);
  assert.match(readable(html), /Cancel … The job ends as cancelled/);
  const text = await act(app, jobId, "cancel", { reason: "the customer asked" });
  assert.match(text, /<bdi>The job was cancelled\./);
  const entry = await lastEntry(app, jobId);
  assert.equal(entry.eventType, "job.JobCancelled");
  assert.deepEqual(entry.attributes, { reason: "the customer asked" });
});

Deno.test("job form: cancel says what will be undone", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.parcel", { orderId: "42" });
  const html = await pageOf(app, `/ui/jobs/${jobId}`);
  assert.match(readable(html), /what 1 completed task did is undone/);
});

Deno.test("job form: for a suspended job it says that nothing is undone until it is resumed", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.parcel", { orderId: "42" });
  const html = await act(app, jobId, "suspend");
  assert.match(readable(html), /stays until the job is resumed, and is then undone/);
  const text = await act(app, jobId, "cancel");
  assert.match(readable(text), /completed steps are undone when it is resumed/);
});

Deno.test("job form: retry leads to the new job, from the task that was chosen", async () => {
  const app = await startApp();
  const { jobId } = await createAndRun(app, "test.doomed");
  const options = [...(await pageOf(app, `/ui/jobs/${jobId}`))
    .matchAll(/<option value="([^"]*)">([^<]*)/g)].map(([, value, words]) => [value, words]);
  // Short enough to be read on a phone.
  assert.deepEqual(options.find(([value]) => value === "mail"), ["mail", "task mail"]);
  assert.match(options[0]?.[1] ?? "", /^(?:the beginning|where it stopped)$/);
  const text = await act(app, jobId, "retry", { from: "mail" });
  assert.match(readable(text), new RegExp(`This job retries job ${jobId} from task mail\\.`));
  assert.match(readable(text), new RegExp(`Retry of ${jobId}`));
  const submitted = await submitForm(app, `/ui/jobs/${jobId}/retry`, {});
  const twice = await pageOf(app, await locationOf(submitted));
  assert.match(
    readable(twice),
    new RegExp(`Cannot retry job ${jobId}: it was already retried`),
  );
  const asks = readable(await pageOf(app, `/ui/jobs/${jobId}`));
  assert.match(
    asks,
    /Retry once more … Job \S+ already retries it\. Its work may be done/,
  );
  const again = await act(app, jobId, "retry");
  assert.match(readable(again), new RegExp(`This job retries job ${jobId}\\.`));
});

Deno.test("job form: a control that is no longer legal is refused with a message on the job's page", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  await app.post(`/jobs/${jobId}/cancel`);
  const response = await submitForm(app, `/ui/jobs/${jobId}/suspend`, {});
  const text = await pageOf(app, await locationOf(response));
  assert.match(text, /class="note note-bad" role="alert"/);
  assert.match(readable(text), /Cannot suspend job .*: state is Failed; allowed in Running, Comp/);
});

Deno.test("job form: a reason that is too long, and an unknown task, are refused with a message", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const long = await submitForm(app, `/ui/jobs/${jobId}/cancel`, { reason: "x".repeat(10_000) });
  const told = readable(await pageOf(app, await locationOf(long)));
  assert.equal(told.split("/reason must be at most").length, 2, "it says so once");
  const { jobId: failed } = await createAndRun(app, "test.doomed");
  for (const from of ["nothing", "<b>"]) {
    const response = await submitForm(app, `/ui/jobs/${failed}/retry`, { from });
    const text = await pageOf(app, await locationOf(response));
    assert.match(text, /class="note note-bad"/);
  }
});

Deno.test("job form: it does not redirect to another server, and an unknown job has no form", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const fields = { return: "//evil.example/" };
  const location = await locationOf(await submitForm(app, `/ui/jobs/${jobId}/suspend`, fields));
  assert.match(location, /^\/\?note=/);
  const unknown = await submitForm(app, "/ui/jobs/nobody/suspend", {});
  const text = await pageOf(app, await locationOf(unknown), { status: 404 });
  assert.match(readable(text), /No job in this journal has the id nobody/);
});

Deno.test("event form: the event that the explanation suggests can be sent, and counts", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  await app.post("/events", { eventType: "shop.ParcelShipped", attributes: { orderId: 42 } });
  const html = await pageOf(app, `/ui/jobs/${jobId}`);
  const { fields } = formTo(html, `/ui/jobs/${jobId}/event`);
  assert.deepEqual(JSON.parse(fields["event"] ?? ""), {
    eventType: "shop.ParcelShipped",
    jobId,
    attributes: { orderId: "42" },
  });
  const text = readable(await act(app, jobId, "event"));
  assert.match(
    text,
    new RegExp(
      `is recorded as entry \\d+\\. It counted for "shipped" of job ${jobId}, 1 of 1; the job is Done\\.`,
    ),
  );
});

Deno.test("event form: a button that is pressed twice sends one event, another text another", async () => {
  const app = await startApp();
  const plan = { expected: [{ id: "x", eventType: "a.B", multiplicity: { times: 3 } }] };
  const { jobId } = await createPlan(app, { plan });
  const form = formTo(await pageOf(app, `/ui/jobs/${jobId}`), `/ui/jobs/${jobId}/event`);
  await locationOf(await submitForm(app, form.action, form.fields));
  const twice = await locationOf(await submitForm(app, form.action, form.fields));
  assert.match(
    readable(await pageOf(app, twice)),
    /was already recorded as entry \d+, and changes/,
  );
  const other = { ...form.fields, event: `${form.fields["event"]} ` };
  await locationOf(await submitForm(app, form.action, other));
  assert.match(readable(await pageOf(app, `/ui/jobs/${jobId}`)), /x 2 of 3/);
});

Deno.test("event form: for an event without effect the reason is shown", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const event = JSON.stringify({ eventType: "shop.ParcelShipped", jobId, attributes: {} });
  const text = readable(await act(app, jobId, "event", { event }));
  assert.match(text, /is recorded as entry \d+, and matched nothing.*orderId: expected "42"/);
});

Deno.test("event form: an invalid event keeps what was typed and shows the error", async () => {
  const app = await startApp();
  const { jobId } = await createPlan(app);
  const typed = [
    ["{ not JSON <b>", /The event is not JSON: unexpected character in line 1, column 3/],
    ['{"eventType":"job.JobStarted"}', /\/eventType must not be in the reserved namespaces/],
    ['{"eventType":"a.B","more":1}', /\/more/],
    [`{"eventType":"a.B","jobId":"nobody"}`, /Cannot find job nobody: there is none/],
    ["", /The event is not JSON: it ends too early/],
  ] as const;
  for (const [event, reason] of typed) {
    const fields = { expectation: "shipped", event };
    const response = await submitForm(app, `/ui/jobs/${jobId}/event`, fields);
    const html = await pageText(response, 422);
    assert.match(readable(html), reason);
    assert.equal(formTo(html, `/ui/jobs/${jobId}/event`).fields["event"], event);
    assert.match(html, /<details id="send-event-shipped" open/);
  }
});

Deno.test("event form: placeholders must be filled in first", async () => {
  const app = await startApp();
  const correlation = { in: { region: ["EU", "US"] } };
  const plan = { expected: [{ id: "x", eventType: "a.B", correlation }] };
  const { jobId } = await createPlan(app, { plan });
  const { action, fields } = formTo(
    await pageOf(app, `/ui/jobs/${jobId}`),
    `/ui/jobs/${jobId}/event`,
  );
  const html = await pageText(await submitForm(app, action, fields), 422);
  assert.match(readable(html), /Fill in region first/);

  const event = JSON.stringify({ eventType: "a.B", jobId, attributes: { region: "US" } });
  assert.match(readable(await act(app, jobId, "event", { event })), /the job is Done/);
});

const TOKEN = "some-token-0123456789abcdef";

async function startAs(...scopes: readonly Scope[]) {
  const admin = { token: "admin-token-0123456789abcdef", scopes: ["read", "submit", "operate"] };
  const viewer = { token: TOKEN, scopes };
  const app = await startApp({ access: new TokenList([admin as never, viewer]) });
  const authorization = `Bearer ${admin.token}`;
  const body = { plan: { expected: [{ id: "x", eventType: "a.B" }] } };
  const { jobId } = await jsonOf(await app.post("/jobs", body, { authorization }), 202);
  const sent = await submitForm(app, "/ui/sign-in", { token: TOKEN, next: "/" });
  const cookie = (sent.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return { app, jobId, cookie };
}

const FORMS = ["start", "suspend", "resume", "cancel", "retry", "event"];

Deno.test("job form: with scope read there are no buttons, the page says why, and controls are refused", async () => {
  const { app, jobId, cookie } = await startAs("read");
  const html = await pageOf(app, `/ui/jobs/${jobId}`, { cookie });
  const own = formsOf(html).filter(({ action }) => action.startsWith("/ui/jobs/"));
  assert.deepEqual(own, []);
  assert.match(
    readable(html),
    /Your token does not have the scope operate , which controlling jobs needs/,
  );
  assert.match(readable(html), /Your token does not have the scope submit , which sending events/);
  assert.match(readable(html), / Cancel it\. /, "and no colon before a button that is not there");
  for (const form of FORMS) {
    const response = await submitForm(app, `/ui/jobs/${jobId}/${form}`, {}, { cookie });
    assert.match(await pageText(response, 403), /The token does not have the scope/);
  }
});

Deno.test("job form: scope operate controls jobs, and scope submit sends events", async () => {
  const operator = await startAs("read", "operate");
  const html = await pageOf(operator.app, `/ui/jobs/${operator.jobId}`, operator);
  const actions = new Set(formsOf(html).map(({ action }) => action.split("/").at(-1)));
  assert.deepEqual([...actions].toSorted(), ["cancel", "sign-out", "suspend"]);
  assert.match(readable(html), / Cancel it: Cancel … /);
  const sender = await startAs("read", "submit");
  const other = await pageOf(sender.app, `/ui/jobs/${sender.jobId}`, sender);
  const sent = new Set(formsOf(other).map(({ action }) => action.split("/").at(-1)));
  assert.deepEqual([...sent].toSorted(), ["event", "sign-out"]);
});
