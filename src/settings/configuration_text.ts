/** The configuration in words: what is in force, and what may be given. */

import { type Configuration, type Origins, SETTINGS } from "./configuration.ts";
import { type AccessToken, SCOPES } from "../http/guard/access.ts";
import type { ShownSetting } from "../http/ports/system_port.ts";
import { describeLimits } from "./limits.ts";
import { bytesText, timeText } from "./units.ts";

/** What was set, a line each, with where it comes from, and the journal in any case; never a token. */
export function describeConfiguration(
  configuration: Configuration,
  origins: Origins,
): readonly string[] {
  const settings = shownSettings(configuration, origins);
  const told = settings.filter(({ name, origin }) => origin !== "default" || name === "journal");
  return [
    ...told.map(({ name, value, origin }) => {
      const note = origin === "default" ? "" : `  (${origin})`;
      return `  ${name.padEnd(16)} ${value}${note}`;
    }),
    `  ${settings.length - told.length} other settings have their defaults: --help lists them`,
  ];
}

/** Every setting in force, in the order in which they are explained. */
export function shownSettings(
  configuration: Configuration,
  origins: Origins,
): readonly ShownSetting[] {
  const shown: Readonly<Record<string, string>> = {
    port: String(configuration.port),
    hostname: configuration.hostname,
    journal: configuration.journal,
    definitions: configuration.definitions ?? "none of your own",
    "max-running": `${configuration.maxRunning} jobs`,
    "segment-bytes": bytesText(configuration.segmentBytes),
    "snapshot-every": `${configuration.snapshotEvery} entries`,
    "reserve-bytes": bytesText(configuration.reserveBytes),
    "body-bytes": bytesText(configuration.bodyBytesMax),
    "max-start-delay": timeText(configuration.maxStartDelayMs),
    ...describeLimits(configuration.limits, { bytes: bytesText, time: timeText }),
    log: configuration.logFormat,
    "max-threads": `${configuration.maxThreads} threads`,
    "thread-memory": bytesText(configuration.threadBytes),
    "stall-exit": configuration.stallExitMs === 0 ? "never" : timeText(configuration.stallExitMs),
    drain: timeText(configuration.drainMs),
    "token-file": shownTokens(configuration.tokens),
    "secret-key-file": configuration.secretKey === undefined ? "no key" : "key set",
    "allowed-hosts": configuration.allowedHosts.join(", ") || "none",
    "webhook-hosts": configuration.webhookHosts.join(", ") || "none",
  };
  return SETTINGS.map(({ flag }) => ({
    name: flag,
    value: shown[flag] ?? "",
    origin: origins.get(flag) ?? "default",
  }));
}

function shownTokens({ length }: readonly AccessToken[]): string {
  if (length === 0) return "no token";
  return length === 1 ? "token set" : `${length} tokens set`;
}

/** What `--help` prints. */
export function helpText(): string {
  const flags = SETTINGS.map((setting) => {
    const flag = `--${setting.flag} <${setting.value}>`.padEnd(28);
    const fallback = setting.default === "" ? "" : ` (default ${setting.default})`;
    return `  ${flag} ${setting.help}${fallback}`;
  });
  return [
    "Daybook: a job engine that can always explain itself.",
    "",
    "usage: deno task start [flags]",
    "",
    ...flags,
    `  ${
      "--accept-snapshot-ahead".padEnd(28)
    } start although the end of the journal is known to be gone`,
    `  ${"--hold".padEnd(28)} start with a pause of everything, to look and cancel first`,
    `  ${"--help, --version".padEnd(28)} print this, or the version`,
    "",
    "Each flag has an environment twin: --segment-bytes is DAYBOOK_SEGMENT_BYTES.",
    "Tokens are taken from DAYBOOK_TOKEN or --token-file only, the secret that signs",
    "webhooks from DAYBOOK_WEBHOOK_SECRET only. DAYBOOK_TOKEN is one token for everything. A",
    "file has a line for each token: alone, it is for everything; else its scopes follow it,",
    `such as read,submit of ${SCOPES.join(", ")}, and a name, if it has one. Lines that begin`,
    "with # are comments. The file is read again when it changes: no restart is needed.",
    "DAYBOOK_SECRET_KEY or --secret-key-file wraps the keys of sealed inputs: 32 bytes, base64.",
    "When things go wrong: src/manual/when-things-go-wrong.md, by what you see; of a running",
    "server /ui/manual/when-things-go-wrong.",
    "",
    "exit codes: 0 clean, 64 usage, 69 cannot listen, 70 storage failed while running,",
    "73 another process holds the journal, 74 it cannot be read or written, 75 the event loop",
    "stood still for --stall-exit, 137 and never turned again, 78 the journal is damaged,",
    "130 ended by a second signal",
  ].join("\n");
}
