/** `--wait`: follows a job to its end, and makes its outcome the exit code. */

import { parseJsonText } from "../core/json_text.ts";
import { stateText } from "../core/state_text.ts";
import type { Client } from "./client.ts";
import {
  CommandError,
  type CommandInput,
  type CommandOption,
  EXIT_OK,
  UsageError,
} from "./command.ts";
import { follow } from "./event_source.ts";
import { JobProgress } from "./job_progress.ts";
import { plainPage } from "./plain_text.ts";
import { formOf, printJson, printLines, textColumns } from "./presentation.ts";
import { paintedExplanation } from "./render/explanation.ts";
import { outcomeLines } from "./render/outcome.ts";
import { entryResource, expectShape, type JobResource, jobResource } from "./resources.ts";
import { tellOfConnection } from "./lost_connection.ts";
import type { Surroundings } from "./surroundings.ts";
import { DURATION_RULE, durationText } from "../core/duration.ts";
import { durationOf } from "./times.ts";

const EXIT_FAILED = 1;
const EXIT_CANCELLED = 2;
/** As of timeout(1). */
const EXIT_TIMED_OUT = 124;

export const WAIT_OPTIONS: readonly CommandOption[] = [
  { name: "wait", short: "w", help: "follow the job to its end; the exit code is its outcome" },
  { name: "timeout", value: "duration", help: "how long to wait; the job continues regardless" },
];

export const WAIT_NOTE = "With --wait the exit code is 0 when the job is Done, 1 when it failed, " +
  "2 when it\nwas cancelled, and 124 when the time was up before; the job goes on then. Without " +
  "it 0 says that\nthe job was taken. In both cases it is 65 when the server refused, and 69 " +
  "when it could not be\nreached.";

/**
 * @throws {UsageError} when the options do not fit together.
 */
export function timeoutOf(input: CommandInput): number | undefined {
  const text = input.text("timeout");
  if (text === undefined) return undefined;
  if (!input.isSet("wait")) throw new UsageError("--timeout goes with --wait");
  const ms = durationOf(text);
  if (ms === undefined) throw new UsageError(`--timeout must be ${DURATION_RULE}, and is ${text}`);
  return ms;
}

/** Waits, shows what happens meanwhile, and gives the exit code. */
export async function waitForEnd(
  jobId: string,
  client: Client,
  input: CommandInput,
  surroundings: Surroundings,
): Promise<number> {
  const timeoutMs = timeoutOf(input);
  surroundings.sayWhenInterrupted(
    `job ${jobId} goes on; deno task daybook show ${jobId} tells how it is`,
  );
  const leave = new AbortController();
  const cancel = timeoutMs === undefined
    ? () => {}
    : surroundings.clock.setTimer(timeoutMs, () => leave.abort());
  try {
    await watch(jobId, client, input, surroundings, leave.signal);
    const job = expectShape(jobResource, await client.get(`/jobs/${jobId}`), client);
    return await report(job, timeoutMs ?? 0, client, input);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const time = leave.signal.aborted ? `the ${durationText(timeoutMs ?? 0)} are up, and ` : "";
    throw new CommandError(
      `${time}${error.message}; job ${jobId} was accepted all the same, ` +
        `and deno task daybook show ${jobId} tells how it is`,
      leave.signal.aborted ? EXIT_TIMED_OUT : error.exitCode,
    );
  } finally {
    cancel();
    input.terminal.progressEnd();
  }
}

async function watch(
  jobId: string,
  client: Client,
  input: CommandInput,
  { clock, times }: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const progress = new JobProgress(input, times, formOf(input) === "text", textColumns(input));
  const path = `/jobs/${jobId}/stream?until=terminal`;
  const losses = tellOfConnection(input.terminal, client);
  for await (const data of follow({ client, clock, path, endsItself: true, signal, ...losses })) {
    const entry = expectShape(entryResource, parseJsonText(data), client);
    progress.note(entry);
    if (isTerminal(entry.job?.to)) return;
  }
}

function isTerminal(state: string | undefined): boolean {
  return state === "Done" || state === "Failed";
}

async function report(
  job: JobResource,
  timeoutMs: number,
  client: Client,
  input: CommandInput,
): Promise<number> {
  const isJson = formOf(input) === "json";
  if (isJson) printJson(input, job);
  if (!isTerminal(job.state)) {
    const state = `${stateText(job)} after ${durationText(timeoutMs)}`;
    input.terminal.err(
      `daybook: stopped waiting for job ${job.jobId}: it is ${state}, and goes on; ` +
        `deno task daybook explain ${job.jobId} says why`,
    );
    return EXIT_TIMED_OUT;
  }
  if (!isJson) await printOutcome(job, client, input);
  return outcomeCode(job);
}

function outcomeCode({ state, condition }: JobResource): number {
  if (state === "Done") return EXIT_OK;
  return condition === "cancelled" ? EXIT_CANCELLED : EXIT_FAILED;
}

/** Of a failure the explanation tells more than the error alone. */
async function printOutcome(job: JobResource, client: Client, input: CommandInput): Promise<void> {
  const { style } = input.terminal;
  const prose = job.state === "Done" ? undefined : await explanationOf(job.jobId, client);
  const explained = prose === undefined ? [] : ["", ...paintedExplanation(prose, style)];
  printLines(input, [...outcomeLines(job, prose === undefined, style), ...explained]);
}

/** What the server makes of it; nothing when it cannot say. */
async function explanationOf(jobId: string, client: Client): Promise<string | undefined> {
  const headers = { accept: "text/plain" };
  try {
    const response = await client.request(`/jobs/${jobId}/explain`, { headers });
    return plainPage(await client.text(response));
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}
