/** Counts and progress. */

import { countOf } from "../../core/counted.ts";
import { countText } from "../../core/size.ts";
import type { Progress } from "../../core/job_state.ts";
import { UserText } from "./text.tsx";

const NOTE_LENGTH_MAX = 300;

interface ProgressBarProps {
  readonly done: number;
  readonly total: number;
}

/** Progress as a bar. */
export function ProgressBar({ done, total }: ProgressBarProps) {
  const text = countOf(done, total);
  return <progress max={Math.max(1, total)} value={done} aria-label={text}>{text}</progress>;
}

/** `40 of 100`, with a bar if the total is known. */
export function TaskProgress({ done, total, note }: Progress) {
  return (
    <span class="task-progress">
      {total !== undefined && <ProgressBar done={done} total={total} />}
      <span>
        {total === undefined ? countText(done) : countOf(done, total)}
      </span>
      {note !== undefined && <UserText text={note} lengthMax={NOTE_LENGTH_MAX} />}
    </span>
  );
}
