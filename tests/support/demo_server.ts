/** The demo, as what the walks through the dashboard look at. */

import { DemoProcess } from "./demo_process.ts";
import { inFolder } from "./temporary_folder.ts";

/** @param args Beside those that the process needs; it is still unless they say otherwise. */
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
