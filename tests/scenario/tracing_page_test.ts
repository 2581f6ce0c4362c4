/** Checks `src/manual/tracing.md` against the real process. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { OtlpCollector } from "./otlp_collector.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { hasTools } from "../support/process/tools.ts";

const PAGE = await Deno.readTextFile(new URL("../../src/manual/tracing.md", import.meta.url));
const ROOT = new URL("../..", import.meta.url).pathname;
const DEFINITIONS = `${ROOT}tests/scenario/traced_definitions.ts`;

const [START = "", SUBMIT = "", SHOW = ""] = [...PAGE.matchAll(/^```sh[^\n]*\n([\s\S]*?)^```/gm)]
  .map(([, block = ""]) => block);

/** The first column of the table whose first head is this, without its backquotes. */
function column(head: string): readonly string[] {
  const table = PAGE.split("\n\n").find((part) => part.startsWith(`| ${head} `)) ?? "";
  return table.split("\n").slice(2).map((row) =>
    row.split("|")[1]?.replaceAll("`", "").trim() ?? ""
  );
}

function environmentOf(block: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...block.matchAll(/^(OTEL_\w+)=(\S+)/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
}

async function typed(command: string, { url }: DaybookProcess): Promise<string> {
  const script = command.replaceAll("localhost:8000", new URL(url).host);
  const { stdout, success } = await new Deno.Command("bash", { args: ["-c", script] }).output();
  assert.ok(success, script);
  return new TextDecoder().decode(stdout);
}

/** Plays every kind of outcome: an end, a failure with compensation, a cancellation. */
async function doEverything(
  daybook: DaybookProcess,
  collector: OtlpCollector,
  url: string,
): Promise<void> {
  const leak = { type: "test.leak", input: { url, password: "correct horse battery" } };
  await (await daybook.post("/jobs", leak, { prefer: "wait=60" })).body?.cancel();
  const relay = { type: "test.relay", jobId: "relay", input: { url } };
  await (await daybook.post("/jobs", relay)).body?.cancel();
  await collector.span(({ name }) => name === "task before");
  await (await daybook.post("/jobs/relay/cancel", {})).body?.cancel();
}

async function walk(folder: string, collector: OtlpCollector, url: string): Promise<void> {
  const environment = environmentOf(START);
  const { OTEL_EXPORTER_OTLP_ENDPOINT, ...ours } = collector.env;
  assert.equal(environment["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://localhost:4318");
  const daybook = await DaybookProcess.start({
    journal: `${folder}/journal`,
    definitions: DEFINITIONS,
    env: {
      ...ours,
      ...environment,
      OTEL_EXPORTER_OTLP_ENDPOINT: OTEL_EXPORTER_OTLP_ENDPOINT ?? "",
    },
  });
  try {
    await follow(daybook, collector, url);
    assert.equal(await daybook.stop(), 0);
  } finally {
    await daybook.kill().catch(() => {});
  }
}

async function follow(
  daybook: DaybookProcess,
  collector: OtlpCollector,
  url: string,
): Promise<void> {
  assert.ok(daybook.output.includes("spans are exported to OpenTelemetry, by OTEL_DENO"));
  assert.equal(JSON.parse(await typed(SUBMIT, daybook)).jobId, "order-42");
  await collector.span(({ name }) => name === "task charge");
  const shown = (await typed(SHOW, daybook)).trim().split("\n");
  const spanIds = collector.spans.map(({ spanId }) => spanId);
  for (const line of shown.filter((line) => line.includes('"charge"'))) {
    const [, , traceId, spanId] = JSON.parse(line);
    assert.equal(traceId, "0af7651916cd43dd8448eb211c80319c");
    assert.ok(spanIds.includes(spanId), line);
  }
  await doEverything(daybook, collector, url);
  await collector.span(({ name }) => name === "run test.relay");
  await collector.span(({ name }) => name === "compensation reserve");
}

Deno.test({
  name: "manual, tracing: the commands do what the page says, and its tables leave nothing out",
  // The page needs curl and jq, which CI installs.
  ignore: !hasTools("curl", "jq"),
  fn: () =>
    inFolder(async (folder) => {
      const collector = new OtlpCollector();
      const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
      const callee = Deno.serve(options, () => new Response("ok"));
      try {
        await walk(folder, collector, `http://127.0.0.1:${callee.addr.port}`);
      } finally {
        await callee.shutdown();
        await collector.close();
      }
      // Neither metrics nor logs are exported, as the page says about its command.
      assert.deepEqual([...new Set(collector.calls.map(({ path }) => path))], ["/v1/traces"]);
      const ours = collector.spans.filter(({ scope }) => scope === "daybook");
      const attributes = ours.flatMap(({ attributes }) => Object.keys(attributes));
      assert.deepEqual([...new Set(attributes)].toSorted(), column("attribute").toSorted());
      const kinds = new Set(ours.map(({ name }) => name.split(" ")[0]));
      const told = column("span").filter((name) => name.includes("<"));
      assert.deepEqual(told.map((name) => name.split(" ")[0]).toSorted(), [...kinds].toSorted());
      const names = new Set(collector.spans.map(({ name }) => name));
      assert.ok(names.has("POST /jobs") && names.has("GET"), [...names].join());
      assert.ok(column("variable").length >= 10);
      for (const name of Object.keys(environmentOf(START))) {
        assert.ok(column("variable").includes(name), name);
      }
    }),
});
