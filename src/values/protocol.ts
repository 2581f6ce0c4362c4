/** Messages between the engine and the thread of the index. */

import type { MessagePort } from "node:worker_threads";
import type { LogId } from "../core/ids.ts";
import type { ProvableSegment } from "../journal/read/segment_proof.ts";

export interface FilingPlace {
  readonly segments: string;
  /** The folder of the index. */
  readonly index: string;
}

/** What the thread is given at its start. Messages sent before it listens wait in the port. */
export interface FilingSeed extends FilingPlace {
  readonly port: MessagePort;
}

export interface Question {
  readonly kind: "find";
  readonly id: number;
  readonly keys: Uint32Array;
  /** How many positions are wanted of each key. */
  readonly limits: Uint32Array;
  readonly asOf: LogId;
  /** How long it waits for the lines up to there, in milliseconds. */
  readonly lagMs: number;
}

export type ToFiling =
  | { readonly kind: "durable"; readonly logId: LogId }
  /** A database of the index has a log to copy. */
  | { readonly kind: "checkpoint"; readonly path: string }
  | Question
  /** Whether the file is the segment, as far as is known of it. */
  | {
    readonly kind: "prove";
    readonly id: number;
    readonly path: string;
    readonly segment: ProvableSegment;
  }
  | { readonly kind: "stop" };

export interface Answer {
  readonly kind: "found";
  readonly id: number;
  /** How many positions were found of each key. */
  readonly counts: Uint32Array<ArrayBuffer>;
  /** For each key in turn. */
  readonly positions: Uint32Array<ArrayBuffer>;
  readonly upTo: LogId;
}

export type FromFiling =
  | Answer
  | { readonly kind: "proven"; readonly id: number; readonly isWhole: boolean }
  /** A warning for the operator. */
  | { readonly kind: "warning"; readonly message: string }
  /** The line of this entry, which is durable, cannot be read. */
  | { readonly kind: "unreadable"; readonly logId: LogId }
  | { readonly kind: "stopped" };
