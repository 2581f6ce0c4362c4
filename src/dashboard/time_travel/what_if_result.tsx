/** What would have become of a job, beside what became of it. */

import { conditionOf } from "../../core/condition.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Replay, ReplayStep } from "../../explain/replay_steps.ts";
import type { FirstDifference, Standing } from "../../explain/what_if.ts";
import type { WhatIfReport } from "../../engine/queries/replays.ts";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { ChangeLine } from "./changes.tsx";
import { type StepPair, stepPairs } from "./step_pairs.ts";

export interface WhatIfResultProps {
  /** The job as recorded, up to the same point. */
  readonly recorded: Replay;
  readonly report: WhatIfReport;
}

export function WhatIfResult({ recorded, report }: WhatIfResultProps) {
  const { job, firstDifference, steps, allPastEvents } = report;
  const pairs = stepPairs(recorded.steps, steps);
  const areAll = [report, recorded].every(({ next }) => next === undefined) &&
    pairs[0]?.logId === job.firstLogId;
  return (
    <div
      id="what-if-result"
      class="what-if-result"
      data-state={job.state}
      data-condition={conditionOf(job)}
      data-first-difference={firstDifference?.logId}
      role="status"
    >
      <dl class="facts">
        <dt>It would be</dt>
        <dd>
          <Standing job={job} />
        </dd>
        <dt>It is on record as</dt>
        <dd>
          <Standing job={recorded.job} />
        </dd>
        <dt>First difference</dt>
        <dd>
          {firstDifference === null
            ? "None: state, condition, counts and kind of failure are the same throughout."
            : <First difference={firstDifference} />}
        </dd>
      </dl>
      {allPastEvents ? null : (
        <p class="note note-bad">
          More events may match this plan than are looked at, so some may be missing here.
        </p>
      )}
      <Sides pairs={pairs} areAll={areAll} />
    </div>
  );
}

function Standing({ job }: { readonly job: JobState }) {
  return (
    <>
      {job.state} <ConditionMark condition={conditionOf(job)} />
    </>
  );
}

function First({ difference }: { readonly difference: FirstDifference }) {
  const { logId, eventType, actual, whatIf, why } = difference;
  return (
    <>
      At entry {logId}, <UserText text={eventType} />:{" "}
      <StandingText standing={actual} absent="not on record" />
      {" → "}
      <StandingText standing={whatIf} absent="left out" />.
      <br />
      <UserText text={why} />
    </>
  );
}

interface StandingTextProps {
  readonly standing: Standing | null;
  readonly absent: string;
}

function StandingText({ standing, absent }: StandingTextProps) {
  if (standing === null) return <>{absent}</>;
  return (
    <>
      {standing.state} <ConditionMark condition={standing.condition} />
    </>
  );
}

interface SidesProps {
  readonly pairs: readonly StepPair[];
  /** Whether there are no others. */
  readonly areAll: boolean;
}

function Sides({ pairs, areAll }: SidesProps) {
  const [first, last] = [pairs[0], pairs.at(-1)];
  return (
    <>
      <Table
        caption="Steps side by side"
        headings={["Entry", "Type", "As recorded", "As supposed"]}
      >
        {pairs.map((pair) => <PairRow pair={pair} />)}
      </Table>
      {areAll || first === undefined || last === undefined ? null : (
        <p class="hint">
          Steps from entry {first.logId} to{" "}
          {last.logId}; the call of curl gives all of them, in pages.
        </p>
      )}
    </>
  );
}

function PairRow({ pair }: { readonly pair: StepPair }) {
  const { logId, eventType, recorded, supposed, differs } = pair;
  return (
    <tr class={differs ? "differs" : undefined} data-log-id={logId}>
      <th scope="row" class="mono">{logId}</th>
      <td class="mono">
        <UserText text={eventType.replace(/^job\./, "")} />
      </td>
      <td class="side">
        <Side step={recorded} absent="not on record" />
      </td>
      <td class="side">
        {differs
          ? <Side step={supposed} absent="left out" withWhy />
          : <span class="soft">the same</span>}
      </td>
    </tr>
  );
}

interface SideProps {
  readonly step: ReplayStep | undefined;
  readonly absent: string;
  readonly withWhy?: boolean;
}

function Side({ step, absent, withWhy = false }: SideProps) {
  if (step === undefined) return <span class="soft">{absent}</span>;
  return (
    <>
      <code>{step.rule}</code> <ChangeLine changed={step.changed} />
      {withWhy
        ? (
          <span class="piece">
            <UserText text={step.why} lengthMax={600} />
          </span>
        )
        : null}
    </>
  );
}
