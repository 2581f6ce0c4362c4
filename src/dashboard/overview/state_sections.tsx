/** The present state: jobs by condition and state, and how far the journal can be trusted. */

import type { Child } from "hono/jsx";
import { CONDITIONS } from "../../core/condition.ts";
import { durationText } from "../../core/duration.ts";
import type { LogId } from "../../core/ids.ts";
import { STATE_NAMES } from "../../core/job_state.ts";
import { countText, sizeText } from "../../core/counted.ts";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { Duration, Time } from "../parts/amounts.tsx";
import { entryJsonPath, jobPagePath, JOBS_PATH, jobsPath } from "../parts/links.tsx";
import { isNewJournal } from "../system/journal_section.tsx";
import type { JournalInfo, RecoveryReport, Verification } from "../../engine/ports.ts";
import type { Census, OldestQueued } from "../../engine/requests.ts";
import type { Spread } from "../../metrics/figures.ts";

export function CensusSection({ census }: { readonly census: Census }) {
  return (
    <section aria-labelledby="jobs-heading" class="stack-wide">
      <h2 id="jobs-heading">Jobs</h2>
      <ul id="census" class="bare tiles" data-live>
        {CONDITIONS.map((condition) => {
          const count = census.conditions.get(condition) ?? 0;
          return (
            <li class={count === 0 ? "tile tile-none" : "tile"}>
              <a href={jobsPath({ condition })}>
                <span class="tile-count">{countText(count)}</span>
                <ConditionMark condition={condition} />
              </a>
            </li>
          );
        })}
        <li class="tile">
          <a href={JOBS_PATH}>
            <span class="tile-count">{countText(census.jobs)}</span>
            <span>all jobs</span>
          </a>
        </li>
        <li class="tile tile-plain">
          <span class="tile-count">
            {census.busyWorkers} <small>of {census.maxWorkers}</small>
          </span>
          <span>workers busy</span>
        </li>
        <OldestTile oldest={census.oldestQueued} />
      </ul>
      <p id="states" class="links states soft" data-live>
        By state: {STATE_NAMES.map((state) => (
          <a href={jobsPath({ state })}>
            {state} <b>{countText(census.states.get(state) ?? 0)}</b>
          </a>
        ))}
      </p>
    </section>
  );
}

function OldestTile({ oldest }: { readonly oldest: OldestQueued | undefined }) {
  return (
    <li class="tile tile-plain">
      <span class="tile-count">
        {oldest === undefined ? "–" : <Duration ms={oldest.queuedMs} isOngoing />}
      </span>
      <span class="one-line">
        {oldest === undefined
          ? "oldest queued"
          : <a href={jobPagePath(oldest.jobId)} title={oldest.jobId}>oldest queued</a>}
      </span>
    </li>
  );
}

interface TrustStripProps {
  readonly journal: JournalInfo;
  /** Sync times of the last hour. */
  readonly sync: Spread | undefined;
  /** `undefined` if the process lacks the permission. */
  readonly diskFree: number | undefined;
}

export function TrustStrip({ journal, sync, diskFree }: TrustStripProps) {
  return (
    <section aria-labelledby="trust-heading" class="stack-wide">
      <h2 id="trust-heading">Journal</h2>
      <dl id="trust" class="trust" data-live>
        <Fact name="Durable head" detail={<Chain chain={journal.head.chain} />}>
          #{countText(journal.head.logId)}
        </Fact>
        <Fact
          name="Sync, last hour"
          detail={sync === undefined ? "nothing was written" : `p95 ${durationText(sync.p95Ms)}`}
        >
          {sync === undefined ? "–" : `p50 ${durationText(sync.p50Ms)}`}
        </Fact>
        <DiskFact diskFree={diskFree} bytes={journal.bytes} />
        <RecoveryFact report={journal.lastRecovery} />
        <VerificationFact found={journal.lastVerification} />
      </dl>
    </section>
  );
}

interface FactProps {
  readonly name: string;
  readonly children: Child;
  readonly detail: Child;
  readonly isBad?: boolean;
}

function Fact({ name, children, detail, isBad = false }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={isBad ? "trust-value bad" : "trust-value"}>{children}</dd>
      <dd class="soft">{detail}</dd>
    </div>
  );
}

/** The chain covers all durable entries; its beginning suffices to compare two journals. */
function Chain({ chain }: { readonly chain: string }) {
  return chain === "" ? "nothing is written" : (
    <>
      chain <code title={chain}>{chain.slice(0, 12)}…</code>
    </>
  );
}

interface DiskFactProps {
  readonly diskFree: number | undefined;
  /** The size of the journal. */
  readonly bytes: number;
}

function DiskFact({ diskFree, bytes }: DiskFactProps) {
  const journal = `the journal takes ${sizeText(bytes)}`;
  return diskFree === undefined
    ? (
      <Fact
        name="Disk free"
        detail={
          <>
            {journal}; start with <code>--allow-sys=statfs</code> to see the free space
          </>
        }
      >
        unknown
      </Fact>
    )
    : <Fact name="Disk free" detail={journal}>{sizeText(diskFree)}</Fact>;
}

function RecoveryFact({ report }: { readonly report: RecoveryReport }) {
  const { clean, entriesReplayed, durationMs, bytesQuarantined, recoveredLogId } = report;
  if (isNewJournal(report)) {
    return <Fact name="Last recovery" detail="nothing to recover">a new journal</Fact>;
  }
  const aside = bytesQuarantined === 0 ? "" : `, ${sizeText(bytesQuarantined)} set aside`;
  return (
    <Fact
      name="Last recovery"
      detail={
        <>
          {countText(entriesReplayed)} replayed in {durationText(durationMs)}
          {aside}
          {recoveredLogId !== null && <>, {entryLink(recoveredLogId)}</>}
        </>
      }
    >
      {clean ? "clean" : "after an unclean stop"}
    </Fact>
  );
}

/** The entry of the recovery belongs to no job, so it has no page. */
function entryLink(logId: LogId) {
  return <a href={entryJsonPath(logId)}>#{countText(logId)}</a>;
}

function VerificationFact({ found }: { readonly found: Verification | null }) {
  return found === null
    ? (
      <Fact name="Last verification" detail={<a href="/ui/system">how it is verified</a>}>
        never
      </Fact>
    )
    : (
      <Fact
        name="Last verification"
        isBad={found.verdict === "damaged"}
        detail={
          <>
            to #{countText(found.head.logId)}, <Time at={found.at} ago />
          </>
        }
      >
        {found.verdict}
      </Fact>
    );
}
