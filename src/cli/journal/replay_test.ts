/** `replay-test`: tests today's definitions against the jobs of a journal. */

import { EXIT } from "../../core/exit_codes.ts";
import { hasCode, isTerminal, type JobState } from "../../core/job_state.ts";
import { errorMessage } from "../../core/thrown.ts";
import type { AnyJobDefinition } from "../../engine/definition.ts";
import { DefinitionRegistry } from "../../engine/definition_registry.ts";
import { checkHistory, planChanges } from "../../tools/history_check.ts";
import type { Clock } from "../../engine/ports.ts";
import {
  isSealed,
  type OpenedInput,
  type SealedJob,
  Sealing,
  withInput,
} from "../../engine/secrets/sealing.ts";
import { NO_SECRETS } from "../../engine/secrets/secret_guard.ts";
import { KeyFiles } from "../../journal/files/key_files.ts";
import { journalLayout } from "../../journal/layout.ts";
import { permissionsOfModule } from "../../settings/permission_advice.ts";
import { secretKeyIn } from "../../settings/configuration.ts";
import { DefinitionsError } from "../../server/user_definitions.ts";
import { CheckPool, RecordedJobs } from "../../tools/check_pool.ts";
import { CommandError, type CommandInput } from "../command.ts";
import { type JournalCommand, type JournalTools, readableFolder } from "./folder.ts";
import { type Finding, ReplayReport } from "../../tools/replay_report.ts";
import { reportRecords, reportText } from "./replay_report_lines.ts";
import { printLines } from "../terminal.ts";

export const REPLAY_TEST_COMMAND: JournalCommand = {
  name: "replay-test",
  summary: "test today's definitions against the recorded histories, without side effects",
  options: [
    { name: "definitions", value: "module", help: "your own definitions, as for a start" },
    { name: "type", value: "type", help: "only jobs of this type" },
    { name: "job", value: "jobId", help: "only this job, with what it would do next" },
    { name: "unfinished", help: "only jobs that have not ended" },
    { name: "all", help: "list all jobs that differ, instead of 20 per type" },
  ],
  notes: [
    "Calls run for each recorded job and answers it from the record alone: no task function " +
    "and no compensation is called, and nothing is written. A server may be running. --journal " +
    "and --definitions may come from DAYBOOK_JOURNAL and DAYBOOK_DEFINITIONS. Sealed inputs " +
    "are opened if their keys are available, with DAYBOOK_SECRET_KEY if needed.",
    "The task may read the folder of deno.json; for a module elsewhere it prints the command " +
    "to use.",
    "exit codes: 0 nothing breaks, 1 an unfinished job would break or could not be checked, 64 " +
    "usage, 65 a newer version wrote the journal, 74 it cannot be read, 78 it is damaged",
  ],
  examples: [
    "deno task journal replay-test                  # every recorded job",
    "deno task journal replay-test --unfinished     # before a deploy: those in flight",
    "deno task journal replay-test --job order-42   # one, and what it would do next",
    "deno task journal replay-test --definitions my_jobs.ts",
    "deno task journal replay-test | jq -r 'select(.category == \"breaks\") | .jobId'",
  ],
  permissions: (input) => [permissionsOfModule(moduleOption(input))],
  run,
};

/** Which jobs are tested. */
interface Selection {
  readonly type: string | undefined;
  readonly jobId: string | undefined;
  readonly unfinishedOnly: boolean;
}

async function run(input: CommandInput, parts: JournalTools): Promise<number> {
  const { terminal } = input;
  const selection: Selection = {
    type: input.text("type"),
    jobId: input.text("job"),
    unfinishedOnly: input.isSet("unfinished"),
  };
  const registry = await loadRegistry(parts, input);
  requireKnownType(registry, selection);
  const folder = readableFolder(input);
  const recorded = await RecordedJobs.read(
    parts.fileSystem,
    folder,
    (done, total) => terminal.progress("reading", done, total),
  );
  const selected = selectedJobs(recorded, selection);
  const sealing = createSealing(parts, input, folder);
  const report = new ReplayReport(selection.jobId !== undefined);
  let done = 0;
  const pool = new CheckPool(selected, parts.clock, async (job, clock) => {
    await check({ clock, sealing, registry, recorded, report }, job);
    terminal.progress("checking", ++done, selected.length);
  });
  await pool.run();
  printReport(input, report, recorded.head.logId, input.isSet("all"));
  return report.verdict === "compatible" ? EXIT.ok : EXIT.negative;
}

/** An invalid secret key is ignored: the report names the jobs that need it. */
function createSealing({ fileSystem }: JournalTools, input: CommandInput, folder: string): Sealing {
  const secretKey = secretKeyIn(input.env("DAYBOOK_SECRET_KEY") ?? "");
  return new Sealing(new KeyFiles(fileSystem, journalLayout(folder), secretKey));
}

function moduleOption(input: CommandInput): string | undefined {
  return input.text("definitions") ?? input.env("DAYBOOK_DEFINITIONS");
}

async function loadRegistry(parts: JournalTools, input: CommandInput): Promise<DefinitionRegistry> {
  try {
    return new DefinitionRegistry(await parts.definitions(moduleOption(input)));
  } catch (error) {
    const message = errorMessage(error);
    const unreadable = error instanceof DefinitionsError ? error.unreadable : [];
    const missing = unreadable.length === 0 ? undefined : { read: unreadable };
    throw new CommandError(message, EXIT.usage, missing);
  }
}

function requireKnownType(registry: DefinitionRegistry, { type }: Selection): void {
  if (type === undefined || registry.get(type) !== undefined) return;
  throw new CommandError(
    `Cannot test type ${type}: no definition is loaded; loaded are ${registry.types.join(", ")}`,
    EXIT.usage,
  );
}

function selectedJobs(
  { table }: RecordedJobs,
  { type, jobId, unfinishedOnly }: Selection,
): readonly JobState[] {
  const selected = [...table.jobs()].filter((job) =>
    (type === undefined || job.type === type) && (jobId === undefined || job.jobId === jobId) &&
    !(unfinishedOnly && isTerminal(job))
  );
  if (jobId === undefined || selected.length > 0) return selected.filter(hasCode);
  throw new CommandError(`Cannot test job ${jobId}: no such job was selected`, EXIT.usage);
}

interface Checking {
  readonly clock: Clock;
  readonly sealing: Sealing;
  readonly registry: DefinitionRegistry;
  readonly recorded: RecordedJobs;
  readonly report: ReplayReport;
}

/** Checks a job against the definition closest to it, even if that does not run the job. */
async function check(
  { clock, sealing, registry, recorded, report }: Checking,
  job: JobState,
): Promise<void> {
  const definition = registry.running(job) ?? registry.get(job.type);
  if (definition === undefined) {
    if (!isTerminal(job)) report.addMissing(job.type ?? "");
    return;
  }
  const type = report.of(definition.type, definition.version);
  const add = async (verdict: Finding["verdict"]) =>
    type.add(await toFinding(job, definition, verdict, recorded));
  const opened = isSealed(job) ? await openedInput(sealing, job) : undefined;
  if (opened?.ok === false) {
    return await add({ kind: "notChecked", message: `the input is sealed, and ${opened.reason}` });
  }
  const clear = opened === undefined ? job : withInput(job, opened.input);
  const source = { clock, entriesAt: recorded.factsAt };
  const guard = opened?.guard ?? NO_SECRETS;
  const verdict = await checkHistory(definition, clear, { ...source, guard });
  const lack = isTerminal(job) ? undefined : registry.lackFor(job);
  await add(
    lack !== undefined && verdict.kind === "compatible"
      ? { kind: "notLoaded", logId: job.firstLogId, message: lack }
      : verdict,
  );
  if (!isTerminal(job)) type.addPlanChanges(planChanges(definition, clear, guard));
}

/** A key that cannot be read is ignored, since nothing is written here. */
async function openedInput(sealing: Sealing, job: SealedJob): Promise<OpenedInput> {
  try {
    return await sealing.open(job);
  } catch (error) {
    return { ok: false, reason: errorMessage(error) };
  }
}

async function toFinding(
  job: JobState,
  definition: AnyJobDefinition,
  verdict: Finding["verdict"],
  recorded: RecordedJobs,
): Promise<Finding> {
  return {
    jobId: job.jobId,
    firstLogId: job.firstLogId,
    type: definition.type,
    state: job.state,
    version: job.definitionVersion ?? 0,
    versionNow: definition.version,
    verdict,
    location: "logId" in verdict ? await recorded.locate(verdict.logId) : undefined,
  };
}

function printReport(
  { form, terminal }: CommandInput,
  report: ReplayReport,
  head: number,
  all: boolean,
): void {
  if (form === "text") return printLines(terminal, reportText(report, head, all, terminal.style));
  for (const record of reportRecords(report, head)) terminal.out(JSON.stringify(record));
}
