/** `explain`: why a job is as it is, all work stands still, or what has a value; with the evidence. */

import { explanationText } from "../../explain/explanation_text.ts";
import type { Citation, Explanation } from "../../explain/explanation.ts";
import { commandOfAction } from "../action_command.ts";
import { type Client, SERVER_OPTIONS } from "../client.ts";
import { type Command, type CommandInput, EXIT_OK, UsageError } from "../command.ts";
import { jobPath } from "../job_path.ts";
import { plainPage } from "../plain_text.ts";
import { formOf, printJson, printLines, TEXT_FORM_OPTIONS } from "../presentation.ts";
import { paintedExplanation } from "../render/explanation.ts";
import { expectShape, explanationAnswer } from "../resources.ts";
import { clientOf, type Surroundings } from "../surroundings.ts";

/** Longer lines are hard to read, however wide the screen. */
const SCREEN_COLUMNS_MAX = 100;

export function explainCommand(surroundings: Surroundings): Command {
  return {
    name: "explain",
    summary:
      "say why a job is as it is, why all work stands still, or what has a value, with the lines",
    positionals: "[jobId]",
    arity: [0, 1],
    options: [
      { name: "at", value: "point", help: "as of then: a logId, an eventId or a time" },
      { name: "about", value: "value", help: "instead of a job: all jobs and events that have it" },
      ...TEXT_FORM_OPTIONS,
      ...SERVER_OPTIONS,
    ],
    notes: [
      "Piped it is text as well, since that is what one pastes; --json gives one JSON value.",
    ],
    examples: [
      "deno task daybook explain order-42",
      "deno task daybook explain",
      "deno task daybook explain order-42 --at 2026-01-31T03:00:00Z",
      "deno task daybook explain --about 77",
      "deno task daybook explain order-42 > ticket.txt",
      "deno task daybook explain order-42 --json | jq -r '.waitingFor[].nearMisses[].statement'",
    ],
    run: (input) => explain(input, surroundings),
  };
}

async function explain(input: CommandInput, surroundings: Surroundings): Promise<number> {
  const form = formOf(input, "text");
  const client = clientOf(input, surroundings);
  const [jobId] = input.positionals;
  const path = pathOf(jobId, input.text("at"), input.text("about"));
  if (form === "json") {
    printJson(input, await client.get(path));
    return EXIT_OK;
  }
  const prose = input.terminal.isInteractive && jobId !== undefined
    ? await proseForScreen(input, client, path)
    : await client.text(await client.request(path, { headers: { accept: "text/plain" } }));
  printLines(input, paintedExplanation(plainPage(prose), input.terminal.style));
  return EXIT_OK;
}

/** Where the server explains it. */
function pathOf(jobId: string | undefined, at: string | undefined, about: string | undefined) {
  if (about !== undefined) {
    if (jobId !== undefined || at !== undefined) throw new UsageError("--about stands alone");
    return `/explain?about=${encodeURIComponent(about)}`;
  }
  if (jobId === undefined) {
    if (at !== undefined) throw new UsageError("--at takes a <jobId>");
    return "/queue/explain";
  }
  return `${jobPath(jobId)}/explain${at === undefined ? "" : `?at=${encodeURIComponent(at)}`}`;
}

/** In the width of the screen, and with commands of Daybook's own. */
async function proseForScreen(input: CommandInput, client: Client, path: string): Promise<string> {
  const answer = expectShape(explanationAnswer, await client.get(path), client);
  const curls = new Map<unknown, string | undefined>(
    answer.next.map(({ action, curl }) => [action, curl]),
  );
  const flags = ["url", "journal", "token-file"].flatMap((name) => {
    const value = input.text(name);
    return value === undefined ? [] : [`--${name}`, value];
  });
  return explanationText(answer as unknown as Explanation<Citation>, {
    nowMs: Date.now(),
    width: Math.min(input.terminal.columns - 2, SCREEN_COLUMNS_MAX),
    commandOf: (action) => commandOfAction(action, flags) ?? curls.get(action) ?? "",
  });
}
