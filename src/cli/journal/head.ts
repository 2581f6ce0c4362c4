/** `journal head`: prints the head of a journal. */

import { type JournalEnd, journalEnd } from "../../journal/journal_end.ts";
import { journalLayout } from "../../journal/layout.ts";
import { lineNumberIn } from "../../journal/segment_listing.ts";
import { tornText } from "../../verify/verdict.ts";
import { type CommandInput, EXIT_OK } from "../command.ts";
import { plainText } from "../plain_text.ts";
import { printResult, type Terminal } from "../terminal.ts";
import { type JournalCommand, type JournalTools, readableFolder } from "./folder.ts";

export const HEAD_COMMAND: JournalCommand = {
  name: "head",
  summary: "print the last entry: position, chain, place and time",
  options: [],
  examples: ["deno task journal head", "deno task journal head | jq -r .chain"],
  notes: [
    "Reads only the end of the journal. With the chain you can prove later that no entry up to " +
    "that position has changed.",
    "exit codes: 0, 64 usage, 74 cannot be read, 78 the end is damaged",
  ],
  run: head,
};

async function head(input: CommandInput, { fileSystem }: JournalTools): Promise<number> {
  const layout = journalLayout(readableFolder(input));
  const end = await journalEnd(fileSystem, layout);
  const shown = end &&
    toShown(end, await lineNumberIn(fileSystem, layout, end.segment, end.offset));
  const lines = () => endLines(shown, input.terminal);
  printResult(input.terminal, shown ?? { logId: 0, chain: "" }, lines);
  return EXIT_OK;
}

type ShownEnd = ReturnType<typeof toShown>;

function toShown({ head, segment, receivedAt, tornBytes }: JournalEnd, line: number) {
  return { ...head, segment, line, receivedAt, tornBytes };
}

function endLines(end: ShownEnd | undefined, { style }: Terminal): readonly string[] {
  if (end === undefined) return ["the journal is empty"];
  const { logId, chain, segment, line, receivedAt, tornBytes } = end;
  return [
    `logId    ${style("bold", String(logId))}`,
    `chain    ${chain}`,
    `segment  ${segment} line ${line}`,
    `time     ${plainText(receivedAt)}`,
    ...tornBytes > 0 ? [`after    ${tornText(tornBytes)}`] : [],
  ];
}
