/**
 * A note in the folder of the journal. A process that has to end leaves it when it can record
 * nothing more, such as while its event loop is blocked; the next start records it.
 */

import type { FrameworkEntry } from "../core/event.ts";
import type { ProcessEnd } from "../core/framework_events.ts";
import type { JournalConsumer } from "../engine/ports.ts";
import { type FileSystem, readWhole } from "./file_system.ts";
import type { Layout } from "./layout.ts";

/**
 * Reads the note and removes it: should this process end too, the note is not about that.
 *
 * @returns What can be recorded of it. It only explains, so a note that cannot be used is ignored.
 */
export async function takeEndNote(
  fileSystem: FileSystem,
  { endNote: path }: Layout,
  consumer: Pick<JournalConsumer, "refuse">,
): Promise<ProcessEnd | undefined> {
  try {
    if (await fileSystem.kind(path) !== "file") return undefined;
    const bytes = await readWhole(fileSystem, path);
    await fileSystem.remove(path);
    const ended: ProcessEnd = JSON.parse(new TextDecoder().decode(bytes));
    const attributes = { segment: "", bytesQuarantined: 0, ended };
    const fact = { stratum: "framework", eventType: "journal.Recovered", attributes };
    return consumer.refuse(fact as FrameworkEntry<"journal.Recovered">) === undefined
      ? ended
      : undefined;
  } catch {
    return undefined;
  }
}
