/** Verifies a journal for a command: judges it, saves the verdict, and returns the exit code. */

import { assertNever } from "../../core/assert_never.ts";
import { failureReason } from "../../journal/errors.ts";
import type { Layout } from "../../journal/layout.ts";
import { audit } from "../../verify/audit.ts";
import type { AuditReport } from "../../verify/audit_report.ts";
import type { ServedAudit } from "../../verify/served_audit.ts";
import { type JudgedAudit, keepVerdict, toVerdict, type Verdict } from "../../verify/verdict.ts";
import { type CommandInput, EXIT_NEGATIVE, EXIT_OK } from "../command.ts";
import { plainText } from "../plain_text.ts";
import type { Terminal } from "../terminal.ts";
import { EXIT_DAMAGED } from "./folder.ts";
import type { JournalTools } from "./tools.ts";

/**
 * Verifies all of it, from the first line on.
 *
 * @param ask Asks the server to compare with, if there is one.
 * @param isServerNamed See `toVerdict`.
 */
export async function judged(
  input: CommandInput,
  tools: JournalTools,
  layout: Layout,
  ask = (): Promise<ServedAudit | undefined> => Promise.resolve(undefined),
  isServerNamed = false,
): Promise<JudgedAudit> {
  const began = tools.clock.monotonic();
  const report = await audited(input, tools, layout, await ask());
  const durationMs = Math.round(tools.clock.monotonic() - began);
  return { report, verdict: toVerdict(report, isServerNamed), durationMs };
}

export async function audited(
  { terminal }: CommandInput,
  { fileSystem, scratchIn }: JournalTools,
  layout: Layout,
  served?: ServedAudit,
): Promise<AuditReport> {
  const report = await audit({
    ...{ fileSystem, layout, served },
    ...scratchIn && { scratch: () => scratchIn(layout) },
    progress: (done, total) => terminal.progress("verifying", done, total),
  });
  terminal.progressEnd();
  return report;
}

/** The verdict in its colour. */
export function verdictText({ style }: Terminal, { kind, line }: Verdict): string {
  return style(kind === "intact" ? "green" : "red", plainText(line));
}

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
