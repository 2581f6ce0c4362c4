/** The tasks of `deno.json` as processes with their permissions, without a shell. */

import assert from "node:assert/strict";

export const ROOT = new URL("../../../", import.meta.url).pathname;

const { tasks }: { tasks: Record<string, { command: string }> } = JSON.parse(
  await Deno.readTextFile(`${ROOT}deno.json`),
);

/** The environment variables that a task sets, and its `deno` arguments. */
function partsOfTask(task: string) {
  const words = tasks[task]?.command.split(" ") ?? [];
  const deno = words.indexOf("deno");
  assert.ok(deno >= 0, task);
  const variables = words.slice(0, deno).map((word) => word.split("=") as [string, string]);
  return { variables: Object.fromEntries(variables), args: words.slice(deno + 1) };
}

/** The `deno` arguments of a task. */
export function wordsOfTask(task: string): readonly string[] {
  return partsOfTask(task).args;
}

/** The V8 options of a task. Processes with other ones throw away each other's compiled code. */
export function v8FlagsOf(task: string): string {
  return wordsOfTask(task).find((word) => word.startsWith("--v8-flags="))?.slice(11) ?? "";
}

export interface TaskPermissions {
  /** Paths that the process may read and write instead of the task's own, separated by commas. */
  readonly journal?: string;
  /** Further permission flags. */
  readonly permissions?: readonly string[];
  /** Run instead of the script of the task, with its permissions; an absolute path. */
  readonly script?: string | undefined;
}

/** The `deno` arguments that run a task from any folder, with further arguments. */
export function taskArguments(
  task: string,
  args: readonly string[],
  { journal, permissions = [], script }: TaskPermissions = {},
): readonly string[] {
  const words = wordsOfTask(task);
  const at = words.findIndex((word) => word.endsWith(".ts"));
  const flags = words.slice(1, at).map((flag) =>
    journal === undefined ? flag : flag.replace(/^(--allow-\w+)=(?:journal|\.)$/, `$1=${journal}`)
  );
  return [
    ...["run", `--config=${ROOT}deno.json`, ...flags, ...permissions],
    ...[script ?? `${ROOT}${words[at]}`, ...words.slice(at + 1), ...args],
  ];
}

export interface TaskProcessOptions extends TaskPermissions {
  readonly env?: Readonly<Record<string, string>>;
  /** The base of relative paths: by default the folder of `deno.json`. */
  readonly cwd?: string;
  readonly stdin?: "null" | "piped";
  /** A command prefix that changes the circumstances. */
  readonly within?: readonly string[];
}

/** A task, with arguments after it. */
export function taskCommand(
  task: string,
  args: readonly string[],
  { env = {}, cwd = ROOT, stdin = "null", within = [], ...permissions }: TaskProcessOptions = {},
): Deno.Command {
  const words = [...within, Deno.execPath(), ...taskArguments(task, args, permissions)];
  return new Deno.Command(words[0] ?? "", {
    args: words.slice(1),
    cwd,
    env: { ...partsOfTask(task).variables, ...env },
    stdin,
    stdout: "piped",
    stderr: "piped",
  });
}

export interface TaskResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a task to its end, with a text as standard input. */
export async function runTask(
  task: string,
  args: readonly string[],
  { input = "", ...options }: TaskProcessOptions & { readonly input?: string } = {},
): Promise<TaskResult> {
  const child = taskCommand(task, args, { ...options, stdin: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  // It may end without having read it.
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}
