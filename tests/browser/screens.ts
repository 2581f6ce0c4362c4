/** The screens of the dashboard that the walks visit. */

export interface Screen {
  readonly name: string;
  readonly path: string;
  /** Text from the demo that it shows, beside its heading. */
  readonly says: RegExp;
}

/** The screens that need no job. */
export const SCREENS: readonly Screen[] = [
  { name: "overview", path: "/", says: /not yet retried[^]*Throughput[^]*Durable head\s+#\d+/ },
  { name: "jobs", path: "/ui/jobs", says: /Newest first[^]*job_/ },
  { name: "jobs that failed", path: "/ui/jobs?state=Failed", says: /order-south/ },
  { name: "limits", path: "/ui/limits", says: /shop\.newsletter[^]*running/ },
  {
    name: "stream",
    path: "/ui/stream",
    // On a slow machine the newest entries may all be of a stocktake.
    says: /Task(?:Started|Completed)\s+job_|TaskProgressed\s+stocktake-/,
  },
  { name: "system", path: "/ui/system", says: /Back it up[^]*order\.fulfil/ },
  { name: "form of a job", path: "/ui/system/definitions/order.fulfil", says: /order.fulfil/ },
  { name: "form of a plan", path: "/ui/system/plan", says: /plan/i },
  { name: "form of an event", path: "/ui/system/event", says: /event/i },
  { name: "failures by kind", path: "/ui/jobs?group=error", says: /blocked/ },
  { name: "reference", path: "/ui/reference", says: /GET/ },
  { name: "problem", path: "/problems/unknown-job", says: /No job in this journal/ },
  { name: "manual", path: "/ui/manual", says: /manual/i },
];

/** The screens of one job. */
export function screensOf(jobId: string): readonly Screen[] {
  const told = new RegExp(`${RegExp.escape(jobId)}[^]*JobCreated`);
  const path = `/ui/jobs/${encodeURIComponent(jobId)}`;
  return [
    { name: "job", path, says: told },
    { name: "time travel", path: `${path}/time`, says: told },
  ];
}
