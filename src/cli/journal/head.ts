/** `journal head`: prints the head of a journal. */

import { type JournalEnd, journalEnd } from "../../journal/journal_end.ts";
import { journalLayout } from "../../journal/layout.ts";
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
  const end = await journalEnd(fileSystem, journalLayout(readableFolder(input)));
  printResult(input.terminal, toJson(end), () => endLines(end, input.terminal));
  return EXIT_OK;
}

function toJson(end: JournalEnd | undefined) {
  if (end === undefined) return { logId: 0, chain: "" };
  const { head, ...place } = end;
  return { ...head, ...place };
}

function endLines(end: JournalEnd | undefined, { style }: Terminal): readonly string[] {
  if (end === undefined) return ["the journal is empty"];
  const { head, segment, line, receivedAt, tornBytes } = end;
  return [
    `logId    ${style("bold", String(head.logId))}`,
    `chain    ${head.chain}`,
    `segment  ${segment} line ${line}`,
    `time     ${plainText(receivedAt)}`,
    ...tornBytes > 0 ? [`after    ${tornText(tornBytes)}`] : [],
  ];
}
