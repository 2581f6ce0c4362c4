/** The configuration of a Daybook inside a program, from the settings that `main.ts` has. */

import { type Configuration, readConfiguration } from "../settings/configuration.ts";
import { SETTING_LIST } from "../settings/settings.ts";

/**
 * @param settings By the names of the flags, without dashes.
 * @throws {TypeError} with every setting that cannot be used.
 */
export function configurationOf(
  journal: string,
  settings: Readonly<Record<string, string>>,
): Configuration {
  const own = SETTING_LIST.filter(([, { flag, ofServer }]) => ofServer && flag in settings)
    .map(([, { flag }]) => flag);
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
