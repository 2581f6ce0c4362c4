/**
 * For every position, whether the entry there changed its job's state or condition, and
 * how: two bytes an entry, so that a stream that resumes far back can tell it without
 * projecting the jobs again.
 */

import { type Condition, conditionOf, CONDITIONS } from "../core/condition.ts";
import type { LogId } from "../core/ids.ts";
import { type JobState, STATE_NAMES } from "../core/job_state.ts";
import type { Transition } from "./requests.ts";

const CHANGED = 1 << 15;

export class TransitionLog {
  #codes = new Uint16Array(1024);
  #length = 0;

  note(logId: LogId, before: JobState | undefined, after: JobState): void {
    const condition = conditionOf(after);
    if (before?.state === after.state && conditionOf(before) === condition) return;
    this.#set(logId, CHANGED | stateCode(before) << 8 | stateCode(after) << 4 | code(condition));
  }

  at(logId: LogId): Transition | undefined {
    const bits = this.#codes[logId] ?? 0;
    const to = STATE_NAMES[(bits >> 4 & 0xf) - 1];
    const condition = CONDITIONS[bits & 0xf];
    if ((bits & CHANGED) === 0 || to === undefined || condition === undefined) return undefined;
    return { from: STATE_NAMES[(bits >> 8 & 0xf) - 1] ?? null, to, condition };
  }

  capture(): Uint16Array {
    return this.#codes.slice(0, this.#length);
  }

  restore(codes: Uint16Array): void {
    this.#codes = new Uint16Array(Math.max(1024, codes.length * 2));
    this.#codes.set(codes);
    this.#length = codes.length;
  }

  #set(logId: LogId, bits: number): void {
    if (logId >= this.#codes.length) {
      const grown = new Uint16Array(Math.max(logId + 1, this.#codes.length * 2));
      grown.set(this.#codes);
      this.#codes = grown;
    }
    this.#codes[logId] = bits;
    this.#length = Math.max(this.#length, logId + 1);
  }
}

/** 0 for no job. */
function stateCode(job: JobState | undefined): number {
  return job === undefined ? 0 : STATE_NAMES.indexOf(job.state) + 1;
}

function code(condition: Condition): number {
  return CONDITIONS.indexOf(condition);
}
