/**
 * Commands that talk to a server, and one call of such a command: its options, client, files and
 * output.
 */

import { resolve } from "node:path";
import { EXIT } from "../core/exit_codes.ts";
import { DURATION_RULE } from "../core/duration.ts";
import { parseTime, TIME_RULE } from "../documents/fields.ts";
import { Client, type Fetch } from "./client.ts";
import { clientPermissions, readingFailure, SERVER_OPTIONS } from "./server_address.ts";
import {
  type Command,
  CommandError,
  type CommandInput,
  FORM_OPTIONS,
  UsageError,
} from "./command.ts";
import { type Form, plainText, printResult, type Terminal, textColumns } from "./terminal.ts";
import type { PageOptions } from "./render/job_page.ts";
import { parseDurationMs, Times } from "./times.ts";
import type { Clock } from "../engine/ports.ts";
import { systemClock } from "../server/system.ts";
import { environment } from "../settings/permission_advice.ts";

/** The options for the form of the output and for the server are added to its own. */
export interface ServerCommand extends Omit<Command, "permissions" | "run"> {
  run(call: ServerCall): ReturnType<Command["run"]>;
}

export function onServer(command: ServerCommand, surroundings: Surroundings): Command {
  const { options, run, ...rest } = command;
  return {
    ...rest,
    options: [...options, ...FORM_OPTIONS[rest.piped ?? "json"], ...SERVER_OPTIONS],
    permissions: clientPermissions,
    run: (input) => run(new ServerCall(input, surroundings)),
  };
}

export class ServerCall {
  readonly form: Form;
  readonly terminal: Terminal;
  #client: Client | undefined;

  constructor(readonly input: CommandInput, readonly surroundings: Surroundings) {
    this.terminal = input.terminal;
    this.form = input.form;
  }

  /** Found when it is first needed, so that a wrong option is reported before a missing server. */
  get client(): Client {
    return this.#client ??= Client.of(this.input, this.surroundings.fetch);
  }

  /** How text is rendered. */
  get page(): PageOptions {
    const { clock, times } = this.surroundings;
    const { style: paint } = this.terminal;
    return { paint, times, now: clock.now(), columns: textColumns(this.terminal) };
  }

  print(value: unknown, lines: () => readonly string[]): void {
    printResult(this, value, lines);
  }

  /**
   * The time that an option gives, or that is the given duration before or after now.
   *
   * @param mark What stands before a duration.
   * @throws {UsageError} if it is neither.
   */
  time(option: string, direction: "before" | "after", mark = ""): string | undefined {
    const text = this.input.text(option);
    if (text === undefined || parseTime(text) !== undefined) return text;
    const ms = text.startsWith(mark) ? parseDurationMs(text.slice(mark.length)) : undefined;
    if (ms !== undefined) {
      const now = this.surroundings.clock.now();
      return new Date(direction === "before" ? now - ms : now + ms).toISOString();
    }
    const rule = `${TIME_RULE}, or ${mark === "" ? "" : `${mark} and `}${DURATION_RULE}`;
    throw new UsageError(`--${option} must be ${rule}, not ${plainText(text)}`);
  }
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
    if (!(error instanceof Deno.errors.NotCapable)) throw new CommandError(message, EXIT.usage);
    const advice = `${message}, or give - and redirect it: < ${path}`;
    throw new CommandError(advice, EXIT.usage, { read: [fromWhereTyped(path)] });
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The text of such an input; otherwise as `readInput`. Text that is not UTF-8 would be changed. */
export async function readText(path: string, surroundings: Surroundings): Promise<string> {
  const bytes = await readInput(path, surroundings);
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new CommandError(`cannot read ${path}: it is not UTF-8 text`, EXIT.usage);
  }
}
