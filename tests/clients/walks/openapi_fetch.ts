/** Ten operations by `openapi-typescript` and `openapi-fetch`. */

import createClient from "openapi-fetch";
import type { components, paths } from "../openapi_typescript.ts";
import { after, check, ORDER, PLAN, SHIPPED, URL } from "./story.ts";

const client = createClient<paths>({ baseUrl: URL });

type Job = components["schemas"]["Job"];

const submitted = await client.POST("/jobs", {
  params: { header: { "Idempotency-Key": `${ORDER}-fetch` } },
  body: { plan: PLAN, labels: { client: "openapi-fetch" } },
});
const job = after(submitted.data);
check("jobId" in job);
const id: string = job.jobId;

const many = await client.POST("/jobs", { body: [{ plan: PLAN }, { plan: PLAN, start: false }] });
const made = after(many.data);
check("receipts" in made && made.receipts.every(({ disposition }) => disposition === "created"));

const bulk = await client.POST("/jobs/bulk", {
  body: { action: "cancel", filter: { condition: ["created"] }, reason: "not wanted" },
});
const controlled = after(bulk.data);
check("done" in controlled && controlled.done.length === 1);

const listed = after((await client.GET("/jobs", { params: { query: { label: ["client:openapi-fetch"] } } })).data);
check(listed.jobs.some(({ jobId, condition }) => jobId === id && condition === "waiting"));

const explained = await client.GET("/jobs/{id}/explain", {
  params: { path: { id }, query: { format: "json" } },
});
const explanation = after(explained.data);
check(typeof explanation === "object" && explanation.summary.length > 0 && explanation.asOf > 0);

const delivered = after((await client.POST("/events", { body: [SHIPPED("fetch")] })).data);
check(delivered.receipts[0]?.disposition === "matched");

const shown: Job = after((await client.GET("/jobs/{id}", { params: { path: { id } } })).data);
check(shown.state === "Done" && shown.expected[0]?.satisfied === true);

const replayed = after(
  (await client.GET("/jobs/{id}/replay", { params: { path: { id }, query: { limit: 1 } } })).data,
);
check(replayed.steps.length === 1);

const supposed = after(
  (await client.POST("/jobs/{id}/what-if", {
    params: { path: { id } },
    body: { without: [replayed.job.lastLogId] },
  })).data,
);
check(supposed.job.state === "Running");

const entries = after((await client.GET("/events", { params: { query: { jobId: id } } })).data);
check(typeof entries === "object" && entries.entries.every((entry) => "eventType" in entry));

const refused = await client.POST("/jobs/{id}/cancel", {
  params: { path: { id } },
  body: { reason: "too late" },
});
check(refused.error?.type === "/problems/not-in-this-state");

const definitions = after((await client.GET("/definitions")).data);
check(Array.isArray(definitions.definitions));

const about = after((await client.GET("/explain", { params: { query: { about: ORDER } } })).data);
check(typeof about === "object" && about.events.length > 0);
