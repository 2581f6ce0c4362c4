/** Shows how far a job is while it is waited for: its tasks as they end, and a bar. */

import { progressText } from "../explain/phrases.ts";
import { entryNote } from "../engine/queries/entry_note.ts";
import type { CommandInput } from "./command.ts";
import { fitted, padded, plainText } from "./plain_text.ts";
import { painted } from "./render/marks.ts";
import { PROGRESS_BAR_COLUMNS } from "./terminal.ts";
import type { EntryResource } from "./resources.ts";
import { durationText } from "../core/duration.ts";
import { millisecondsBetween, type Times } from "./times.ts";

const ROOT_TASK = "main";
/** Less than this of a label tells nothing. */
const LABEL_COLUMNS_MIN = 20;
const TASK_COLUMNS = 14;
const STATUS_COLUMNS = 18;

const STARTS: readonly string[] = ["job.TaskStarted", "job.TimerSet", "job.CompensationStarted"];

/** What a task is after an entry; other entries do not end anything. */
const STATUSES: Readonly<Record<string, string>> = {
  "job.TaskCompleted": "completed",
  "job.TimerElapsed": "completed",
  "job.TaskFailed": "failed",
  "job.TaskInterrupted": "interrupted",
  "job.TaskCompensated": "compensated",
  "job.TaskCompensationFailed": "compensationFailed",
};

export class JobProgress {
  readonly #startedAt = new Map<string, string>();

  constructor(
    private readonly input: CommandInput,
    private readonly times: Times,
    /** Whether tasks are told of as they end; the bar is shown in any case. */
    private readonly tellsTasks: boolean,
    private readonly columns: number,
  ) {}

  note(entry: EntryResource): void {
    const { eventType, taskId = "" } = entry;
    if (Object.hasOwn(STATUSES, eventType) && taskId !== ROOT_TASK) this.#tell(entry, taskId);
    // Of a task that is tried again, what its last attempt took is told.
    if (STARTS.includes(eventType)) this.#startedAt.set(taskId, entry.receivedAt);
    this.#show(entry);
  }

  #tell(entry: EntryResource, taskId: string): void {
    if (!this.tellsTasks) return;
    const { terminal } = this.input;
    const status = "retryAt" in entry.attributes ? "backingOff" : STATUSES[entry.eventType] ?? "";
    const startedAt = this.#startedAt.get(taskId) ?? entry.receivedAt;
    const took = durationText(millisecondsBetween(startedAt, entry.receivedAt));
    const isUndoing = entry.eventType === "job.TaskCompensationFailed";
    const note = (isUndoing ? "undoing it: " : "") + plainText(entryNote(entry, this.times));
    const head = `  ${padded(taskId, TASK_COLUMNS)}  `;
    const cells = `${painted(terminal.style, status, padded(status, STATUS_COLUMNS))}  ${
      padded(took, 6)
    }`;
    const room = this.columns - head.length - STATUS_COLUMNS - 10;
    terminal.out(`${head}${cells}  ${fitted(note, Math.max(room, 20))}`.trimEnd());
  }

  #show(entry: EntryResource): void {
    const { terminal } = this.input;
    const { attributes } = entry;
    const room = Math.max(terminal.columns - PROGRESS_BAR_COLUMNS - 1, LABEL_COLUMNS_MIN);
    const label = fitted(plainText(this.#label(entry)), room);
    if (label === "") return;
    if (entry.eventType !== "job.TaskProgressed") return terminal.progress(label, 0, 0);
    const [done, total] = [Number(attributes["done"]), Number(attributes["total"] ?? 0)];
    terminal.progress(label, total === 0 ? 0 : done, total);
  }

  #label(entry: EntryResource): string {
    const { eventType, taskId = "", job } = entry;
    const note = entryNote(entry, this.times);
    if (eventType === "job.TaskProgressed") {
      return `${taskId} ${progressText(entry.attributes as Parameters<typeof progressText>[0])}`;
    }
    if (eventType === "job.TaskWaiting") return `waiting ${note}`;
    if (eventType === "job.TaskStarted" && taskId !== ROOT_TASK) return `${taskId} ${note}`.trim();
    return job?.condition ?? "";
  }
}
