/** Ten operations by `@hey-api/openapi-ts`. */

import { client } from "../hey_api/client.gen";
import {
  cancelJob,
  deliverEvents,
  explainAbout,
  explainJob,
  listDefinitions,
  listEntries,
  listJobs,
  replayJob,
  showJob,
  submitJob,
  whatIf,
} from "../hey_api/sdk.gen";
import type { Job } from "../hey_api/types.gen";
import { after, check, ORDER, PLAN, SHIPPED, URL } from "./story.ts";

client.setConfig({ baseUrl: URL });

const submitted = await submitJob({ body: { plan: PLAN, labels: { client: "hey-api" } } });
const job = after(submitted.data);
check("jobId" in job);
const id: string = job.jobId;

const listed = after((await listJobs({ query: { label: ["client:hey-api"] } })).data);
check(listed.jobs.some(({ jobId, condition }) => jobId === id && condition === "waiting"));

const explanation = after((await explainJob({ path: { id }, query: { format: "json" } })).data);
check(typeof explanation === "object" && explanation.summary.length > 0);

const delivered = after((await deliverEvents({ body: SHIPPED("hey") })).data);
check(delivered.receipts[0]?.disposition === "matched");

const shown: Job = after((await showJob({ path: { id } })).data);
check(shown.state === "Done" && shown.expected[0]?.satisfied === true);

const replayed = after((await replayJob({ path: { id }, query: { limit: 1 } })).data);
check(replayed.steps.length === 1);

const supposed = after(
  (await whatIf({ path: { id }, body: { without: [replayed.job.lastLogId] } })).data,
);
check(supposed.job.state === "Running");

const entries = after((await listEntries({ query: { jobId: id } })).data);
check(typeof entries === "object" && entries.entries.length > 0);

const refused = await cancelJob({ path: { id }, body: { reason: "too late" } });
check(refused.error?.type === "/problems/not-in-this-state");

check(Array.isArray(after((await listDefinitions()).data).definitions));

const about = after((await explainAbout({ query: { about: ORDER } })).data);
check(typeof about === "object" && about.events.length > 0);
