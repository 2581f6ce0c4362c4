/** Which entries a command shows. */

import { STRATA, type Stratum } from "../core/event.ts";
import { type CommandInput, type CommandOption, UsageError } from "./command.ts";

const NAMES = STRATA.join(", ");

export const TYPE_OPTION: CommandOption = {
  name: "type",
  value: "eventType",
  repeated: true,
  help: "only of this type, or of these, with commas",
};

export const STRATUM_OPTION: CommandOption = {
  name: "stratum",
  value: "stratum",
  help: `only of this one: ${NAMES}`,
};

/** The types of `--type`; empty for all. */
export function typeOptions(input: CommandInput): readonly string[] {
  const names = input.all(TYPE_OPTION.name).flatMap((list) => list.split(","));
  return names.map((name) => name.trim()).filter((name) => name !== "");
}

/** @throws {UsageError} when it is not a stratum. */
export function stratumOption(input: CommandInput): Stratum | undefined {
  const given = input.text(STRATUM_OPTION.name);
  if (given === undefined) return undefined;
  const stratum = STRATA.find((name) => name === given);
  if (stratum !== undefined) return stratum;
  throw new UsageError(`--stratum must be one of ${NAMES}, and is ${given}`);
}
