/**
 * Counts durations in fixed logarithmic buckets, from which quantiles are read: each bucket is
 * 9 % wider than the one before, so that what is read is at most 4.5 % from the truth. A
 * histogram takes little more than a kilobyte, whatever is counted, and histograms of several
 * intervals add up to that of all.
 */

/** What is shorter is counted as nothing at all. */
const SHORTEST_MS = 0.01;
const BUCKETS_PER_DOUBLING = 8;
/** Up to four months. What takes longer is counted as that. */
const DOUBLINGS = 40;

/** The first is that of durations that are nothing. */
export const DURATION_BUCKETS = 1 + DOUBLINGS * BUCKETS_PER_DOUBLING;

/** How far, as a factor, a duration that is read may be from the one that was counted. */
export const DURATION_ERROR = 2 ** (0.5 / BUCKETS_PER_DOUBLING);

export function durationBucketOf(ms: number): number {
  if (!(ms >= SHORTEST_MS)) return 0;
  const bucket = 1 + Math.floor(Math.log2(ms / SHORTEST_MS) * BUCKETS_PER_DOUBLING);
  return Math.min(bucket, DURATION_BUCKETS - 1);
}

/** The middle of a bucket, in milliseconds. */
function durationOf(bucket: number): number {
  return bucket === 0 ? 0 : SHORTEST_MS * 2 ** ((bucket - 0.5) / BUCKETS_PER_DOUBLING);
}

/**
 * The duration that a part of all counted ones do not exceed, in milliseconds: 0.5 gives the
 * median. `undefined` when none was counted.
 *
 * @param counts By bucket.
 */
export function durationQuantile(counts: Uint32Array, part: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let remaining = Math.max(1, Math.ceil(part * total));
  const bucket = counts.findIndex((count) => (remaining -= count) <= 0);
  return durationOf(bucket);
}
