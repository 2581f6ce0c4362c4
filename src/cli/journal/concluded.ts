/** Ends a command that has a verdict: saves the verdict, and returns the exit code. */

import { assertNever } from "../../core/assert_never.ts";
import { failureReason } from "../../journal/errors.ts";
import type { Layout } from "../../journal/layout.ts";
import { type JudgedAudit, keepVerdict, type Verdict } from "../../verify/verdict.ts";
import { type CommandInput, EXIT_NEGATIVE, EXIT_OK } from "../command.ts";
import { EXIT_DAMAGED } from "./folder.ts";
import type { JournalTools } from "./tools.ts";

/** If the verdict cannot be saved, that is only a warning. */
export async function keepOrWarn(
  { fileSystem, clock }: JournalTools,
  { terminal, advised }: CommandInput,
  layout: Layout,
  judged: JudgedAudit,
): Promise<void> {
  try {
    await keepVerdict({ fileSystem, layout, clock }, judged);
  } catch (error) {
    const message = `the verdict could not be saved: ${failureReason(error, layout.folder)}`;
    const isForbidden = error instanceof Deno.errors.NotCapable;
    terminal.err(`daybook: ${isForbidden ? advised(message) : message}`);
  }
}

export function verdictExitCode({ kind }: Verdict): number {
  switch (kind) {
    case "intact":
      return EXIT_OK;
    case "differs":
      return EXIT_NEGATIVE;
    case "damaged":
    case "unusable":
      return EXIT_DAMAGED;
    default:
      return assertNever(kind, "verdict");
  }
}
