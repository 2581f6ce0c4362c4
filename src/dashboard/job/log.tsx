/** What the code of a job said to people: kept beside the journal, for a while. */

import { Time } from "../parts/time.tsx";
import { UserText } from "../parts/text.tsx";
import type { JobScreenState } from "./screen_state.ts";

const MESSAGE_LENGTH_MAX = 600;
const DATA_LENGTH_MAX = 400;

export function JobLog({ state }: { readonly state: JobScreenState }) {
  const { log, job } = state;
  if (log.lines.length === 0) return null;
  const href = `/jobs/${encodeURIComponent(job.jobId)}/log?limit=2000`;
  return (
    <section id="job-log" class="part" aria-label="Log" data-live>
      <h2>Log</h2>
      <p class="hint">
        {log.hasMore ? `The last ${log.lines.length} lines of what` : "What"}{" "}
        its code said. It is no part of the journal: old lines go in time.{" "}
        <a href={href}>All that is kept</a>
      </p>
      <div class="table-box" tabindex={0} role="region" aria-label="Lines of the log">
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Task</th>
              <th scope="col">Attempt</th>
              <th scope="col">Message</th>
            </tr>
          </thead>
          <tbody>
            {log.lines.map(({ time, taskId, attempt, message, data }) => (
              <tr>
                <td>
                  <Time at={time} />
                </td>
                <td>
                  <UserText text={taskId} lengthMax={128} />
                </td>
                <td class="number">{attempt}</td>
                <td>
                  <UserText text={message} lengthMax={MESSAGE_LENGTH_MAX} />
                  {data === undefined ? null : (
                    <>
                      {" "}
                      <code>
                        <UserText text={JSON.stringify(data)} lengthMax={DATA_LENGTH_MAX} />
                      </code>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
