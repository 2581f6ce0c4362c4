/** An engine in which a search ends before it has examined all jobs, as with very many. */

import type { JobSummary } from "../../../src/core/job_summary.ts";
import type { JobEngine } from "../../../src/engine/job_engine.ts";
import type { JobCount, ListPage, Reach, Stop } from "../../../src/engine/job_pages.ts";
import { startApp } from "./http_app.ts";

/** It finds no jobs, and says that it has examined this many. */
export async function engineThatLooked(jobs: number): Promise<JobEngine> {
  const { engine } = await startApp();
  const searched: Reach = { jobs, backTo: "2026-01-01T00:00:00.000Z" };
  const summaries = (): ListPage<JobSummary> => ({ jobs: [], next: 7, searched });
  const visit = (): Stop => ({ ...searched, next: 7 });
  const count = (): JobCount => ({ jobs: 0, conditions: new Map(), searched });
  const list = (): ListPage => ({ jobs: [], next: 7, searched });
  return replaced(engine, { list, lists: replaced(engine.lists, { summaries, visit, count }) });
}

/** The same object with some members replaced. */
function replaced<Whole extends object>(whole: Whole, members: Partial<Whole>): Whole {
  return new Proxy(whole, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
