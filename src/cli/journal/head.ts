/** `journal head`: prints the head of a journal. */

import { type JournalEnd, journalEnd } from "../../journal/journal_end.ts";
import { journalLayout } from "../../journal/layout.ts";
import { lineNumberIn } from "../../journal/segment_listing.ts";
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
  const layout = journalLayout(readableFolder(input));
  const end = await journalEnd(fileSystem, layout);
  const shown = end &&
    toShown(end, await lineNumberIn(fileSystem, layout, end.segment, end.offset));
  if (input.terminal.isInteractive) printFor(input.terminal, shown);
  else input.terminal.out(JSON.stringify(shown ?? { logId: 0, chain: "" }));
  return EXIT_OK;
}

type ShownEnd = ReturnType<typeof toShown>;

function toShown({ head, segment, receivedAt, tornBytes }: JournalEnd, line: number) {
  return { ...head, segment, line, receivedAt, tornBytes };
}

function printFor(terminal: Terminal, end: ShownEnd | undefined): void {
  if (end === undefined) return terminal.out("the journal is empty");
  const { logId, chain, segment, line, receivedAt, tornBytes } = end;
  terminal.out(`logId    ${terminal.style("bold", String(logId))}`);
  terminal.out(`chain    ${chain}`);
  terminal.out(`segment  ${segment} line ${line}`);
  terminal.out(`time     ${plainText(receivedAt)}`);
  if (tornBytes > 0) terminal.out(`after    ${tornText(tornBytes)}`);
}
