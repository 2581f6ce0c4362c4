/** The code that a start does not load. */

import { inCheckout } from "../support/process/checkout.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { until } from "../support/until.ts";

Deno.test("late code: soon after its start, a server needs no more files of its program, which may be those of another version", async () => {
  await inCheckout(async ({ folder, above }) => {
    const script = `${folder}/main.ts`;
    const server = await DaybookProcess.start({ journal: `${above}/journal`, script });
    await (await server.post("/jobs", { jobId: "waiting", plan: PLAN })).body?.cancel();
    const isServed = async (path: string) => {
      const response = await fetch(server.url + path);
      await response.body?.cancel();
      return response.ok;
    };
    await until("everything is loaded", async () => {
      await Deno.rename(`${folder}/src`, `${folder}/moved`);
      const served = [await isServed("/jobs/waiting/explain"), await isServed("/ui/manual")];
      await Deno.rename(`${folder}/moved`, `${folder}/src`);
      return served.every(Boolean);
    }, 500);
    await server.kill();
  });
});

const PLAN = { expected: [{ id: "paid", eventType: "shop.Paid" }] };
