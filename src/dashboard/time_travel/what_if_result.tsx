/** The supposed outcome of a job beside the recorded one. */

import { inOrder } from "../../core/ascending.ts";
import { deriveCondition } from "../../core/condition.ts";
import { shortType } from "../../core/event.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Replay, ReplayStep } from "../../explain/replay/replay_steps.ts";
import type { FirstDifference, Standing } from "../../explain/replay/what_if.ts";
import type { WhatIfReport } from "../../engine/queries/replays.ts";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { Table, Term } from "../parts/table.tsx";
import type { Citation } from "../../explain/statements/explanation.ts";
import type { LimitsWhatIf } from "../../explain/replay/limits_what_if.ts";
import { CitedItems } from "../parts/entries.tsx";
import { UserText } from "../parts/text.tsx";
import { TimedText } from "../parts/timed_text.tsx";
import { ChangeLine } from "./changes.tsx";
import type { LogId } from "../../core/ids.ts";

interface WhatIfResultProps {
  /** The job as recorded, up to the same point. */
  readonly recorded: Replay;
  readonly report: WhatIfReport;
}

export function WhatIfResult({ recorded, report }: WhatIfResultProps) {
  const { job, firstDifference, steps, allPastEvents, limits } = report;
  if (limits !== undefined) return <OtherLimits answer={limits} />;
  const pairs = stepPairs(recorded.steps, steps);
  const areAll = [report, recorded].every(({ next }) => next === undefined) &&
    pairs[0]?.logId === job.firstLogId;
  return (
    <div
      id="what-if-result"
      class="column"
      data-state={job.state}
      data-condition={deriveCondition(job)}
      data-first-difference={firstDifference?.logId}
      role="status"
    >
      <dl class="facts">
        <Term name="Supposed">
          <StandingText standing={standingOf(job)} />
        </Term>
        <Term name="Recorded">
          <StandingText standing={standingOf(recorded.job)} />
        </Term>
        <Term name="First difference">
          {firstDifference === null
            ? "None: state, condition, counts and kind of failure are the same throughout."
            : <First difference={firstDifference} />}
        </Term>
      </dl>
      {!allPastEvents && (
        <p class="note note-bad">
          More events may match this plan than were examined, so some may be missing here.
        </p>
      )}
      <Sides pairs={pairs} areAll={areAll} />
    </div>
  );
}

/** The effect of other limits, which change no entry, so that there are no steps to compare. */
function OtherLimits({ answer }: { readonly answer: LimitsWhatIf<Citation> }) {
  const { outcome, statement, because, assumes } = answer;
  return (
    <div id="what-if-result" class="column" data-outcome={outcome} role="status">
      <p>
        <TimedText text={statement} />
      </p>
      <ul>
        <CitedItems of={because} />
      </ul>
      <p class="hint">Assumed, since it is not on record:</p>
      <ul class="hint">
        {assumes.map((text) => (
          <li>
            <TimedText text={text} />
          </li>
        ))}
      </ul>
    </div>
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
      <TimedText text={why} />
    </>
  );
}

interface StandingTextProps {
  /** `null` if the entry is missing. */
  readonly standing: Pick<Standing, "state" | "condition"> | null;
  readonly absent?: string;
}

function StandingText({ standing, absent }: StandingTextProps) {
  if (standing === null) return <>{absent}</>;
  return (
    <>
      {standing.state} <ConditionMark condition={standing.condition} />
    </>
  );
}

function standingOf(job: JobState) {
  return { state: job.state, condition: deriveCondition(job) };
}

interface SidesProps {
  readonly pairs: readonly StepPair[];
  /** Whether these are all steps. */
  readonly areAll: boolean;
}

function Sides({ pairs, areAll }: SidesProps) {
  const [first, last] = [pairs[0], pairs.at(-1)];
  const isPart = !areAll && first !== undefined && last !== undefined;
  return (
    <Table
      caption="Steps side by side"
      headings={["Entry", "Type", "As recorded", "As supposed"]}
      rest={isPart &&
        `Steps from entry ${first.logId} to ${last.logId}; the curl call returns all of them, in pages.`}
    >
      {pairs.map((pair) => <PairRow pair={pair} />)}
    </Table>
  );
}

function PairRow({ pair }: { readonly pair: StepPair }) {
  const { logId, eventType, recorded, supposed, differs } = pair;
  return (
    <tr class={differs ? "differs" : undefined} data-log-id={logId}>
      <th scope="row" class="mono">{logId}</th>
      <td class="mono">
        <UserText text={shortType(eventType)} />
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
      {withWhy && (
        <span class="piece">
          <UserText text={step.why} lengthMax={600} />
        </span>
      )}
    </>
  );
}

interface StepPair {
  readonly logId: LogId;
  readonly eventType: string;
  /** `undefined` when the record has no such entry. */
  readonly recorded: ReplayStep | undefined;
  /** `undefined` when the entry is left out. */
  readonly supposed: ReplayStep | undefined;
  /** Whether the steps differ in the rule or in the changes. */
  readonly differs: boolean;
}

/** In ascending order of position, as both lists are. */
export function stepPairs(
  recorded: readonly ReplayStep[],
  supposed: readonly ReplayStep[],
): readonly StepPair[] {
  const [left, right] = [recorded, supposed].map((steps) =>
    new Map(steps.map((step) => [step.logId, step]))
  );
  const all = new Map([...left ?? [], ...right ?? []]);
  return inOrder(all.values())
    .map(({ logId, eventType }) => {
      const [own, other] = [left?.get(logId), right?.get(logId)];
      return { logId, eventType, recorded: own, supposed: other, differs: !isSame(own, other) };
    });
}

function isSame(one: ReplayStep | undefined, other: ReplayStep | undefined): boolean {
  return one !== undefined && other !== undefined && one.rule === other.rule &&
    JSON.stringify(one.changed) === JSON.stringify(other.changed);
}
