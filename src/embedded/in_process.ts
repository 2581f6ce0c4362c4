/** A Daybook without a server or a process of its own. */

import { Daybook } from "../server/daybook.ts";
import { requireOwnFolder } from "../server/folder.ts";
import type { Limits } from "../server/parts.ts";
import { systemClock, systemRandom } from "../server/system.ts";
import type { EmbeddedDaybook, OpenOptions } from "./daybook.ts";
import { InProcessDaybook, warnOnConsole } from "./in_process_daybook.ts";
import { type Configuration, configurationOf } from "../settings/configuration.ts";
import { SETTING_LIST } from "../settings/settings.ts";

/**
 * See `openDaybook`.
 *
 * @param limits Overrides the usual limits, for tests.
 */
export async function openInProcess(
  options: OpenOptions,
  limits: Partial<Limits> = {},
): Promise<EmbeddedDaybook> {
  const {
    journal,
    definitions,
    settings = {},
    warn = warnOnConsole,
    onJournalFailed = (error) =>
      warn(`${error.message}; restart this process: only a new start can tell what is on disk`),
    ...others
  } = options;
  // Code without types may give a setting as an option, which would have no effect.
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw new TypeError(
      `Cannot open Daybook: ${other} is not an option; settings, such as max-running, go into ` +
        "settings",
    );
  }
  if (!Array.isArray(definitions)) {
    throw new TypeError("Cannot open Daybook: definitions must be a list of defined jobs");
  }
  const configuration = toConfiguration(journal, settings);
  requireOwnFolder(configuration.folder);
  const daybook = await Daybook.open({
    configuration,
    limits,
    clock: systemClock,
    random: systemRandom,
    definitions,
    warn,
    onJournalFailed,
  });
  daybook.work();
  for (const warning of await daybook.found()) warn(warning);
  const { engine, fetch } = daybook;
  return new InProcessDaybook({
    engine,
    fetch,
    clock: systemClock,
    maxStartDelayMs: configuration.maxStartDelayMs,
    stop: (closeServer) => daybook.stop(closeServer),
  });
}

/**
 * @param settings Settings by the names of their flags, without dashes.
 * @throws {TypeError} that names every invalid setting.
 */
function toConfiguration(
  journal: string,
  settings: Readonly<Record<string, string>>,
): Configuration {
  // Code without types, or with a wrong one, would make a folder called `undefined`.
  if (typeof journal !== "string") {
    throw new TypeError(`Cannot open Daybook: journal must be a path, but is ${journal}`);
  }
  const own = SETTING_LIST.filter(([, { flag, ofServer }]) => ofServer && flag in settings)
    .map(([, { flag }]) => flag);
  if (own.length > 0) {
    throw new TypeError(`Cannot open Daybook: only its own server takes ${own.join(", ")}`);
  }
  const result = configurationOf({ journal, ...settings });
  if (result.kind === "run" && result.configuration.database !== undefined) {
    throw new TypeError("Cannot open Daybook: only its own server has a journal in PostgreSQL");
  }
  if (result.kind === "run") return result.configuration;
  const reasons = result.kind === "invalid" ? result.problems : [`${result.kind} is not an option`];
  throw new TypeError(`Cannot open Daybook: ${reasons.join("; ")}`);
}
