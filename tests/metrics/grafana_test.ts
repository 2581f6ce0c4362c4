/** The board for Grafana and the rules for alerts use only metrics that `/metrics` has. */

import assert from "node:assert/strict";
import type { JobEngine } from "../../src/engine/job_engine.ts";
import type { Verification } from "../../src/engine/ports.ts";
import { createApp } from "../../src/http/app.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { processUsage } from "../../src/server/system_figures.ts";
import { startApp } from "../support/http/http_app.ts";
import { blocksOf, MANUAL } from "../support/process/manual_pages.ts";
import { type Family, readMetrics } from "../support/http/metrics_text.ts";

interface DataSource {
  readonly type: string;
  readonly uid: string;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: DataSource;
  readonly gridPos: {
    readonly h: number;
    readonly w: number;
    readonly x: number;
    readonly y: number;
  };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
  }[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: unknown;
  readonly datasource?: DataSource;
}

interface Board {
  readonly id?: null;
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

const PATH = new URL("../../src/metrics/grafana.json", import.meta.url);
const BOARD: Board = JSON.parse(await Deno.readTextFile(PATH));

/** Labels added by the scraping server. */
const OF_SCRAPE = ["instance", "job"];
const SELECTOR = /\b([a-z][a-z0-9_]*)\{([^}]*)\}|\b((?:daybook|process)_[a-z0-9_]+)\b/g;

/** All metrics of a process, including optional ones. */
async function families(): Promise<ReadonlyMap<string, Family>> {
  const { engine, clock } = await startApp();
  const metrics = new Metrics({
    types: ["test.greet"],
    processUsage,
    diskFree: () => Promise.resolve(1),
  });
  const info = await engine.journalInfo();
  const lastVerification: Verification = {
    verdict: "intact",
    at: "2026-01-01T00:00:00Z",
    head: info.head,
    durationMs: 1,
    detail: "",
  };
  const whole = {
    activity: engine.activity,
    ...{ failed: false, full: false, draining: false },
    limits: { all: [{ type: "mail.send", limits: { maxRunning: 2 }, held: 1, waiting: 3 }] },
    journalInfo: () =>
      Promise.resolve({ ...info, lastSnapshot: { logId: 1, file: "x" }, lastVerification }),
  };
  metrics.jobs.changed({ type: undefined, from: "queued", to: "executing", stayedMs: 1 });
  metrics.jobs.changed({ type: undefined, from: "executing", to: "succeeded", stayedMs: 1 });
  metrics.commits.committed({ entries: 1, bytes: 1, durationMs: 1 });
  const web = createApp({ engine, clock, metrics: metrics.of(whole as unknown as JobEngine) });
  const response = await web.request("/metrics");
  return readMetrics(await response.text());
}

/** Unknown names and labels in an expression. */
function missing(expression: string, known: ReadonlyMap<string, Family>): readonly string[] {
  const labelsOf = new Map(
    [...known.values()].flatMap(({ samples }) => samples).map(({ name, labels }) => [
      name,
      [...OF_SCRAPE, ...Object.keys(labels)],
    ]),
  );
  const asked = [...expression.matchAll(SELECTOR)].map(([, name, selector = "", bare = ""]) => ({
    name: name ?? bare,
    labels: [...selector.matchAll(/([a-z_]+)=~?"/g)].map(([, label = ""]) => label),
  }));
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)]
    .flatMap(([, labels = ""]) => labels.split(", "));
  return asked.flatMap(({ name, labels }) => {
    const has = labelsOf.get(name);
    if (has === undefined) return [name];
    return [...labels, ...grouped].filter((label) => !has.includes(label))
      .map((label) => `${name}{${label}}`);
  });
}

const EXPRESSIONS = [
  ...BOARD.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...BOARD.templating.list.flatMap(({ query }) =>
    typeof query === "object" && query !== null && "query" in query ? [String(query.query)] : []
  ),
];

Deno.test("grafana board: every metric and label that it uses exists", async () => {
  const known = await families();
  assert.ok(EXPRESSIONS.length > 40);
  for (const expression of EXPRESSIONS) {
    assert.match(expression, /(?:daybook|process)_/);
    assert.deepEqual(missing(expression, known), [], expression);
  }
});

Deno.test("manual: every metric and label in the rules for alerts exists", async () => {
  const known = await families();
  const rules = blocksOf(await Deno.readTextFile(new URL("running-a-server.md", MANUAL)))
    .filter(({ language }) => language === "yaml")
    .flatMap(({ text }) => [...text.matchAll(/expr: (.*)/g)].map(([, rule = ""]) => rule));
  assert.ok(rules.length > 4);
  for (const rule of rules) {
    assert.match(rule, /daybook_/);
    assert.deepEqual(missing(rule, known), [], rule);
  }
});

Deno.test("grafana board: it shows every metric", async () => {
  const text = EXPRESSIONS.join("\n");
  const unused = [...(await families()).keys()].filter((name) => !text.includes(name));
  assert.deepEqual(unused, [
    ...["daybook_recorded_jobs", "daybook_index_jobs", "daybook_index_waiting_jobs"],
    ...["daybook_draining", "daybook_recovery_replayed_entries"],
    ...["daybook_verification_log_id", "process_start_time_seconds"],
  ]);
});

Deno.test("grafana board: a misspelt name or label is caught", async () => {
  const known = await families();
  assert.deepEqual(missing('sum(daybook_queue_dept{instance=~"x"})', known), [
    "daybook_queue_dept",
  ]);
  assert.deepEqual(missing("rate(daybook_jobs_total[5m]) + process_cpu", known), ["process_cpu"]);
  assert.deepEqual(missing('daybook_jobs_total{state="Done"}', known), [
    "daybook_jobs_total{state}",
  ]);
  assert.deepEqual(missing('sum by (le, kind) (daybook_job_run_seconds_bucket{type="x"})', known), [
    "daybook_job_run_seconds_bucket{kind}",
  ]);
});

Deno.test("grafana board: panels have unique ids and do not overlap", () => {
  const { panels } = BOARD;
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos: { h, w, x, y } } of panels) {
    assert.ok(x + w <= 24, title);
    for (let cell = 0; cell < h * w; cell++) {
      const place = `${x + cell % w},${y + Math.floor(cell / w)}`;
      assert.ok(!taken.has(place), `${title} lies on another panel at ${place}`);
      taken.add(place);
    }
  }
});

/** Variables that Grafana replaces itself. */
const OF_GRAFANA = ["__rate_interval", "__interval", "__range"];
const VARIABLE = /\$\{?(\w+)/g;

Deno.test("grafana board: it can be imported unchanged, whatever the name of the data source", () => {
  const { id, uid, schemaVersion, panels, templating: { list } } = BOARD;
  assert.equal(id ?? null, null, "the id is Grafana's to give");
  assert.match(uid, /^[\w-]{1,40}$/);
  assert.ok(Number.isInteger(schemaVersion) && schemaVersion >= 36);
  const [first, ...others] = list;
  assert.deepEqual([first?.name, first?.type, first?.query], [
    ...["datasource", "datasource", "prometheus"],
  ]);
  const shown = panels.filter(({ type }) => type !== "row");
  for (const { datasource } of [...others, ...shown]) {
    assert.deepEqual(datasource, { type: "prometheus", uid: "${datasource}" });
  }
});

Deno.test("grafana board: each query has a name in its panel, and uses existing variables", () => {
  const known = [...BOARD.templating.list.map(({ name }) => name), ...OF_GRAFANA];
  for (const expression of EXPRESSIONS) {
    const used = [...expression.matchAll(VARIABLE)].map(([, name = ""]) => name);
    assert.deepEqual(used.filter((name) => !known.includes(name)), [], expression);
  }
  for (const { type, title, targets = [] } of BOARD.panels) {
    assert.ok(["row", "stat", "timeseries"].includes(type), title);
    assert.equal(targets.length === 0, type === "row", title);
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
  }
});
