import { openDaybook } from "../src/mod.ts";
import * as d from "./support/isolated_definitions.ts";
const dir = await Deno.makeTempDir({ dir: "/tmp/isolation" });
const t0 = performance.now();
const ms = () => ((performance.now() - t0) | 0) + "ms";
const daybook = await openDaybook({
  journal: dir + "/journal",
  definitions: Object.values(d) as never,
  settings: { "thread-memory": "64MiB" },
});
const say = async (j: any) => {
  const r = daybook.job(j.jobId)!;
  console.log(
    ms(),
    j.type,
    JSON.stringify({
      s: r.state,
      c: r.condition,
      o: r.output,
      f: (r as any).failure,
      t: r.tasks.map((
        t: any,
      ) => [t.taskId, t.status, t.attempts, t.error?.name + ":" + t.error?.message]),
    }).slice(0, 700),
  );
  if (Deno.args.includes("explain")) console.log(await daybook.explain(j.jobId));
};
if (Deno.args[0] === "tour") {
  const j = await daybook.submit(d.tour, { name: "ada" });
  await daybook.wait(j, { timeoutMs: 4000 });
  await say(j);
  await daybook.deliver({ eventType: "test.Arrived", attributes: { name: "ada" } });
  await daybook.wait(j, { timeoutMs: 5000 });
  await say(j);
  const u = await daybook.submit(d.undone, { file: dir + "/f" });
  await daybook.wait(u, { timeoutMs: 5000 });
  await say(u);
  console.log(await Deno.readTextFile(dir + "/f"));
  const s = await daybook.submit(d.secretive, { password: "hunter2222" });
  await daybook.wait(s, { timeoutMs: 5000 });
  await say(s);
} else if (Deno.args[0] === "run") {
  for (const exit of [true, false]) {
    const j = await daybook.submit(d.hostileRun, { exit });
    await daybook.wait(j, { timeoutMs: 15000 });
    await say(j);
  }
} else {for (const kind of Deno.args[0].split(",")) {
    const j = await daybook.submit(d.hostile, {
      kind: kind as any,
      timeoutMs: /exhaust|exit/.test(kind) ? 60000 : 1000,
      beside: Deno.args.includes("beside"),
    });
    await daybook.wait(j, { timeoutMs: 30000 });
    await say(j);
  }}
await daybook.close();
console.log(ms(), "closed");
