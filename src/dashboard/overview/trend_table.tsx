/** The figures behind the charts: what the charts are drawn from, and read without them. */

import {
  type Happenings,
  type Spread,
  TREND_SPANS,
  type TrendPoint,
  type TrendSpan,
} from "../../http/ports/overview_port.ts";
import { countText } from "../../core/size.ts";
import { durationText } from "../../core/duration.ts";

export interface Column {
  /** By which a chart finds it. */
  readonly name: string;
  readonly title: string;
  read(happenings: Happenings): Figure;
}

type Figure =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "duration"; readonly ms: number | undefined };

export const COLUMNS: readonly Column[] = [
  count("created", ({ created }) => created),
  count("succeeded", ({ succeeded }) => succeeded),
  count("failed", ({ failed }) => failed),
  count("cancelled", ({ cancelled }) => cancelled),
  ...spread("queued", "queued", ({ queued }) => queued),
  ...spread("run", "run", ({ run }) => run),
  ...spread("sync", "sync", ({ sync }) => sync),
];

function count(name: string, read: (happenings: Happenings) => number): Column {
  return { name, title: name, read: (all) => ({ kind: "count", count: read(all) }) };
}

function spread(
  name: string,
  title: string,
  read: (happenings: Happenings) => Spread | undefined,
): readonly Column[] {
  return [
    {
      name: `${name}-p50`,
      title: `${title} p50`,
      read: (all) => ({ kind: "duration", ms: read(all)?.p50Ms }),
    },
    {
      name: `${name}-p95`,
      title: `${title} p95`,
      read: (all) => ({ kind: "duration", ms: read(all)?.p95Ms }),
    },
  ];
}

export function figureText(figure: Figure): string {
  if (figure.kind === "count") return countText(figure.count);
  return figure.ms === undefined ? "–" : durationText(figure.ms);
}

export interface TrendTableProps {
  readonly span: TrendSpan;
  readonly points: readonly TrendPoint[];
}

export function TrendTable({ span, points }: TrendTableProps) {
  const { intervalMs, intervals } = TREND_SPANS[span];
  return (
    <details class="figures">
      <summary>The figures, as a table</summary>
      <div class="table-box" tabindex={0} role="region" aria-label="The figures of the charts">
        <table
          id="trend-figures"
          data-live
          data-interval-ms={String(intervalMs)}
          data-intervals={String(intervals)}
        >
          <caption class="unseen">What happened over time, the oldest first</caption>
          <thead>
            <tr>
              <th scope="col">from</th>
              {COLUMNS.map(({ name, title }) => <th scope="col" data-column={name}>{title}</th>)}
            </tr>
          </thead>
          <tbody>
            {points.map((point) => <Row point={point} />)}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Row({ point }: { readonly point: TrendPoint }) {
  const at = new Date(point.fromMs).toISOString();
  return (
    <tr>
      <th scope="row" data-value={String(point.fromMs)}>
        <time datetime={at} title={at}>{at.slice(11, 19)}</time>
      </th>
      {COLUMNS.map(({ read }) => <FigureCell figure={read(point)} />)}
    </tr>
  );
}

function FigureCell({ figure }: { readonly figure: Figure }) {
  const value = figure.kind === "count" ? figure.count : figure.ms;
  const rounded = value === undefined ? undefined : String(Math.round(value * 1_000) / 1_000);
  return <td data-value={rounded}>{figureText(figure)}</td>;
}
