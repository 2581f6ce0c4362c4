/** The configuration of a Daybook inside a program, from the settings that `main.ts` has. */

import { type Configuration, readConfiguration } from "../settings/configuration.ts";

/** What only a server of its own has; a program decides these for itself. */
const OF_THE_SERVER: readonly string[] = [
  ...[
    "port",
    "hostname",
    "journal",
    "definitions",
    "token-file",
    "webhook-hosts",
    "stall-exit",
    "log",
  ],
];

/**
 * @param settings By the names of the flags, without dashes.
 * @throws {TypeError} with every setting that cannot be used.
 */
export function configurationOf(
  journal: string,
  settings: Readonly<Record<string, string>>,
): Configuration {
  const own = Object.keys(settings).filter((name) => OF_THE_SERVER.includes(name));
  if (own.length > 0) {
    throw new TypeError(`Cannot open Daybook: only its own server takes ${own.join(", ")}`);
  }
  const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const result = readConfiguration({
    args: [`--journal=${journal}`, ...args],
    // Whoever calls decides what is in force; nothing comes from the surroundings.
    env: () => undefined,
    readTextFile: Deno.readTextFileSync,
  });
  if (result.kind === "run") return result.configuration;
  const reasons = result.kind === "invalid" ? result.problems : [`there is no ${result.kind}`];
  throw new TypeError(`Cannot open Daybook: ${reasons.join("; ")}`);
}
