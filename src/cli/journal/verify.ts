/** `journal verify`: verifies a journal, from its first line on. */

import * as v from "valibot";
import { EXIT } from "../../core/exit_codes.ts";
import { counted } from "../../core/counted.ts";
import { journalLayout, type Layout } from "../../journal/layout.ts";
import type { WalkedDamage } from "../../verify/segment_walk.ts";
import { compare, type Compared } from "../../tools/shared_transfer.ts";
import type { Place } from "../../postgres/place.ts";
import { ServedAudit, ServedJob, type ServedSource } from "../../verify/served_audit.ts";
import { problemText } from "../../verify/audit_report.ts";
import { judge, type JudgedAudit } from "../../verify/verdict.ts";
import { Client } from "../client.ts";
import { hostPermissions, urlOption } from "../server_address.ts";
import { CommandError, type CommandInput } from "../command.ts";
import { plainText } from "../terminal.ts";
import { judgeOptions, keepOrWarn, verdictExitCode, verdictText } from "./proof.ts";
import { databasePermissions, parseDatabase, withTable } from "./database.ts";
import { type JournalCommand, type JournalTools, readableFolder } from "./folder.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId } from "../../core/ids.ts";
import type { JournalHead } from "../../engine/ports.ts";
import { id } from "../../documents/fields.ts";
import { PAGE_MAX } from "../../documents/parameters.ts";
import { jsonChunks } from "../../core/json_text.ts";
import { entriesPage } from "../resources.ts";

export const VERIFY_COMMAND: JournalCommand = {
  name: "verify",
  summary: "verify everything from the first line, even while a server runs",
  options: [
    { name: "url", value: "url", help: "a server to compare; DAYBOOK_URL, or the running one" },
    { name: "no-server", help: "do not compare with the state that a server serves" },
    { name: "against", value: "database", help: "compare with the rows of PostgreSQL as well" },
  ],
  examples: [
    "deno task journal verify",
    "deno task journal verify --journal /backup/journal --no-server",
    "deno task journal verify | jq .problems",
    "deno task journal verify --against 'postgres://daybook@127.0.0.1/jobs?journal=shop'",
  ],
  notes: [
    "Checks every line, batch and segment; that no event id appears twice; that names are " +
    "valid; each snapshot against the jobs that the lines give; and those jobs against what a " +
    "running server serves. No earlier verdict, sidecar or index is trusted, unless it shows " +
    "that entries are lost: `proved` in JSON names the first and the last line verified by this " +
    "run. GET /journal shows the verdict.",
    "--against compares each batch of the folder with its row, byte for byte and chain by " +
    "chain, and says where they differ. Rows that the folder has not fetched yet are verified " +
    "too.",
    "exit codes: 0 intact, 1 intact but a server serves something else, 64 usage, 65 a newer " +
    "version wrote it, 66 the database has no tables, 69 the " +
    "server named by --url does not answer, 74 cannot be read, 77 access to the database " +
    "denied, 78 damaged, or the database holds something else",
  ],
  writes: true,
  permissions: (input) => [
    hostPermissions(input),
    databasePermissions(input.text("against"), input),
  ],
  run: verify,
};

async function verify(input: CommandInput, tools: JournalTools): Promise<number> {
  const layout = journalLayout(readableFolder(input));
  const against = input.text("against");
  const place = against === undefined ? undefined : parseDatabase(against);
  const ask = () => askServer(input, layout.folder);
  const found = await judge(judgeOptions(input, tools, layout), ask, isServerNamed(input));
  const compared = place && await comparedWith(place, input, tools, layout);
  print(input, found, compared);
  await keepOrWarn(tools, input, layout, found);
  return compared?.divergence ? EXIT.damaged : verdictExitCode(found.verdict);
}

interface ComparedRows extends Compared {
  readonly database: string;
}

async function comparedWith(
  place: Place,
  input: CommandInput,
  tools: JournalTools,
  layout: Layout,
): Promise<ComparedRows> {
  const { terminal } = input;
  const compared = await withTable(place, input, tools, (table) =>
    compare({
      fileSystem: tools.fileSystem,
      layout,
      log: table.log,
      progress: (done, total) => terminal.progress("comparing", done, total),
    }));
  return { database: place.shown, ...compared };
}

function comparedText({ database, same, batches, more, divergence }: ComparedRows): string {
  if (divergence !== null) {
    return `${database} holds something else from logId ${divergence.logId} on: ` +
      divergence.reason;
  }
  const rest = more === 0
    ? ""
    : `, and ${counted(more, "entry", "entries")} that this folder has not fetched`;
  return `${database} holds the same ${counted(batches, "batch", "batches")} up to logId ` +
    `${same.logId}${rest}`;
}

/** The state that the server serves; `undefined` if no server was named and none is running. */
async function askServer(input: CommandInput, folder: string): Promise<ServedAudit | undefined> {
  if (input.isSet("no-server")) return undefined;
  const { terminal } = input;
  // A named server need not be the one that holds the journal.
  const journal = !isServerNamed(input) ? folder : undefined;
  const text = (name: string) => name === "journal" ? journal : input.text(name);
  try {
    return await ServedAudit.ask(
      new ServedOverHttp(Client.of({ ...input, text })),
      (jobs) => terminal.progress("jobs served:", jobs, 0),
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // A refusal says nothing about the files, and must not look like a verdict.
    if (isServerNamed(input)) {
      throw new CommandError(error.message, EXIT.unavailable, error.missing);
    }
    if (error.exitCode !== EXIT.unavailable) {
      input.warn(`not compared with the server: ${plainText(error.message)}`);
    }
    return undefined;
  }
}

/** A named server has to answer; a guessed one may be absent, or serve another journal. */
function isServerNamed(input: CommandInput): boolean {
  return urlOption(input) !== undefined;
}

function print(
  { form, terminal }: CommandInput,
  found: JudgedAudit,
  compared: ComparedRows | undefined,
): void {
  if (form === "json") {
    return terminal.out(JSON.stringify({ ...toResult(found), against: compared }));
  }
  terminal.out(verdictText(terminal, found.verdict));
  for (const line of detailLines(found)) terminal.err(`  ${plainText(line)}`);
  if (compared === undefined) return;
  const text = plainText(comparedText(compared));
  terminal.out(terminal.style(compared.divergence === null ? "green" : "red", text));
}

/** Details that do not fit on the verdict's line. */
function detailLines({ report, verdict }: JudgedAudit): readonly string[] {
  const { problems, problemCount, stoppedAt, head, served, notes } = report;
  const others = problems.map(problemText).filter((text) => !verdict.line.endsWith(text));
  const unlisted = problemCount - problems.length;
  return [
    ...others,
    ...(unlisted === 0 ? [] : [`and ${unlisted} more`]),
    ...(stoppedAt === undefined ? [] : [
      `reading stopped at segment ${stoppedAt.segment} line ${stoppedAt.line}, after logId ` +
      `${head.logId}; the rest was only searched for further damage`,
    ]),
    ...(served?.kind === "differs" ? served.reasons.slice(1) : []),
    ...(served?.kind === "other" && verdict.kind === "intact"
      ? [`${served.url} serves another journal`]
      : []),
    ...notes,
  ];
}

function toResult({ report, verdict: { kind, line }, durationMs }: JudgedAudit) {
  const { problems, problemCount, stoppedAt, head, proved } = report;
  const { snapshots, jobs, tornBytes, notes } = report;
  return {
    verdict: kind,
    detail: line,
    head,
    proved,
    segments: report.inventory.segments.length,
    snapshots,
    jobs,
    tornBytes,
    problemCount,
    stoppedAt: stoppedAt === undefined ? null : damagePlace(stoppedAt),
    problems: problems.map((problem) => ({
      kind: problem.kind,
      ...(problem.kind === "damage" ? damagePlace(problem.damage) : {}),
      detail: problemText(problem),
    })),
    served: report.served ?? null,
    notes,
    durationMs,
  };
}

function damagePlace({ segment, line, offset, logId }: WalkedDamage) {
  return { segment, line, offset, logId };
}

const HEAD = v.object({ head: v.object({ logId: v.number(), chain: v.string() }) });
/** All other members of a job are compared, but not checked. */
const JOBS = v.object({
  jobs: v.array(v.looseObject({ jobId: id<JobId>(), lastLogId: v.number() })),
  nextCursor: v.nullable(v.string()),
});

/**
 * The state that a server serves over HTTP, to compare it with the files. Every method throws a
 * `CommandError` if the server does not answer, or refuses.
 */
class ServedOverHttp implements ServedSource {
  constructor(private readonly client: Client) {}

  get url(): string {
    return this.client.url;
  }

  async head(): Promise<JournalHead> {
    return (await this.client.get(HEAD, "/journal")).head;
  }

  async *pages(): AsyncGenerator<readonly ServedJob[]> {
    const query = new URLSearchParams({ view: "full", limit: String(PAGE_MAX.wholeJobs) });
    for await (const { jobs } of this.client.pages(JOBS, "/jobs", query)) {
      yield jobs.map((job) => new ServedJob(job, jsonChunks(job)));
    }
  }

  async serves({ logId, eventId }: JobEventLogEntry): Promise<boolean> {
    const page = await this.client.get(entriesPage, `/events?after=${logId - 1}&limit=1`);
    return page.entries[0]?.eventId === eventId;
  }

  lossText(what: string): string {
    return `the server at ${this.url} has more than the files: ${what}; entries that were ` +
      "acknowledged are gone, unless this is a copy: then verify with --no-server";
  }
}
