/** Commands that talk to a server, and one call of such a command: its options, client and output. */

import { DURATION_RULE } from "../core/duration.ts";
import { parseTime, TIME_RULE } from "../documents/fields.ts";
import { Client } from "./client.ts";
import { clientPermissions, SERVER_OPTIONS } from "./server_address.ts";
import { type Command, type CommandInput, type CommandOption, UsageError } from "./command.ts";
import { plainText } from "./plain_text.ts";
import type { PageOptions } from "./render/job_page.ts";
import type { Surroundings } from "./surroundings.ts";
import { printLines, type Terminal, textColumns } from "./terminal.ts";
import { parseDurationMs } from "./times.ts";

type Form = "json" | "text";

const FORM_OPTIONS: Readonly<Record<Form, readonly CommandOption[]>> = {
  json: [
    { name: "json", help: "JSON lines, as when the output is piped" },
    { name: "text", help: "text, as at a terminal" },
  ],
  text: [
    { name: "json", help: "one JSON value" },
    { name: "text", help: "text, even when the output is piped (the default)" },
  ],
};

/** The options for the form of the output and for the server are added to its own. */
export interface ServerCommand extends Omit<Command, "permissions" | "run"> {
  /** The form of piped output, if no option names one. Default: JSON. */
  readonly piped?: Form;
  /** Returns the exit code. */
  run(call: ServerCall): Promise<number>;
}

export function onServer(command: ServerCommand, surroundings: Surroundings): Command {
  const { piped = "json", options, run, ...rest } = command;
  return {
    ...rest,
    options: [...options, ...FORM_OPTIONS[piped], ...SERVER_OPTIONS],
    permissions: clientPermissions,
    run: (input) => run(new ServerCall(input, surroundings, piped)),
  };
}

export class ServerCall {
  readonly form: Form;
  readonly terminal: Terminal;
  #client: Client | undefined;

  /** @throws {UsageError} if the options name two forms. */
  constructor(readonly input: CommandInput, readonly surroundings: Surroundings, piped: Form) {
    this.terminal = input.terminal;
    const [json, text] = [input.isSet("json"), input.isSet("text")];
    if (json && text) throw new UsageError("give only one of --json and --text");
    this.form = json ? "json" : text || this.terminal.isInteractive ? "text" : piped;
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

  /** Prints a value as a line of JSON, or as text. */
  print(value: unknown, lines: () => readonly string[]): void {
    if (this.form === "json") this.terminal.out(JSON.stringify(value));
    else printLines(this.terminal, lines());
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
