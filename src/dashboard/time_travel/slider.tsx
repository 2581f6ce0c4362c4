/** The slider over a job's entries, with links for use without scripts. */

import { countOf } from "../../core/counted.ts";
import { timePath, type TimeQuery } from "../parts/links.tsx";
import { findNeighbours, type Neighbours, type TimeView } from "./time_view.ts";

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
        {query.from !== undefined && <input type="hidden" name="from" value={query.from} />}
        {query.to !== undefined && <input type="hidden" name="to" value={query.to} />}
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

const WORDS: readonly (readonly [keyof Neighbours, string])[] = [
  ["first", "First"],
  ["previous", "Previous"],
  ["next", "Next"],
  ["last", "Last"],
];

function Steps({ view, query }: SliderProps) {
  const neighbours = findNeighbours(view);
  return (
    <nav id="steps" class="steps" aria-label="Entries of the job">
      {WORDS.map(([name, text]) => {
        const index = neighbours[name];
        const at = index === undefined ? undefined : view.logIds[index];
        if (index === undefined || at === undefined) {
          return <span class="button" aria-disabled="true">{text}</span>;
        }
        const path = timePath(view.job.jobId, { ...query, at });
        return <a class="button" href={path} data-step={index + 1}>{text}</a>;
      })}
    </nav>
  );
}
