/** Ten operations by `orval`, with axios. */

import axios from "axios";
import {
  cancelJob,
  deliverEvents,
  explainAbout,
  explainJob,
  type Job,
  listDefinitions,
  listEntries,
  listJobs,
  replayJob,
  showJob,
  submitJob,
  whatIf,
} from "../orval";
import { check, ORDER, PLAN, SHIPPED, URL } from "./story.ts";

axios.defaults.baseURL = URL;

const job = (await submitJob({ plan: PLAN, labels: { client: "orval" } })).data;
check("jobId" in job);
const id: string = job.jobId;

const listed = (await listJobs({ label: ["client:orval"] }, { paramsSerializer: { indexes: null } }))
  .data;
check(listed.jobs.some(({ jobId, condition }) => jobId === id && condition === "waiting"));

const explanation = (await explainJob(id, { format: "json" })).data;
check(typeof explanation === "object" && explanation.summary.length > 0);

const delivered = (await deliverEvents(SHIPPED("orval"))).data;
check(delivered.receipts[0]?.disposition === "matched");

const shown: Job = (await showJob(id)).data;
check(shown.state === "Done" && shown.expected[0]?.satisfied === true);

const replayed = (await replayJob(id, { limit: 1 })).data;
check(replayed.steps.length === 1);

const supposed = (await whatIf(id, { without: [replayed.job.lastLogId] })).data;
check(supposed.job.state === "Running");

const entries = (await listEntries({ jobId: id })).data;
check(typeof entries === "object" && entries.entries.length > 0);

const refused = await cancelJob(id, { reason: "too late" }).catch((error) => error.response.status);
check(refused === 409);

check(Array.isArray((await listDefinitions()).data.definitions));

const about = (await explainAbout({ about: ORDER })).data;
check(typeof about === "object" && about.events.length > 0);
