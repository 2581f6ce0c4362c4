/** `journal head`: prints the head of a journal. */

import { type JournalEnd, journalEnd } from "../../journal/journal_end.ts";
import { journalLayout } from "../../journal/layout.ts";
import { tornText } from "../../verify/verdict.ts";
import { type Command, type CommandInput, EXIT_OK } from "../command.ts";
import { plainText } from "../plain_text.ts";
import type { Terminal } from "../terminal.ts";
import { JOURNAL_OPTION, journalPermissions, orExit, readableFolder } from "./folder.ts";
import type { JournalTools } from "./tools.ts";

export function headCommand(tools: JournalTools): Command {
  return {
    name: "head",
    summary: "print the last entry: position, chain, place and time",
    options: [JOURNAL_OPTION],
    examples: ["deno task journal head", "deno task journal head | jq -r .chain"],
    notes: [
      "Reads only the end of the journal. With the chain you can prove later that no entry up to " +
      "that position has changed.",
      "exit codes: 0, 64 usage, 74 cannot be read, 78 the end is damaged",
    ],
    permissions: (input) => [journalPermissions(input)],
    run: (input) => orExit(input, () => head(input, tools)),
  };
}

async function head(input: CommandInput, { fileSystem }: JournalTools): Promise<number> {
  const end = await journalEnd(fileSystem, journalLayout(readableFolder(input)));
  if (input.terminal.isInteractive) printFor(input.terminal, end);
  else input.terminal.out(JSON.stringify(toJson(end)));
  return EXIT_OK;
}

function toJson(end: JournalEnd | undefined) {
  if (end === undefined) return { logId: 0, chain: "" };
  const { head, ...place } = end;
  return { ...head, ...place };
}

function printFor(terminal: Terminal, end: JournalEnd | undefined): void {
  if (end === undefined) return terminal.out("the journal is empty");
  const { head, segment, line, receivedAt, tornBytes } = end;
  terminal.out(`logId    ${terminal.style("bold", String(head.logId))}`);
  terminal.out(`chain    ${head.chain}`);
  terminal.out(`segment  ${segment} line ${line}`);
  terminal.out(`time     ${plainText(receivedAt)}`);
  if (tornBytes > 0) terminal.out(`after    ${tornText(tornBytes)}`);
}
