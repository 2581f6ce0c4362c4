/**
 * The command to give where a permission is missing. A flag alone helps little: tasks have
 * theirs in `deno.json`, so whoever needs one more has to write the whole command.
 */

import configuration from "../deno.json" with { type: "json" };
import { shellWord } from "./core/shell_word.ts";

export interface MissingPermissions {
  /** Files and folders. */
  readonly read?: readonly string[];
  /** Files and folders. */
  readonly write?: readonly string[];
  /** Hosts, with or without a port. */
  readonly net?: readonly string[];
}

export interface Program {
  /** The URL of the module that was run. */
  readonly mainModule: string;
  /** The URL of the folder of `deno.json`, with a slash at its end. */
  readonly root: string;
  readonly args: readonly string[];
}

/** Longer ones, such as a whole input, are not repeated. */
const ARGUMENTS_MAX = 300;

/**
 * The message with the whole command that has what is missing, on a line of its own; the
 * message alone when no task runs this program, which is then part of another one.
 */
export function withCommand(
  message: string,
  missing: MissingPermissions,
  program: Program = thisProgram(),
): string {
  const words = taskOf(program);
  if (words === undefined) return message;
  const flags = widened(words.slice(0, -1), missing);
  const args = program.args.map(shellWord).join(" ");
  const command = [
    ...flags.map(shellWord),
    ...words.slice(-1),
    args.length > ARGUMENTS_MAX ? "..." : args,
  ];
  return `${message}\nThe whole command, with it:\n  ${command.join(" ").trimEnd()}`;
}

function thisProgram(): Program {
  return {
    mainModule: Deno.mainModule,
    root: new URL("../", import.meta.url).href,
    args: Deno.args,
  };
}

/** The words of the command of the task that runs the program and gives no arguments. */
function taskOf({ mainModule, root }: Program): readonly string[] | undefined {
  if (!mainModule.startsWith(root)) return undefined;
  const module = mainModule.slice(root.length);
  return Object.values(configuration.tasks)
    .map(({ command }) => command.split(" "))
    .find((words) => words.at(-1) === module);
}

function widened(flags: readonly string[], missing: MissingPermissions): readonly string[] {
  return Object.entries(missing).reduce<readonly string[]>((all, [name, values]) => {
    const prefix = `--allow-${name}=`;
    const given = all.find((flag) => flag.startsWith(prefix));
    const before = given?.slice(prefix.length).split(",") ?? [];
    const flag = prefix + [...new Set([...before, ...values])].join(",");
    return [...all.filter((other) => other !== given), flag];
  }, flags);
}
