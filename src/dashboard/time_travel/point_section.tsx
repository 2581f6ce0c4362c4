/** A job as of a point, and the effect of the entry at that point. */

import { messageText } from "../../core/error_text.ts";
import { deriveCondition } from "../../core/condition.ts";
import { jobResource } from "../../core/job_resource.ts";
import { type RuleName, RULES } from "../../core/rules.ts";
import { jobPath } from "../../documents/jobs.ts";
import { EntryLink, type EntryPath } from "../parts/entries.tsx";
import { entryJsonPath, jobEntryPath } from "../parts/links.tsx";
import { ExpectationTable } from "../job/expectations.tsx";
import { FailureView } from "../job/outcome.tsx";
import { JsonView, UserText } from "../parts/text.tsx";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { TaskProgress, Time } from "../parts/amounts.tsx";
import { ChangeTable } from "./changes.tsx";
import { counted } from "../../core/counted.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { Table, Term } from "../parts/table.tsx";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Point } from "../../core/point.ts";
import type { ReplayStep } from "../../explain/replay/replay_steps.ts";
import type { ReserveMemory } from "../../engine/entry_pages.ts";
import { unknownJob, valueOrThrow } from "../../documents/engine_refusal.ts";
import type { JobEngine } from "../../engine/job_engine.ts";

interface Window {
  readonly start: number;
  /** The index after the last entry shown. */
  readonly end: number;
}

/** A window of a list around an index, of `sizeMax` or the whole list. */
export function windowAround(index: number, length: number, sizeMax: number): Window {
  const size = Math.min(sizeMax, length);
  const start = Math.max(0, Math.min(index - (size >> 1), length - size));
  return { start, end: start + size };
}

/** Rows of the table of entries around the point, and the same number chosen elsewhere. */
export const ENTRIES_MAX = 100;

export interface TimeView {
  /** The job as of the point. */
  readonly job: JobState;
  /** The current job. */
  readonly present: JobState;
  /** Positions of all entries of the job, oldest first. */
  readonly logIds: readonly LogId[];
  /** The entries around the point. */
  readonly window: Window;
  /** Steps of the entries around the point, and of the chosen ones. */
  readonly steps: ReadonlyMap<LogId, ReplayStep>;
  /** The index of the entry at the point. */
  readonly index: number;
  readonly step: ReplayStep;
  readonly entry: JobEventLogEntry;
  /** Entries that changed the job's state or condition, numbered from 1. */
  readonly milestones: readonly number[];
}

/** A point, or a number of entries; the present if neither is given. */
type Position = { readonly point?: Point | undefined; readonly count?: number | undefined };

const NO_STEPS = { limit: 0 } as const;

/**
 * @param chosen Entries whose steps are wanted, wherever they are.
 * @throws {Problem} if there is no such job, or it has no such point.
 */
export async function timeView(
  engine: JobEngine,
  jobId: JobId,
  position: Position,
  chosen: readonly LogId[],
  hold: ReserveMemory,
): Promise<TimeView> {
  const present = engine.job(jobId);
  if (present === undefined) throw unknownJob(jobId);
  const logIds = engine.history.positions(jobId);
  const point = position.point ?? pointOfCount(logIds, position.count);
  const { job } = valueOrThrow(
    await (await engine.explanations()).replays.replay(jobId, point, NO_STEPS, hold),
  );
  const index = logIds.indexOf(job.lastLogId);
  const window = windowAround(index, logIds.length, ENTRIES_MAX);
  const steps = await readSteps(engine, jobId, [
    ...logIds.slice(window.start, window.end),
    ...chosen.slice(0, ENTRIES_MAX),
  ], hold);
  const [entry] = await engine.history.at([job.lastLogId]);
  const step = steps.get(job.lastLogId);
  // A replay has a step for each entry, and every job has entries.
  if (step === undefined || entry === undefined) throw new TypeError(`Job ${jobId} has no entries`);
  const milestones = findMilestones(engine, jobId, logIds);
  return { job, present, logIds, window, steps, index, step, entry, milestones };
}

/** A slider may be outdated, and a URL may be edited: the nearest entry is used. */
function pointOfCount(logIds: readonly LogId[], count: number | undefined): Point | undefined {
  if (count === undefined) return undefined;
  const logId = logIds[Math.min(Math.max(count, 1), logIds.length) - 1];
  return logId === undefined ? undefined : { kind: "logId", logId };
}

async function readSteps(
  engine: JobEngine,
  jobId: JobId,
  wanted: readonly LogId[],
  hold: ReserveMemory,
): Promise<ReadonlyMap<LogId, ReplayStep>> {
  const logId = wanted.reduce((last, one) => Math.max(last, one), 0);
  const upTo = { kind: "logId", logId: Math.min(logId, engine.headLogId) } as const;
  const also = new Set(wanted);
  const { steps } = valueOrThrow(
    await (await engine.explanations()).replays.replay(jobId, upTo, { ...NO_STEPS, also }, hold),
  );
  return new Map(steps.map((step) => [step.logId, step]));
}

const MILESTONES_MAX = 40;

/** Some of them, if there are many. */
function findMilestones(
  engine: JobEngine,
  jobId: JobId,
  logIds: readonly LogId[],
): readonly number[] {
  const numbers = logIds.flatMap((logId, index) =>
    engine.transitionAt({ jobId, logId }) === undefined ? [] : [index + 1]
  );
  const every = Math.ceil(numbers.length / MILESTONES_MAX);
  return numbers.filter((_, at) => at % every === 0);
}

export function PointSection({ view }: { readonly view: TimeView }) {
  const { job, entry, step } = view;
  const resource = jobResource(job);
  const pathOf = (logId: LogId) => jobEntryPath(job.jobId, logId);
  return (
    <section
      id="point"
      class="column two-columns point"
      data-log-id={entry.logId}
      data-step={view.index + 1}
      data-state={job.state}
      data-condition={resource.condition}
      aria-labelledby="point-title"
    >
      <div class="sheet">
        <h2 id="point-title" class="row">
          {job.state} <ConditionMark condition={deriveCondition(job)} />
        </h2>
        <EntryFacts view={view} pathOf={pathOf} />
        <p>
          Why:{" "}
          <a href={`${jobPath(job.jobId)}/explain?at=${entry.logId}&format=text`}>
            the explanation as of this point
          </a>
          .
        </p>
        <Rule rule={step.rule} why={step.why} />
        {step.changed.length === 0
          ? <p class="soft">The entry is on record, but did not change the job.</p>
          : <ChangeTable caption="What the entry changed" changes={step.changed} />}
        <details>
          <summary>The entry itself</summary>
          <JsonView value={entry} href={entryJsonPath(entry.logId)} />
        </details>
      </div>
      <div class="sheet">
        <h3>Expectations then</h3>
        <ExpectationTable job={job} pathOf={pathOf} />
        <h3>Tasks then</h3>
        <TaskTable tasks={resource.tasks} />
        {resource.failure !== null && <h3>Failure</h3>}
        <FailureView job={job} pathOf={pathOf} />
        <Output output={resource.output} href={`${jobPath(job.jobId)}/replay?at=${entry.logId}`} />
      </div>
    </section>
  );
}

function EntryFacts(
  { view: { entry }, pathOf }: { readonly view: TimeView; readonly pathOf: EntryPath },
) {
  return (
    <dl class="facts">
      <Term name="Entry">
        <EntryLink logId={entry.logId} pathOf={pathOf} />{" "}
        <span class="mono">
          <UserText text={entry.eventType} />
        </span>
        {entry.taskId !== undefined && (
          <>
            {" of task "}
            <UserText text={entry.taskId} />
          </>
        )}
      </Term>
      <Term name="Received">
        <Time at={entry.receivedAt} />
      </Term>
      {entry.causedBy !== undefined && (
        <Term name="Caused by">
          <EntryLink logId={entry.causedBy} />
        </Term>
      )}
    </dl>
  );
}

/** Rows that belong to no single state. */
const STATE_WORDS: Readonly<Record<string, string>> = { any: "in any state", none: "with no job" };

/** The row of the state table that applied, and why. */
function Rule({ rule, why }: { readonly rule: RuleName; readonly why: string }) {
  const { state, incoming, condition, next } = RULES[rule];
  return (
    <div>
      <p>
        <UserText text={why} />
      </p>
      <p class="hint">
        Rule <code>{rule}</code>: {STATE_WORDS[state] ?? `in ${state}`}, {incoming}
        {condition === "" ? "" : `, ${condition}`} → {next}
      </p>
    </div>
  );
}

function Output({ output, href }: { readonly output: unknown; readonly href: string }) {
  if (output === null) return null;
  return (
    <>
      <h3>Output</h3>
      <JsonView value={output} href={href} />
    </>
  );
}

const ROWS_MAX = 50;

type Task = ReturnType<typeof jobResource>["tasks"][number];

/** Of many tasks the last are shown, since the entry was about those. */
function TaskTable({ tasks }: { readonly tasks: readonly Task[] }) {
  if (tasks.length === 0) return <p class="soft">No task had started.</p>;
  const more = tasks.length - ROWS_MAX;
  return (
    <Table
      caption="Tasks"
      headings={["Task", "Status", "Attempts", "Now"]}
      asCards
      rest={more > 0 && `${counted(more, "earlier task is", "earlier tasks are")} in the JSON.`}
    >
      {tasks.slice(-ROWS_MAX).map((task) => (
        <tr data-task={task.taskId}>
          <th scope="row">
            <UserText text={task.taskId} />
          </th>
          <td>{task.status}</td>
          <td data-name="attempts">{task.attempts}</td>
          <td class="told">
            <Now task={task} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

const NOTE_LENGTH_MAX = 300;

/** Text beside the status. */
function Now({ task }: { readonly task: Task }) {
  const { progress } = task;
  return (
    <>
      {progress !== undefined && <TaskProgress {...progress} />}
      {"retryAt" in task && task.retryAt !== undefined && (
        <span class="piece">
          again at <Time at={task.retryAt} />
        </span>
      )}
      {"dueAt" in task && task.dueAt !== undefined && (
        <span class="piece">
          until <Time at={task.dueAt} />
        </span>
      )}
      {"error" in task && task.error !== undefined && (
        <span class="piece">
          <UserText
            text={`${task.error.name}: ${messageText(task.error)}`}
            lengthMax={NOTE_LENGTH_MAX}
          />
        </span>
      )}
    </>
  );
}
