/**
 * The timeline of a job as a figure with a legend; the tables below it have the same data. Shapes
 * differ in height and pattern as well as in colour.
 */

import { countText } from "../../core/counted.ts";
import { type Condition, conditionText } from "../../core/condition.ts";
import { isTerminal } from "../../core/job_state.ts";
import { Choices, jobPagePath } from "../parts/links.tsx";
import { durationText } from "../../core/duration.ts";
import {
  type Bar,
  type BarKind,
  type Drawing,
  type DrawnMark,
  MARK_WORDS,
  OUTCOME_WORDS,
  type Row,
} from "./drawing.ts";
import type { JobProps, JobScreenState } from "./reading.ts";
import { SCALES } from "./time_scale.ts";
import { TaskPages, TimelineTables } from "./timeline_tables.tsx";
import type { MarkKind } from "../timeline/timeline.ts";

export function JobTimeline({ state }: JobProps) {
  const { timeline, drawing } = state;
  return (
    <section id="job-timeline" class="sheet" aria-labelledby="timeline-heading" data-live>
      <div class="row row-between">
        <h2 id="timeline-heading">Timeline</h2>
        <ScaleLinks state={state} />
      </div>
      <Picture drawing={drawing} note={jobNote(state)} totalMs={timeline.totalMs} />
      <TaskPages state={state} part="timeline" />
      <Legend drawing={drawing} />
      <Remarks state={state} drawing={drawing} />
      <TimelineTables state={state} />
    </section>
  );
}

/** How the job ended, or what it is doing. */
function jobNote({ job, explanation, timeline }: JobScreenState): string {
  const word = conditionText(explanation.condition);
  if (!isTerminal(job)) return word;
  return `${word} after ${durationText(timeline.conditions.at(-1)?.toMs ?? 0)}`;
}

/** The links between both scales: one compares lengths of time, the other shows short ones. */
function ScaleLinks({ state: { job, scale } }: JobProps) {
  const path = jobPagePath(job.jobId);
  return (
    <Choices
      aria-label="Scale of the timeline"
      choices={SCALES.map((name) => ({
        text: name === "time" ? "to scale" : "short times enlarged",
        href: `${path}?scale=${name}#timeline-heading`,
        isChosen: name === scale,
      }))}
    />
  );
}

const AXIS_HEIGHT = 22;
const ROW_HEIGHT = 38;
const WORDS_HEIGHT = 12;
const MARKS_HEIGHT = 34;
const BAR_TOP = 19;

interface PictureProps {
  readonly drawing: Drawing;
  /** Of the row of the job. */
  readonly note: string;
  readonly totalMs: number;
}

function Picture({ drawing, note, totalMs }: PictureProps) {
  const lanesTop = AXIS_HEIGHT + ROW_HEIGHT + WORDS_HEIGHT;
  const marksTop = lanesTop + drawing.lanes.length * ROW_HEIGHT;
  const height = marksTop + (drawing.marks.length > 0 ? MARKS_HEIGHT : 0);
  return (
    <svg class="timeline" role="img" aria-labelledby="timeline-title" width="100%" height={height}>
      <title id="timeline-title">
        {`Timeline of the job over ${durationText(totalMs)}; the tables below have the same data`}
      </title>
      <Patterns />
      {drawing.ticks.map(({ x, text, atMs }) => (
        <g>
          <line class="grid-line" x1={x} x2={x} y1={AXIS_HEIGHT - 4} y2={height} />
          <text class="tick" x={x} y={12} dx={atMs === 0 ? 0 : 3}>{text}</text>
        </g>
      ))}
      <RowOfBars row={{ ...drawing.job, note }} downs={drawing.downs} top={AXIS_HEIGHT} isJob />
      {drawing.lanes.map((row, index) => (
        <RowOfBars
          row={row}
          downs={drawing.downs}
          top={lanesTop + index * ROW_HEIGHT}
        />
      ))}
      {drawing.marks.length !== 0 && <Marks marks={drawing.marks} top={marksTop} />}
    </svg>
  );
}

function RowOfBars(
  { row, downs, top, isJob = false }: {
    readonly row: Row;
    readonly downs: Drawing["downs"];
    readonly top: number;
    readonly isJob?: boolean;
  },
) {
  return (
    <g class={isJob ? "lane lane-job" : "lane"}>
      <text class="lane-label" x="0" y={top + 13}>
        {row.label}
        <tspan class="lane-note" dx="8">{row.note}</tspan>
        <tspan class="lane-note lane-down">{row.down}</tspan>
      </text>
      {row.bars.map((bar) => <BarShape bar={bar} top={top + BAR_TOP} />)}
      {downs.map(({ x, width, title }) => (
        <rect class="down" x={x} width={width} y={top + BAR_TOP} height={BAR_HEIGHT}>
          <title>{title}</title>
        </rect>
      ))}
      {row.words.map(({ x, text }) => (
        <text class="words" x={x} y={top + BAR_TOP + BAR_HEIGHT + 12}>{text}</text>
      ))}
      {row.failures.map(({ x, title }) => <Cross x={x} top={top + BAR_TOP} title={title} />)}
    </g>
  );
}

function Cross({ x, top, title }: Pick<Bar, "x" | "title"> & { readonly top: number }) {
  return (
    <svg x={x} y={top + BAR_HEIGHT / 2} overflow="visible" class="cross">
      <title>{title}</title>
      <path d="M-3.5 -3.5 3.5 3.5M3.5 -3.5 -3.5 3.5" />
    </svg>
  );
}

function Marks({ marks, top }: { readonly marks: readonly DrawnMark[]; readonly top: number }) {
  return (
    <g class="lane">
      <text class="lane-label" x="0" y={top + 13}>events</text>
      {marks.map((mark) => (
        <svg x={mark.x} y={top + 24} overflow="visible" class={`event event-${mark.kind}`}>
          <title>{mark.title}</title>
          <MarkShape kind={mark.kind} />
        </svg>
      ))}
    </g>
  );
}

function Remarks({ state, drawing }: JobProps & { readonly drawing: Drawing }) {
  const { wentBackAt } = state.timeline;
  const remarks = [
    ...(state.scale === "steps" ? ["Not to scale: short times are enlarged."] : []),
    ...(drawing.merged > 0
      ? [
        `${
          countText(drawing.merged)
        } spans and events are too narrow to show one by one, so they ` +
        "are merged.",
      ]
      : []),
    ...(wentBackAt.length > 0 ? [clockText(wentBackAt)] : []),
  ];
  if (remarks.length === 0) return null;
  return <p class="hint">{remarks.join(" ")}</p>;
}

function clockText(logIds: readonly number[]): string {
  const where = logIds.length === 1
    ? `before entry ${logIds[0]}`
    : `${logIds.length} times, first before entry ${logIds[0]}`;
  return `The clock went back ${where}: entries are in journal order, and no length is negative.`;
}

/** Only for kinds that the figure contains. */
function Legend({ drawing }: { readonly drawing: Drawing }) {
  const conditions = kindsOf([drawing.job]);
  const hasFailures = drawing.lanes.some(({ failures }) => failures.length > 0);
  const spans = new Set([...kindsOf(drawing.lanes), ...hasFailures ? ["failed"] as const : []]);
  const marks = [...new Set(drawing.marks.map(({ kind }) => kind))];
  return (
    <ul class="bare legend" aria-label="Legend">
      {conditions.map((kind) => <LegendBar kind={kind} text={conditionText(kind as Condition)} />)}
      {[...spans].map((kind) => <LegendBar kind={kind} text={spanWord(kind)} />)}
      {drawing.downs.length !== 0 && (
        <li>
          <svg width="22" height={BAR_HEIGHT} aria-hidden="true">
            <rect class="down" x="1" width="20" height={BAR_HEIGHT} />
          </svg>
          the process was down
        </li>
      )}
      {marks.map((kind) => (
        <li>
          <svg width="14" height="14" aria-hidden="true">
            <svg x="7" y="7" overflow="visible" class={`event event-${kind}`}>
              <MarkShape kind={kind} />
            </svg>
          </svg>
          {`event: ${MARK_WORDS[kind]}`}
        </li>
      ))}
    </ul>
  );
}

function kindsOf(rows: readonly Row[]): readonly BarKind[] {
  return [...new Set(rows.flatMap(({ bars }) => bars.map(({ kind }) => kind)))];
}

function spanWord(kind: BarKind): string {
  if (kind === "sleep") return kind;
  const word = kind === "backoff"
    ? "backoff before the next"
    : OUTCOME_WORDS[kind as keyof typeof OUTCOME_WORDS];
  return `attempt: ${word}`;
}

function LegendBar({ kind, text }: { readonly kind: BarKind; readonly text: string }) {
  const bar = { kind, x: "0", width: "22", title: text, isOngoing: false, count: 1 };
  return (
    <li>
      <svg width="22" height={BAR_HEIGHT} aria-hidden="true">
        <BarShape bar={bar} top={0} />
        {kind === "failed" && <Cross x="18" top={0} title={text} />}
      </svg>
      {text}
    </li>
  );
}

const BAR_HEIGHT = 14;

/**
 * Running spans have the full height and waiting spans are lower, so that they differ without
 * colour.
 */
const HEIGHTS: Readonly<Partial<Record<BarKind, number>>> = {
  created: 4,
  scheduled: 4,
  queued: 8,
  waiting: 8,
  sleeping: 8,
  sleep: 8,
  backingOff: 8,
  suspended: 8,
  parked: 8,
  backoff: 6,
  reused: 6,
};

function BarShape({ bar, top }: { readonly bar: Bar; readonly top: number }) {
  const { kind, x, width, title, isOngoing } = bar;
  const height = HEIGHTS[kind] ?? BAR_HEIGHT;
  return (
    <rect
      class={`bar bar-${kind} condition-${kind}`}
      x={x}
      width={width}
      y={top + (BAR_HEIGHT - height) / 2}
      height={height}
      fill={PATTERNED.has(kind) ? `url(#pattern-${kind})` : undefined}
    >
      <title>{isOngoing ? `${title} so far` : title}</title>
    </rect>
  );
}

/** Each pattern is a background with a figure; their colours are in the style sheet. */
export function Patterns() {
  return (
    <defs>
      {STRIPED.map(([kind, path]) => (
        <pattern id={`pattern-${kind}`} width="6" height="6" patternUnits="userSpaceOnUse">
          <rect class={`ground ground-${kind}`} width="6" height="6" />
          <path class={`figure figure-${kind} condition-${kind}`} d={path} />
        </pattern>
      ))}
      {DOTTED.map((kind) => (
        <pattern id={`pattern-${kind}`} width="5" height="6" patternUnits="userSpaceOnUse">
          <rect class={`ground ground-${kind}`} width="5" height="6" />
          <circle class={`dot figure-${kind} condition-${kind}`} cx="2.5" cy="3" r="1.3" />
        </pattern>
      ))}
    </defs>
  );
}

const FALLING = "M-1 -1l8 8M-1 5l2 2M5 -1l2 2";
const RISING = "M-1 7l8 -8M-1 1l2 -2M5 7l2 -2";
const STRIPED = [
  ["waiting", RISING],
  ["suspended", "M1.5 0v6M4.5 0v6"],
  ["parked", "M0 1.5h6M0 4.5h6"],
  ["compensating", FALLING],
  ["interrupted", "M0 3h6"],
  ["failed", `${FALLING}${RISING}`],
] as const;

const DOTTED = ["backingOff", "backoff"] as const;
const PATTERNED: ReadonlySet<BarKind> = new Set([...STRIPED.map(([kind]) => kind), ...DOTTED]);

function MarkShape({ kind }: { readonly kind: MarkKind }) {
  switch (kind) {
    case "matched":
      return <circle r="4.5" />;
    case "surplus":
      return <circle class="hollow" r="4" />;
    case "nearMiss":
      return <path class="hollow" d="M0 -5.5 5 4 -5 4z" />;
    case "error":
      return <path class="hollow" d="M-4 -4 4 4M4 -4 -4 4" />;
    case "recorded":
      return <path class="hollow" d="M0 -4v8" />;
  }
}
