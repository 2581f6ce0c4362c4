/**
 * Finds where a result comes from that sets failed jobs apart: the job of another type that returned
 * the same value before all of them, and what sets that job apart in turn.
 */

import type { LogId } from "../../core/ids.ts";
import { type CompletedTask, isStep, type JobState } from "../../core/job_state.ts";
import type { JsonScalar } from "../../core/json.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { RESULT, stepOf, type Trait } from "../../explain/likeness/compared_job.ts";
import type { Contrast } from "../../explain/likeness/contrast.ts";
import { type Place, placePath, placesIn } from "../../explain/likeness/elsewhere.ts";
import { isIdentifier } from "../../explain/likeness/own_values.ts";
import type { Statement } from "../../explain/statements/explanation.ts";
import { reason } from "../../explain/statements/statement.ts";
import { taskText } from "../../explain/words/phrases.ts";
import { takenNear } from "./job_visit.ts";
import type { Inquiry } from "./query_parts.ts";
import { createdNear, hasEnded, takenFromPeers } from "./similar_jobs.ts";
import { setApart } from "./told_of_rival.ts";

/** How many jobs are looked for; four times as many are looked at. */
const JOBS_MAX = 25;
const STEPS_MAX = 32;
/** How many jobs of the type of the source are compared, and the fewest that tell. */
const PEERS_MAX = 8;
const PEERS_MIN = 3;

interface Source {
  readonly job: JobState;
  readonly task: CompletedTask;
  readonly place: Place;
}

export async function findSource(
  inquiry: Inquiry,
  job: JobState,
  { traits, first }: Contrast,
): Promise<Statement<LogId> | undefined> {
  const { parts: { table }, upTo } = inquiry;
  const trait = traits.find(({ name }) => name.startsWith(RESULT));
  const earliest = first && table.job(first.jobId);
  const made = trait && earliest && stepOf(earliest, trait);
  const value = trait?.value;
  if (trait === undefined || earliest === undefined || made === undefined) return undefined;
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const sought = soughtIn(trait, value);
  const [source] = await takenNear(inquiry, {
    range: { states: ["Done"], ...createdNear(earliest), before: made.completedBy },
    ...{ max: JOBS_MAX, enough: 1 },
    take: (other) =>
      other.type === job.type || !hasEnded(other, upTo)
        ? undefined
        : returned(other, sought, made.completedBy),
  });
  return source === undefined || !await isNew(inquiry, source, sought)
    ? undefined
    : told(source, await setApart(inquiry, source.job));
}

type Sought = (place: Place) => boolean;

/** Under another name, only what identifies something is the same. */
function soughtIn({ name }: Trait, value: JsonScalar): Sought {
  const leaf = name.split(".").at(-1);
  const isTelling = typeof value === "string" && isIdentifier(name, value);
  return (place) => place.value === value && (isTelling || place.names.at(-1) === leaf);
}

function returned(job: JobState, sought: Sought, before: LogId): Source | undefined {
  for (const task of job.tasks.slice(0, STEPS_MAX)) {
    if (!isStep(task) || task.completedBy > before) continue;
    const place = placesIn({ result: task.result ?? null }).find(sought);
    if (place !== undefined) return { job, task, place };
  }
  return undefined;
}

/** Whether no job of its type had returned that before, as far as a few tell. */
async function isNew(inquiry: Inquiry, { job }: Source, sought: Sought): Promise<boolean> {
  const earlier = await takenFromPeers(
    inquiry,
    job,
    (peer) =>
      peer.firstLogId > job.firstLogId
        ? undefined
        : returned(peer, sought, job.lastLogId) === undefined,
    { max: PEERS_MAX, least: PEERS_MIN },
  );
  return earlier?.every((isOther) => isOther) === true;
}

/** `Job fx-3 (fx.refresh) had returned rate = 0.79 from task fetch at ... before that.` */
function told({ job, task, place }: Source, apart: string): Statement<LogId> {
  const path = placePath(place).slice("result.".length);
  const shown = `${path === "" ? "" : `${shownText(path)} = `}${shownScalar(place.value)}`;
  const statement =
    `Job ${job.jobId} (${job.type ?? "a plan"}) had returned ${shown} before, from ` +
    `${taskText(task.taskId)} at ${task.endedAt}.${apart}`;
  return reason(statement, task.completedBy);
}
