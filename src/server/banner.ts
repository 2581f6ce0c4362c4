/** The text that is printed when Daybook is ready: its address, what it recovered, what to try. */

import { counted } from "../core/counted.ts";
import type { JsonValue } from "../core/json.ts";
import { schemaExample } from "../documents/schema_example.ts";
import type { DefinitionInfo } from "../engine/requests.ts";
import { durationText } from "../core/duration.ts";
import { shellWord } from "../core/shell_word.ts";
import { type Standing, standingLines } from "../core/standing.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { JournalHead, RecoveryReport } from "../engine/ports.ts";
import type { HeldPause } from "../explain/statements/queue_facts.ts";
import { pauseTimes, scopeText } from "../explain/words/phrases.ts";
import type { Scope } from "../access/tokens.ts";
import type { EventDraft } from "../core/event.ts";
import { type JobId, MAIN_TASK, type TaskId } from "../core/ids.ts";

interface Address {
  readonly hostname: string;
  readonly port: number;
}

interface TokenSource {
  readonly file: string | undefined;
}

/**
 * Within double quotes, a shell replaces this with the first token of the file that has the scope.
 */
function tokenFor(scope: Scope, file: string): string {
  const may = `($2 == "" || $2 ~ /${scope}/)`;
  return `$(awk '!/^ *#/ && NF && ${may} { print $1; exit }' ${shellWord(file)})`;
}

function tokenOption(scope: Scope, source: TokenSource | undefined): string {
  if (source === undefined) return "";
  const token = source.file === undefined ? "$DAYBOOK_TOKEN" : tokenFor(scope, source.file);
  return ` -H "authorization: Bearer ${token}"`;
}

export function serverUrl({ hostname, port }: Address): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** @param own A type of the user's own definitions, which the example then submits. */
export function banner(
  definitions: readonly DefinitionInfo[],
  own: string | undefined,
  address: Address,
  report: RecoveryReport,
  head: JournalHead,
  token: TokenSource | undefined,
  pauses: readonly HeldPause[],
  standing: Standing | undefined,
): string {
  const url = serverUrl(address);
  return [
    recovered(report, head),
    ...standing === undefined ? [] : standingLines(standing),
    `types of jobs: ${[...new Set(definitions.map(({ type }) => type))].join(", ")}`,
    ...pauses.flatMap((pause) => pauseLines(pause, url, token)),
    `listening on ${url}`,
    "",
    "open it in a browser, or try, in another terminal:",
    ...examples(url, token, definitions.findLast(({ type }) => type === own)),
    "",
  ].join("\n");
}

function pauseLines(
  pause: HeldPause,
  url: string,
  token: TokenSource | undefined,
): readonly string[] {
  const { pauseId, reason, jobs } = pause;
  const what = `${scopeText(pause)} ${pauseTimes(pause)}`;
  return [
    `paused: ${what} (${reason}); ${counted(jobs, "job")} waiting`,
    `  to end it: deno task daybook end-pause ${pauseId} --url ${url}`,
    `  or: curl -s${tokenOption("operate", token)} -X DELETE ${url}/pauses/${pauseId}`,
  ];
}

function recovered(report: RecoveryReport, head: JournalHead): string {
  const { entriesReplayed, durationMs, snapshotLogId, bytesQuarantined, clean } = report;
  if (head.logId === 0) return "a new journal";
  const parts = [
    `${counted(entriesReplayed, "entry", "entries")} in ${durationText(durationMs)}`,
    snapshotLogId === null ? "no snapshot" : `snapshot at ${snapshotLogId}`,
    `${bytesQuarantined} bytes quarantined`,
    clean ? "clean stop" : "after an unclean stop",
  ];
  return `recovered ${parts.join(", ")}; head ${head.logId} ${head.chain}`.trimEnd();
}

/** Without definitions of the user's own: an order, and the event that it waits for. */
const ORDER = { type: "order.fulfil", input: { orderId: "7", amount: 1999 } };
const PARCEL = {
  eventType: "ec.shipment.ShipmentCompleted",
  attributes: { orderId: "7", tracking: "T-1" },
};

function examples(
  url: string,
  source: TokenSource | undefined,
  own: DefinitionInfo | undefined,
): readonly string[] {
  const submit = tokenOption("submit", source);
  const post = (path: string, body: JsonValue) =>
    `  curl -s${submit} ${url}${path} -H 'content-type: application/json' -d ` +
    shellWord(JSON.stringify(body));
  const posts = own === undefined
    ? [post("/jobs", ORDER), post("/events", PARCEL)]
    : [post("/jobs", { type: own.type, input: schemaExample(own.inputSchema).value ?? {} })];
  return [...posts, `  curl -sN${tokenOption("read", source)} '${url}/stream?after=0'`];
}

export async function startWarnings(
  { found, locate }: Pick<JobEngine, "found" | "locate">,
): Promise<readonly string[]> {
  const parked = await Promise.all(found.parked.map((group) => parkedText(group, locate)));
  const alone = cutShortWarning(
    "open at two unclean stops in a row, and will first run alone",
    found.alone,
  );
  const warnings = alone === undefined ? parked : [...parked, alone];
  if (found.keyless === 0) return warnings;
  const why = found.keyless === 1
    ? "fails, because the key of its sealed input is gone"
    : "fail, because the keys of their sealed inputs are gone";
  return [...warnings, `${counted(found.keyless, "unfinished job")} ${why}`];
}

/** Parked jobs of one type and reason, with the line that the newest of them disagrees with. */
async function parkedText(
  { jobs, type, reason, newest }: JobEngine["found"]["parked"][number],
  locate: JobEngine["locate"],
): Promise<string> {
  const { message, jobId, disagreesWith } = newest;
  const [place] = disagreesWith === undefined ? [] : await locate([disagreesWith]).catch(() => []);
  const line = place === undefined ? "" : `, ${place.segment}:${place.line}`;
  const list = jobs === 1 ? "" : " and deno task daybook jobs --condition parked";
  return `${counted(jobs, "job")} of type ${type} ${jobs === 1 ? "is" : "are"} parked ` +
    `(${reason}${line}): ${message}; see deno task daybook explain ${jobId}${list}`;
}

const NAMES_MAX = 5;

/** The jobs and tasks that a crash, or this takeover, interrupted. */
export function cutShortWarnings(drafts: readonly EventDraft[]): readonly string[] {
  const isTakeover = drafts.some(({ attributes }) =>
    "reason" in attributes && attributes.reason === "takeover"
  );
  const end = isTakeover
    ? "by the takeover"
    : "when the last process ended without an orderly stop";
  const warning = cutShortWarning(`cut short ${end}`, tasksByJob(drafts));
  return warning === undefined ? [] : [warning];
}

function tasksByJob(drafts: readonly EventDraft[]): ReadonlyMap<JobId, readonly TaskId[]> {
  const found = new Map<JobId, TaskId[]>();
  for (const { jobId, taskId } of drafts) {
    if (jobId === undefined) continue;
    const tasks = found.getOrInsertComputed(jobId, () => []);
    if (taskId !== undefined) tasks.push(taskId);
  }
  return found;
}

function cutShortWarning(
  what: string,
  tasks: ReadonlyMap<JobId, Iterable<TaskId>>,
): string | undefined {
  const [first] = tasks.keys();
  if (first === undefined) return undefined;
  const names = [...tasks].slice(0, NAMES_MAX)
    .map(([jobId, taskIds]) => {
      const ids = [...taskIds].filter((taskId) => taskId !== MAIN_TASK);
      return ids.length === 0 ? jobId : `${jobId} (${ids.join(", ")})`;
    });
  const rest = tasks.size - names.length;
  const all = rest === 0 ? names : [...names, `and ${rest} more`];
  return `${counted(tasks.size, "job was", "jobs were")} ${what}: ${all.join(", ")}; ` +
    `see deno task daybook explain ${first}`;
}
