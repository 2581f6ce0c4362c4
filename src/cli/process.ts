/** Runs commands as a process: signals, exit codes, and no stack traces. */

import { EXIT } from "../core/exit_codes.ts";
import { type Command, runCommand } from "./command.ts";
import { environment } from "../settings/permission_advice.ts";
import { OutputError, plainText, systemTerminal } from "./terminal.ts";

interface Invocation {
  /** The name in help and messages, such as `deno task journal`. */
  readonly program: string;
  readonly args: readonly string[];
  /**
   * @param interrupted For a command that ends gracefully when interrupted.
   * @param setInterruptMessage Sets the message for a command that is simply stopped, but leaves
   * something behind.
   */
  commands(
    interrupted: () => AbortSignal,
    setInterruptMessage: (text: string) => void,
  ): readonly Command[];
}

/** Exits when the command has ended, even if something is still pending. */
export async function runProcess({ program, args, commands }: Invocation): Promise<never> {
  const terminal = systemTerminal(environment);
  let interruptMessage: string | undefined;
  const interrupts = new Interrupts(() => {
    terminal.progressEnd();
    if (interruptMessage !== undefined) terminal.err(`daybook: ${interruptMessage}`);
  });
  const setInterruptMessage = (text: string) => void (interruptMessage = text);
  try {
    const sources = { program, terminal, env: environment };
    Deno.exit(await runCommand(commands(interrupts.signal, setInterruptMessage), args, sources));
  } catch (error) {
    if (error instanceof OutputError) {
      terminal.err(`daybook: ${error.message}`);
      Deno.exit(EXIT.unreadable);
    }
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    terminal.err(`daybook: internal error: ${plainText(text)}`);
    Deno.exit(EXIT.defect);
  }
}

/** Handles SIGINT and SIGTERM. */
class Interrupts {
  #controller: AbortController | undefined;

  /** @param before Called before Ctrl-C ends the process. */
  constructor(before: () => void) {
    Deno.addSignalListener("SIGINT", () => {
      if (this.#controller !== undefined) return this.#controller.abort();
      before();
      Deno.exit(EXIT.interrupted);
    });
  }

  /** From the first call on, a signal no longer ends the process by itself. */
  readonly signal = (): AbortSignal => {
    this.#controller ??= this.#listening();
    return this.#controller.signal;
  };

  #listening(): AbortController {
    const controller = new AbortController();
    Deno.addSignalListener("SIGTERM", () => controller.abort());
    return controller;
  }
}
