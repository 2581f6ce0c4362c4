/**
 * The entries of a job: a slider over all of them, with links for use without scripts, and a table
 * of those around a point. Each links to its point, and can be chosen for a comparison or left out
 * of a what-if; these controls belong to the forms below the table.
 */

import { shortType } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { HiddenFields } from "../parts/forms.tsx";
import { TableBox } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { ChangeLine, COMPARE_FORM } from "./changes.tsx";
import { WHAT_IF_FORM } from "./what_if.tsx";
import { timePath, type TimeQuery } from "../parts/links.tsx";
import { ENTRIES_MAX as ROWS_MAX, type TimeView } from "./point_section.tsx";
import { countOf } from "../../core/counted.ts";

interface EntryTableProps {
  readonly view: TimeView;
  readonly query: TimeQuery;
  /** The entries to compare. */
  readonly from: LogId;
  readonly to: LogId;
  readonly leftOut: ReadonlySet<LogId>;
}

export function EntryTable(props: EntryTableProps) {
  const { view: { logIds, window: { start, end }, job: { jobId } }, query } = props;
  const shown = shownIndexes(props);
  return (
    <section aria-labelledby="entries-title" class="stack-wide">
      <div class="row row-between">
        <h2 id="entries-title">Entries</h2>
        {logIds.length === end - start
          ? <p class="hint">{logIds.length} in all</p>
          : (
            <p class="hint">
              {start + 1} to {end} of {logIds.length}
              {start > 0 && (
                <>
                  {" · "}
                  <a href={timePath(jobId, { ...query, at: logIds[start] })}>earlier</a>
                </>
              )}
              {end < logIds.length && (
                <>
                  {" · "}
                  <a href={timePath(jobId, { ...query, at: logIds[end - 1] })}>later</a>
                </>
              )}
            </p>
          )}
      </div>
      <TableBox label="Entries of the job" class="tall">
        <table class="entries-table">
          <thead>
            <tr>
              <th scope="col">Entry</th>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">Leave out</th>
              <th scope="col">Type</th>
              <th scope="col">What it changed</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((at) => <Row props={props} at={at} />)}
          </tbody>
        </table>
      </TableBox>
      {unshown(props, shown).map((logId) => (
        <input type="hidden" name="without" value={logId} form={WHAT_IF_FORM} />
      ))}
    </section>
  );
}

/** Entries that are left out but have no row. */
function unshown(
  { view: { logIds }, leftOut }: EntryTableProps,
  shown: readonly number[],
): readonly LogId[] {
  if (leftOut.size === 0) return [];
  const inTable = new Set(shown.map((at) => logIds[at]));
  return [...leftOut].filter((logId) => !inTable.has(logId));
}

/**
 * The entries around the point, and those chosen elsewhere, since a form sends only its own
 * controls.
 */
function shownIndexes({ view, from, to, leftOut }: EntryTableProps): readonly number[] {
  const { logIds, window: { start, end } } = view;
  const chosen = new Set([from, to, ...leftOut]);
  const extra = logIds.flatMap((logId, at) =>
    chosen.has(logId) && (at < start || at >= end) ? [at] : []
  );
  const inside = Array.from({ length: end - start }, (_, offset) => start + offset);
  return [...inside, ...extra.slice(0, ROWS_MAX)].toSorted((a, b) => a - b);
}

function Row({ props, at }: { readonly props: EntryTableProps; readonly at: number }) {
  const { view: { logIds, steps, index, job: { jobId } }, query, from, to, leftOut } = props;
  const step = steps.get(logIds[at] ?? 0);
  if (step === undefined) return null;
  const { logId, eventType, changed } = step;
  return (
    <tr data-log-id={logId} aria-current={at === index ? "step" : undefined}>
      <td>
        <a class="entry-link" href={timePath(jobId, { ...query, at: logId })} data-step={at + 1}>
          {logId}
        </a>
      </td>
      <td class="choice">
        <Choice
          name="from"
          logId={logId}
          checked={logId === from}
          label={`Compare from ${logId}`}
        />
      </td>
      <td class="choice">
        <Choice name="to" logId={logId} checked={logId === to} label={`Compare to ${logId}`} />
      </td>
      <td class="choice">
        {at !== 0 && (
          <label>
            <span class="unseen">Leave out {logId}</span>
            <input
              type="checkbox"
              name="without"
              value={logId}
              checked={leftOut.has(logId)}
              form={WHAT_IF_FORM}
            />
          </label>
        )}
      </td>
      <td class="mono">
        <UserText text={shortType(eventType)} />
      </td>
      <td>
        <ChangeLine changed={changed} />
      </td>
    </tr>
  );
}

interface ChoiceProps {
  readonly name: "from" | "to";
  readonly logId: LogId;
  readonly checked: boolean;
  readonly label: string;
}

function Choice({ name, logId, checked, label }: ChoiceProps) {
  return (
    <label>
      <span class="unseen">{label}</span>
      <input type="radio" name={name} value={logId} checked={checked} form={COMPARE_FORM} />
    </label>
  );
}

interface SliderProps {
  readonly view: TimeView;
  /** The other parameters of the query, which are kept. */
  readonly query: TimeQuery;
}

export function Slider({ view, query }: SliderProps) {
  const { logIds, index, job, milestones } = view;
  return (
    <div class="slider">
      <form method="get" action={timePath(job.jobId)} class="slider-form">
        <HiddenFields fields={{ from: query.from, to: query.to }} />
        <label for="step">Entry</label>
        <input
          id="step"
          name="step"
          type="range"
          min="1"
          max={logIds.length}
          value={index + 1}
          list="milestones"
          aria-valuetext={`entry ${countOf(index + 1, logIds.length)}`}
        />
        <datalist id="milestones">
          {milestones.map((number) => <option value={number}></option>)}
        </datalist>
        <output id="step-count" for="step" class="step-count">
          {countOf(index + 1, logIds.length)}
        </output>
        <button type="submit" data-scriptless>Go</button>
      </form>
      <Steps view={view} query={query} />
    </div>
  );
}

function Steps({ view: { logIds, index, job }, query }: SliderProps) {
  const last = logIds.length - 1;
  const steps = [["First", 0], ["Previous", index - 1], ["Next", index + 1], [
    "Last",
    last,
  ]] as const;
  return (
    <nav id="steps" class="steps" aria-label="Entries of the job">
      {steps.map(([text, to]) => {
        const at = logIds[to];
        // At an end, neither of the two links in that direction leads anywhere.
        if (at === undefined || to === index) {
          return <span class="button" aria-disabled="true">{text}</span>;
        }
        const path = timePath(job.jobId, { ...query, at });
        return <a class="button" href={path} data-step={to + 1}>{text}</a>;
      })}
    </nav>
  );
}
