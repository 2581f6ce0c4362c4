/** What the shapes of a timeline stand for. */

import { type Condition, conditionText } from "../../core/condition.ts";
import { type BarKind, type Drawing, MARK_WORDS, OUTCOME_WORDS, type Row } from "./drawing.ts";
import { BAR_HEIGHT, BarShape, MarkShape } from "./timeline_shapes.tsx";

/** Of what is in the picture, and of nothing else. */
export function Legend({ drawing }: { readonly drawing: Drawing }) {
  const conditions = kindsOf([drawing.job]);
  const spans = kindsOf(drawing.lanes);
  const marks = [...new Set(drawing.marks.map(({ kind }) => kind))];
  return (
    <ul class="legend" aria-label="Legend">
      {conditions.map((kind) => <LegendBar kind={kind} text={conditionText(kind as Condition)} />)}
      {spans.map((kind) => <LegendBar kind={kind} text={spanWord(kind)} />)}
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
  const bar = { kind, x: "0", width: "22", end: "22", title: text, goesOn: false, count: 1 };
  return (
    <li>
      <svg width="22" height={BAR_HEIGHT} aria-hidden="true">
        <BarShape bar={bar} top={0} />
      </svg>
      {text}
    </li>
  );
}
