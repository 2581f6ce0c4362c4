/** The trend: charts with legends, and a table of their figures. */

import {
  type PeriodFigures,
  type Spread,
  type Trend,
  TREND_SPANS,
  type TrendPoint,
  type TrendSpan,
} from "../../metrics/figures.ts";
import { Time } from "../parts/amounts.tsx";
import { countText } from "../../core/size.ts";
import { durationText } from "../../core/duration.ts";

interface ChartDescription {
  readonly name: string;
  readonly title: string;
  /** Whether the chart shows counts or durations. */
  readonly kind: "counts" | "durations";
  readonly about: (intervalText: string) => string;
  readonly lines: readonly Line[];
}

interface Line {
  /** The column of the table. */
  readonly column: string;
  readonly label: string;
  /** A CSS class that sets the colour. */
  readonly tone: string;
}

const CHARTS: readonly ChartDescription[] = [
  {
    name: "throughput",
    title: "Throughput",
    kind: "counts",
    about: (interval) => `Jobs in each ${interval}`,
    lines: [
      { column: "created", label: "created", tone: "tone-ink" },
      { column: "succeeded", label: "succeeded", tone: "tone-succeeded" },
      { column: "failed", label: "failed", tone: "tone-failed" },
      { column: "cancelled", label: "cancelled", tone: "tone-cancelled dashed" },
    ],
  },
  {
    name: "queued",
    title: "Time in the queue",
    kind: "durations",
    about: () => "From queued until a worker takes the job",
    lines: trendLines("queued", "tone-queued"),
  },
  {
    name: "run",
    title: "Run time",
    kind: "durations",
    about: () => "From a worker taking the job until it ends, waits or backs off",
    lines: trendLines("run", "tone-executing"),
  },
  {
    name: "sync",
    title: "Sync time",
    kind: "durations",
    about: () => "From the first byte of a batch until all of it is on disk",
    lines: trendLines("sync", "tone-ink"),
  },
];

function trendLines(name: string, tone: string): readonly Line[] {
  return [
    { column: `${name}-p50`, label: "half within (p50)", tone },
    { column: `${name}-p95`, label: "95 % within (p95)", tone: `${tone} dashed` },
  ];
}

const SPAN_TEXTS: Readonly<Record<TrendSpan, { readonly all: string; readonly each: string }>> = {
  "10m": { all: "10 minutes", each: "10 seconds" },
  "1h": { all: "1 hour", each: "minute" },
  "24h": { all: "24 hours", each: "20 minutes" },
};

interface TrendSectionProps {
  readonly span: TrendSpan;
  readonly trend: Trend;
  readonly sinceMs: number;
}

export function TrendSection({ span, trend, sinceMs }: TrendSectionProps) {
  const { each } = SPAN_TEXTS[span];
  const startedAt = `${new Date(sinceMs).toISOString().slice(0, 19)}Z`;
  return (
    <section aria-labelledby="trend-heading" class="overview-section">
      <div class="row row-between">
        <h2 id="trend-heading">The last {SPAN_TEXTS[span].all}</h2>
        <SpanLinks current={span} />
      </div>
      <p class="soft">
        One point for each{" "}
        {each}, the last one so far. Counted in memory since this process started,{" "}
        <Time at={startedAt} />; earlier events are in the journal.
      </p>
      <div class="charts">
        {CHARTS.map((chart) => <Chart chart={chart} each={each} trend={trend} />)}
      </div>
      <TrendTable span={span} points={trend.points} />
    </section>
  );
}

function SpanLinks({ current }: { readonly current: TrendSpan }) {
  const spans = Object.keys(TREND_SPANS) as TrendSpan[];
  return (
    <nav aria-label="How far back">
      <ul class="spans">
        {spans.map((span) => (
          <li>
            <a
              href={`/?span=${span}#trend-heading`}
              aria-current={span === current ? "true" : undefined}
            >
              {SPAN_TEXTS[span].all}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

interface ChartProps {
  readonly chart: ChartDescription;
  readonly each: string;
  readonly trend: Trend;
}

function Chart({ chart, each, trend }: ChartProps) {
  const { name, title, kind, about, lines } = chart;
  return (
    <figure class="sheet chart" data-chart={kind}>
      <figcaption>
        <h3>{title}</h3>
        <p class="about soft one-line">{about(each)}</p>
      </figcaption>
      <ul class="legend" id={`legend-${name}`} data-live>
        {lines.map((line) => <LegendItem line={line} trend={trend} />)}
      </ul>
      <div class="plot" aria-hidden="true"></div>
    </figure>
  );
}

function LegendItem({ line, trend }: { readonly line: Line; readonly trend: Trend }) {
  const column = COLUMNS.find(({ name }) => name === line.column);
  const text = column === undefined ? "" : figureText(column.read(trend.whole));
  return (
    <li class={line.tone}>
      <span class="swatch" data-line={line.column} data-label={line.label}></span>
      {line.label} <b>{text}</b>
    </li>
  );
}

interface Column {
  /** The name by which a chart refers to the column. */
  readonly name: string;
  readonly title: string;
  read(period: PeriodFigures): Figure;
}

type Figure =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "duration"; readonly ms: number | undefined };

/** The table of figures, from which the charts are drawn. */
const COLUMNS: readonly Column[] = [
  count("created", ({ created }) => created),
  count("succeeded", ({ succeeded }) => succeeded),
  count("failed", ({ failed }) => failed),
  count("cancelled", ({ cancelled }) => cancelled),
  ...spread("queued", "queued", ({ queued }) => queued),
  ...spread("run", "run", ({ run }) => run),
  ...spread("sync", "sync", ({ sync }) => sync),
];

function count(name: string, read: (period: PeriodFigures) => number): Column {
  return { name, title: name, read: (all) => ({ kind: "count", count: read(all) }) };
}

function spread(
  name: string,
  title: string,
  read: (period: PeriodFigures) => Spread | undefined,
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

function figureText(figure: Figure): string {
  if (figure.kind === "count") return countText(figure.count);
  return figure.ms === undefined ? "–" : durationText(figure.ms);
}

interface TrendTableProps {
  readonly span: TrendSpan;
  readonly points: readonly TrendPoint[];
}

function TrendTable({ span, points }: TrendTableProps) {
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
          <caption class="unseen">The trend, the oldest interval first</caption>
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
