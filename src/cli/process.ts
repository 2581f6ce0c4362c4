/** Runs commands as a process: signals, exit codes, and no stack traces. */

import { type Command, runCommand } from "./command.ts";
import { plainText } from "./plain_text.ts";
import { systemTerminal, type Terminal } from "./terminal.ts";

const EXIT_DEFECT = 70;
const EXIT_INTERRUPTED = 130;

/** @param program How it is called in help and messages, such as `deno task journal`. */
export async function runProcess(commands: readonly Command[], program: string): Promise<never> {
  const terminal = systemTerminal(env);
  Deno.addSignalListener("SIGINT", () => {
    terminal.progressEnd();
    Deno.exit(EXIT_INTERRUPTED);
  });
  Deno.exit(
    await orDefect(terminal, () => runCommand(commands, Deno.args, { program, terminal, env })),
  );
}

/** The exit code; an error that nobody foresaw is one line, and no stack trace. */
export async function orDefect(terminal: Terminal, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    terminal.progressEnd();
    terminal.err(`daybook: this should not have happened: ${plainText(text)}`);
    return EXIT_DEFECT;
  }
}

/** A variable that the process may not read is as good as not set; nobody is asked. */
export function env(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}
