/** Medians and ratios: machines are shared and noisy, so everything is measured several times. */

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** The value below which this share of the numbers lies. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** The slope of the straight line through these points, by least squares. */
export interface Slope {
  readonly slope: number;
  /** The standard error of the slope. */
  readonly error: number;
}

export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const meanX = meanOf(points.map(([x]) => x));
  const meanY = meanOf(points.map(([, y]) => y));
  const spread = sumOf(points, ([x]) => (x - meanX) ** 2);
  const slope = sumOf(points, ([x, y]) => (x - meanX) * (y - meanY)) / spread;
  const missed = sumOf(points, ([x, y]) => (y - meanY - slope * (x - meanX)) ** 2);
  return { slope, error: Math.sqrt(missed / (points.length - 2) / spread) };
}

export function meanOf(numbers: readonly number[]): number {
  return sumOf(numbers, (number) => number) / numbers.length;
}

function sumOf<Of>(all: readonly Of[], figure: (one: Of) => number): number {
  return all.reduce((sum, one) => sum + figure(one), 0);
}

export function perSecond(count: number, milliseconds: number): number {
  return count / (milliseconds / 1_000);
}

/**
 * Measures in several rounds; each round contains everything that is compared.
 *
 * @param secondsMax After this time no further round starts.
 */
export async function inRounds<Round>(
  count: number,
  measure: () => Promise<Round>,
  secondsMax = Infinity,
): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  const end = performance.now() + secondsMax * 1_000;
  while (rounds.length < count && (rounds.length === 0 || performance.now() < end)) {
    rounds.push(await measure());
  }
  if (rounds.length < count) console.error(`  ${rounds.length} of ${count} rounds: too slow`);
  return rounds;
}

export function medianOf<Round>(
  rounds: readonly Round[],
  pick: (round: Round) => number,
): number {
  return median(rounds.map(pick));
}

/** Runs two measurements in turns and returns both medians and the median of their ratios. */
export async function paired(
  rounds: number,
  baseline: () => Promise<number>,
  measured: () => Promise<number>,
): Promise<{ readonly baseline: number; readonly measured: number; readonly ratio: number }> {
  const pairs = await inRounds(rounds, async () => ({
    before: await baseline(),
    after: await measured(),
  }));
  return {
    baseline: medianOf(pairs, ({ before }) => before),
    measured: medianOf(pairs, ({ after }) => after),
    ratio: medianOf(pairs, ({ before, after }) => after / before),
  };
}

/** `12,345`. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
