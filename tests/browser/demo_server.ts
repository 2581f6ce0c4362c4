/** The demo that the walks through the dashboard use. */

import { DemoProcess } from "../support/process/demo_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

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
