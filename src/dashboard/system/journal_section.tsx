/** The journal's location, its files, and its condition at the start. */

import type { Child } from "hono/jsx";
import { Needs } from "../parts/viewing.tsx";
import { counted, countText, sizeText } from "../../core/counted.ts";
import { durationText } from "../../core/duration.ts";
import { databaseText, roleText, type Standing } from "../../core/standing.ts";
import type {
  JournalInfo,
  RecoveryReport,
  SegmentInfo,
  Verification,
  VerificationRun,
} from "../../engine/ports.ts";
import type { SystemPort } from "../../http/routing/http_deps.ts";
import { CopyText } from "../parts/curl.tsx";
import { Table, Term } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { TimedText } from "../parts/timed_text.tsx";
import { assertNever } from "../../core/assert_never.ts";
import { ActionForm } from "../parts/forms.tsx";
import { momentText, ProgressBar, Time } from "../parts/amounts.tsx";

/** The journal was new and empty. */
export function isNewJournal(report: RecoveryReport): boolean {
  return report.clean && report.entriesReplayed === 0 && report.snapshotLogId === null &&
    report.bytesQuarantined === 0;
}

interface JournalSectionProps {
  readonly journal: JournalInfo;
  /** `undefined` if its location is unknown. */
  readonly system: Pick<SystemPort, "journal" | "backupCommand"> | undefined;
  /** `undefined` if no other process shares the journal. */
  readonly standing: Standing | undefined;
}

const SEGMENTS_SHOWN = 50;

export function JournalSection({ journal, system, standing }: JournalSectionProps) {
  return (
    <section class="sheet" aria-labelledby="journal-heading">
      <h2 id="journal-heading">Journal</h2>
      <dl class="facts" id="journal-facts" data-live>
        <Term name="Head">
          {journal.head.logId === 0 ? "nothing recorded" : countText(journal.head.logId)}
        </Term>
        <Term name="Chain" class="id">
          {journal.head.chain === "" ? "none" : journal.head.chain}
        </Term>
        <Term name="Size">
          {sizeText(journal.bytes)} in {countText(journal.segments.length)}{" "}
          {journal.segments.length === 1 ? "segment" : "segments"}
        </Term>
        <Term name="Snapshot">
          {journal.lastSnapshot === null ? "none yet" : (
            <>
              at {countText(journal.lastSnapshot.logId)}{" "}
              <span class="soft mono">{journal.lastSnapshot.file}</span>
            </>
          )}
        </Term>
        {system !== undefined && (
          <Term name="Folder" class="id">
            <UserText text={system.journal} />
          </Term>
        )}
        {standing !== undefined && <Sharing standing={standing} />}
      </dl>
      <Segments segments={journal.segments} />
      <Recovery report={journal.lastRecovery} />
      {system !== undefined && <Backup command={system.backupCommand} />}
    </section>
  );
}

/** The role of this process in a shared journal, and the guarantees of its database. */
function Sharing({ standing }: { readonly standing: Standing }) {
  const { database } = standing;
  return (
    <>
      <Term name="This process">
        <TimedText text={roleText(standing)} />
      </Term>
      {database !== null && (
        <Term name="Database">
          <UserText text={databaseText(database)} lengthMax={1_000} />
        </Term>
      )}
    </>
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
          caption="Segments, newest first"
          headings={["Name", "First logId", "Bytes"]}
          rest={hidden > 0 && (
            <>
              {countText(hidden)} older ones are in <a href="/journal">the JSON</a>.
            </>
          )}
        >
          {shown.map(({ name, firstLogId, bytes }) => (
            <tr>
              <td class="mono">{name}</td>
              <td class="number">{countText(firstLogId)}</td>
              <td class="number">{countText(bytes)}</td>
            </tr>
          ))}
        </Table>
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
        <Term name="Previous stop" class={clean ? undefined : "bad"}>
          {isNew ? "none: a new journal" : stopText(clean)}
        </Term>
        {!isNew && (
          <Term name="Replayed">
            {entriesReplayed === 0 ? "nothing" : counted(entriesReplayed, "entry", "entries")}
            {snapshotLogId === null ? "" : ` after the snapshot at ${countText(snapshotLogId)}`}
            {" in "}
            {durationText(report.durationMs)}
          </Term>
        )}
        {bytesQuarantined !== 0 && (
          <Term name="Set aside">
            {sizeText(bytesQuarantined)} <span class="id">{quarantine}</span>
          </Term>
        )}
      </dl>
      {warnings.length !== 0 && (
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
  return clean ? "clean" : "unclean; interrupted work was recovered";
}

function Backup({ command }: { readonly command: string }) {
  return (
    <div class="stack">
      <h3>Back it up</h3>
      <p class="hint">Works while the server runs. Later calls copy only what is new.</p>
      <CopyText text={command} />
    </div>
  );
}

interface VerificationSectionProps {
  readonly last: Verification | null;
  readonly run: VerificationRun | null;
  /** Whether this process can verify the journal. */
  readonly canVerify: boolean;
  /** The note with the result of the button. */
  readonly note: Child;
}

/** The verification of the journal: last verdict, progress, and a button that starts one. */
export function VerificationSection({ last, run, canVerify, note }: VerificationSectionProps) {
  return (
    <section class="sheet" aria-labelledby="verification">
      <h2 id="verification">Verification</h2>
      {note}
      <div
        id="verification-state"
        data-live
        data-running={run?.status === "running" ? "true" : undefined}
        class="stack verification"
      >
        <Progress run={run} />
        <LastVerdict last={last} />
      </div>
      {canVerify
        ? <VerifyButton />
        : <p class="hint">This journal is not in files, so there is nothing to verify.</p>}
    </section>
  );
}

/** Has the same height during and after a run, so that nothing moves. */
function Progress({ run }: { readonly run: VerificationRun | null }) {
  switch (run?.status) {
    case undefined:
      return null;
    case "running":
      return <Read done={run.bytesDone} total={run.bytesTotal} text={progressText(run)} />;
    case "ended": {
      const text = `read to the end at ${momentText(run.endedAt, undefined)} UTC`;
      return <Read done={1} total={1} text={text} />;
    }
    case "failed":
      return (
        <p class="note note-bad">
          The last run reached no verdict: <UserText text={run.detail} lengthMax={500} />
        </p>
      );
    default:
      return assertNever(run, "run");
  }
}

function Read(amount: { readonly done: number; readonly total: number; readonly text: string }) {
  return (
    <div class="progress">
      <ProgressBar {...amount} label="How much of the journal has been read" />
      <p class="soft">{amount.text}</p>
    </div>
  );
}

function progressText({ bytesDone, bytesTotal }: VerificationRun & { status: "running" }): string {
  if (bytesTotal === 0) return "listing the served state";
  const percent = Math.floor((bytesDone / bytesTotal) * 100);
  return `${percent} %, ${sizeText(bytesDone)} of ${sizeText(bytesTotal)}`;
}

function LastVerdict({ last }: { readonly last: Verification | null }) {
  if (last === null) {
    return (
      <p class="soft">
        Never verified. A verification reads every line from the first, checks each batch and
        snapshot, and compares the resulting state with the served one.
      </p>
    );
  }
  const isIntact = last.verdict === "intact";
  return (
    <div role="status" class="stack">
      <p>
        <strong class={isIntact ? "good" : "bad"}>{isIntact ? "Intact" : "Damaged"}</strong>{" "}
        <Time at={last.at} ago />{" "}
        <span class="soft">{`up to ${last.head.logId}, in ${durationText(last.durationMs)}`}</span>
      </p>
      <p class="verdict">
        <UserText text={last.detail} lengthMax={1_000} />
      </p>
    </div>
  );
}

function VerifyButton() {
  return (
    <Needs scope="operate" what="verifying">
      <ActionForm action="/ui/system/verify" label="Verify now" returnTo="/ui/system#verification">
        <span class="hint">
          The verification runs in the background, and slows requests down slightly.
        </span>
      </ActionForm>
    </Needs>
  );
}
