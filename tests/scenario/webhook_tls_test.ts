/** A webhook over TLS from the real process: the certificate must be for the requested name. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { Receiver, status } from "../support/http/job_receiver.ts";
import { until } from "../support/until.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { isInstalled } from "../support/process/tools.ts";

const hasTools = isInstalled("openssl");

async function openssl(folder: string, ...args: readonly string[]): Promise<void> {
  const command = new Deno.Command("openssl", { args: [...args], cwd: folder, stderr: "piped" });
  const { success, stderr } = await command.output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** A certificate authority, and its certificate for `localhost` only. */
async function makeCertificates(folder: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Daybook tests"];
  await openssl(folder, "req", "-x509", ...key, ...authority);
  const own = ["-keyout", "own.key", "-out", "own.csr", "-subj", "/CN=localhost"];
  await openssl(folder, "req", ...key, ...own);
  await Deno.writeTextFile(`${folder}/names`, "subjectAltName=DNS:localhost");
  const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"];
  await openssl(folder, "x509", "-req", "-in", "own.csr", ...signed, "-out", "own.pem");
}

Deno.test({
  name: `webhooks over TLS: only to the name that the certificate is for${
    hasTools ? "" : " (left out: no openssl)"
  }`,
  ignore: !hasTools,
  fn: () =>
    inFolder(async (folder) => {
      await makeCertificates(folder);
      const receiver = new Receiver(status(200));
      const [cert, key] = await Promise.all(
        ["own.pem", "own.key"].map((name) => Deno.readTextFile(`${folder}/${name}`)),
      );
      const options = { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} };
      await using server = Deno.serve(options, (request) => receiver.receive(request));
      const hosts = ["localhost", "127.0.0.1"].map((name) => `${name}:${server.addr.port}`);
      const daybook = await DaybookProcess.start({
        journal: `${folder}/journal`,
        args: [`--webhook-hosts=${hosts.join(",")}`],
        env: { DENO_CERT: `${folder}/ca.pem` },
        permissions: [`--allow-net=${["127.0.0.1", ...hosts].join(",")}`],
      });
      try {
        const tasks = [];
        for (const host of hosts) {
          const input = { url: `https://${host}/in`, event: "order.shipped", payload: {} };
          const body = { type: "webhook.deliver", input };
          const { jobId } = await (await daybook.post("/jobs", body)).json();
          tasks.push(await deliveryOf(daybook, jobId));
        }
        assert.deepEqual(tasks.map(({ status }) => status), ["completed", "backingOff"]);
        assert.match(tasks[1]?.error?.message ?? "", /certificate/);
        assert.deepEqual(receiver.received.map(({ url }) => url), [`https://${hosts[0]}/in`]);
      } finally {
        assert.equal(await daybook.stop(), 0);
      }
    }),
});

interface Task {
  readonly taskId: string;
  readonly status: string;
  readonly error?: { readonly message: string };
}

/** Waits until the first attempt has ended. */
async function deliveryOf(daybook: DaybookProcess, jobId: string): Promise<Task> {
  let task: Task | undefined;
  await until("the first attempt has ended", async () => {
    const { tasks } = await daybook.get(`/jobs/${jobId}`) as { tasks: readonly Task[] };
    task = tasks.find(({ taskId }) => taskId === "deliver");
    return task?.status === "completed" || task?.status === "backingOff";
  });
  return task ?? assert.fail();
}
