/** `--wait`: follows a job to its end, and returns its outcome as the exit code. */

import { EXIT } from "../core/exit_codes.ts";
import { messageText } from "../core/error_text.ts";
import { stateText } from "../core/condition.ts";
import { MAIN_TASK } from "../core/ids.ts";
import type { Client } from "./client.ts";
import { CommandError, type CommandInput, type CommandOption, UsageError } from "./command.ts";
import { follow } from "./event_source.ts";
import {
  fitted,
  padded,
  plainPage,
  plainText,
  printLines,
  PROGRESS_BAR_COLUMNS,
  type Terminal,
  textColumns,
} from "./terminal.ts";
import { type Paint, painted, paintedExplanation, paintedState } from "./render/marks.ts";
import { type EntryResource, entryResource, type JobResource, jobResource } from "./resources.ts";
import type { ServerCall } from "./server_call.ts";
import { DURATION_RULE, durationText } from "../core/duration.ts";
import { millisecondsBetween, parseDurationMs, type Times } from "./times.ts";
import { progressText } from "../explain/words/phrases.ts";
import { entryNote } from "../documents/entry_note.ts";

/** A label cut to fewer columns would be useless. */
const LABEL_COLUMNS_MIN = 20;
const TASK_COLUMNS = 14;
const STATUS_COLUMNS = 18;

const STARTS: readonly string[] = ["job.TaskStarted", "job.TimerSet", "job.CompensationStarted"];

/** The status of a task after an entry; other entries do not end a task. */
const STATUSES: Readonly<Record<string, string>> = {
  "job.TaskCompleted": "completed",
  "job.TimerElapsed": "completed",
  "job.TaskFailed": "failed",
  "job.TaskInterrupted": "interrupted",
  "job.TaskCompensated": "compensated",
  "job.TaskCompensationFailed": "compensationFailed",
};

/** Shows the progress of a job while it is waited for: its tasks as they end, and a bar. */
export class JobProgress {
  readonly #startedAt = new Map<string, string>();

  constructor(
    private readonly terminal: Terminal,
    private readonly times: Times,
    /** Whether tasks are printed as they end; the bar is always shown. */
    private readonly printsTasks: boolean,
    private readonly columns: number,
  ) {}

  note(entry: EntryResource): void {
    const { eventType, taskId = "" } = entry;
    if (Object.hasOwn(STATUSES, eventType) && taskId !== MAIN_TASK) this.#printTask(entry, taskId);
    // The duration of a retried task is that of its last attempt.
    if (STARTS.includes(eventType)) this.#startedAt.set(taskId, entry.receivedAt);
    this.#show(entry);
  }

  #printTask(entry: EntryResource, taskId: string): void {
    if (!this.printsTasks) return;
    const { terminal } = this;
    const status = "retryAt" in entry.attributes ? "backingOff" : STATUSES[entry.eventType] ?? "";
    const startedAt = this.#startedAt.get(taskId) ?? entry.receivedAt;
    const took = durationText(millisecondsBetween(startedAt, entry.receivedAt));
    const isUndoing = entry.eventType === "job.TaskCompensationFailed";
    const note = (isUndoing ? "undoing it: " : "") + plainText(entryNote(entry, this.times));
    const head = `  ${padded(taskId, TASK_COLUMNS)}  `;
    const cells = `${painted(terminal.style, status, padded(status, STATUS_COLUMNS))}  ${
      padded(took, 6)
    }`;
    const room = this.columns - head.length - STATUS_COLUMNS - 10;
    terminal.out(`${head}${cells}  ${fitted(note, Math.max(room, 20))}`.trimEnd());
  }

  #show(entry: EntryResource): void {
    const { terminal } = this;
    const { attributes } = entry;
    const room = Math.max(terminal.columns - PROGRESS_BAR_COLUMNS - 1, LABEL_COLUMNS_MIN);
    const label = fitted(plainText(this.#label(entry)), room);
    if (label === "") return;
    if (entry.eventType !== "job.TaskProgressed") return terminal.progress(label, 0, 0);
    const [done, total] = [Number(attributes["done"]), Number(attributes["total"] ?? 0)];
    terminal.progress(label, total === 0 ? 0 : done, total);
  }

  #label(entry: EntryResource): string {
    const { eventType, taskId = "", job } = entry;
    const note = entryNote(entry, this.times);
    if (eventType === "job.TaskProgressed") {
      return `${taskId} ${progressText(entry.attributes as Parameters<typeof progressText>[0])}`;
    }
    if (eventType === "job.TaskWaiting") return `waiting ${note}`;
    if (eventType === "job.TaskStarted" && taskId !== MAIN_TASK) return `${taskId} ${note}`.trim();
    return job?.condition ?? "";
  }
}

export const WAIT_OPTIONS: readonly CommandOption[] = [
  { name: "wait", short: "w", help: "follow the job to its end; the exit code is its outcome" },
  { name: "timeout", value: "duration", help: "how long to wait; the job continues regardless" },
];

export const WAIT_NOTE =
  "With --wait the exit code is 0 if the job is Done, 1 if it failed, 2 if it was cancelled, and " +
  "124 if the time limit passed first; the job then continues. Without --wait, 0 means that the " +
  "job was accepted. In both cases it is 65 if the server refused, and 69 if it could not be " +
  "reached.";

/** @throws {UsageError} if the options contradict each other. */
export function timeoutOption(input: CommandInput): number | undefined {
  const text = input.text("timeout");
  if (text === undefined) return undefined;
  if (!input.isSet("wait")) throw new UsageError("--timeout goes with --wait");
  const ms = parseDurationMs(text);
  if (ms === undefined) throw new UsageError(`--timeout must be ${DURATION_RULE}, not ${text}`);
  return ms;
}

/**
 * Prints a job that the server has accepted or, with `--wait`, follows it to its end.
 *
 * @param text What is printed first if the output is text.
 */
export async function printAccepted(
  job: JobResource,
  text: string,
  call: ServerCall,
): Promise<number> {
  const waits = call.input.isSet("wait");
  if (call.form === "text" || !waits) call.print(job, () => [text]);
  return waits ? await waitForEnd(job.jobId, call) : EXIT.ok;
}

/** Waits, shows progress meanwhile, and returns the exit code. */
async function waitForEnd(jobId: string, call: ServerCall): Promise<number> {
  const { input, surroundings } = call;
  const timeoutMs = timeoutOption(input);
  surroundings.setInterruptMessage(
    `job ${jobId} continues; deno task daybook show ${jobId} shows it`,
  );
  const leave = new AbortController();
  const cancel = timeoutMs === undefined
    ? () => {}
    : surroundings.clock.setTimer(timeoutMs, () => leave.abort());
  try {
    await watch(jobId, call, leave.signal);
    return await report(await call.client.get(jobResource, `/jobs/${jobId}`), timeoutMs ?? 0, call);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const time = leave.signal.aborted ? `${durationText(timeoutMs ?? 0)} have passed, and ` : "";
    throw new CommandError(
      `${time}${error.message}; job ${jobId} was accepted: deno task daybook show ${jobId} ` +
        "shows it",
      leave.signal.aborted ? EXIT.timedOut : error.exitCode,
    );
  } finally {
    cancel();
  }
}

async function watch(jobId: string, call: ServerCall, signal: AbortSignal): Promise<void> {
  const { terminal, form, surroundings: { times } } = call;
  const progress = new JobProgress(terminal, times, form === "text", textColumns(terminal));
  const path = `/jobs/${jobId}/stream?until=terminal`;
  for await (const data of follow(call, path, { endsItself: true, signal })) {
    const entry = call.client.parse(entryResource, data);
    progress.note(entry);
    if (isTerminal(entry.job?.to)) return;
  }
}

function isTerminal(state: string | undefined): boolean {
  return state === "Done" || state === "Failed";
}

async function report(job: JobResource, timeoutMs: number, call: ServerCall): Promise<number> {
  const { input, terminal, form } = call;
  if (form === "json") terminal.out(JSON.stringify(job));
  if (!isTerminal(job.state)) {
    const state = `${stateText(job)} after ${durationText(timeoutMs)}`;
    input.warn(
      `stopped waiting for job ${job.jobId}: it is ${state}, and continues; deno task ` +
        `daybook explain ${job.jobId} says why`,
    );
    return EXIT.timedOut;
  }
  if (form === "text") await printOutcome(job, call);
  return outcomeCode(job);
}

function outcomeCode({ state, condition }: JobResource): number {
  if (state === "Done") return EXIT.ok;
  return condition === "cancelled" ? EXIT.cancelled : EXIT.negative;
}

/** A failure is explained, which says more than the error alone. */
async function printOutcome(job: JobResource, { terminal, client }: ServerCall): Promise<void> {
  const { style } = terminal;
  const prose = job.state === "Done" ? undefined : await fetchExplanation(job.jobId, client);
  const explained = prose === undefined ? [] : ["", ...paintedExplanation(prose, style)];
  printLines(terminal, [...outcomeLines(job, prose === undefined, style), ...explained]);
}

/** The server's explanation; nothing if there is none. */
async function fetchExplanation(jobId: string, client: Client): Promise<string | undefined> {
  const headers = { accept: "text/plain" };
  try {
    const response = await client.request(`/jobs/${jobId}/explain`, { headers });
    return plainPage(await client.text(response));
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

/** The outcome on a line, and the whole output, which is the purpose of the job. */
function outcomeLines(job: JobResource, withReason: boolean, paint: Paint): readonly string[] {
  const { jobId, createdAt, endedAt, output, failure } = job;
  const took = endedAt === null
    ? ""
    : ` after ${durationText(millisecondsBetween(createdAt, endedAt))}`;
  const reason = failure === null || !withReason
    ? ""
    : `: ${plainText(messageText(failure.error))}`;
  return [
    `${jobId} is ${paintedState(paint, job)}${took}${reason}`,
    ...(output === null ? [] : JSON.stringify(output, null, 2).split("\n").map(plainText)),
  ];
}
