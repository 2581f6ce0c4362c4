/** The parts of the system, besides the terminal, that commands that talk to a server use. */

import { resolve } from "node:path";
import type { Clock } from "../engine/ports.ts";
import { systemClock } from "../server/system.ts";
import type { Fetch } from "./client.ts";
import { readingFailure } from "./server_address.ts";
import { CommandError, EXIT_USAGE } from "./command.ts";
import { Times } from "./times.ts";

/** A variable that the process may not read counts as unset; no permission is requested. */
export function environment(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/** The file name that means standard input. */
export const STANDARD_INPUT = "-";

export interface Surroundings {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly times: Times;
  /** Sets the message for when Ctrl-C ends the command. */
  setInterruptMessage(text: string): void;
  /** The bytes of a file; rejects with the system's error. */
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  readStandardInput(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Those of this process. */
export function systemSurroundings(
  setInterruptMessage: Surroundings["setInterruptMessage"],
): Surroundings {
  return {
    fetch,
    setInterruptMessage,
    clock: systemClock,
    times: Times.ofThisZone(),
    readFile: async (path) => await Deno.readFile(fromWhereTyped(path)),
    readStandardInput: async () => await new Response(Deno.stdin.readable).bytes(),
  };
}

/** `deno task` runs in the folder of `deno.json`; INIT_CWD is the folder in which it was called. */
function fromWhereTyped(path: string): string {
  const folder = environment("INIT_CWD");
  return folder === undefined ? path : resolve(folder, path);
}

/**
 * The bytes of a file that the command line names, or of the standard input.
 *
 * @throws {CommandError} if it cannot be read.
 */
export async function readInput(
  path: string,
  surroundings: Surroundings,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return path === STANDARD_INPUT
      ? await surroundings.readStandardInput()
      : await surroundings.readFile(path);
  } catch (error) {
    const message = `cannot read ${path}: ${readingFailure(error, path)}`;
    if (!(error instanceof Deno.errors.NotCapable)) throw new CommandError(message, EXIT_USAGE);
    const advice = `${message}, or give - and redirect it: < ${path}`;
    throw new CommandError(advice, EXIT_USAGE, { read: [fromWhereTyped(path)] });
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The text of such an input; otherwise as `readInput`. Text that is not UTF-8 would be changed. */
export async function readText(path: string, surroundings: Surroundings): Promise<string> {
  const bytes = await readInput(path, surroundings);
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new CommandError(`cannot read ${path}: it is not UTF-8 text`, EXIT_USAGE);
  }
}
