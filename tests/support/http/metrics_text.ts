/**
 * Reads the text format of Prometheus, version 0.0.4, by its specification and without the library
 * that writes it, and refuses what a Prometheus server would not accept.
 */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const KINDS = ["counter", "gauge", "histogram", "summary", "untyped"];
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/y;

/** @throws {SyntaxError} with the line, if it violates the format. */
export function readMetrics(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith("\n")) throw new SyntaxError("the last line has no end");
  const families = new Map<string, Family & { samples: Sample[] }>();
  let current: (Family & { samples: Sample[] }) | undefined;
  let help: readonly [name: string, text: string] | undefined;
  for (const line of text.split("\n")) {
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === "HELP") {
      help = [name, rest];
    } else if (keyword === "TYPE") {
      if (!NAME.test(name) || !KINDS.includes(rest)) throw new SyntaxError(line);
      if (families.has(name)) throw new SyntaxError(`${name} comes twice`);
      if (help?.[0] !== name) throw new SyntaxError(`${name} has no help`);
      families.set(name, current = { name, type: rest, help: help[1], samples: [] });
    } else if (line !== "") {
      const sample = sampleOf(line);
      if (current === undefined || !belongs(sample, current)) throw new SyntaxError(line);
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) requireSound(family);
  return families;
}

function sampleOf(line: string): Sample {
  const [, name = "", labels = "", number = ""] = SAMPLE.exec(line) ?? [];
  const value = number === "+Inf" ? Infinity : Number(number);
  if (!NAME.test(name) || Number.isNaN(value)) throw new SyntaxError(line);
  return { name, labels: labelsOf(labels), value };
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name = "", value = ""] = LABEL.exec(text) ?? [];
    if (name === "" || Object.hasOwn(labels, name)) throw new SyntaxError(text);
    labels[name] = value.replace(/\\(.)/g, (_, character) => character === "n" ? "\n" : character);
  }
  return labels;
}

function belongs({ name }: Sample, family: Family): boolean {
  if (family.type !== "histogram") return name === family.name;
  return ["_bucket", "_sum", "_count"].some((suffix) => name === family.name + suffix);
}

function requireSound(family: Family): void {
  const series = family.samples.map(({ name, labels }) =>
    JSON.stringify([name, Object.entries(labels).toSorted()])
  );
  if (new Set(series).size < series.length) throw new SyntaxError(`${family.name}: a series twice`);
  if (family.type === "counter" && family.samples.some(({ value }) => value < 0)) {
    throw new SyntaxError(`${family.name}: a counter below 0`);
  }
  if (family.type === "histogram") requireCumulative(family);
}

function requireCumulative({ name, samples }: Family): void {
  for (const count of samples.filter((sample) => sample.name === `${name}_count`)) {
    const buckets = samples.filter((sample) =>
      sample.name === `${name}_bucket` &&
      Object.entries(count.labels).every(([label, value]) => sample.labels[label] === value)
    );
    const counts = buckets.map(({ value }) => value);
    const rises = counts.every((value, index) => value >= (counts[index - 1] ?? 0));
    const last = buckets.at(-1);
    if (!rises || last?.labels["le"] !== "+Inf" || last.value !== count.value) {
      throw new SyntaxError(`${name}: its buckets do not add up`);
    }
  }
}

/** The value of the series with these labels; `undefined` if there is none. */
export function valueOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(?:sum|count|bucket)$/, ""));
  const found = family?.samples.filter((sample) =>
    sample.name === name && Object.keys(sample.labels).length === Object.keys(labels).length &&
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
  );
  return found?.[0]?.value;
}
