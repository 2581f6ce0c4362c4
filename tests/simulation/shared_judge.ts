/**
 * What must hold for a shared journal once nothing fails any more, and every process has all of it.
 */

import { errorMessage } from "../../src/core/thrown.ts";
import { textOf } from "./trace.ts";
import { entriesOf, linesIn, linesOf } from "./shared_contents.ts";
import type { Member } from "./shared_member.ts";
import type { SharedRecord } from "./shared_record.ts";
import type { SimulatedDatabase } from "./simulated_database.ts";
import type { World } from "./world.ts";

export interface Shared {
  readonly world: World;
  readonly members: readonly Member[];
  readonly record: SharedRecord;
  readonly database: SimulatedDatabase;
}

export function judgeShared(shared: Shared): void {
  judgeRecord(shared);
  const lines = linesIn(shared.database).join("\n");
  for (const member of shared.members) judgeMember(member, shared, lines);
}

/** One chain, with everything that was shown, streamed and acknowledged exactly once. */
function judgeRecord({ world, record, database }: Shared): void {
  const { model, promises, acknowledged } = record;
  const recorded = recordedTexts(world, database);
  if (model.streamed !== recorded.length) {
    world.violate(`the stream ends at ${model.streamed} of ${recorded.length}`);
  }
  if (model.exposed.join("\n") !== recorded.join("\n")) {
    world.violate("what processes showed is not what the database holds");
  }
  for (const [logId, text] of acknowledged) {
    if (recorded[logId - 1] !== text) world.violate(`${logId} was acknowledged, but is gone`);
  }
  promises.judge(model.exposed);
}

/** Its folder equals the log, and its states follow from the log. */
function judgeMember({ world, process }: Member, { record }: Shared, lines: string): void {
  if (linesOf(world).join("\n") !== lines) world.violate("a folder is not a copy of the log");
  if (process === undefined) return world.violate("a process is not there");
  const { witness, engine } = process;
  witness.promises.judge(record.model.exposed);
  witness.jobs.compare((jobId) => engine.job(jobId as never));
  witness.jobs.compareTrails(engine);
}

function recordedTexts(world: World, database: SimulatedDatabase): readonly string[] {
  try {
    return entriesOf(database.rows).map(textOf);
  } catch (error) {
    world.violate(`the log is not one chain: ${errorMessage(error)}`);
    return [];
  }
}
