/** The output form of a command: readable text for people, JSON lines for programs. */

import { type CommandInput, type CommandOption, UsageError } from "./command.ts";

export const FORM_OPTIONS: readonly CommandOption[] = [
  { name: "json", help: "JSON lines, as when the output is piped" },
  { name: "text", help: "text, as at a terminal" },
];

/** For a command whose text is also useful when piped. */
export const TEXT_FORM_OPTIONS: readonly CommandOption[] = [
  { name: "json", help: "one JSON value" },
  { name: "text", help: "text, even when the output is piped (the default)" },
];

type Form = "json" | "text";

/**
 * @param piped The form if no option names one and the output is not a terminal.
 */
export function outputForm(input: CommandInput, piped: Form = "json"): Form {
  const [json, text] = [input.isSet("json"), input.isSet("text")];
  if (json && text) throw new UsageError("give only one of --json and --text");
  if (json) return "json";
  return text || input.terminal.isInteractive ? "text" : piped;
}

/** A value as one line of JSON. */
export function printJson({ terminal }: CommandInput, value: unknown): void {
  terminal.out(JSON.stringify(value));
}

export function printLines({ terminal }: CommandInput, lines: readonly string[]): void {
  for (const line of lines) terminal.out(line);
}

/** Where text is cut: at the edge of the screen, or nowhere without a screen. */
export function textColumns({ terminal }: CommandInput): number {
  return terminal.isInteractive ? terminal.columns : Infinity;
}
