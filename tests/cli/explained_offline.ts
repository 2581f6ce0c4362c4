/** The explanation of a job from a journal's files, without a server, with evidence by event id. */

import type { JobEventLogEntry } from "../../src/core/event.ts";
import { OutlinedHistory } from "../../src/explain/history/outlined_history.ts";
import { citing, explain } from "../../src/explain/explain.ts";
import type { Explanation } from "../../src/explain/statements/explanation.ts";
import type { LogId } from "../../src/core/ids.ts";
import { quotedEntry } from "../../src/core/log_references.ts";
import { EvidenceSearch } from "../../src/engine/queries/evidence_search.ts";
import { ValueIndex } from "../../src/engine/views/value_index.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { JournalReading } from "../../src/tools/journal_reading.ts";

export async function explainedOffline(
  folder: string,
  jobId: string,
): Promise<Omit<Explanation<string>, "asOf">> {
  const entries = new Map<LogId, JobEventLogEntry>();
  const facts = new ValueIndex();
  const reading = await JournalReading.begin(new DenoFileSystem(), folder, {
    refuse: () => undefined,
    replay: (entry) => {
      entries.set(entry.logId, quotedEntry(entry));
      facts.add(entry);
    },
  });
  const outlined = OutlinedHistory.of(
    [...entries.values()].filter((entry) => entry.jobId === jobId),
  );
  const search = new EvidenceSearch({ find: (wanted) => Promise.resolve(facts.find(wanted)) }, {
    headLogId: reading.head.logId,
    at: (logIds) => reading.readAt(logIds),
  });
  const circumstances = { definition: "none", draining: false, full: false } as const;
  const explanation = explain(outlined, { ...await search.run(outlined), circumstances });
  const { asOf: _, ...rest } = citing(explanation, (logId) => entries.get(logId)?.eventId ?? "");
  return rest;
}
