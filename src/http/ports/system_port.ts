/** What the screen of the system needs from whoever put the process together. */

import type { StandingLimits } from "../../engine/events/delivery_limits.ts";

/** A setting in force; what is secret is only told to be there. */
export interface ShownSetting {
  /** Of its flag, without the dashes. */
  readonly name: string;
  readonly value: string;
  readonly origin: "flag" | "environment" | "default";
}

/** What is used of something that has a limit. */
export interface Use {
  readonly used: number;
  readonly max: number;
}

export interface ProcessFigures {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly residentBytes: number;
  readonly heap: Use;
  readonly cpuSeconds: number;
}

export interface SystemPort {
  readonly settings: readonly ShownSetting[];
  /** As `--journal` names it. */
  readonly journal: string;
  /** Makes a copy of it, or brings one up to date. */
  readonly backupCommand: string;
  /** Writes a job with all that explains it. */
  exportCommand(jobId: string): string;
  /** Of what the process is made of, beside Daybook. */
  readonly versions: readonly { readonly name: string; readonly version: string }[];
  /** As of now. */
  process(): ProcessFigures;
  workers(): Use;
  /** Limits that the engine keeps of what there is at a time. */
  limits(): Readonly<Record<keyof StandingLimits, Use>>;
}
