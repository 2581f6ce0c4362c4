/** `journal repair`: shows what can be kept of a damaged journal, and with `--apply` repairs it. */

import { dirname } from "node:path";
import { EXIT } from "../../core/exit_codes.ts";
import { lockFolder } from "../../journal/files/folder.ts";
import {
  applyPlan,
  copyFolder,
  recordRepair,
  removeUnfinished,
  repairText,
} from "../../tools/repair_steps.ts";
import { INDEX, journalLayout, KEYS, type Layout, SIDECARS } from "../../journal/layout.ts";
import {
  readRepairNote,
  removeRepairNote,
  type RepairedAttributes,
} from "../../journal/open/repair.ts";
import { CommandError, type CommandInput } from "../command.ts";
import { plainText, printResult } from "../terminal.ts";
import { audit } from "../../verify/audit.ts";
import { type AuditReport, isOfNewerVersion, problemText } from "../../verify/audit_report.ts";
import {
  type JournalCommand,
  journalFolder,
  type JournalTools,
  readableFolder,
  requirePermissions,
} from "./folder.ts";
import { judgeOptions, proved, verdictExitCode } from "./proof.ts";
import { isNothing, planRepair, type RepairPlan } from "../../tools/repair_plan.ts";

export const REPAIR_COMMAND: JournalCommand = {
  name: "repair",
  summary: "show what can be kept of a damaged journal; --apply repairs it",
  options: [{ name: "apply", help: "save a copy of everything, then repair" }],
  examples: ["deno task journal repair", "deno task journal repair --apply"],
  notes: [
    "Everything from the first damaged batch on is moved to quarantine/, with its snapshots. " +
    "Before that, the whole folder is copied to <journal>-before-repair-<id> beside it, which " +
    "needs the same disk space again. journal.Repaired says what was lost.",
    "exit codes: 0 repaired, or nothing to repair; 1 damaged, and --apply would repair it;\n" +
    "64 usage, 65 a newer version wrote it, 73 another process holds the journal,\n" +
    "74 cannot be read or written, 78 the damage cannot be repaired",
  ],
  writes: true,
  permissions(input) {
    // The saved copy is a folder beside the journal.
    const around = [dirname(journalFolder(input))];
    return [{ read: around, write: around }];
  },
  run: (input, tools) => new Repair(input, tools).run(),
};

/** The repair to do, and what an earlier, unfinished repair did not record. */
interface Task {
  readonly report: AuditReport;
  readonly plan: RepairPlan;
  readonly note: RepairedAttributes | undefined;
}

class Repair {
  readonly #layout: Layout;
  readonly #isApplied: boolean;

  constructor(private readonly input: CommandInput, private readonly tools: JournalTools) {
    this.#layout = journalLayout(readableFolder(input));
    this.#isApplied = input.isSet("apply");
  }

  async run(): Promise<number> {
    if (this.#isApplied) return await this.#apply();
    const task = await this.#task();
    this.#print(task, undefined);
    if (isDone(task)) return EXIT.ok;
    if (task.report.isShared) {
      this.input.warn(
        "if this is a copy of a journal in PostgreSQL, do not repair it, or it would " +
          "differ: move the folder away, and the next start downloads it again",
      );
    }
    return EXIT.negative;
  }

  async #apply(): Promise<number> {
    const parent = dirname(this.#layout.folder);
    for (const access of ["read", "write"] as const) requirePermissions(parent, access);
    const lock = await lockFolder(this.tools.fileSystem, this.#layout);
    let fact: RepairedAttributes | undefined;
    try {
      const task = await this.#task();
      if (isDone(task)) {
        this.#print(task, undefined);
        await removeRepairNote(this.tools.fileSystem, this.#layout);
        return EXIT.ok;
      }
      const aside = await this.#copyAside(parent);
      fact = repairedFact(task, aside);
      this.#print(task, aside);
      await applyPlan(this.tools, this.#layout, task.plan, fact);
      if (fact === undefined) await removeRepairNote(this.tools.fileSystem, this.#layout);
    } finally {
      lock.release();
    }
    if (fact !== undefined) {
      await recordRepair(this.tools, this.#layout, fact, this.input.warn);
    }
    return await this.#prove();
  }

  async #task(): Promise<Task> {
    const { fileSystem } = this.tools;
    const report = await audit(judgeOptions(this.input, this.tools, this.#layout));
    requireRepairable(report);
    const note = await readRepairNote(fileSystem, this.#layout);
    const isRecorded = note !== undefined && report.repairs.includes(note.aside);
    const plan = await planRepair(report, fileSystem, this.#layout);
    return { report, plan, note: isRecorded ? undefined : note };
  }

  async #copyAside(parent: string): Promise<string> {
    const { folder } = this.#layout;
    const begin = `${folder}-before-repair-`;
    await removeUnfinished(this.tools.fileSystem, begin, parent);
    const aside = `${begin}${this.tools.random.ulid()}`;
    // Keys are not copied: a key that is deleted later must not survive in a copy.
    await copyFolder(this.tools.fileSystem, folder, aside, parent, [KEYS, INDEX, SIDECARS]);
    this.input.warn(`an unchanged copy is in ${aside}`);
    return aside;
  }

  #print(task: Task, aside: string | undefined): void {
    const { form, warn } = this.input;
    const { plan, note } = task;
    const applied = aside !== undefined;
    const lines = () => repairText(this.#layout.folder, plan, note, applied).map(plainText);
    printResult(this.input, { applied, aside, ...plan }, lines);
    // A person does not see that in the JSON of an empty plan.
    if (isDone(task) && form === "json") lines().forEach((line) => warn(line));
  }

  /** The result has to pass the checks of the next start and of `verify`. */
  async #prove(): Promise<number> {
    const proof = await proved(this.input, this.tools, this.#layout);
    this.input.warn(plainText(proof.verdict.line));
    return verdictExitCode(proof.verdict);
  }
}

function isDone({ plan, note }: Task): boolean {
  return isNothing(plan) && note === undefined;
}

/** @throws {CommandError} if there is a problem that no cut should fix. */
function requireRepairable({ problems, disproof }: AuditReport): void {
  const foreign = problems.find(({ kind }) => kind === "foreign");
  if (foreign !== undefined) throw new CommandError(problemText(foreign), EXIT.damaged);
  if (disproof?.kind === "other") throw new CommandError(disproof.reason, EXIT.damaged);
  const newer = problems.find(isOfNewerVersion);
  if (newer === undefined) return;
  throw new CommandError(
    `this is not damage, and is not cut off: ${problemText(newer)}; use that version`,
    EXIT.otherJournal,
  );
}

/** One entry for what this repair loses, and what an unfinished one lost before. */
function repairedFact({ plan, note }: Task, aside: string): RepairedAttributes | undefined {
  const { loss } = plan;
  if (loss === undefined) return note;
  const { from, last, previousHead } = loss;
  const now = { lostFrom: from, lostEntries: last - from + 1, aside };
  const withHead = previousHead === undefined ? now : { ...now, previousHead };
  if (note === undefined) return withHead;
  const lostFrom = Math.min(note.lostFrom, from);
  const lastLost = Math.max(note.lostFrom + note.lostEntries - 1, last);
  return { ...withHead, ...note, lostFrom, lostEntries: lastLost - lostFrom + 1 };
}
