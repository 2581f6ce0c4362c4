/**
 * Starts Daybook: reads the configuration, opens the journal, listens, and stops in order on a
 * signal. The real clock and the real ids enter here.
 */

import { EXIT } from "./src/core/exit_codes.ts";
import {
  type Configuration,
  type ConfigurationResult,
  misspeltVariables,
  type Origins,
  readConfiguration,
} from "./src/settings/configuration.ts";
import { withHelp } from "./src/settings/command_line.ts";
import { describeConfiguration, helpText } from "./src/settings/configuration_text.ts";
import { banner, serverUrl } from "./src/server/banner.ts";
import { errorMessage } from "./src/core/thrown.ts";
import { lackText } from "./src/core/permissions.ts";
import { Daybook } from "./src/server/daybook.ts";
import type { AnyJobDefinition } from "./src/engine/definition.ts";
import { type Access, TokenList } from "./src/access/tokens.ts";
import { shippedDefinitions } from "./src/jobs/shipped.ts";
import type { ProcessEnd } from "./src/core/framework_events.ts";
import { journalLayout } from "./src/journal/layout.ts";
import { Entrance, StartProgress } from "./src/server/entrance.ts";
import { listenFirst, requireOwnFolder } from "./src/server/folder.ts";
import { openingFailure, runningFailure, stopInOrder, stopOnSignal } from "./src/server/ending.ts";
import { Joining } from "./src/server/joining.ts";
import type { DaybookOptions } from "./src/server/parts.ts";
import type { Listener } from "./src/server/listener.ts";
import { environment, withStart } from "./src/settings/permission_advice.ts";
import { dropUnprintable, systemClock, systemRandom } from "./src/server/system.ts";
import { ServerLog } from "./src/server/logs.ts";
import { readSecretText, TokenFile } from "./src/settings/token_file.ts";
import type { OpenTelemetry } from "./src/tracing/open_telemetry.ts";
import { DefinitionsError, loadDefinitions } from "./src/server/user_definitions.ts";
import {
  exitProcess,
  keepBuiltIns,
  reportExitsOfCode,
  surviveUncaught,
} from "./src/server/user_code.ts";
import { warnAboutHosts, webhookOptions } from "./src/server/webhooks.ts";
import { VERSION } from "./src/version.ts";

/** How long open requests have to learn that the journal failed. */
const LAST_ANSWERS_MS = 200;

/**
 * How long a start only answers requests. Then it calls the code of jobs and starts a thread, for
 * which Deno stops the event loop for some 45 ms.
 */
const FIRST_ANSWERS_MS = 50;

/** Removes secrets from messages; set as soon as secrets are known. */
let redact = (text: string): string => text;

/** Present as soon as its journal is open. */
let running: Daybook | undefined;

let log = createLog("text");

function createLog(format: Configuration["logFormat"]): ServerLog {
  return new ServerLog({ format, now: systemClock.now, out: console.log, err: console.error });
}

function warn(message: string): void {
  log.warn(redact(message));
}

function fail(message: string, exitCode: number): never {
  warn(message);
  exitProcess(exitCode);
}

/** For the next start: this process, whose journal is open, records nothing more. */
function leaveEndNote({ folder }: Configuration, end: ProcessEnd): void {
  if (running === undefined) return;
  try {
    Deno.writeTextFileSync(journalLayout(folder).endNote, JSON.stringify(end), { mode: 0o600 });
  } catch {
    // It only explains.
  }
}

interface Definitions {
  readonly shipped: readonly AnyJobDefinition[];
  readonly own: readonly AnyJobDefinition[];
}

async function readDefinitions(configuration: Configuration): Promise<Definitions> {
  const shipped = shippedDefinitions({ webhook: webhookOptions(configuration) });
  if (configuration.definitions === undefined) return { shipped, own: [] };
  log.info(`loading ${configuration.definitions}`);
  return { shipped, own: await loadDefinitions(configuration.definitions) };
}

/** A regular file of tokens is read again; a pipe can be read only once. */
function createAccess({ tokens, tokenFile }: Configuration): Access | undefined {
  if (tokens.length === 0) return undefined;
  if (tokenFile === undefined || !Deno.statSync(tokenFile).isFile) return new TokenList(tokens);
  return new TokenFile({
    path: tokenFile,
    tokens,
    readTextFile: readSecretText,
    monotonic: systemClock.monotonic,
    warn,
  });
}

/** Loaded only if Deno collects spans: it then registers itself under this symbol. */
async function findTracing(): Promise<OpenTelemetry | undefined> {
  if (!(Symbol.for("opentelemetry.js.api.1") in globalThis)) return undefined;
  const { OpenTelemetry } = await import("./src/tracing/open_telemetry.ts");
  const tracing = OpenTelemetry.find(VERSION);
  if (tracing !== undefined) log.info("spans are exported to OpenTelemetry, by OTEL_DENO");
  return tracing;
}

type Given = "configuration" | "origins" | "definitions" | "tracing" | "progress";

interface Opening extends Pick<DaybookOptions, Given> {
  readonly joining: Joining | undefined;
}

async function openDaybook({ joining, ...opening }: Opening): Promise<Daybook> {
  const { configuration } = opening;
  return await orFail(configuration, async () =>
    await Daybook.open({
      ...opening,
      clock: systemClock,
      random: systemRandom,
      access: createAccess(configuration),
      sharing: await joining?.join(),
      warn,
      jobLog: log,
      stalls: {
        exitMs: configuration.stallExitMs,
        reports: true,
        isJson: configuration.logFormat === "json",
        onTooLong: (end) => {
          leaveEndNote(configuration, end);
          fail("the event loop was blocked for --stall-exit", EXIT.endedByCode);
        },
      },
      onJournalFailed: (error) => {
        const { text, exitCode } = runningFailure(error, configuration);
        warn(text);
        setTimeout(() => exitProcess(exitCode), LAST_ANSWERS_MS);
      },
    }));
}

/** Ends the process if the journal cannot be used. */
async function orFail<Result>(
  configuration: Configuration,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const failure = openingFailure(error, configuration);
    if (failure === undefined) throw error;
    fail(failure.text, failure.exitCode);
  }
}

/**
 * @throws {Error} with the whole command to use, if the process may not read the folder.
 */
function readTextFile(path: string): string {
  try {
    return readSecretText(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    const missing = { read: [path] };
    throw new Error(withStart(lackText(missing), missing));
  }
}

/** For a stop before anything began or was recorded. */
function stopOpening(): Promise<void> {
  warn("stopped before the journal was open");
  exitProcess(0);
}

/**
 * With a listener for SIGXFSZ, a write beyond the limit on file sizes fails as on a full disk;
 * without one, the signal ends the process.
 */
function surviveFileSizeLimit(): void {
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
}

/** The first lines of the log: what runs, with which settings. */
function introduce(configuration: Configuration, origins: Origins): void {
  const lines = describeConfiguration(configuration, origins);
  log.info(`daybook ${VERSION}, process ${Deno.pid}\n${lines.join("\n")}`);
  for (const warning of misspeltVariables(environment)) warn(warning);
}

/** Other processes that share the journal need to know where this one listens. */
function createJoining(configuration: Configuration, entrance: Entrance): Joining | undefined {
  const { database: place, secretKey, advertise } = configuration;
  if (place === undefined || secretKey === undefined) return undefined;
  const url = advertise ?? serverUrl(listenOrFail(entrance.listen()).addr);
  stopOnSignal(stopOpening);
  return new Joining({ place, secretKey, url, print: (line) => log.info(line), warn });
}

/** @param listening A listener, or the reason why there is none. */
function listenOrFail<Listening>(listening: Listening | string): Listening {
  return typeof listening === "string" ? fail(listening, EXIT.cannotListen) : listening;
}

async function stop(
  { drainMs }: Configuration,
  daybook: Daybook,
  listener: Listener,
): Promise<void> {
  try {
    await stopInOrder(daybook, listener, drainMs, warn);
  } catch (error) {
    const reason = errorMessage(error);
    fail(`could not stop cleanly: ${reason}; the next start recovers`, EXIT.storageFailed);
  }
  exitProcess(0);
}

async function start(configuration: Configuration, origins: Origins): Promise<void> {
  const { folder } = configuration;
  log = createLog(configuration.logFormat);
  surviveFileSizeLimit();
  reportExitsOfCode(warn, (end) => leaveEndNote(configuration, end));
  introduce(configuration, origins);
  const tracing = await findTracing();
  requireOwnFolder(folder);

  const { fetch, progress } = new StartProgress(systemClock, (line) => log.info(line));
  const entrance = new Entrance({ ...configuration, clock: systemClock, opening: fetch, warn });
  const joining = createJoining(configuration, entrance);
  const { shipped, own } = await orFail(configuration, () => readDefinitions(configuration));
  const listen = () => entrance.listen();
  listenOrFail(await orFail(configuration, () => listenFirst(folder, listen, warn)));
  const definitions = [...shipped, ...own];
  const given = { configuration, origins, definitions, tracing, progress, joining };
  const daybook = await openDaybook(given);
  redact = (text) => daybook.engine.redact(text);
  running = daybook;

  const listening = entrance.open(daybook.fetch);
  if (typeof listening === "string") await daybook.stop(() => Promise.resolve());
  const listener = listenOrFail(listening);
  stopOnSignal(() => stop(configuration, daybook, listener));
  daybook.handleSignals();
  const hasFollowed = !daybook.leads;
  if (hasFollowed) {
    daybook.work();
    if (!await orFail(configuration, () => daybook.lead())) return;
  }
  await warnAboutHosts(configuration.webhookHosts, warn);
  const { journal, engine } = daybook;
  await journal.announce(serverUrl(listener.addr));
  log.info(
    banner(
      engine.definitions(),
      own[0]?.type,
      listener.addr,
      daybook.report,
      journal.head,
      configuration.tokens.length === 0 ? undefined : { file: configuration.tokenFile },
      engine.pauses.all(),
      joining?.standing,
    ),
  );
  if (!hasFollowed) await new Promise((resolve) => setTimeout(resolve, FIRST_ANSWERS_MS));
  daybook.work();
  for (const warning of await daybook.found()) warn(warning);
}

/** Errors that the user has to fix: an unusable definition or option. */
async function startOrFail(configuration: Configuration, origins: Origins): Promise<void> {
  try {
    await start(configuration, origins);
  } catch (error) {
    const isUsage = error instanceof TypeError || error instanceof DefinitionsError;
    const isUnreadable = error instanceof DefinitionsError && error.unreadable.length > 0;
    const text = errorMessage(error);
    fail(
      isUnreadable ? withStart(text, { read: error.unreadable }) : text,
      isUsage ? EXIT.usage : EXIT.storageFailed,
    );
  }
}

/** Without the permission, a token in the environment would not count. */
function settings(): ConfigurationResult {
  try {
    return readConfiguration({ args: Deno.args, env: (name) => Deno.env.get(name), readTextFile });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    const lack = "permission is missing, add '--allow-env=DAYBOOK_*'";
    return fail(withStart(`Cannot read the settings: ${lack}`, {}), EXIT.usage);
  }
}

dropUnprintable(console);

keepBuiltIns();

surviveUncaught(
  (message) => log.warn(redact(message), "  "),
  (kind, thrown) => running?.uncaught(kind, thrown),
);

const result = settings();
switch (result.kind) {
  case "run":
    await startOrFail(result.configuration, result.origins);
    break;
  case "help":
    console.log(helpText());
    break;
  case "version":
    console.log(VERSION);
    break;
  case "invalid": {
    const { problems } = result;
    for (const problem of problems.slice(0, -1)) warn(problem);
    fail(withHelp(problems.at(-1) ?? "", "deno task start --help"), EXIT.usage);
  }
}
