/** `deno task demo`: fills a fresh journal with the work of a small shop, and serves it. */

import { parseArgs } from "node:util";
import { EXIT } from "../core/exit_codes.ts";
import { errorMessage } from "../core/thrown.ts";
import { parsingFailure, withHelp } from "../settings/command_line.ts";
import { withCommand } from "../settings/permission_advice.ts";
import { keepBuiltIns } from "../server/user_code.ts";
import { dropUnprintable, onStopSignal, systemClock, systemRandom } from "../server/system.ts";
import { Demo } from "./demo.ts";
import type { Situation } from "./situations.ts";

interface DemoOptions {
  /** `undefined`: 8000, or a free one if that is taken. */
  readonly port: number | undefined;
  /** The folder that keeps the journal; without it, the journal is deleted when the demo ends. */
  readonly keep: string | undefined;
  /** New jobs per second once the situations exist; 0 for none. */
  readonly rate: number;
}

type DemoInvocation =
  | { readonly kind: "run"; readonly options: DemoOptions }
  | { readonly kind: "help" }
  | { readonly kind: "invalid"; readonly problem: string };

const PORT_MAX = 65_535;
const RATE_DEFAULT = 2;
const RATE_MAX = 500;

const DEMO_HELP = `deno task demo: a small shop at work, to look around

  --port <number>   port to listen on; 0 picks one (8000, or a free one when that is taken)
  --keep <folder>   keep the journal in this folder, which must be new or empty
  --rate <number>   new jobs in a second, up to ${RATE_MAX} (${RATE_DEFAULT})
  --still           no new jobs once the situations are there
  --help            this text`;

const FLAGS = {
  port: { type: "string" },
  keep: { type: "string" },
  rate: { type: "string" },
  still: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export function parseDemoOptions(args: readonly string[]): DemoInvocation {
  try {
    const { values } = parseArgs({ args: [...args], options: FLAGS });
    if (values.help === true) return { kind: "help" };
    const port = values.port === undefined ? undefined : wholeNumber("port", values.port, PORT_MAX);
    const rate = wholeNumber("rate", values.rate ?? String(RATE_DEFAULT), RATE_MAX);
    const options = { port, keep: values.keep, rate: values.still === true ? 0 : rate };
    return { kind: "run", options };
  } catch (error) {
    return { kind: "invalid", problem: parsingFailure(error, Object.keys(FLAGS)) };
  }
}

function wholeNumber(flag: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value <= max) return value;
  throw new RangeError(`--${flag} ${JSON.stringify(text)} must be a whole number from 0 to ${max}`);
}

/**
 * Below the default journal, which every task may read, so that the commands work on it without
 * further permissions.
 */
const DEMOS = "journal/demo";

interface DemoFolder {
  readonly path: string;
  /** Called when nothing uses it any more. */
  leave(): Promise<void>;
}

/** @throws {Error} when the folder to keep is not empty. */
async function demoFolder(keep: string | undefined): Promise<DemoFolder> {
  if (keep !== undefined) return await keptFolder(keep);
  await Deno.mkdir(DEMOS, { recursive: true });
  const path = await Deno.makeTempDir({ dir: DEMOS });
  return { path, leave: () => removeDemo(path) };
}

/** Also removes the folder of all demos, unless another one is in it. */
async function removeDemo(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true });
  await Deno.remove(DEMOS).catch(() => {});
}

async function keptFolder(path: string): Promise<DemoFolder> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  for await (const { name } of Deno.readDir(path)) {
    throw new Error(
      `Cannot start the demo in ${path}: it contains ${name}, and a demo needs an empty folder`,
    );
  }
  return { path, leave: () => Promise.resolve() };
}

/** The text that is printed when the demo is ready: the address, and what there is to see. */
function tour(url: string, situations: readonly Situation[]): string {
  const width = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
  const names = width(situations.map(({ name }) => name));
  const looks = width(situations.map(({ look }) => look));
  return situations.map(({ name, jobId, look }) =>
    `  ${name.padEnd(names)}  ${look.padEnd(looks)}  ${url}/ui/jobs/${encodeURIComponent(jobId)}`
  ).join("\n");
}

/** Printed last, so that it is not scrolled away. */
function invitation(url: string, folder: string, isKept: boolean): string {
  const fate = isKept ? "it stays" : "it is deleted when the demo ends; --keep <folder> keeps it";
  return [
    `journal: ${folder} (${fate})`,
    "",
    `  open  ${url}/`,
    "",
    "Ctrl-C ends the demo",
  ].join("\n");
}

function fail(message: string, exitCode: number): never {
  warn(message);
  Deno.exit(exitCode);
}

function warn(message: string): void {
  console.error(`demo: ${message}`);
}

async function createFolder({ keep }: DemoOptions): Promise<DemoFolder> {
  try {
    return await demoFolder(keep);
  } catch (error) {
    if (keep === undefined || !(error instanceof Deno.errors.NotCapable)) {
      return fail(errorMessage(error), EXIT.unreadable);
    }
    const reason = `Cannot keep the journal in ${keep}: permission is missing`;
    return fail(withCommand(reason, [{ read: [keep], write: [keep] }]), EXIT.unreadable);
  }
}

async function open(options: DemoOptions, folder: DemoFolder): Promise<Demo> {
  try {
    return await Demo.open({
      ...options,
      folder: folder.path,
      clock: systemClock,
      random: systemRandom,
      warn,
      onJournalFailed: (error) => fail(error.message, EXIT.storageFailed),
    });
  } catch (error) {
    await folder.leave();
    const reason = error instanceof Deno.errors.AddrInUse
      ? `port ${options.port} is in use; try --port 0`
      : errorMessage(error);
    return fail(`Cannot start: ${reason}`, EXIT.cannotListen);
  }
}

async function run(options: DemoOptions): Promise<void> {
  const folder = await createFolder(options);
  const demo = await open(options, folder);
  onStopSignal(async () => {
    console.log("stopping");
    await demo.stop();
    await folder.leave();
    console.log(options.keep === undefined ? "stopped; the journal is deleted" : "stopped");
    Deno.exit(0);
  });
  console.log(`listening on ${demo.url}\nthe shop is opening, which takes a few seconds`);
  const situations = await demo.play();
  if (situations === undefined) return;
  console.log(tour(demo.url, situations));
  console.log(invitation(demo.url, folder.path, options.keep !== undefined));
}

if (import.meta.main) {
  dropUnprintable(console);
  keepBuiltIns();
  const invocation = parseDemoOptions(Deno.args);
  switch (invocation.kind) {
    case "run":
      await run(invocation.options);
      break;
    case "help":
      console.log(DEMO_HELP);
      break;
    case "invalid":
      fail(withHelp(invocation.problem, "deno task demo --help"), EXIT.usage);
  }
}
