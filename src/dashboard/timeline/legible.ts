/** Merges spans that are too narrow to be visible, so that any number of spans stays legible. */

export interface Extent {
  readonly fromMs: number;
  readonly toMs: number;
}

/** One or more adjacent spans that are drawn as one. */
export interface Piece<Span extends Extent> extends Extent {
  readonly first: Span;
  readonly last: Span;
  /** The longest span; the first of several equally long ones. */
  readonly longest: Span;
  readonly count: number;
}

/**
 * Groups spans into pieces. A span at least as long as the unit is a piece of its own; shorter
 * adjacent spans are merged until they are as long as the unit. So there are at most about twice as
 * many pieces as units.
 *
 * @param spans In order, without overlaps.
 */
export function legible<Span extends Extent>(
  spans: readonly Span[],
  unitMs: number,
): readonly Piece<Span>[] {
  const pieces: Piece<Span>[] = [];
  for (const span of spans) {
    const last = pieces.at(-1);
    if (last !== undefined && isOneWith(last, span, unitMs)) {
      pieces[pieces.length - 1] = joined(last, span);
    } else {
      pieces.push(toPiece(span));
    }
  }
  return pieces;
}

function toPiece<Span extends Extent>(span: Span): Piece<Span> {
  const { fromMs, toMs } = span;
  return { fromMs, toMs, first: span, last: span, longest: span, count: 1 };
}

function isOneWith(piece: Piece<Extent>, span: Extent, unitMs: number): boolean {
  const isNarrow = span.toMs - span.fromMs < unitMs && piece.toMs - piece.fromMs < unitMs;
  return isNarrow && span.toMs - piece.fromMs <= 2 * unitMs;
}

function joined<Span extends Extent>(piece: Piece<Span>, span: Span): Piece<Span> {
  const { longest, first } = piece;
  const isLonger = span.toMs - span.fromMs > longest.toMs - longest.fromMs;
  return {
    fromMs: piece.fromMs,
    toMs: span.toMs,
    first,
    last: span,
    longest: isLonger ? span : longest,
    count: piece.count + 1,
  };
}
