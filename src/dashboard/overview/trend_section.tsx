/** The trend: charts with legends, and a table of their figures. */

import {
  type PeriodFigures,
  SPAN_NAMES,
  type Trend,
  TREND_SPANS,
  type TrendPoint,
  type TrendSpan,
} from "../../metrics/figures.ts";
import { Time } from "../parts/amounts.tsx";
import { Choices } from "../parts/links.tsx";
import { TableBox } from "../parts/table.tsx";
import { countText } from "../../core/counted.ts";
import { durationText } from "../../core/duration.ts";

/** What a line shows: a count of jobs, or a duration in milliseconds. */
type Kind = "counts" | "durations";

interface ChartDescription {
  readonly name: string;
  readonly title: string;
  readonly kind: Kind;
  readonly about: (intervalText: string) => string;
  readonly lines: readonly Line[];
}

/** A line of a chart, and the column of the table from which it is drawn. */
interface Line {
  /** The name by which a chart refers to the column. */
  readonly column: string;
  /** The heading of the column. */
  readonly heading: string;
  readonly label: string;
  /** A CSS class that sets the colour. */
  readonly tone: string;
  /** `undefined` if there was nothing to measure. */
  readonly read: (period: PeriodFigures) => number | undefined;
}

const CHARTS: readonly ChartDescription[] = [
  {
    name: "throughput",
    title: "Throughput",
    kind: "counts",
    about: (interval) => `Jobs per ${interval}`,
    lines: [
      countLine("created", ""),
      countLine("succeeded", "condition-succeeded"),
      countLine("failed", "condition-failed"),
      countLine("cancelled", "condition-cancelled dashed"),
    ],
  },
  {
    name: "queued",
    title: "Time in the queue",
    kind: "durations",
    about: () => "From queued until a worker takes the job",
    lines: spreadLines("queued", "condition-queued"),
  },
  {
    name: "run",
    title: "Run time",
    kind: "durations",
    about: () => "From a worker taking the job until it ends, waits or backs off",
    lines: spreadLines("run", "condition-executing"),
  },
  {
    name: "sync",
    title: "Sync time",
    kind: "durations",
    about: () => "From the first byte of a batch until all of it is on disk",
    lines: spreadLines("sync", ""),
  },
];

function countLine(name: "created" | "succeeded" | "failed" | "cancelled", tone: string): Line {
  return { column: name, heading: name, label: name, tone, read: (period) => period[name] };
}

function spreadLines(name: "queued" | "run" | "sync", tone: string): readonly Line[] {
  return [
    {
      column: `${name}-p50`,
      heading: `${name} p50`,
      label: "median (p50)",
      tone,
      read: (period) => period[name]?.p50Ms,
    },
    {
      column: `${name}-p95`,
      heading: `${name} p95`,
      label: "95th percentile (p95)",
      tone: `${tone} dashed`,
      read: (period) => period[name]?.p95Ms,
    },
  ];
}

/** The columns of the table, from which the charts are drawn. */
const COLUMNS = CHARTS.flatMap(({ kind, lines }) => lines.map((line) => ({ ...line, kind })));

function figureText(kind: Kind, figure: number | undefined): string {
  if (figure === undefined) return "–";
  return kind === "counts" ? countText(figure) : durationText(figure);
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
    <section aria-labelledby="trend-heading" class="stack-wide">
      <div class="row row-between">
        <h2 id="trend-heading">The last {SPAN_TEXTS[span].all}</h2>
        <SpanLinks current={span} />
      </div>
      <p class="soft">
        One point per {each}; the last is not over yet. Counted since this process started,{" "}
        <Time at={startedAt} />.
      </p>
      <div class="charts">
        {CHARTS.map((chart) => <Chart chart={chart} each={each} trend={trend} />)}
      </div>
      <TrendTable span={span} trend={trend} />
    </section>
  );
}

function SpanLinks({ current }: { readonly current: TrendSpan }) {
  return (
    <nav aria-label="How far back">
      <Choices
        isSwitch
        choices={SPAN_NAMES.map((span) => ({
          text: SPAN_TEXTS[span].all,
          href: `/?span=${span}#trend-heading`,
          isChosen: span === current,
        }))}
      />
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
      <ul class="bare legend" id={`legend-${name}`} data-live>
        {lines.map(({ column, label, tone, read }) => (
          <li class={tone}>
            <span class="swatch" data-line={column} data-label={label}></span>
            {label} <b>{figureText(kind, read(trend.whole))}</b>
          </li>
        ))}
      </ul>
      <div class="plot" aria-hidden="true"></div>
    </figure>
  );
}

function TrendTable({ span, trend: { points } }: Pick<TrendSectionProps, "span" | "trend">) {
  const { intervalMs, intervals } = TREND_SPANS[span];
  return (
    <details class="folded figures">
      <summary>As a table</summary>
      <TableBox label="The figures of the charts">
        <table
          id="trend-figures"
          data-live
          data-interval-ms={String(intervalMs)}
          data-intervals={String(intervals)}
        >
          <caption class="unseen">The trend, oldest first</caption>
          <thead>
            <tr>
              <th scope="col">from</th>
              {COLUMNS.map(({ column, heading }) => (
                <th scope="col" data-column={column}>{heading}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {points.map((point) => <Row point={point} />)}
          </tbody>
        </table>
      </TableBox>
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
      {COLUMNS.map(({ kind, read }) => {
        const figure = read(point);
        const rounded = figure && Math.round(figure * 1_000) / 1_000;
        return <td data-value={rounded?.toString()}>{figureText(kind, figure)}</td>;
      })}
    </tr>
  );
}
