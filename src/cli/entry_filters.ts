/** Options that filter entries. */

import { STRATA, type Stratum } from "../core/event.ts";
import { type CommandInput, type CommandOption, UsageError } from "./command.ts";

const NAMES = STRATA.join(", ");

export const TYPE_OPTION: CommandOption = {
  name: "type",
  value: "eventType",
  repeated: true,
  help: "only this type; several with commas",
};

export const STRATUM_OPTION: CommandOption = {
  name: "stratum",
  value: "stratum",
  help: `only this stratum: ${NAMES}`,
};

/** The types of `--type`; empty for all. */
export function typeOptions(input: CommandInput): readonly string[] {
  const names = input.all(TYPE_OPTION.name).flatMap((list) => list.split(","));
  return names.map((name) => name.trim()).filter((name) => name !== "");
}

/**
 * @throws {UsageError} if the option is not a stratum.
 */
export function stratumOption(input: CommandInput): Stratum | undefined {
  const given = input.text(STRATUM_OPTION.name);
  if (given === undefined) return undefined;
  const stratum = STRATA.find((name) => name === given);
  if (stratum !== undefined) return stratum;
  throw new UsageError(`--stratum must be one of ${NAMES}, not ${given}`);
}
