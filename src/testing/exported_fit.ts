/** Whether today's definitions go the way that an exported job has on record. */

import type { JobEventLogEntry } from "../core/event.ts";
import { foldAll } from "../core/job_fold.ts";
import { isTerminal } from "../core/job_state.ts";
import type { DefinitionRegistry } from "../engine/definition_registry.ts";
import type { Clock } from "../engine/ports.ts";
import { checkHistory } from "../engine/queries/history_check.ts";
import { isSealed } from "../engine/secrets/sealing.ts";

/**
 * @param entries At positions from 1 on, as the job is begun with.
 * @throws {Error} saying what does not fit, and at which line of the file.
 */
export async function requireFit(
  jobId: string,
  entries: readonly JobEventLogEntry[],
  registry: DefinitionRegistry,
  clock: Clock,
): Promise<void> {
  const job = foldAll(entries.filter((entry) => entry.jobId === jobId));
  const lack = registry.lackFor(job);
  const definition = registry.running(job) ?? registry.get(job.type);
  if (job.type === undefined || isSealed(job)) return;
  if (definition === undefined || (lack !== undefined && !isTerminal(job))) {
    throw new Error(`Cannot begin with job ${jobId}: ${lack}`);
  }
  const entriesAt = (logIds: readonly number[]) =>
    Promise.resolve(logIds.flatMap((logId) => entries.slice(logId - 1, logId)));
  const verdict = await checkHistory(definition, job, { clock, entriesAt });
  if (!("logId" in verdict)) return;
  const { type, version } = definition;
  // The first line of the file is about the job, so that entries begin with the second.
  throw new Error(
    `Cannot begin with job ${jobId}: ${type} version ${version} does not fit what version ` +
      `${job.definitionVersion} did: line ${verdict.logId + 1} of the file ${verdict.message}`,
  );
}
