/** The shapes of a timeline, distinguishable by height and pattern as well as by colour. */

import type { MarkKind } from "../timeline/marks.ts";
import type { Bar, BarKind } from "./drawing.ts";

/** The height of the tallest bars. */
export const BAR_HEIGHT = 14;

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

export function BarShape({ bar, top }: { readonly bar: Bar; readonly top: number }) {
  const { kind, x, width, title, isOngoing, count } = bar;
  const height = HEIGHTS[kind] ?? BAR_HEIGHT;
  const classes = [
    "bar",
    `bar-${kind}`,
    ...(isOngoing ? ["goes-on"] : []),
    ...(count > 1 ? ["merged"] : []),
  ];
  return (
    <rect
      class={classes.join(" ")}
      x={x}
      width={width}
      y={top + (BAR_HEIGHT - height) / 2}
      height={height}
      fill={PATTERNED.has(kind) ? `url(#pattern-${kind})` : undefined}
    >
      <title>{isOngoing ? `${title}, still going` : title}</title>
    </rect>
  );
}

const PATTERNED: ReadonlySet<BarKind> = new Set<BarKind>([
  "waiting",
  "backingOff",
  "backoff",
  "suspended",
  "parked",
  "compensating",
  "interrupted",
  "failed",
]);

/** Each pattern is a background with a figure; their colours are in the style sheet. */
export function Patterns() {
  return (
    <defs>
      {STRIPED.map(([kind, path]) => (
        <pattern id={`pattern-${kind}`} width="6" height="6" patternUnits="userSpaceOnUse">
          <rect class={`ground ground-${kind}`} width="6" height="6" />
          <path class={`figure figure-${kind}`} d={path} />
        </pattern>
      ))}
      {["backingOff", "backoff"].map((kind) => (
        <pattern id={`pattern-${kind}`} width="5" height="6" patternUnits="userSpaceOnUse">
          <rect class={`ground ground-${kind}`} width="5" height="6" />
          <circle class={`dot figure-${kind}`} cx="2.5" cy="3" r="1.3" />
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

export function MarkShape({ kind }: { readonly kind: MarkKind }) {
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
