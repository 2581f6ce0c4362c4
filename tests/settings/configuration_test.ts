import assert from "node:assert/strict";
import {
  describeConfiguration,
  helpText,
  shownSettings,
} from "../../src/settings/configuration_text.ts";
import {
  configurationOf,
  misspeltVariables,
  readConfiguration,
} from "../../src/settings/configuration.ts";
import { environmentName, SETTING_LIST } from "../../src/settings/settings.ts";

const TOKEN = "0123456789abcdef";

function read(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
) {
  return readConfiguration({
    args,
    env: (name) => env[name],
    readTextFile: (path) => files[path] ?? assert.fail(`no file ${path}`),
  });
}

function configured(...given: Parameters<typeof read>) {
  const result = read(...given);
  assert.ok(result.kind === "run", JSON.stringify(result));
  return result.configuration;
}

function problems(...given: Parameters<typeof read>): readonly string[] {
  const result = read(...given);
  assert.ok(result.kind === "invalid", JSON.stringify(result));
  return result.problems;
}

Deno.test("configuration: the defaults are those of the design", () => {
  const { port, hostname, journal, segmentBytes, bodyBytesMax, maxStartDelayMs } = configured();

  assert.deepEqual(
    { port, hostname, journal, segmentBytes, bodyBytesMax, maxStartDelayMs },
    {
      port: 8_000,
      hostname: "127.0.0.1",
      journal: "journal",
      segmentBytes: 64 * 1_024 * 1_024,
      bodyBytesMax: 1_024 * 1_024,
      maxStartDelayMs: 15 * 60_000,
    },
  );
});

Deno.test("configuration: a flag wins over its environment twin, which wins over the default", () => {
  const env = { DAYBOOK_MAX_RUNNING: "3", DAYBOOK_SEGMENT_BYTES: "1MiB" };

  assert.equal(configured([], env).maxRunning, 3);
  assert.equal(configured(["--max-running", "5"], env).maxRunning, 5);
  assert.equal(configured([], env).segmentBytes, 1_048_576);
  assert.equal(environmentName("segment-bytes"), "DAYBOOK_SEGMENT_BYTES");
});

Deno.test("configuration: sizes and times accept units, and nothing else", () => {
  const bytes = (text: string) => configured([`--segment-bytes=${text}`]).segmentBytes;
  const time = (text: string) => configured([`--max-start-delay=${text}`]).maxStartDelayMs;

  assert.deepEqual(["65536", "64KiB", "2MiB", "1GiB"].map(bytes), [
    65_536,
    65_536,
    2_097_152,
    1_073_741_824,
  ]);
  assert.deepEqual(["250ms", "90s", "2m", "1h"].map(time), [
    250,
    90_000,
    120_000,
    3_600_000,
  ]);
  assert.match(
    problems(["--drain=250"])[0] ?? "",
    /^--drain "250" must be a time with its unit, from 0 to 1 h, such as 500ms, 90s/,
  );
  for (const wrong of ["64kb", "-1", "1.5MiB", "", "lots"]) {
    assert.equal(problems([`--segment-bytes=${wrong}`]).length, 1, wrong);
  }
});

Deno.test("configuration: an address to advertise is a URL, of which the origin counts", () => {
  const flags = (advertise: string) => [
    "--journal=postgres://daybook@db/jobs",
    `--advertise=${advertise}`,
  ];
  const env = { DAYBOOK_SECRET_KEY: "ab".repeat(32) };

  assert.equal(configured(flags("https://one.example/"), env).advertise, "https://one.example");
  assert.equal(configured(flags(""), env).advertise, undefined);
  for (const wrong of ["one.example:8000", "10.0.0.1:8000", "ftp://one.example"]) {
    assert.match(problems(flags(wrong), env)[0] ?? "", /^--advertise ".*" must be a URL, such as /);
  }
});

Deno.test("configuration: every problem is reported, not just the first", () => {
  assert.equal(problems(["--port=99999", "--max-running=0", "--drain=soon"]).length, 3);
});

Deno.test("configuration: a first -- is skipped, as those used to npm write it", () => {
  assert.equal(configured(["--", "--port", "9000"]).port, 9_000);
});

Deno.test("configuration: an unknown flag is refused", () => {
  assert.deepEqual(problems(["--prot=1"]), ["there is no option --prot; did you mean --port?"]);
  assert.match(problems(["start"])[0] ?? "", /start/);
});

Deno.test("configuration: the token comes from the environment or a file, and is never shown", () => {
  const fromFile = read(["--token-file=t"], {}, { t: `${TOKEN}\n` });

  const [fromEnvironment] = configured([], { DAYBOOK_TOKEN: TOKEN }).tokens;
  assert.equal(fromEnvironment?.token, TOKEN);
  assert.ok(fromFile.kind === "run");
  assert.deepEqual(fromFile.configuration.tokens, [fromEnvironment]);
  const shown = describeConfiguration(fromFile.configuration, fromFile.origins).join("\n");
  assert.ok(!shown.includes(TOKEN));
  assert.match(problems([], { DAYBOOK_TOKEN: "short" })[0] ?? "", /shorter than 16/);
  // No request could have such a token.
  for (const text of [`${TOKEN} read dashboard`, `${TOKEN}\n${TOKEN}`, `${TOKEN}é`]) {
    const refused = problems([], { DAYBOOK_TOKEN: text });
    assert.deepEqual(refused, ["DAYBOOK_TOKEN: the token has characters other than visible ASCII"]);
  }
  assert.match(problems([`--token=${TOKEN}`])[0] ?? "", /--token/);
});

Deno.test("configuration: the secret key is 32 bytes, from the environment or a file, and is never shown", () => {
  const key = btoa("k".repeat(32));
  const forms = [key, key.replace("=", ""), "6b".repeat(32), `${key}\n`];
  for (const DAYBOOK_SECRET_KEY of forms) {
    const { secretKey } = configured([], { DAYBOOK_SECRET_KEY });
    assert.deepEqual(secretKey, new TextEncoder().encode("k".repeat(32)));
  }
  const fromFile = read(["--secret-key-file=k"], {}, { k: key });
  assert.ok(fromFile.kind === "run" && fromFile.configuration.secretKey);
  const shown = describeConfiguration(fromFile.configuration, fromFile.origins).join("\n");
  assert.ok(shown.includes("key set") && !shown.includes(key));
  for (const DAYBOOK_SECRET_KEY of ["short", key.slice(4), "zz".repeat(32)]) {
    const [problem = ""] = problems([], { DAYBOOK_SECRET_KEY });
    assert.match(problem, /^the secret key must be 32 bytes/);
    assert.ok(!problem.includes(DAYBOOK_SECRET_KEY));
  }
});

Deno.test("configuration: an address beyond the loopback needs a token", () => {
  assert.match(problems(["--hostname=0.0.0.0"])[0] ?? "", /reachable from other machines/);
  assert.equal(
    configured(["--hostname=0.0.0.0"], { DAYBOOK_TOKEN: TOKEN }).hostname,
    "0.0.0.0",
  );
  assert.equal(configured(["--hostname=localhost"]).hostname, "localhost");
});

Deno.test("configuration: help and version are requested without a start", () => {
  assert.equal(read(["--help"]).kind, "help");
  assert.equal(read(["-V"]).kind, "version");
  const help = helpText();
  for (const [, { flag, default: fallback, range = "" }] of SETTING_LIST) {
    const line = help.split("\n").find((line) => line.includes(` --${flag} `)) ?? "";
    assert.ok(line.includes(fallback) && line.includes(range), flag);
  }
});

Deno.test("configuration: the settings given are printed with unit and origin", () => {
  const result = read(["--drain=5s"], { DAYBOOK_BODY_BYTES: "2MiB" });
  assert.ok(result.kind === "run");
  const lines = describeConfiguration(result.configuration, result.origins);

  assert.deepEqual(lines.map((line) => line.trim().split(" ")[0]), [
    ...["journal", "body-bytes", "drain"],
    String(SETTING_LIST.length - 3),
  ]);
  assert.ok(lines.some((line) => /drain +5 s {2}\(flag\)/.test(line)));
  assert.ok(lines.some((line) => /body-bytes +2 MiB {2}\(environment\)/.test(line)));
});

Deno.test("configuration: for a word that is not a flag it says how to submit a job", () => {
  const result = read(["hold-1"]);
  assert.ok(result.kind === "invalid");
  assert.deepEqual(result.problems, [
    'deno task start takes only flags, not hold-1 (to start the job "hold-1": ' +
    "deno task daybook start hold-1)",
  ]);
});

Deno.test("configuration: every default is within its range, and every bound is enforced", () => {
  for (const [name, { flag, default: fallback, range }] of SETTING_LIST) {
    if (range === undefined) continue;
    assert.equal(typeof configured([`--${flag}=${fallback}`])[name], "number", flag);
    const [least = "", most = ""] = range.split(" to ");
    for (const bound of [least, most]) configured([`--${flag}=${bound}`]);
    const over = most.replace(/\d+/, (digits) => String(Number(digits) + 1));
    assert.deepEqual(problems([`--${flag}=${over}`]).length, 1, flag);
  }
});

Deno.test("configuration: an error in a variable names the variable, and an empty one counts as not set", () => {
  assert.deepEqual(problems([], { DAYBOOK_MAX_RUNNING: "0", DAYBOOK_HOLD: "yes" }), [
    'DAYBOOK_MAX_RUNNING "0" must be a whole number from 1 to 10000',
    'DAYBOOK_HOLD "yes" must be true or false',
  ]);
  const { maxRunning, hold } = configured([], { DAYBOOK_MAX_RUNNING: "", DAYBOOK_HOLD: "true" });
  assert.deepEqual([maxRunning, hold], [16, true]);
});

Deno.test("configuration: a token or key is shown as from the environment, or from its file's flag", () => {
  const originsOf = (args: readonly string[], env: Readonly<Record<string, string>>) => {
    const result = read(args, env, { t: TOKEN, k: "6b".repeat(32) });
    assert.ok(result.kind === "run");
    return ["token-file", "secret-key-file"].map((flag) => result.origins.get(flag));
  };
  const env = { DAYBOOK_TOKEN: TOKEN, DAYBOOK_SECRET_KEY: "6b".repeat(32) };
  assert.deepEqual(originsOf([], {}), ["default", "default"]);
  assert.deepEqual(originsOf([], env), ["environment", "environment"]);
  const files = ["--token-file=t", "--secret-key-file=k"];
  assert.deepEqual(originsOf(files, env), ["flag", "flag"]);
});

Deno.test("configuration: a file of tokens or a key without an end is refused", {
  ignore: Deno.build.os === "windows",
}, () => {
  for (const flag of ["token-file", "secret-key-file"]) {
    assert.deepEqual(configurationOf({ [flag]: "/dev/zero" }), {
      kind: "invalid",
      problems: [`--${flag} /dev/zero cannot be read: it is longer than 1 MiB`],
    });
  }
});

Deno.test("shownSettings: every setting is shown with its origin, without secrets", () => {
  const secret = "a-secret-that-nobody-sees";
  const result = readConfiguration({
    args: ["--port", "0"],
    env: (name) =>
      ({
        DAYBOOK_TOKEN: secret,
        DAYBOOK_WEBHOOK_SECRET: secret,
        DAYBOOK_SECRET_KEY: "A".repeat(43) + "=",
        DAYBOOK_MAX_RUNNING: "7",
      })[name],
    readTextFile: () => "",
  });
  assert.ok(result.kind === "run", JSON.stringify(result));
  const shown = shownSettings(result.configuration, result.origins);
  const byName = new Map(shown.map(({ name, ...rest }) => [name, rest]));
  assert.deepEqual([...byName.keys()], SETTING_LIST.map(([, { flag }]) => flag));
  assert.deepEqual(byName.get("port"), { value: "0", origin: "flag" });
  assert.deepEqual(byName.get("max-running"), { value: "7 jobs", origin: "environment" });
  assert.equal(byName.get("snapshot-every")?.value, "100,000 entries");
  assert.deepEqual(byName.get("drain"), { value: "10 s", origin: "default" });
  assert.equal(byName.get("token-file")?.value, "token set");
  assert.equal(byName.get("secret-key-file")?.value, "key set");
  assert.doesNotMatch(JSON.stringify(shown), /nobody-sees|AAAA/);
});

Deno.test("configuration: a variable that is one slip away from a setting is named, with the setting", () => {
  const env: Readonly<Record<string, string>> = {
    DAYBOOK_PROT: "8100",
    DAYBOOK_MAXRUNNING: "4",
    DAYBOOK_TOKENS: "a",
    DAYBOOK_SEECRET_KEY: "b",
    DAYBOOK_HOSTNAME: "127.0.0.1",
    DAYBOOK_TEST_EFFORT: "soak",
  };

  assert.deepEqual(misspeltVariables((name) => env[name]).toSorted(), [
    "DAYBOOK_MAXRUNNING is not a setting; did you mean DAYBOOK_MAX_RUNNING?",
    "DAYBOOK_PROT is not a setting; did you mean DAYBOOK_PORT?",
    "DAYBOOK_SEECRET_KEY is not a setting; did you mean DAYBOOK_SECRET_KEY?",
    "DAYBOOK_TOKENS is not a setting; did you mean DAYBOOK_TOKEN?",
  ]);
});

Deno.test("configuration: no setting is taken for a misspelt one", () => {
  assert.deepEqual(misspeltVariables((name) => ({ DAYBOOK_JOURNAL: "a" })[name]), []);
  const all = new Set(SETTING_LIST.map(([, { flag }]) => environmentName(flag)));
  assert.deepEqual(misspeltVariables((name) => all.has(name) ? "x" : undefined), []);
});

Deno.test("configuration: a flag without its value is said to need one", () => {
  assert.deepEqual(problems(["--port"]), ["--port needs a value"]);
});
