/** What there may be at a time, and what there is. */

import { type EdgeLimit, LIMITS } from "../../capacity.ts";
import type { Edge } from "../../edge.ts";
import type { EngineLimits } from "../../../engine/intake.ts";
import type { Use } from "../../system_port.ts";
import { countText, sizeText } from "../parts/amounts.tsx";
import { CopyCurl } from "../parts/curl.tsx";
import { Table } from "../parts/table.tsx";
import type { Commands } from "../commands.ts";

interface LimitsSectionProps {
  readonly edge: Edge;
  readonly commands: Commands;
}

interface Row {
  readonly what: string;
  readonly flag: string;
  readonly use: Use;
  readonly isSize: boolean;
}

export function LimitsSection({ edge, commands }: LimitsSectionProps) {
  return (
    <section class="sheet" aria-labelledby="limits-heading">
      <div class="row row-between">
        <h2 id="limits-heading">Limits, and what is used</h2>
        <CopyCurl command={commands.get("/metrics")} />
      </div>
      <div id="limits" data-live>
        <Table caption="Limits" headings={["What", "Used", "At most", "Flag"]}>
          {rowsOf(edge).map((row) => <LimitRow row={row} />)}
        </Table>
      </div>
    </section>
  );
}

function LimitRow({ row: { what, flag, use, isSize } }: { readonly row: Row }) {
  const text = isSize ? sizeText : countText;
  return (
    <tr>
      <td>{what}</td>
      <td class={use.used >= use.max ? "number bad" : "number"}>{text(use.used)}</td>
      <td class="number">{text(use.max)}</td>
      <td class="mono soft">{`--${flag}`}</td>
    </tr>
  );
}

function rowsOf({ system, requests, waiting, streams, bodies }: Edge): readonly Row[] {
  const edge = [requests, waiting, streams, bodies.bytes].map(({ limit, open, max }) =>
    rowOf(limit, { used: open, max })
  );
  if (system === undefined) return edge;
  const engine = Object.entries(system.limits()).map(([name, use]) =>
    rowOf(name as keyof EngineLimits, use)
  );
  const workers = { what: "workers with a job", flag: "max-running", use: system.workers() };
  return [{ ...workers, isSize: false }, ...engine, ...edge];
}

function rowOf(name: keyof EngineLimits | EdgeLimit, use: Use): Row {
  const { what, flag } = LIMITS[name];
  return { what, flag, use, isSize: what.startsWith("bytes") };
}
