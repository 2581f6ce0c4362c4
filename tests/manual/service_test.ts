/**
 * The pages about services, as far as they can be tested without a running systemd and a public
 * host name: the command of the unit is run as written, except for its paths and its port; units
 * are checked with `systemd-analyze verify`, and the Caddyfile with `caddy validate`, if these
 * programs are installed. Only `systemctl` itself is not tested.
 */

import assert from "node:assert/strict";
import { helpText } from "../../src/settings/configuration_text.ts";
import { readConfiguration } from "../../src/settings/configuration.ts";
import { type Checkout, inCheckout } from "../support/process/checkout.ts";
import { type Block, readPage } from "../support/process/manual_pages.ts";
import { PageServer } from "../support/process/page_server.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { isInstalled, leftOut } from "../support/process/tools.ts";

const TOKEN = "4f6ad1b0c3e85d7792ab";

async function blockOf(page: string, file: string): Promise<string> {
  const { blocks } = await readPage(page);
  const block = blocks.find(({ text }) => text.startsWith(`# ${file}\n`));
  assert.ok(block, `${page} has no ${file}`);
  return block.text;
}

function settingOf(unit: string, name: string): string {
  // A line that ends with a backslash continues on the next.
  const value = new RegExp(`^${name}=(.*)$`, "m").exec(unit.replaceAll("\\\n", " "))?.[1];
  assert.ok(value !== undefined, `the unit has no ${name}`);
  return value;
}

/** The commands by which the page fills the cache, with the packages that are on this machine. */
async function cacheCommands(): Promise<readonly string[]> {
  const { text } = await readPage("systemd-and-caddy");
  const commands = [...text.matchAll(/^sudo -u daybook (.*\/var\/cache\/daybook.*)$/gm)];
  return [...new Set(commands.map(([, command = ""]) => command))]
    .map((command) => command.replace("env DENO_DIR=/var/cache/daybook ", ""));
}

async function run(command: string, { folder, above, env }: Checkout): Promise<void> {
  await Deno.mkdir(`${above}/cache`, { recursive: true });
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-c", command],
    cwd: folder,
    env,
  }).output();
  assert.ok(success, `${command}\n${new TextDecoder().decode(stderr)}`);
}

async function serviceIn(checkout: Checkout): Promise<PageServer> {
  const { blocks } = await readPage("first-definition");
  const definitions = blocks.find(({ language }) => language === "ts")?.text ?? "";
  // A specifier that Daybook's deno.lock does not have, of a package that is here.
  const own = `import "npm:valibot@1";\n`;
  await Deno.writeTextFile(`${checkout.folder}/my_jobs.ts`, definitions + own);
  await Deno.mkdir(`${checkout.above}/state`);
  await Deno.writeTextFile(`${checkout.above}/tokens`, `${TOKEN} read,submit,operate you\n`);
  const unit = await blockOf("systemd-and-caddy", "/etc/systemd/system/daybook.service");
  const here = (command: string) =>
    command.replaceAll("/usr/local/bin/deno", Deno.execPath())
      .replaceAll("/opt/daybook", checkout.folder)
      .replaceAll("/var/lib/daybook", `${checkout.above}/state`)
      .replaceAll("/var/cache/daybook", `${checkout.above}/cache`)
      .replaceAll("/etc/daybook", checkout.above);
  for (const command of await cacheCommands()) await run(here(command), checkout);
  const command = here(settingOf(unit, "ExecStart"))
    .replace("127.0.0.1:8000", "127.0.0.1")
    .replace("--port 8000", "--port 0");
  return await PageServer.start(command, {
    cwd: settingOf(unit, "WorkingDirectory").replace("/opt/daybook", checkout.folder),
    env: { ...checkout.env, DENO_NO_UPDATE_CHECK: "1" },
    addresses: 1,
  });
}

Deno.test("systemd: the commands of the page run with the unit's permissions, leave the checkout as it is, and stop cleanly", async () => {
  await inCheckout(async (checkout) => {
    const server = await serviceIn(checkout);
    try {
      const [url = ""] = server.urls;
      assert.notEqual(url, "", server.text);
      const get = (path: string, headers: Record<string, string>) =>
        fetch(url + path, { headers }).then(async (response) => {
          await response.body?.cancel();
          return response.status;
        });
      assert.equal(await get("/readyz", {}), 200);
      assert.equal(await get("/jobs", {}), 401);
      assert.equal(await get("/jobs", { authorization: `Bearer ${TOKEN}` }), 200);
      const { output } = await submitted(url);
      assert.deepEqual(output, { article: "lamp", total: 400 });
      // The user of the service cannot write there, and git would not switch versions.
      const lock = await Deno.readTextFile(`${checkout.folder}/deno.lock`);
      assert.equal(lock, await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)));
    } finally {
      assert.equal(await server.end("SIGTERM"), 0, server.text);
    }
    assert.match(server.text, /the journal is sealed/);
    assert.doesNotMatch(server.text, /permission/, "nothing that it wants is missing");
  });
});

async function submitted(url: string): Promise<{ readonly output: unknown }> {
  const response = await fetch(`${url}/jobs`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${TOKEN}`,
      prefer: "wait=60",
    },
    body: JSON.stringify({ type: "price.quote", input: { article: "lamp", pieces: 1 } }),
  });
  return await response.json();
}

const UNITS = [
  ["systemd-and-caddy", "daybook.service"],
  ["from-cron", "report.service"],
  ["from-cron", "report.timer"],
] as const;

/** Changes the unit where several processes share a journal. */
const SHARED = "/etc/systemd/system/daybook.service.d/shared.conf";

Deno.test({
  name: "systemd: systemd-analyze finds nothing wrong with the units",
  ignore: !isInstalled("systemd-analyze"),
  fn: async () => {
    await inFolder(async (folder) => {
      const paths: string[] = [];
      for (const [page, name] of UNITS) {
        const unit = await blockOf(page, `/etc/systemd/system/${name}`);
        // It checks that programs and folders exist on this machine.
        const text = unit.replaceAll("/usr/local/bin/deno", Deno.execPath())
          .replace("WorkingDirectory=/opt/daybook", `WorkingDirectory=${folder}`);
        paths.push(`${folder}/${name}`);
        await Deno.writeTextFile(`${folder}/${name}`, text);
      }
      await Deno.mkdir(`${folder}/daybook.service.d`);
      const shared = await blockOf("several-machines", SHARED);
      await Deno.writeTextFile(
        `${folder}/daybook.service.d/shared.conf`,
        shared.replaceAll("/usr/local/bin/deno", Deno.execPath()),
      );
      const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", {
        args: ["verify", "--man=no", "--recursive-errors=no", ...paths],
      }).output();
      const decoder = new TextDecoder();
      const output = decoder.decode(stdout) + decoder.decode(stderr);
      assert.equal(code, 0, output);
      assert.doesNotMatch(output, new RegExp(folder), output);
    });
  },
});

Deno.test("systemd: the command of the timer's unit sends a key for the day, and the job", async () => {
  const unit = await blockOf("from-cron", "/etc/systemd/system/report.service");
  const [, , quoted = ""] = /^\/bin\/sh -c (["'])(.*)\1$/.exec(settingOf(unit, "ExecStart")) ?? [];
  // As systemd unquotes it, within either kind of quotes.
  const script = quoted.replaceAll(/\\(.)/g, "$1").replaceAll("$$", "$").replaceAll("%%", "%");
  await inFolder(async (folder) => {
    const stub = '#!/bin/sh\nfor each; do echo "$each"; done\n';
    await Deno.writeTextFile(`${folder}/curl`, stub, { mode: 0o755 });
    const env = { PATH: `${folder}:${Deno.env.get("PATH")}` };
    const { stdout } = await new Deno.Command("sh", { args: ["-c", script], env }).output();
    const args = new TextDecoder().decode(stdout).trimEnd().split("\n");
    assert.ok(args.some((arg) => /^idempotency-key: report-\d{4}-\d\d-\d\d$/.test(arg)), `${args}`);
    assert.deepEqual(JSON.parse(args.at(-1) ?? ""), { type: "report.nightly", input: {} });
  });
});

Deno.test("systemd: a misspelt unit is found", {
  ignore: !isInstalled("systemd-analyze"),
}, async () => {
  await inFolder(async (folder) => {
    const unit = await blockOf("systemd-and-caddy", "/etc/systemd/system/daybook.service");
    const wrong = unit.replace("ExecStart=/usr", "ExecStart=usr");
    await Deno.writeTextFile(`${folder}/daybook.service`, wrong);
    const { code } = await new Deno.Command("systemd-analyze", {
      args: ["verify", "--man=no", "--recursive-errors=no", `${folder}/daybook.service`],
      stderr: "null",
    }).output();
    assert.notEqual(code, 0);
  });
});

Deno.test("systemd: the page lists every exit code of a start", async () => {
  const { text } = await readPage("systemd-and-caddy");
  const told = [...text.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => code);
  const [, list = ""] = /exit codes: ([\s\S]*)$/.exec(helpText()) ?? [];
  const codes = [...list.matchAll(/(?:^|, |\n)(\d+) /g)].map(([, code]) => code);
  assert.ok(codes.length >= 8);
  // 130 is a second signal, which systemd does not send.
  assert.deepEqual(told, codes.filter((code) => code !== "130"));
});

Deno.test("caddy: it serves the host that the unit allows, from the unit's port", async () => {
  const unit = await blockOf("systemd-and-caddy", "/etc/systemd/system/daybook.service");
  const file = await blockOf("systemd-and-caddy", "/etc/caddy/Caddyfile");
  const command = settingOf(unit, "ExecStart");
  const [, host] = /--allowed-hosts (\S+)/.exec(command) ?? [];
  const [, port] = /--port (\d+)/.exec(command) ?? [];
  assert.ok(host !== undefined && port !== undefined);
  assert.match(
    file,
    new RegExp(`^${host.replaceAll(".", "\\.")} \\{\n\treverse_proxy 127.0.0.1:${port}\n\\}`, "m"),
  );
  assert.match(command, new RegExp(`--allow-net=127.0.0.1:${port} `));
});

Deno.test({
  name: `caddy: it accepts the Caddyfile${leftOut("caddy")}`,
  ignore: !isInstalled("caddy"),
  fn: async () => {
    await caddy("validate", await blockOf("systemd-and-caddy", "/etc/caddy/Caddyfile"));
  },
});

Deno.test({
  name:
    "caddy: in front of several processes it keeps a browser on the one that knows its session" +
    leftOut("caddy"),
  ignore: !isInstalled("caddy"),
  fn: async () => {
    const compose = await blockOf("several-machines", "compose.yaml");
    const [, inCompose = ""] = /content: \|\n((?: {6}.*\n)+)/.exec(compose) ?? [];
    for (const file of [await blockOf("several-machines", "Caddyfile"), inCompose]) {
      await caddy("validate", file);
      assert.match(await caddy("adapt", file), /"selection_policy":\{[^}]*"policy":"cookie"/, file);
    }
  },
});

Deno.test("systemd: Daybook accepts the settings of a process that shares its journal", async () => {
  const unit = (await blockOf("several-machines", SHARED)).replace("ExecStart=\n", "");
  const [, flags = ""] = / main\.ts (.*)$/.exec(settingOf(unit, "ExecStart")) ?? [];
  const read = readConfiguration({
    args: flags.trim().split(/\s+/),
    env: () => undefined,
    readTextFile: (path) => path.endsWith("tokens") ? `${TOKEN} read you\n` : "ab".repeat(32),
  });
  assert.equal(read.kind, "run", JSON.stringify(read));
  const { advertise, hostname, port } = read.configuration;
  assert.equal(advertise, `http://${hostname}:${port}`);
});

Deno.test({
  name: `compose: Daybook accepts the settings of each process${leftOut("docker-compose")}`,
  ignore: !isInstalled("docker-compose"),
  fn: async () => {
    const { services } = await composed(await blockOf("several-machines", "compose.yaml"));
    assert.deepEqual(Object.keys(services), ["database", "first", "proxy", "second"]);
    for (const name of ["first", "second"]) {
      const { entrypoint, environment } = services[name] ?? assert.fail(name);
      const [, flags = ""] = / main\.ts (.*)$/.exec(entrypoint?.at(-1) ?? "") ?? [];
      const args = flags.replace('"$$ADVERTISE"', environment?.["ADVERTISE"] ?? "").split(/\s+/);
      const read = readConfiguration({
        args: args.map((arg) => arg.replace(/^'(.*)'$/, "$1")),
        env: (variable) => environment?.[variable],
        readTextFile: assert.fail,
      });
      assert.equal(read.kind, "run", JSON.stringify(read));
      assert.equal(read.configuration.advertise, `http://${name}:8000`);
      assert.equal(read.configuration.database?.journal, "shop");
      assert.equal(read.configuration.secretKey?.length, 32);
    }
  },
});

interface Composed {
  readonly services: Readonly<
    Record<string, {
      readonly entrypoint: readonly string[] | null;
      readonly environment?: Readonly<Record<string, string>>;
    }>
  >;
}

/** What Compose makes of the file, with the `.env` that the page's commands write. */
async function composed(file: string): Promise<Composed> {
  const { blocks } = await readPage("several-machines");
  const [writeVariables = "", rest] = blocks.find(({ text }) => text.includes("> .env"))
    ?.text.split("docker compose") ?? [];
  assert.ok(rest !== undefined);
  let printed = "";
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/compose.yaml`, file);
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", `${writeVariables}\ndocker-compose config --format json`],
      cwd: folder,
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    printed = new TextDecoder().decode(stdout);
  });
  return JSON.parse(printed);
}

Deno.test({
  name: `haproxy: it accepts the configuration that asks Patroni${leftOut("haproxy")}`,
  ignore: !isInstalled("haproxy"),
  fn: async () => {
    const file = await blockOf("several-machines", "haproxy.cfg");
    await inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/haproxy.cfg`, `${file}\n`);
      const args = ["-c", "-f", `${folder}/haproxy.cfg`];
      const { code, stderr } = await new Deno.Command("haproxy", { args }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    });
  },
});

/** What a command of caddy prints about a Caddyfile. */
async function caddy(command: string, file: string): Promise<string> {
  let printed = "";
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/Caddyfile`, file);
    const { code, stdout, stderr } = await new Deno.Command("caddy", {
      args: [command, "--config", `${folder}/Caddyfile`, "--adapter", "caddyfile"],
      env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    }).output();
    const decoder = new TextDecoder();
    assert.equal(code, 0, decoder.decode(stderr));
    printed = decoder.decode(stdout);
  });
  return printed;
}

/** Commands that are not run here must at least parse as shell scripts. */
Deno.test("elsewhere: commands that are not run here are still valid shell", async () => {
  const blocks: Block[] = [];
  for (const page of ["systemd-and-caddy", "from-cron", "upgrading", "several-machines"]) {
    blocks.push(
      ...(await readPage(page)).blocks.filter(({ marks }) => marks.includes("elsewhere")),
    );
  }
  assert.ok(blocks.length >= 6);
  for (const { text } of blocks) {
    const script = text.replaceAll("<version>", "v1.0.0");
    const { code } = await new Deno.Command("bash", { args: ["-n", "-c", script] }).output();
    assert.equal(code, 0, text);
  }
});
