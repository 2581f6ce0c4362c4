/** What a repair does, or would do, in words. */

import { counted } from "../../core/counted.ts";
import { journalFlag } from "../../journal/journal_flag.ts";
import type { RepairedAttributes } from "../../journal/repair_note.ts";
import { problemText } from "../../verify/problem.ts";
import { isNothing, type Loss, type RepairPlan } from "./repair_plan.ts";

/**
 * @param folder where the journal is.
 * @param note what an unfinished repair has cut away and not recorded.
 * @param isApplied whether it is being done, and not just thought of.
 */
export function repairText(
  folder: string,
  plan: RepairPlan,
  note: RepairedAttributes | undefined,
  isApplied: boolean,
): readonly string[] {
  if (isNothing(plan) && note === undefined) return ["there is nothing to repair"];
  const { cut, snapshots, loss } = plan;
  const verb = (would: string, does: string) => isApplied ? does : `would ${would}`;
  const lines: string[] = [];
  if (cut !== undefined) {
    const { segment, offset, later, damage } = cut;
    lines.push(
      problemText({ kind: "damage", damage }),
      offset === 0
        ? `${verb("move", "moves")} segment ${segment.name} to quarantine/`
        : `${verb("cut", "cuts")} segment ${segment.name} at byte ${offset}; ` +
          "the rest goes to quarantine/",
      ...later.map(({ name }) => `${verb("move", "moves")} segment ${name} to quarantine/`),
    );
  }
  for (const { file, reason } of snapshots) {
    lines.push(`${verb("rename", "renames")} snapshot ${file} to ${file}.damaged: ${reason}`);
  }
  if (loss !== undefined) lines.push(...lossText(loss));
  if (note !== undefined) {
    const last = note.lostFrom + note.lostEntries - 1;
    const lost = `what an unfinished repair lost: logId ${note.lostFrom} to ${last}`;
    lines.push(`${verb("record", "records")} ${lost}`);
  }
  if (!isApplied) {
    lines.push(`to do it: deno task journal repair --apply${journalFlag(folder)}`);
  }
  return lines;
}

function lossText({ from, last, readable, jobCount, jobs }: Loss): readonly string[] {
  const lines = [
    `lost: logId ${from} to ${last}, ${counted(last - from + 1, "entry", "entries")}; ` +
    `${counted(readable, "whole line")} of them can still be read`,
  ];
  if (jobCount === 0) return lines;
  const more = jobCount > jobs.length ? `, and ${jobCount - jobs.length} more` : "";
  return [...lines, `they concern ${counted(jobCount, "job")}: ${jobs.join(", ")}${more}`];
}
