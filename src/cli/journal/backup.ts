/** `journal backup`: copies a journal to another folder, even while a server runs. */

import { dirname, resolve } from "node:path";
import { EXIT } from "../../core/exit_codes.ts";
import { backUp, type Copied, OtherHistoryError } from "../../tools/backup.ts";
import { counted } from "../../core/counted.ts";
import { orUnusable } from "../../journal/errors.ts";
import { writeNew } from "../../journal/files/file_system.ts";
import { journalLayout, type Layout, TEMPORARY } from "../../journal/layout.ts";
import { requireJournal } from "../../journal/read/segment_listing.ts";
import { CommandError, type CommandInput, UsageError } from "../command.ts";
import { plainText, printResult } from "../terminal.ts";
import {
  type JournalCommand,
  type JournalTools,
  readableFolder,
  requirePermissions,
} from "./folder.ts";
import { proved, verdictExitCode, verdictText, withTarget } from "./proof.ts";
import { problemText } from "../../verify/audit_report.ts";
import type { JudgedAudit } from "../../verify/verdict.ts";

export const BACKUP_COMMAND: JournalCommand = {
  name: "backup",
  summary: "copy a journal to another folder, even while a server runs, and verify the copy",
  positionals: "<folder>",
  options: [],
  examples: [
    "deno task journal backup backups/journal",
    "deno task journal backup backups/journal | jq .head",
  ],
  notes: [
    "Copies the segments up to the last whole batch; everything acknowledged before the backup " +
    "began is in the copy. If the folder has an earlier backup, only new entries are copied. " +
    "The copy is a journal: to restore it, copy it back, verify it and start. Snapshots are " +
    "caches, and are not copied.",
    "The task may write below the folder of deno.json; for a folder elsewhere it prints the " +
    "command to use.",
    "exit codes: 0 copied and verified, 1 the folder holds another history and was left " +
    "unchanged, 64 usage, 65 a newer version wrote the journal, 73 another process uses the " +
    "folder, 74 cannot read or write, 78 the journal or the copy is damaged",
  ],
  permissions(input) {
    const [copy] = input.positionals;
    // Syncing the name of a new folder needs access to its parent.
    const folders = copy === undefined ? [] : [copy, dirname(copy)];
    return [{ read: folders, write: folders }];
  },
  run: (input, tools) => new Backup(input, tools).run(),
};

/** @throws {CommandError} if one folder is the other, or inside it. */
function requireApart(journal: string, copy: string): void {
  const [outer, inner] = [resolve(journal), resolve(copy)].toSorted((a, b) => a.length - b.length);
  if (outer === inner) throw sameFolder(copy);
  if (outer === undefined || inner?.startsWith(`${outer}/`) !== true) return;
  throw new CommandError(
    `Cannot back up to ${copy}: it is inside the journal ${journal}, or the journal is inside it`,
    EXIT.unreadable,
  );
}

function sameFolder(copy: string): CommandError {
  return new CommandError(`Cannot back up to ${copy}: it is the journal itself`, EXIT.unreadable);
}

class Backup {
  readonly #from: Layout;
  readonly #to: Layout;

  constructor(private readonly input: CommandInput, private readonly tools: JournalTools) {
    this.#from = journalLayout(readableFolder(input));
    const target = (input.positionals[0] ?? "").replace(/(?<=.)\/+$/, "");
    if (target === "") throw new UsageError("backup needs <folder>");
    this.#to = journalLayout(target);
  }

  async run(): Promise<number> {
    const { fileSystem } = this.tools;
    requireApart(this.#from.folder, this.#to.folder);
    requirePermissions(this.#to.folder, "read", "write");
    await requireJournal(fileSystem, this.#from);
    return await withTarget(this.input, this.tools, this.#to, async () => {
      const copied = await this.#copied();
      const proof = await proved(this.input, this.tools, this.#to);
      this.#print(copied, proof);
      return verdictExitCode(proof.verdict);
    }, () => this.#requireOther());
  }

  /**
   * Creates a file in one folder and checks that it does not appear in the other, whatever their
   * names.
   */
  async #requireOther(): Promise<void> {
    const { fileSystem, random } = this.tools;
    const name = `probe-${random.ulid()}${TEMPORARY}`;
    const path = `${this.#to.folder}/${name}`;
    await orUnusable("write to", this.#to.folder, async () => {
      await writeNew(fileSystem, path, new Uint8Array());
      const isSame = await fileSystem.kind(`${this.#from.folder}/${name}`) !== "missing";
      await fileSystem.remove(path);
      if (isSame) throw sameFolder(this.#to.folder);
    });
  }

  async #copied(): Promise<Copied> {
    const { terminal } = this.input;
    try {
      return await backUp({
        fileSystem: this.tools.fileSystem,
        from: this.#from,
        to: this.#to,
        progress: (done, total) => terminal.progress("copying", done, total),
      });
    } catch (error) {
      if (!(error instanceof OtherHistoryError)) throw error;
      throw new CommandError(`Cannot back up: ${error.message}`, EXIT.negative);
    }
  }

  #print(copied: Copied, { report, verdict }: JudgedAudit): void {
    const { form, terminal, warn } = this.input;
    const { folder } = this.#to;
    const { head, inventory } = report;
    const { kind, line } = verdict;
    const problems = report.problems.map(problemText);
    const { written, bytes } = copied;
    printResult(
      this.input,
      { folder, head, ...copied, verdict: kind, detail: line, problems },
      () => [
        `backed up to ${plainText(folder)}: ${counted(written, "segment")} written, ` +
        `${counted(bytes, "byte")}; ${inventory.segments.length - written} already there`,
        verdictText(terminal, verdict),
      ],
    );
    if (kind === "intact" || form === "json") return;
    warn(
      "when `deno task journal verify` finds the journal intact, remove the damaged " +
        "file from the copy, and back up again",
    );
  }
}
