/** What there may be at a time, and what there is. */

import type { HttpDeps } from "../../http/http_deps.ts";
import { type LimitInUse, limitsInUse } from "../../http/guard/limits_in_use.ts";
import { countText, sizeText } from "../../core/size.ts";
import { Table } from "../parts/table.tsx";

interface LimitsSectionProps {
  readonly deps: HttpDeps;
}

export function LimitsSection({ deps }: LimitsSectionProps) {
  return (
    <section class="sheet" aria-labelledby="limits-heading">
      <h2 id="limits-heading">Limits and usage</h2>
      <div id="limits" data-live>
        <Table caption="Limits" headings={["What", "Used", "At most", "Flag"]}>
          {rowsOf(deps).map((row) => <LimitRow row={row} />)}
        </Table>
      </div>
    </section>
  );
}

function LimitRow(
  { row: { what, flag, unit, used, max } }: { readonly row: Omit<LimitInUse, "name"> },
) {
  const text = unit === "bytes" ? sizeText : countText;
  return (
    <tr>
      <td>{what}</td>
      <td class={used >= max ? "number bad" : "number"}>{text(used)}</td>
      <td class="number">{text(max)}</td>
      <td class="mono soft">{flag ?? "fixed"}</td>
    </tr>
  );
}

/** Workers are no limit at which something is refused; what comes waits for one. */
function rowsOf(deps: HttpDeps): readonly Omit<LimitInUse, "name">[] {
  const limits = limitsInUse(deps);
  if (deps.system === undefined) return limits;
  const workers = { what: "workers with a job", flag: "--max-running", unit: "count" } as const;
  return [{ ...workers, ...deps.system.workers() }, ...limits];
}
