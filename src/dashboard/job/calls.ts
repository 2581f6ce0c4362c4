/** The calls of curl that give what a job's page shows, and do what it offers. */

import { withDistances } from "../../explain/distances.ts";
import type { Call } from "../parts/curl.tsx";
import { controlCalls } from "./controls.tsx";
import type { JobScreenState } from "./screen_state.ts";
import { eventCalls } from "./waits.tsx";

export function jobCalls(state: JobScreenState): readonly Call[] {
  const { job, curl, outlined, exportCommand } = state;
  const path = `/jobs/${job.jobId}`;
  const isSealed = job.sealed !== undefined && outlined.inputRemoved === undefined;
  return [
    { label: "This job", command: curl.get(path) },
    ...isSealed ? [{ label: "Its input", command: curl.get(`${path}/input`) }] : [],
    ...state.may("operate") ? controlCalls(state) : [],
    ...state.may("submit") ? eventCalls(state) : [],
    ...furtherCalls(state),
    ...exportCommand === undefined
      ? []
      : [{ label: "Write the job to a file, with all that explains it", command: exportCommand }],
  ];
}

/** Of what the explanation advises, and is done to others than this job. */
function furtherCalls({ job, curl, explanation, nowMs }: JobScreenState): readonly Call[] {
  return explanation.next.flatMap(({ statement, action }) => {
    const isKnown = action === undefined || action.path === "/events" ||
      action.path.startsWith(`/jobs/${job.jobId}/`);
    return isKnown ? [] : [{ label: withDistances(statement, nowMs), command: curl.of(action) }];
  });
}
