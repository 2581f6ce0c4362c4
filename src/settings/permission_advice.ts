/**
 * The command to run if a permission is missing. A flag alone is not enough: the flags of a task
 * are in `deno.json`, so the whole command has to be written out.
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Permissions } from "../core/permissions.ts";
import configuration from "../../deno.json" with { type: "json" };
import { shellWord } from "../core/shell_word.ts";
import { namesDatabase } from "../postgres/place.ts";
import { environmentName, FLAG_OPTIONS, partsOf, type Setting, SETTING_LIST } from "./settings.ts";

export interface Program {
  readonly mainModule: string;
  /** The URL of the folder of `deno.json`, with a trailing slash. */
  readonly root: string;
  readonly args: readonly string[];
  /** The folder that relative paths start from. */
  readonly folder: string;
  /** An environment variable, if this process may read it. */
  env(name: string): string | undefined;
}

/** Longer arguments, such as a whole input, are abbreviated. */
const ARGUMENTS_MAX = 300;

/**
 * The message, followed by the whole command with all permissions on a line of its own; only the
 * message if no task runs this program, which is then part of another one.
 *
 * @param permissions The missing permission, and all others that the command needs, so that the
 * user does not have to add one after the other.
 */
export function withCommand(
  message: string,
  permissions: readonly Permissions[],
  program: Program = thisProgram(),
): string {
  const words = findTask(program);
  const module = words?.at(-1);
  if (words === undefined || module === undefined) return message;
  const root = fileURLToPath(program.root).replace(/(?<=.)\/$/, "");
  const atRoot = program.folder === root;
  const typedIn = program.env("INIT_CWD") ?? program.folder;
  const flags = permissions.reduce<readonly string[]>(widened, words.slice(0, -1));
  const args = program.args.map(shellWord).join(" ");
  const command = [
    ...flags.map(shellWord),
    shellWord(atRoot ? module : `${root}/${module}`),
    args.length > ARGUMENTS_MAX ? "..." : args,
  ];
  const line = whereTyped(command.join(" ").trimEnd(), program.folder, typedIn);
  return `${message}\nThe whole command, with the permission:\n  ${line}`;
}

/** A module is read with its imports, which include Daybook's `src/mod.ts`. */
export function permissionsOfModule(
  module: string | undefined,
  { root, folder }: Pick<Program, "root" | "folder"> = thisProgram(),
): Permissions {
  if (module === undefined) return {};
  const path = fileURLToPath(root).replace(/(?<=.)\/$/, "");
  const sources = folder === path ? "src" : `${path}/src`;
  return { read: /^[a-z][a-z0-9+.-]+:/.test(module) ? [sources] : [module, sources] };
}

/** `deno task` always runs in the folder of `deno.json`, so this command has to as well. */
function whereTyped(command: string, folder: string, typedIn: string): string {
  if (typedIn === folder) return command;
  return `(cd ${shellWord(folder)} && INIT_CWD=${shellWord(typedIn)} ${command})`;
}

function thisProgram(): Program {
  return {
    mainModule: Deno.mainModule,
    root: new URL("../../", import.meta.url).href,
    args: Deno.args,
    folder: Deno.cwd(),
    env: environment,
  };
}

/** A variable that the process may not read counts as unset; no permission is requested. */
export function environment(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/** The command of the task that runs the program and passes no arguments. */
function findTask({ mainModule, root }: Program): readonly string[] | undefined {
  if (!mainModule.startsWith(root)) return undefined;
  const module = mainModule.slice(root.length);
  return Object.values(configuration.tasks)
    .map(({ command }) => command.split(" "))
    .find((words) => words.at(-1) === module);
}

function widened(flags: readonly string[], more: Permissions): readonly string[] {
  return Object.entries(more).reduce<readonly string[]>((all, [name, values]) => {
    if (values.length === 0) return all;
    const prefix = `--allow-${name}=`;
    const given = all.find((flag) => flag.startsWith(prefix));
    const before = given?.slice(prefix.length).split(",") ?? [];
    const flag = prefix + [...new Set([...before, ...values])].join(",");
    return [...all.filter((other) => other !== given), flag];
  }, flags);
}

/** The message, and the whole command to start this server with the missing permissions. */
export function withStart(
  message: string,
  missing: Permissions,
  program: Program = thisProgram(),
): string {
  return withCommand(message, [...serverPermissions(program), missing], program);
}

/** Parses the arguments by itself, since the configuration may be unreadable. */
function serverPermissions(program: Program): readonly Permissions[] {
  const { values } = parseArgs({ args: [...program.args], options: FLAG_OPTIONS, strict: false });
  return SETTING_LIST.map(([, { flag, needs }]) => {
    const text = values[flag] ?? program.env(environmentName(flag));
    return typeof text === "string" && text !== "" ? taskPermissions(needs, text, program) : {};
  });
}

function taskPermissions(needs: Setting["needs"], text: string, program: Program): Permissions {
  switch (needs) {
    case "journal":
      return namesDatabase(text) ? { net: databaseHosts(text) } : { read: [text], write: [text] };
    case "folder":
      return { read: [text], write: [text] };
    case "file":
      return { read: [text] };
    case "module":
      return permissionsOfModule(text, program);
    case "net":
      return { net: partsOf(text) };
    case undefined:
      return {};
  }
}

export function databaseHosts(address: string): readonly string[] {
  const { hostname = "", port = "" } = URL.parse(address) ?? {};
  return hostname === "" ? [] : hostname.split(",").map((host) => `${host}:${port || 5432}`);
}
