/** The screens of the dashboard, as the walks go through them. */

export interface Screen {
  readonly name: string;
  readonly path: string;
  /** What it is for, in words that are on it whatever is in the journal. */
  readonly says: RegExp;
}

/** Those that need no job. */
export const SCREENS: readonly Screen[] = [
  { name: "overview", path: "/", says: /overview/i },
  { name: "jobs", path: "/ui/jobs", says: /jobs/i },
  { name: "jobs that failed", path: "/ui/jobs?state=Failed", says: /jobs/i },
  { name: "stream", path: "/ui/stream", says: /stream/i },
  { name: "system", path: "/ui/system", says: /system/i },
  { name: "form of a job", path: "/ui/system/definitions/order.fulfil", says: /order.fulfil/ },
  { name: "form of a plan", path: "/ui/system/plan", says: /plan/i },
  { name: "form of an event", path: "/ui/system/event", says: /event/i },
  { name: "failures by kind", path: "/ui/jobs?group=error", says: /jobs/i },
  { name: "reference", path: "/ui/reference", says: /GET/ },
  { name: "manual", path: "/ui/manual", says: /manual/i },
];

/** Those of one job. */
export function screensOf(jobId: string): readonly Screen[] {
  const path = `/ui/jobs/${encodeURIComponent(jobId)}`;
  return [
    { name: "job", path, says: /job/i },
    { name: "time travel", path: `${path}/time`, says: /time/i },
  ];
}
