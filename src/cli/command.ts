/**
 * Parses command lines, and prints help. Every command has `--help` with examples; unknown options
 * are an error (64).
 */

import { parseArgs } from "node:util";
import { EXIT } from "../core/exit_codes.ts";
import { lackText, type Permissions } from "../core/permissions.ts";
import { wrapped } from "../core/wrapped.ts";
import { capital } from "../explain/words/phrases.ts";
import { didYouMean, given, parsingFailure, withHelp } from "../settings/command_line.ts";
import { withCommand } from "../settings/permission_advice.ts";
import { type Form, plainPage, printLines, type Terminal } from "./terminal.ts";

export interface CommandOption {
  /** The name, without dashes. */
  readonly name: string;
  readonly short?: string;
  /** The placeholder of the value in the help; absent for a switch. */
  readonly value?: string;
  readonly default?: string;
  /** Whether the option may be repeated. */
  readonly repeated?: boolean;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** A short summary without a full stop. */
  readonly summary: string;
  /** Positional arguments, separated by spaces: `<type> [input]`. Default: none. */
  readonly positionals?: string;
  /** How many are allowed, if one may be repeated. */
  readonly positionalsMax?: number;
  readonly options: readonly CommandOption[];
  /** The form of piped output, if no option names one. Default: JSON. */
  readonly piped?: Form;
  /** Whole command lines, optionally followed by spaces, `#` and their purpose. */
  readonly examples: readonly string[];
  /** Paragraphs after the options, such as exit codes. Wrapped when printed. */
  readonly notes?: readonly string[];
  /** Permissions that these arguments need, besides those of the task. */
  permissions?(input: CommandInput): readonly Permissions[];
  /** Returns the exit code, if that is not 0. */
  run(input: CommandInput): Promise<number | void>;
}

export interface CommandInput {
  readonly terminal: Terminal;
  readonly form: Form;
  readonly positionals: readonly string[];
  /** An empty variable counts as unset. */
  env(name: string): string | undefined;
  /** The value of an option, or its default. */
  text(name: string): string | undefined;
  /** All values of a repeatable option. */
  all(name: string): readonly string[];
  isSet(name: string): boolean;
  warn(message: string): void;
  /** A message about a missing permission, with the whole command that has all permissions. */
  advised(message: string, missing?: Permissions): string;
  /** @throws {UsageError} if the value is not a whole number in the range. */
  whole(name: string, min: number, max: number): number | undefined;
}

/** The command line is invalid; the message says what is expected. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command failed; `exitCode` says how. */
export class CommandError extends Error {
  override readonly name = "CommandError";

  /**
   * @param missing The missing permission that caused it; the message adds the command that has it.
   */
  constructor(message: string, readonly exitCode: number, readonly missing?: Permissions) {
    super(message);
  }

  /** @param what What cannot be done without a permission. */
  static lacking(what: string, exitCode: number, missing: Permissions): CommandError {
    return new CommandError(`${what}: ${lackText(missing)}`, exitCode, missing);
  }

  /** @param needed Missing if `cause` is a lack of permission. */
  static by(cause: unknown, message: string, exitCode: number, needed: Permissions): CommandError {
    const isForbidden = cause instanceof Deno.errors.NotCapable;
    return new CommandError(message, exitCode, isForbidden ? needed : undefined);
  }
}

interface CommandSources {
  /** The name of the program in help and messages, such as `deno task journal`. */
  readonly program: string;
  readonly terminal: Terminal;
  env(name: string): string | undefined;
}

/** The options for the form of the output, by the form of piped output. */
export const FORM_OPTIONS: Readonly<Record<Form, readonly CommandOption[]>> = {
  json: [
    { name: "json", help: "JSON, as when the output is piped" },
    { name: "text", help: "text, as at a terminal" },
  ],
  text: [
    { name: "json", help: "one JSON value" },
    { name: "text", help: "text, even when the output is piped (the default)" },
  ],
};

const NOTE_COLUMNS = 78;

const HELP: CommandOption = { name: "help", short: "h", help: "print this help" };

export async function runCommand(
  commands: readonly Command[],
  args: readonly string[],
  sources: CommandSources,
): Promise<number> {
  const { terminal, program } = sources;
  const [name = "--help", ...rest] = given(args);
  if (["--help", "-h", "help"].includes(name)) {
    printLines(terminal, overview(commands, program));
    return EXIT.ok;
  }
  const command = commands.find((candidate) => candidate.name === name);
  let input: CommandInput | "help" = "help";
  try {
    if (command === undefined) throw unknownCommand(name, commands);
    input = readInput(command, rest, sources);
    if (input !== "help") return await command.run(input) ?? EXIT.ok;
    printLines(terminal, commandHelp(command, program));
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommandError) {
      const { message, missing } = error;
      const text = missing && input !== "help" ? input.advised(message, missing) : message;
      terminal.err(`daybook: ${plainPage(text)}`);
      return error.exitCode;
    }
    if (!(error instanceof UsageError)) throw error;
    const help = command === undefined ? "--help" : `${command.name} --help`;
    terminal.err(`daybook: ${withHelp(plainPage(error.message), `${program} ${help}`)}`);
    return EXIT.usage;
  } finally {
    terminal.progressEnd();
  }
}

function unknownCommand(name: string, commands: readonly Command[]): UsageError {
  const meant = didYouMean(name, commands.map((command) => command.name));
  return new UsageError(`there is no command ${name}${meant}`);
}

function overview(commands: readonly Command[], program: string): readonly string[] {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    `usage: ${program} <command> [options]`,
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    `${program} <command> --help says more, with examples.`,
    "Commands print text to a terminal, and most print JSON to a pipe; --text and --json override it.",
    "When things go wrong: src/manual/when-things-go-wrong.md, by symptom.",
    "deno task -q omits the line that deno prints before each command.",
  ];
}

export function commandHelp(command: Command, program: string): readonly string[] {
  const { name, summary, positionals = "", options, examples, notes = [] } = command;
  const usage = [`usage: ${program} ${name}`, positionals, "[options]"].filter((part) =>
    part !== ""
  );
  return [
    `${capital(summary)}.`,
    "",
    usage.join(" "),
    "",
    ...[...options, HELP].map(optionLine),
    ...notes.flatMap((note) => ["", ...noteLines(note)]),
    "",
    "examples:",
    ...examples.map((example) => `  ${example}`),
  ];
}

/** Wraps a note; lines that begin with a space are kept unchanged. */
function noteLines(note: string): readonly string[] {
  const parts: string[] = [];
  for (const line of note.split("\n")) {
    const last = parts.at(-1);
    if (last === undefined || last.startsWith(" ") || line.startsWith(" ")) parts.push(line);
    else parts[parts.length - 1] = `${last} ${line}`;
  }
  return parts.flatMap((part) =>
    part.startsWith(" ") ? [part] : wrapped(NOTE_COLUMNS, part, "", "")
  );
}

function optionLine(option: CommandOption): string {
  const { name, short, value, help, repeated = false } = option;
  const flag = [
    short === undefined ? "    " : `-${short}, `,
    `--${name}`,
    value === undefined ? "" : ` <${value}>`,
  ].join("");
  const fallback = option.default === undefined ? "" : ` (default ${option.default})`;
  return `  ${flag.padEnd(30)} ${help}${repeated ? "; may be repeated" : ""}${fallback}`;
}

function readInput(
  command: Command,
  args: readonly string[],
  { terminal, env }: CommandSources,
): CommandInput | "help" {
  const { values, positionals } = parsed(command, args);
  if (values["help"] === true) return "help";
  const expected = (command.positionals ?? "").split(" ").filter((part) => part !== "");
  const min = expected.filter((part) => !part.startsWith("[")).length;
  const max = command.positionalsMax ?? expected.length;
  if (positionals.length < min) {
    throw new UsageError(`${command.name} needs ${command.positionals}`);
  }
  if (positionals.length > max) {
    const word = positionals[max];
    const isForJob = max === 0 && command.options.some(({ name }) => name === "job");
    const advice = isForJob ? `; to name a job, use --job ${word}` : "";
    throw new UsageError(`unexpected argument ${word}${advice}`);
  }
  const all = (name: string) => [values[name] ?? []].flat().map(String);
  const text = (name: string) =>
    all(name).at(-1) ?? command.options.find((option) => option.name === name)?.default;
  const [json, asText] = [values["json"] === true, values["text"] === true];
  if (json && asText) throw new UsageError("give only one of --json and --text");
  const { piped = "json" } = command;
  const input: CommandInput = {
    terminal,
    form: json ? "json" : asText || terminal.isInteractive ? "text" : piped,
    env: (name) => env(name) || undefined,
    positionals,
    all,
    text,
    warn: (message) => terminal.err(`daybook: ${message}`),
    advised: (message, missing = {}) =>
      withCommand(message, [...command.permissions?.(input) ?? [], missing]),
    isSet: (name) => values[name] === true,
    whole: (name, low, high) => wholeNumber(name, text(name), low, high),
  };
  return input;
}

function parsed(command: Command, args: readonly string[]) {
  const options = Object.fromEntries([...command.options, HELP].map((option) => [option.name, {
    type: option.value === undefined ? "boolean" as const : "string" as const,
    ...(option.short === undefined ? {} : { short: option.short }),
    ...(option.repeated === true ? { multiple: true } : {}),
  }]));
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(parsingFailure(error, Object.keys(options)));
  }
}

function wholeNumber(
  name: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not ${text}`);
}
