/**
 * Counters, gauges and histograms, in the text format of Prometheus. The usual client for JavaScript
 * consists of CommonJS modules, which took a twentieth of a start to load.
 */

type Labels = Readonly<Record<string, string>>;

const NO_LABELS: Labels = {};

/** A counter or a gauge: a number for each set of labels. */
export class Numbers {
  readonly #values = new Map<string, number>();

  constructor(readonly type: "counter" | "gauge") {}

  add(amount: number, labels: Labels = NO_LABELS): void {
    const key = textOf(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }

  *samples(name: string): Generator<string> {
    for (const [labels, value] of this.#values) yield sample(name, labels, value);
  }
}

interface Distribution {
  /** How many values each bucket has, without those of lower buckets; the last has no bound. */
  readonly counts: number[];
  sum: number;
}

export class Histogram {
  readonly type = "histogram";
  readonly #distributions = new Map<string, Distribution>();

  /** @param bounds The upper bounds of the buckets, ascending. */
  constructor(private readonly bounds: readonly number[]) {}

  /** Shows a set of labels before it has values. */
  begin(labels: Labels = NO_LABELS): void {
    this.#of(labels);
  }

  observe(value: number, labels: Labels = NO_LABELS): void {
    const distribution = this.#of(labels);
    const found = this.bounds.findIndex((bound) => value <= bound);
    const bucket = found < 0 ? this.bounds.length : found;
    distribution.counts[bucket] = (distribution.counts[bucket] ?? 0) + 1;
    distribution.sum += value;
  }

  #of(labels: Labels): Distribution {
    const key = textOf(labels);
    const known = this.#distributions.get(key);
    if (known !== undefined) return known;
    const distribution = { counts: new Array(this.bounds.length + 1).fill(0), sum: 0 };
    this.#distributions.set(key, distribution);
    return distribution;
  }

  *samples(name: string): Generator<string> {
    for (const [labels, { counts, sum }] of this.#distributions) {
      let count = 0;
      for (const [bucket, bound] of [...this.bounds, "+Inf"].entries()) {
        count += counts[bucket] ?? 0;
        const le = `le="${bound}"`;
        yield sample(`${name}_bucket`, labels === "" ? le : `${le},${labels}`, count);
      }
      yield sample(`${name}_sum`, labels, sum);
      yield sample(`${name}_count`, labels, count);
    }
  }
}

export class Registry {
  readonly contentType = "text/plain; version=0.0.4; charset=utf-8";
  readonly #families: (() => string)[] = [];

  counter(name: string, help: string): Numbers {
    return this.#added(name, help, new Numbers("counter"));
  }

  gauge(name: string, help: string): Numbers {
    return this.#added(name, help, new Numbers("gauge"));
  }

  /** @param bounds See `Histogram`. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    return this.#added(name, help, new Histogram(bounds));
  }

  get text(): string {
    return `${this.#families.map((family) => family()).join("\n\n")}\n`;
  }

  #added<Metric extends Numbers | Histogram>(name: string, help: string, metric: Metric): Metric {
    const head = `# HELP ${name} ${help}\n# TYPE ${name} ${metric.type}`;
    this.#families.push(() => [head, ...metric.samples(name)].join("\n"));
    return metric;
  }
}

/** `count` bounds, the first one `start`, each `factor` times the one before it. */
export function exponentialBounds(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start * factor ** index);
}

function sample(name: string, labels: string, value: number): string {
  return labels === "" ? `${name} ${value}` : `${name}{${labels}} ${value}`;
}

function textOf(labels: Labels): string {
  let text = "";
  for (const name in labels) text += `${text && ","}${name}="${escaped(labels[name] ?? "")}"`;
  return text;
}

const SPECIAL = /[\\\n"]/;

function escaped(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
