/** Where the journal is, in what files, and how it was found at the start. */

import { counted } from "../../core/counted.ts";
import type { JournalInfo, RecoveryReport, SegmentInfo } from "../../engine/ports.ts";
import type { SystemPort } from "../../http/ports/system_port.ts";
import { isNewJournal } from "../new_journal.ts";
import { countText, sizeText } from "../../core/size.ts";
import { CopyText } from "../parts/curl.tsx";
import { Table } from "../parts/table.tsx";
import { durationText } from "../../core/duration.ts";
import { UserText } from "../parts/text.tsx";

export interface JournalSectionProps {
  readonly journal: JournalInfo;
  /** `undefined` where nobody tells where it is. */
  readonly system: Pick<SystemPort, "journal" | "backupCommand"> | undefined;
}

const SEGMENTS_SHOWN = 50;

export function JournalSection({ journal, system }: JournalSectionProps) {
  return (
    <section class="sheet" aria-labelledby="journal-heading">
      <h2 id="journal-heading">Journal</h2>
      <dl class="facts" id="journal-facts" data-live>
        <dt>Head</dt>
        <dd>{journal.head.logId === 0 ? "nothing is recorded" : countText(journal.head.logId)}</dd>
        <dt>Chain</dt>
        <dd class="id">{journal.head.chain === "" ? "none" : journal.head.chain}</dd>
        <dt>Size</dt>
        <dd>
          {sizeText(journal.bytes)} in {countText(journal.segments.length)}{" "}
          {journal.segments.length === 1 ? "segment" : "segments"}
        </dd>
        <dt>Snapshot</dt>
        <dd>
          {journal.lastSnapshot === null ? "none yet" : (
            <>
              at {countText(journal.lastSnapshot.logId)}{" "}
              <span class="soft mono">{journal.lastSnapshot.file}</span>
            </>
          )}
        </dd>
        {system === undefined ? null : (
          <>
            <dt>Folder</dt>
            <dd class="id">
              <UserText text={system.journal} />
            </dd>
          </>
        )}
      </dl>
      <Segments segments={journal.segments} />
      <Recovery report={journal.lastRecovery} />
      {system === undefined ? null : <Backup command={system.backupCommand} />}
    </section>
  );
}

function Segments({ segments }: { readonly segments: readonly SegmentInfo[] }) {
  const shown = segments.slice(-SEGMENTS_SHOWN).toReversed();
  const hidden = segments.length - shown.length;
  return (
    <details>
      <summary>Segments</summary>
      <div id="segments" data-live>
        <Table
          caption="Segments, the newest first"
          headings={["Name", "First logId", "Bytes"]}
        >
          {shown.map(({ name, firstLogId, bytes }) => (
            <tr>
              <td class="mono">{name}</td>
              <td class="number">{countText(firstLogId)}</td>
              <td class="number">{countText(bytes)}</td>
            </tr>
          ))}
        </Table>
        {hidden === 0 ? null : (
          <p class="hint">
            {countText(hidden)} older ones are in <a href="/journal">the JSON</a>.
          </p>
        )}
      </div>
    </details>
  );
}

function Recovery({ report }: { readonly report: RecoveryReport }) {
  const { clean, warnings, bytesQuarantined, quarantine, entriesReplayed, snapshotLogId } = report;
  const isNew = isNewJournal(report);
  return (
    <div class="stack">
      <h3>Last start</h3>
      <dl class="facts">
        <dt>Stop before it</dt>
        <dd class={clean ? undefined : "bad"}>
          {isNew ? "none: a new journal" : stopText(clean)}
        </dd>
        {isNew ? null : (
          <>
            <dt>Replayed</dt>
            <dd>
              {entriesReplayed === 0 ? "nothing" : counted(entriesReplayed, "entry", "entries")}
              {snapshotLogId === null ? "" : ` after the snapshot at ${countText(snapshotLogId)}`}
              {" in "}
              {durationText(report.durationMs)}
            </dd>
          </>
        )}
        {bytesQuarantined === 0 ? null : (
          <>
            <dt>Set aside</dt>
            <dd>
              {sizeText(bytesQuarantined)} <span class="id">{quarantine}</span>
            </dd>
          </>
        )}
      </dl>
      {warnings.length === 0 ? null : (
        <ul class="warnings">
          {warnings.map((warning) => (
            <li>
              <UserText text={warning} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function stopText(clean: boolean): string {
  return clean ? "clean" : "not clean: what was cut short was set right";
}

function Backup({ command }: { readonly command: string }) {
  return (
    <div class="stack">
      <h3>Back it up</h3>
      <p class="hint">Also while the server runs. A later call copies only what is new.</p>
      <CopyText text={command} />
    </div>
  );
}
