/** A server with jobs, and its answers to generated requests. */

import type { FuzzRequest } from "./arbitrary_requests.ts";
import {
  createAndRun,
  createPlan,
  startApp,
  type TestApp,
  type TestAppOptions,
} from "./http_app.ts";

export const TOKEN = "the-token-that-no-answer-shows";

/** Longer than any wait that a client can request. */
const LONG_MS = 61_000;

/** A server with jobs in several states, for the start of a run. */
export async function startWithJobs(options: TestAppOptions = {}): Promise<TestApp> {
  const app = await startApp({ token: TOKEN, ...options });
  const open = withToken(app);
  await createAndRun(open, "test.doomed");
  // Its compensation backs off.
  await open.post("/jobs", { type: "test.stuck" });
  for (const orderId of ["1", "2"]) {
    const { jobId } = await createAndRun(open, "test.parcel", { orderId });
    await open.post(`/jobs/${jobId}/suspend`);
  }
  await createPlan(open);
  await createPlan(open, { start: false });
  await createAndRun(open, "test.greet", { name: "x" });
  for (const [index, orderId] of ["43", "none"].entries()) {
    const event = { eventType: "shop.ParcelShipped", attributes: { orderId } };
    await open.post("/events", { ...event, eventId: `event-${index}` });
  }
  return app;
}

function withToken(app: TestApp): TestApp {
  const authorization = `Bearer ${TOKEN}`;
  return {
    ...app,
    get: (path, headers) => app.get(path, { authorization, ...headers }),
    post: (path, body, headers) => app.post(path, body, { authorization, ...headers }),
  };
}

export function requestOf(
  app: TestApp,
  { method, path, query, headers, body }: FuzzRequest,
): Request {
  const { jobs } = app.engine.lists.page({ limit: 100 });
  const named = path
    .replace(/@(\d)/, (_, index) => jobs[Number(index) % jobs.length]?.jobId ?? "")
    .replace(/~(\d)/, (_, index) => `event-${Number(index) % 2}`);
  const url = `http://localhost${named}${query === "" ? "" : `?${query}`}`;
  const all = new Headers({ authorization: `Bearer ${TOKEN}` });
  for (const [name, value] of headers) all.set(name, value);
  const takesBody = body !== undefined && !/^(?:GET|HEAD)$/i.test(method);
  const isForbidden = method === "TRACE";
  const request = new Request(url, {
    method: isForbidden ? "POST" : method,
    headers: all,
    ...(takesBody ? { body } : {}),
  });
  // `Request` refuses to send what a server may still receive.
  return isForbidden ? Object.defineProperty(request, "method", { value: method }) : request;
}

/** The answer; waiting requests get the time for which they wait. */
export async function answerTo(app: TestApp, request: Request): Promise<Response> {
  const answer = Promise.resolve(app.app.fetch(request));
  const early = await Promise.race([answer, app.clock.settle()]);
  if (early !== undefined) return early;
  await app.clock.advance(LONG_MS);
  return await answer;
}

/** A whole body, or what is available at once of an open stream. */
export async function textOf(response: Response): Promise<string> {
  if (response.headers.get("content-type") !== "text/event-stream") return await response.text();
  const reader = response.body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return new TextDecoder().decode(first?.value);
}
