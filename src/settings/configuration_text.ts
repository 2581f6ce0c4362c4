/** The configuration as text: the settings in force, and the help. */

import { SCOPES } from "../access/tokens.ts";
import type { ShownSetting } from "../documents/answers/system.ts";
import type { Configuration, Origins } from "./configuration.ts";
import { type Setting, SETTING_LIST } from "./settings.ts";

/**
 * A line for each setting that was set, with its origin, and always for the journal; never a token.
 */
export function describeConfiguration(
  configuration: Configuration,
  origins: Origins,
): readonly string[] {
  const settings = shownSettings(configuration, origins);
  const shown = settings.filter(({ name, origin }) => origin !== "default" || name === "journal");
  return [
    ...shown.map(({ name, value, origin }) => {
      const note = origin === "default" ? "" : `  (${origin})`;
      return `  ${name.padEnd(16)} ${value}${note}`;
    }),
    `  ${settings.length - shown.length} other settings have their defaults: --help lists them`,
  ];
}

/** All settings in force, in the order of the help; of secrets, only whether they are set. */
export function shownSettings(
  configuration: Configuration,
  origins: Origins,
): readonly ShownSetting[] {
  const { tokens: { length }, secretKey } = configuration;
  const secrets: Readonly<Record<string, string>> = {
    ...(length === 0 ? {} : { tokenFile: length === 1 ? "token set" : `${length} tokens set` }),
    ...(secretKey === undefined ? {} : { secretKeyFile: "key set" }),
  };
  return SETTING_LIST.map(([name, setting]) => ({
    name: setting.flag,
    value: secrets[name] ?? setting.show(configuration[name]),
    origin: origins.get(setting.flag) ?? "default",
  }));
}

/** What `--help` prints. */
export function helpText(): string {
  return [
    "Daybook: a job engine that can always explain itself.",
    "",
    "usage: deno task start [flags]",
    "",
    ...SETTING_LIST.map(([, setting]) => helpLine(setting)),
    `  ${"--help, --version".padEnd(28)} print this, or the version`,
    "",
    "Each flag has an environment variable: --segment-bytes is DAYBOOK_SEGMENT_BYTES.",
    "Tokens come only from DAYBOOK_TOKEN or --token-file, the secret that signs webhooks",
    "only from DAYBOOK_WEBHOOK_SECRET. DAYBOOK_TOKEN is one token with all scopes. A file",
    "has one token per line: alone, it has all scopes; otherwise its scopes follow, such as",
    `read,submit of ${SCOPES.join(", ")}, and optionally a name. Lines that begin with # are`,
    "comments. Changes to the file take effect without a restart.",
    "DAYBOOK_SECRET_KEY or --secret-key-file wraps the keys of sealed inputs: 32 bytes, in base64",
    "or hexadecimal.",
    "When things go wrong: src/manual/when-things-go-wrong.md, by symptom; on a running",
    "server /ui/manual/when-things-go-wrong.",
    "",
    "exit codes: 0 clean, 64 usage, 65 another journal, or one of a newer version, 66 the database",
    "has no tables, 69 cannot listen, 70 storage failed while running, 72 a pooler is in front of the",
    "database, 73 another process holds the journal, 74 it cannot be read or written, 75 code of a job",
    "exited, or blocked the event loop for --stall-exit, 76 the database may lose entries, 77 the",
    "database denies access, 78 the journal is damaged, 130 ended by a second signal, 137 the event",
    "loop never ran again",
  ].join("\n");
}

function helpLine({ flag, value, help, range, default: fallback }: Setting): string {
  const name = value === undefined ? `--${flag}` : `--${flag} <${value}>`;
  const facts = [fallback === "" ? "" : `default ${fallback}`, range ?? ""];
  const note = facts.filter((fact) => fact !== "").join(", ");
  return `  ${name.padEnd(28)} ${help}${note === "" ? "" : ` (${note})`}`;
}
