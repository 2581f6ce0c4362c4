/** What can be done with the jobs that are ticked in the list. */

import { BULK_CONTROLS, CONTROLS } from "../../core/controls.ts";
import { JOBS_PATH } from "./address.ts";
import type { JobRow } from "./rows.ts";

/** The boxes in the rows belong to it: a row has a form of its own. */
export const SELECTION_FORM = "selection";

interface SelectionBarProps {
  readonly rows: readonly JobRow[];
  readonly returnTo: string;
}

/** The actions that are for at least one of the rows. */
export function SelectionBar({ rows, returnTo }: SelectionBarProps) {
  const possible = BULK_CONTROLS.filter((action) =>
    rows.some(({ job: { condition } }) => CONTROLS[action].conditions.includes(condition))
  );
  if (possible.length === 0) return null;
  return (
    <form id={SELECTION_FORM} method="post" action={JOBS_PATH} class="row job-bulk">
      <input type="hidden" name="return" value={returnTo} />
      <input type="hidden" name="ticked" value="yes" />
      <span class="hint">Ticked:</span>
      {possible.filter((action) => action !== "cancel").map((action) => (
        <button type="submit" name="action" value={action}>{CONTROLS[action].label}</button>
      ))}
      {possible.includes("cancel") ? <CancelTicked /> : null}
    </form>
  );
}

function CancelTicked() {
  return (
    <details class="confirm" id="cancel-ticked">
      <summary role="button">Cancel …</summary>
      <div class="confirm-box">
        <p>{CONTROLS.cancel.effect}</p>
        <input type="hidden" name="confirm" value="yes" />
        <button type="submit" name="action" value="cancel">Yes, cancel those ticked</button>
      </div>
    </details>
  );
}
