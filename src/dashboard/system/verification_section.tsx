/** The proof of the journal: what the last one found, how far one is, and a button. */

import type { Child } from "hono/jsx";
import { assertNever } from "../../core/assert_never.ts";
import type { Verification, VerificationRun } from "../../engine/ports.ts";
import { ActionForm } from "../parts/action_form.tsx";
import { sizeText } from "../../core/size.ts";
import { MissingScope } from "../parts/missing_scope.tsx";
import { durationText } from "../../core/duration.ts";
import { momentText, Time } from "../parts/time.tsx";
import { UserText } from "../parts/text.tsx";

export interface VerificationSectionProps {
  readonly last: Verification | null;
  readonly run: VerificationRun | null;
  /** Whether this process can prove the journal. */
  readonly canVerify: boolean;
  /** Whether whoever looks may have it do so. */
  readonly mayVerify: boolean;
  readonly now: number;
  /** What the button did. */
  readonly note: Child;
}

export function VerificationSection(props: VerificationSectionProps) {
  const { last, run, canVerify, mayVerify, now, note } = props;
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
        <LastVerdict last={last} now={now} />
      </div>
      {canVerify
        ? <VerifyButton mayVerify={mayVerify} />
        : <p class="hint">This journal is in no files, so that there is nothing to verify.</p>}
    </section>
  );
}

/** As high when it is done as while it runs, so that nothing moves. */
function Progress({ run }: { readonly run: VerificationRun | null }) {
  switch (run?.status) {
    case undefined:
      return null;
    case "running":
      return <ProgressBar done={run.bytesDone} total={run.bytesTotal} text={progressText(run)} />;
    case "ended":
      return (
        <ProgressBar
          done={1}
          total={1}
          text={`read to the end at ${momentText(run.endedAt, undefined)} UTC`}
        />
      );
    case "failed":
      return (
        <p class="note note-bad">
          The last run came to no verdict: <UserText text={run.detail} lengthMax={500} />
        </p>
      );
    default:
      return assertNever(run, "run");
  }
}

interface ProgressBarProps {
  readonly done: number;
  readonly total: number;
  readonly text: string;
}

function ProgressBar({ done, total, text }: ProgressBarProps) {
  return (
    <div class="progress">
      <progress max={Math.max(1, total)} value={done} aria-label="How much of the journal is read">
        {text}
      </progress>
      <p class="soft">{text}</p>
    </div>
  );
}

function progressText({ bytesDone, bytesTotal }: VerificationRun & { status: "running" }): string {
  if (bytesTotal === 0) return "listing what is served";
  const percent = Math.floor((bytesDone / bytesTotal) * 100);
  return `${percent} %, ${sizeText(bytesDone)} of ${sizeText(bytesTotal)}`;
}

interface LastVerdictProps {
  readonly last: Verification | null;
  readonly now: number;
}

function LastVerdict({ last, now }: LastVerdictProps) {
  if (last === null) {
    return (
      <p class="soft">
        Never verified. It reads every line from the first, proves each batch and snapshot, and
        compares what follows with what is served.
      </p>
    );
  }
  const isIntact = last.verdict === "intact";
  return (
    <div role="status" class="stack">
      <p>
        <strong class={isIntact ? "good" : "bad"}>{isIntact ? "Intact" : "Damaged"}</strong>{" "}
        <Time at={last.at} now={now} />{" "}
        <span class="soft">{`up to ${last.head.logId}, in ${durationText(last.durationMs)}`}</span>
      </p>
      <p class="verdict">
        <UserText text={last.detail} lengthMax={1_000} />
      </p>
    </div>
  );
}

function VerifyButton({ mayVerify }: Pick<VerificationSectionProps, "mayVerify">) {
  if (!mayVerify) return <MissingScope scope="operate" what="verifying" />;
  return (
    <ActionForm action="/ui/system/verify" label="Verify now" returnTo="/ui/system#verification">
      <span class="hint">It runs beside the requests, and slows them a little.</span>
    </ActionForm>
  );
}
