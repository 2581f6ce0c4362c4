/** Draws together what is too narrow to be seen, so that any number of spans stays legible. */

export interface Extent {
  readonly fromMs: number;
  readonly toMs: number;
}

/** One or more neighbours that are drawn as one. */
export interface Piece<Span extends Extent> extends Extent {
  readonly first: Span;
  readonly last: Span;
  /** The longest of them; of several that are as long, the first. */
  readonly longest: Span;
  readonly count: number;
}

/**
 * The spans as pieces: those at least as long as the unit by themselves, and narrower
 * neighbours together, until they are as long as it. So there are no more pieces than about
 * twice as many as units fit.
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
