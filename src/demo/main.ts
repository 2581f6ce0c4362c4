/** `deno task demo`: fills a fresh journal with the work of a small shop, and serves it. */

import { messageOf } from "../core/thrown.ts";
import { withCommand } from "../settings/permission_advice.ts";
import { onStopSignal } from "../server/stop_signals.ts";
import { systemClock, systemRandom } from "../server/system.ts";
import { dropUnprintable } from "../server/unfailing_output.ts";
import { Demo } from "./demo.ts";
import { type DemoFolder, demoFolder } from "./demo_folder.ts";
import { DEMO_HELP, type DemoOptions, demoOptionsOf } from "./options.ts";
import { invitation, tour } from "./tour.ts";

const EXIT_USAGE = 64;
const EXIT_CANNOT_LISTEN = 69;
const EXIT_STORAGE_FAILED = 70;
const EXIT_UNUSABLE = 74;

function fail(message: string, exitCode: number): never {
  warn(message);
  Deno.exit(exitCode);
}

function warn(message: string): void {
  console.error(`demo: ${message}`);
}

async function folderOf({ keep }: DemoOptions): Promise<DemoFolder> {
  try {
    return await demoFolder(keep);
  } catch (error) {
    if (keep === undefined || !(error instanceof Deno.errors.NotCapable)) {
      return fail(messageOf(error), EXIT_UNUSABLE);
    }
    const reason = `Cannot keep the journal in ${keep}: permission is missing`;
    return fail(withCommand(reason, [{ read: [keep], write: [keep] }]), EXIT_UNUSABLE);
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
      onJournalFailed: (error) => fail(error.message, EXIT_STORAGE_FAILED),
    });
  } catch (error) {
    await folder.leave();
    const reason = error instanceof Deno.errors.AddrInUse
      ? `port ${options.port} is in use; try --port 0`
      : messageOf(error);
    return fail(`Cannot begin: ${reason}`, EXIT_CANNOT_LISTEN);
  }
}

async function run(options: DemoOptions): Promise<void> {
  const folder = await folderOf(options);
  const demo = await open(options, folder);
  onStopSignal(async () => {
    console.log("stopping");
    await demo.stop();
    await folder.leave();
    console.log(options.keep === undefined ? "stopped, and the journal is gone" : "stopped");
    Deno.exit(0);
  });
  console.log(`listening on ${demo.url}\nthe shop begins its day, which takes some seconds`);
  console.log(tour(demo.url, await demo.play()));
  console.log(invitation(demo.url, folder.path, options.keep !== undefined));
}

dropUnprintable(console);
const invocation = demoOptionsOf(Deno.args);
switch (invocation.kind) {
  case "run":
    await run(invocation.options);
    break;
  case "help":
    console.log(DEMO_HELP);
    break;
  case "invalid":
    fail(`${invocation.problem}; see deno task demo --help`, EXIT_USAGE);
}
