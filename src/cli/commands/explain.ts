/** `explain`: why a job is as it is, with the evidence. */

import { SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_OK } from "../command.ts";
import { jobPath } from "../job_path.ts";
import { plainPage } from "../plain_text.ts";
import { formOf, printJson, printLines, TEXT_FORM_OPTIONS } from "../presentation.ts";
import { paintedExplanation } from "../render/explanation.ts";
import { clientOf, type Surroundings } from "../surroundings.ts";

export function explainCommand(surroundings: Surroundings): Command {
  return {
    name: "explain",
    summary: "say why a job is as it is, with the lines that prove it",
    positionals: "<jobId>",
    arity: [1, 1],
    options: [...TEXT_FORM_OPTIONS, ...SERVER_OPTIONS],
    notes: [
      "Piped it is text as well, since that is what one pastes; --json gives one JSON value.",
    ],
    examples: [
      "deno task explain order-42",
      "deno task explain order-42 > ticket.txt",
      "deno task explain order-42 --json | jq -r '.waitingFor[].nearMisses[].statement'",
    ],
    run: (input) => explain(input, surroundings),
  };
}

async function explain(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = formOf(input, "text");
  const client = clientOf(input, surroundings);
  const path = `${jobPath(input.positionals[0] ?? "")}/explain`;
  if (form === "json") {
    printJson(input, await client.get(path));
    return EXIT_OK;
  }
  const response = await client.request(path, { headers: { accept: "text/plain" } });
  const prose = plainPage(await client.text(response));
  printLines(input, paintedExplanation(prose, input.terminal.style));
  return EXIT_OK;
}
