/** Runs commands as a process: signals, exit codes, and no stack traces. */

import { type Command, runCommand } from "./command.ts";
import { systemTerminal } from "./terminal.ts";

const EXIT_DEFECT = 70;
const EXIT_INTERRUPTED = 130;

/** @param program How it is called in help and messages, such as `deno task journal`. */
export async function runProcess(commands: readonly Command[], program: string): Promise<never> {
  const terminal = systemTerminal(env);
  Deno.addSignalListener("SIGINT", () => {
    terminal.progressEnd();
    Deno.exit(EXIT_INTERRUPTED);
  });
  try {
    Deno.exit(await runCommand(commands, Deno.args, { program, terminal, env }));
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    terminal.err(`daybook: this should not have happened: ${text.replaceAll("\n", " ")}`);
    Deno.exit(EXIT_DEFECT);
  }
}

/** A variable that the process may not read is as good as not set; nobody is asked. */
function env(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}
