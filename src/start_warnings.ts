/** What whoever starts Daybook should know of the jobs that it found. */

import type { JobEngine } from "./engine/job_engine.ts";

export function startWarnings({ missingDefinitions, keylessJobs }: JobEngine): readonly string[] {
  const missing = [...missingDefinitions].map(([type, count]) =>
    `${count} unfinished jobs of type ${type} wait for a definition that is not loaded`
  );
  if (keylessJobs === 0) return missing;
  return [
    ...missing,
    `${keylessJobs} unfinished jobs fail, for journal/keys has no key of their sealed input`,
  ];
}
