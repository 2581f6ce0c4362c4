/** An engine in which a search ends before it has examined all jobs, as with very many. */

import type { JobSummary } from "../../../src/core/job_summary.ts";
import type { JobEngine } from "../../../src/engine/job_engine.ts";
import type { JobCount, ListPage, Searched, Stop } from "../../../src/engine/job_pages.ts";
import { withMembers } from "../engine/replaced.ts";
import { startApp } from "./http_app.ts";

/** It finds no jobs, and says that it has examined this many. */
export async function engineThatLooked(jobs: number): Promise<JobEngine> {
  const { engine } = await startApp();
  const searched: Searched = { jobs, backTo: "2026-01-01T00:00:00.000Z" };
  const summaries = (): ListPage<JobSummary> => ({ jobs: [], next: 7, searched });
  const visit = (): Stop => ({ ...searched, next: 7 });
  const count = (): JobCount => ({ jobs: 0, conditions: new Map(), searched });
  const page = (): ListPage => ({ jobs: [], next: 7, searched });
  const lists = withMembers(engine.lists, { summaries, visit, count, page });
  return withMembers(engine, { lists });
}
