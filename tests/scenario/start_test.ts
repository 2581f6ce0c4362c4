/** How the real process starts and stops, and with which exit code it refuses to. */

import assert from "node:assert/strict";
import { writeAfterLastLine } from "../support/journal/journal_bytes.ts";
import { DaybookProcess, runToEnd } from "../support/process/daybook_process.ts";
import { until } from "../support/until.ts";
import { inFolder } from "../support/temporary_folder.ts";

const DEFINITIONS = new URL("./kill_definitions.ts", import.meta.url).pathname;
const SOURCE = new URL("../../src", import.meta.url).pathname;
const ORDER = { type: "order.fulfil", input: { orderId: "42", amount: 1999 } };

/** Resolves when a text has come over the stream. */
async function streamed(daybook: DaybookProcess, text: string): Promise<void> {
  const { body } = await fetch(`${daybook.url}/stream?after=0`);
  let seen = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    seen += chunk;
    if (seen.includes(text)) return;
  }
}

/** A cleanly closed journal with one finished job. */
async function fill(journal: string): Promise<void> {
  const daybook = await DaybookProcess.start({ journal });
  for (let order = 0; order < 20; order++) {
    const response = await daybook.post("/jobs", ORDER);
    assert.equal(response.status, 202);
    await response.body?.cancel();
  }
  assert.equal(await daybook.stop(), 0);
}

async function onlySegment(journal: string): Promise<string> {
  const names = await Array.fromAsync(Deno.readDir(`${journal}/segments`), ({ name }) => name);
  assert.equal(names.length, 1);
  return `${journal}/segments/${names[0]}`;
}

Deno.test("start: it prints the settings, a misspelt one, what it recovered, and three commands to try", () =>
  inFolder(async (journal) => {
    await fill(journal);
    const daybook = await DaybookProcess.start({
      journal,
      env: { DAYBOOK_MAX_RUNNING: "3", DAYBOOK_SEGMENT_BYTE: "1MiB" },
      // Variables that no setting has may be out of reach.
      permissions: ["--deny-env=DAYBOOK_PORTS"],
    });
    const text = daybook.output.join("\n");

    assert.match(
      text,
      /DAYBOOK_SEGMENT_BYTE is not a setting; did you mean DAYBOOK_SEGMENT_BYTES\?/,
    );
    assert.match(text, /max-running +3 jobs {2}\(environment\)/);
    assert.match(text, /^ {2}\d+ other settings have their defaults: --help lists them$/m);
    assert.doesNotMatch(text, /segment-bytes/);
    assert.match(
      text,
      /^recovered \d+ (?:entry|entries) in \d+ ms, snapshot at \d+, 0 bytes quarantined/m,
    );
    assert.match(text, /; head \d+ [\w-]{43}$/m);
    assert.match(text, /^listening on http:\/\/127\.0\.0\.1:\d+$/m);
    await daybook.stop();
    assert.equal(daybook.output.filter((line) => line.startsWith("  curl ")).length, 3);
  }));

Deno.test("start: it says what a kill left behind", () =>
  inFolder(async (journal) => {
    const first = await DaybookProcess.start({ journal });
    await (await first.post("/jobs", ORDER)).body?.cancel();
    await first.kill();
    const segment = await onlySegment(journal);
    await writeAfterLastLine(segment, new TextEncoder().encode('\n{"logId":99,"batch":'));

    const daybook = await DaybookProcess.start({ journal });
    const { lastRecovery } = await daybook.get("/journal") as {
      lastRecovery: { clean: boolean; bytesQuarantined: number; quarantine: string };
    };
    await daybook.stop();

    assert.match(
      daybook.output.join("\n"),
      /21 bytes quarantined, after an unclean stop/,
    );
    assert.deepEqual([lastRecovery.clean, lastRecovery.bytesQuarantined], [false, 21]);
    const quarantined = await Array.fromAsync(Deno.readDir(`${journal}/quarantine`));
    assert.equal(quarantined.length, 1);
  }));

Deno.test("start: the lock of the journal has the address of the server until it stops", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({ journal });
    const running = await Deno.readTextFile(`${journal}/LOCK`);
    await daybook.stop();
    const stopped = await Deno.readTextFile(`${journal}/LOCK`);
    const killed = await DaybookProcess.start({ journal });
    await killed.kill();
    const left = await Deno.readTextFile(`${journal}/LOCK`);
    const next = await DaybookProcess.start({ journal });
    const replaced = await Deno.readTextFile(`${journal}/LOCK`);
    await next.stop();

    assert.match(daybook.url, /^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
    assert.deepEqual([running, stopped], [`${daybook.url}\n`, ""]);
    assert.deepEqual([left, replaced], [`${killed.url}\n`, `${next.url}\n`]);
  }));

Deno.test("start: a folder that cannot be written is refused with 74, before the port is bound", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "not a folder");
    const { code, output } = await runToEnd({ journal: `${folder}/file` });

    assert.equal(code, 74);
    assert.ok(output.includes(`${folder}/file`), output);
    assert.ok(!output.includes("listening"), output);
  }));

Deno.test("start: a folder outside the permissions is refused, with the missing permission", () =>
  inFolder(async (folder) => {
    const { code, output } = await runToEnd({
      journal: `${folder}/allowed`,
      args: [`--journal=${folder}/other`],
    });

    assert.equal(code, 74);
    assert.match(output, /permission is missing, add --allow-(read|write)=/);
    assert.ok(output.includes(`${folder}/other`), output);
  }));

Deno.test("start: a damaged segment is refused with 78, with segment, offset and position", () =>
  inFolder(async (journal) => {
    await fill(journal);
    for (const snapshot of Deno.readDirSync(`${journal}/snapshots`)) {
      await Deno.remove(`${journal}/snapshots/${snapshot.name}`);
    }
    const segment = await onlySegment(journal);
    const bytes = await Deno.readFile(segment);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await Deno.writeFile(segment, bytes);

    const { code, output } = await runToEnd({ journal });

    assert.equal(code, 78);
    assert.match(output, /segment \d{20}\.ndjson at byte \d+ \(logId \d+\): /);
    assert.ok(output.includes(`deno task journal repair --journal ${journal}\``), output);
    assert.deepEqual(await Deno.readFile(segment), bytes);
  }));

Deno.test("start: damage before the position of a snapshot is refused too: a flipped bit, a missing segment", () =>
  inFolder(async (journal) => {
    const args = ["--segment-bytes=4096", "--snapshot-every=100"];
    const daybook = await DaybookProcess.start({ journal, args });
    for (let order = 0; order < 20; order++) {
      await (await daybook.post("/jobs", ORDER)).body?.cancel();
    }
    await daybook.stop();
    const names = await Array.fromAsync(Deno.readDir(`${journal}/segments`), ({ name }) => name);
    const [, second] = names.toSorted();
    assert.ok(names.length > 5 && second !== undefined);
    const path = `${journal}/segments/${second}`;
    const bytes = await Deno.readFile(path);

    await Deno.writeFile(path, bytes.with(bytes.length >> 1, 0));
    const flipped = await runToEnd({ journal, args });
    await Deno.remove(path);
    const removed = await runToEnd({ journal, args });
    await Deno.writeFile(path, bytes);
    const whole = await DaybookProcess.start({ journal, args });
    await whole.stop();

    assert.deepEqual([flipped.code, removed.code], [78, 78]);
    assert.ok(flipped.output.includes(`segment ${second} at byte`), flipped.output);
    assert.match(removed.output, /segment \d+\.ndjson at byte 0 \(logId \d+\)/);
    assert.match(whole.output.join("\n"), /snapshot at \d+, 0 bytes quarantined, clean stop/);
  }));

Deno.test("start: a definition or a secret that cannot be used is refused with 64, in one line", () =>
  inFolder(async (journal) => {
    const refused = await runToEnd({ journal, env: { DAYBOOK_WEBHOOK_SECRET: "plain" } });

    assert.equal(refused.code, 64);
    assert.ok(!refused.output.includes("    at "), refused.output);
  }));

Deno.test("stop: a task that ignores its signal delays it by the drain and a second", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({
      journal,
      definitions: DEFINITIONS,
      args: ["--drain=100ms"],
    });
    await (await daybook.post("/jobs", { type: "test.endless", input: {} })).body?.cancel();
    await streamed(daybook, `"taskId":"wait"`);
    const code = await daybook.stop();

    assert.equal(code, 0);
    const segment = await Deno.readTextFile(await onlySegment(journal));
    assert.match(segment, /"job.TaskInterrupted".*"taskId":"wait".*"reason":"shutdown"/);
  }));

Deno.test("start: after a kill it says which jobs were cut short, and in which task", () =>
  inFolder(async (journal) => {
    const options = {
      journal,
      definitions: DEFINITIONS,
      args: ["--drain=100ms"],
    };
    const daybook = await DaybookProcess.start(options);
    const job = { type: "test.endless", jobId: "e-1", input: {} };
    await (await daybook.post("/jobs", job)).body?.cancel();
    await streamed(daybook, `"taskId":"wait"`);
    await daybook.kill();
    const restarted = await DaybookProcess.start(options);
    await restarted.stop();

    assert.ok(
      restarted.output.includes(
        "daybook: 1 job was cut short when the last process ended without an orderly stop: " +
          "e-1 (wait); see deno task daybook explain e-1",
      ),
      restarted.output.join("\n"),
    );
  }));

Deno.test("start: every flag that is wrong is named, with 64", () =>
  inFolder(async (journal) => {
    const args = ["--max-running=none", "--segment-bytes=1TiB"];
    const bad = await runToEnd({ journal, args });
    const unknown = await runToEnd({ journal, args: ["--prot=80"] });

    assert.deepEqual([bad.code, unknown.code], [64, 64]);
    assert.match(bad.output, /--max-running "none" must be a whole number from 1 to 10000/);
    assert.match(
      bad.output,
      /--segment-bytes "1TiB" must be from 4 KiB to 1 GiB, such as .*; see deno task start --help\n/,
    );
    assert.equal(
      unknown.output,
      "daybook: there is no option --prot; did you mean --port? see deno task start --help\n",
    );
  }));

Deno.test("start: a port in use is refused with 69, and no journal is created; an unusable folder comes first", () =>
  inFolder(async (folder) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const args = [`--port=${taken.addr.port}`];
    await Deno.mkdir(`${folder}/empty`);
    for (const name of ["empty", "new"]) {
      const { code, output } = await runToEnd({ journal: `${folder}/${name}`, args });
      assert.equal(code, 69);
      assert.match(output, /Cannot listen on 127\.0\.0\.1:\d+: .*; try --port 0/);
    }
    const { code } = await runToEnd({ journal: `${folder}/missing/new`, args });
    taken.close();

    assert.equal(code, 74);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["empty"]);
    assert.deepEqual([...Deno.readDirSync(`${folder}/empty`)], []);
  }));

Deno.test("start: a folder inside another journal is refused with 64, and one beside it is named", () =>
  inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    await (await DaybookProcess.start({ journal })).stop();
    for (const inner of ["second", "segments/second"]) {
      const { code, output } = await runToEnd({ journal, args: [`--journal=${journal}/${inner}`] });
      assert.equal(code, 64);
      assert.ok(output.includes(`it is inside ${journal}, the folder of another journal`), output);
      assert.ok(output.includes(`such as ${folder}/second`), output);
    }
    assert.deepEqual([...Deno.readDirSync(`${journal}/segments`)].map(({ isFile }) => isFile), [
      true,
    ]);
  }));

Deno.test("start: a folder inside another journal is refused behind a link, too, and one that leads nowhere is named", () =>
  inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    const link = `${folder}/link`;
    await (await DaybookProcess.start({ journal })).stop();
    await Deno.symlink(journal, link);
    await Deno.mkdir(`${journal}/inner`);
    const inner = await runToEnd({ journal: link, args: [`--journal=${link}/inner`] });
    assert.equal(inner.code, 64);
    assert.ok(inner.output.includes(`it is inside ${link}, the folder of another`), inner.output);
    const nowhere = `${folder}/nowhere`;
    await Deno.symlink(`${folder}/missing`, nowhere);
    const missing = await runToEnd({ journal: nowhere });
    assert.equal(missing.code, 74);
    assert.ok(missing.output.includes(`Cannot create folder ${nowhere}`), missing.output);
  }));

Deno.test("start: definitions that cannot be read are refused, with the missing permission", () =>
  inFolder(async (journal) => {
    const { code, output } = await runToEnd({ journal, args: [`--definitions=${DEFINITIONS}`] });

    assert.equal(code, 64);
    assert.match(
      output,
      /Cannot load --definitions .*if the name is right, add --allow-read=.*kill_definitions\.ts,src/,
    );
  }));

Deno.test("start: definitions that cannot be used are refused, with what is wrong, and where", () =>
  inFolder(async (folder) => {
    const module = `${folder}/jobs.ts`;
    const started = async (text: string) => {
      await Deno.writeTextFile(module, text);
      const { code, output } = await runToEnd({
        journal: `${folder}/journal`,
        args: [`--definitions=${module}`],
        permissions: [`--allow-read=${folder},${SOURCE}`],
      });
      assert.equal(code, 64);
      return output;
    };
    const job = (name: string) =>
      `export const ${name} = defineJob({ type: "a.B", version: 1, input: v.any(), run() {} });\n`;
    const imports =
      `import * as v from "valibot";\nimport { defineJob } from "${SOURCE}/mod.ts";\n`;

    const throwing = await started(`\nthrow new Error("boom");\n`);
    assert.ok(throwing.includes(`\nloading ${module}\n`), throwing);
    assert.ok(throwing.includes(`: boom (at ${module}:2:7)`), throwing);
    const idle = `export const idle = defineJob({ type: "a.B", version: 1, input: v.any() });\n`;
    assert.match(
      await started(imports + idle),
      /Cannot define a\.B: run is missing; it must be a function \(at .*jobs\.ts:3:21\)/,
    );
    const twice = await started(imports + job("one") + job("two"));
    assert.match(twice, /two definitions have type a\.B, version 1; one and two each export one/);
    const shipped = await started((imports + job("one")).replace("a.B", "order.fulfil"));
    assert.match(
      shipped,
      /Cannot register order\.fulfil: another definition has this type and version 1 already/,
    );
  }));

Deno.test("start: with definitions of one's own, the command to try submits one of those", () =>
  inFolder(async (folder) => {
    const module = `${folder}/jobs.ts`;
    await Deno.writeTextFile(
      module,
      `import * as v from "valibot";
import { defineJob } from "${SOURCE}/mod.ts";
export const greet = defineJob({
  type: "user.greet",
  version: 1,
  input: v.strictObject({ name: v.string(), times: v.number() }),
  run: (_ctx, { name }) => Promise.resolve(\`hello, \${name}\`),
});
`,
    );
    const daybook = await DaybookProcess.start({
      journal: `${folder}/journal`,
      args: [`--definitions=${module}`],
      permissions: [`--allow-read=${folder},${SOURCE}`],
    });
    await daybook.stop();
    const commands = daybook.output.filter((line) => line.startsWith("  curl "));
    assert.equal(commands.length, 2, commands.join("\n"));
    assert.ok(
      commands[0]?.endsWith(` -d '{"type":"user.greet","input":{"name":"text","times":1}}'`),
      commands[0],
    );
  }));

Deno.test("start: a definition that is exported under two names counts once", () =>
  inFolder(async (folder) => {
    const module = `${folder}/jobs.ts`;
    await Deno.writeTextFile(
      module,
      `export { threeTasks, threeTasks as default } from "${DEFINITIONS}";\n`,
    );
    const daybook = await DaybookProcess.start({
      journal: `${folder}/journal`,
      args: [`--definitions=${module}`],
      permissions: [`--allow-read=${folder},${SOURCE},${DEFINITIONS}`],
    });
    assert.equal(await daybook.stop(), 0);
    assert.ok(daybook.output.some((line) => line.startsWith("types of jobs: ")));
    assert.ok(daybook.output.includes("daybook: stopped; the journal is empty"));
  }));

Deno.test("stop: a signal ends streams and seals the journal; the next start is clean", () =>
  inFolder(async (journal) => {
    const first = await DaybookProcess.start({ journal });
    const stream = await fetch(`${first.url}/stream?after=0`);
    await (await first.post("/jobs", ORDER)).body?.cancel();
    const code = await first.stop();
    await stream.text();
    const segment = await Deno.readTextFile(await onlySegment(journal));
    const second = await DaybookProcess.start({ journal });
    await second.stop();

    assert.equal(code, 0);
    assert.match(segment.trimEnd().split("\n").at(-1) ?? "", /"journal.Sealed".*"reason":"stop"/);
    assert.match(second.output.join("\n"), /clean stop; head/);
  }));

Deno.test("stop: a stream reader that never reads does not prevent the seal of the journal", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({ journal });
    const { port } = new URL(daybook.url);
    const stalled = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    const request = `GET /stream?after=0 HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`;
    await stalled.write(new TextEncoder().encode(request));
    // More than the buffers of a connection hold.
    for (let event = 0; event < 40; event++) {
      const attributes = { text: "x".repeat(500_000) };
      const response = await daybook.post("/events", { eventType: "test.Large", attributes });
      assert.equal(response.status, 200);
      await response.body?.cancel();
    }
    const code = await daybook.stop();
    stalled.close();

    assert.equal(code, 0);
    const segment = await Deno.readTextFile(await onlySegment(journal));
    assert.match(segment.trimEnd().split("\n").at(-1) ?? "", /"reason":"stop"/);
  }));

Deno.test("stop: a second signal ends the process at once", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({
      journal,
      definitions: DEFINITIONS,
      args: ["--drain=1h"],
    });
    await (await daybook.post("/jobs", { type: "test.endless", input: {} })).body?.cancel();
    await streamed(daybook, `"taskId":"wait"`);
    daybook.signal("SIGINT");
    await until("it is stopping", () => daybook.output.some((line) => line.includes("stopping")));
    await new Promise((resolve) => setTimeout(resolve, 600));
    daybook.signal("SIGINT");

    assert.equal(await daybook.exitCode(), 130);
  }));

Deno.test("start: a Ctrl-C that arrives twice, from the terminal and from deno task, counts once", () =>
  inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({ journal });
    await (await daybook.post("/jobs", { plan: { expected: [] } })).body?.cancel();
    daybook.signal("SIGINT");
    daybook.signal("SIGINT");

    assert.equal(await daybook.exitCode(), 0);
    assert.ok(daybook.output.some((line) => line.includes("the journal is sealed")));
  }));

Deno.test("start: the suggested calls take a token with the right scope from its source", () =>
  inFolder(async (folder) => {
    const lines = [
      "read-and-nothing-else-1 read pager",
      "correct-horse-battery-staple submit clerk",
    ];
    await Deno.writeTextFile(`${folder}/my token`, lines.join("\n"));
    const daybook = await DaybookProcess.start({
      journal: `${folder}/journal`,
      args: [`--token-file=${folder}/my token`],
      permissions: [`--allow-read=${folder}`],
    });
    const line = daybook.output.find((text) => text.startsWith("  curl ")) ??
      await lineFrom(daybook, "  curl ");
    const shell = new Deno.Command("sh", {
      args: ["-c", `${line} -o /dev/null -w '%{http_code}'`],
    });
    const { stdout } = await shell.output();
    await daybook.stop();

    assert.ok(line.includes(`{ print $1; exit }' '${folder}/my token')"`), line);
    assert.equal(new TextDecoder().decode(stdout), "202");
  }));

/** A line of the banner after the one with the address. */
async function lineFrom(daybook: DaybookProcess, start: string): Promise<string> {
  for (;;) {
    const line = daybook.output.find((text) => text.startsWith(start));
    if (line !== undefined) return line;
    await (await fetch(`${daybook.url}/livez`)).body?.cancel();
  }
}
