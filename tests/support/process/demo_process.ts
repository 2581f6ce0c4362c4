/** `deno task demo` as a process of its own. */

import { taskCommand } from "./task_process.ts";
import { LineProcess } from "./line_process.ts";
import { inFolder } from "../temporary_folder.ts";

export interface DemoProcessOptions {
  /** Everything that the process may read and write. */
  readonly folder: string;
  /** Arguments beside the folder; by default the journal is kept there, on any port. */
  readonly args?: readonly string[];
  /** Started without options: in a new folder below this one, on the usual port. */
  readonly plain?: boolean;
}

export class DemoProcess extends LineProcess {
  /** Where it listens. */
  url = "";

  /**
   * Starts, and waits until there is a job in each situation.
   *
   * @throws {Error} with its output, when it ends before that.
   */
  static async start(options: DemoProcessOptions): Promise<DemoProcess> {
    const { folder, args = [], plain = false } = options;
    const command = plain
      ? taskCommand("demo", args, { cwd: folder })
      : taskCommand("demo", ["--port=0", `--keep=${folder}`, ...args], { journal: folder });
    const demo = new DemoProcess(command.spawn());
    const isReady = await demo.first((line) => line.startsWith("Ctrl-C") || undefined);
    if (isReady === undefined) throw new Error(`Cannot start the demo:\n${demo.text}`);
    demo.url = await demo.first((line) => /^listening on (http:\S+)/.exec(line)?.[1]) ?? "";
    return demo;
  }

  /** The printed id of the job for a situation. */
  jobIn(situation: string): string {
    const line = this.output.find((printed) => printed.trimStart().startsWith(`${situation}  `));
    const id = /\/ui\/jobs\/(\S+)$/.exec(line ?? "")?.[1];
    if (id === undefined) throw new Error(`Cannot find ${situation}:\n${this.text}`);
    return decodeURIComponent(id);
  }
}

// The demo that the walks through the dashboard use.

/** Two separate demos, which start at the same time. */
export async function withTwoDemos(
  run: (first: DemoProcess, second: DemoProcess) => Promise<void>,
): Promise<void> {
  await inFolder((folder) =>
    inFolder(async (otherFolder) => {
      const args = ["--still"];
      const demos = await Promise.all(
        [folder, otherFolder].map((each) => DemoProcess.start({ folder: each, args })),
      );
      try {
        await run(...demos as [DemoProcess, DemoProcess]);
      } finally {
        await Promise.all(demos.map((demo) => demo.stop()));
      }
    })
  );
}

/** @param args Arguments beside those that the process needs; the shop is still by default. */
export async function withDemo(
  run: (demo: DemoProcess) => Promise<void>,
  args: readonly string[] = ["--still"],
): Promise<void> {
  await inFolder(async (folder) => {
    const demo = await DemoProcess.start({ folder, args });
    try {
      await run(demo);
    } finally {
      await demo.stop();
    }
  });
}
