/** Building blocks of incidents: a wait among noise, and jobs that follow a script. */

import * as v from "valibot";
import { type AnyJobDefinition, defineJob } from "../../src/mod.ts";
import type { Incident, Stage } from "./incident.ts";

export interface Wait {
  readonly story: string;
  readonly eventType: string;
  /** The correlation in the plan of `job`. */
  readonly equals: Readonly<Record<string, unknown>>;
  readonly multiplicity?: unknown;
  readonly taskId?: string;
  /** Attributes of noise events, by number. */
  readonly noise: (order: number) => Record<string, unknown>;
  /** How much noise comes before the culprit, and after it. */
  readonly amount?: readonly [number, number];
  /** Called before the job exists. */
  readonly before?: (stage: Stage, culprit: boolean) => Promise<void>;
  /** What goes wrong, after the job has started to wait. */
  readonly goesWrong?: (stage: Stage) => Promise<void>;
  /** What comes last, with and without the culprit. */
  readonly after?: (stage: Stage, culprit: boolean) => Promise<void>;
  readonly cause: readonly RegExp[];
  readonly decisive: Incident["decisive"];
  readonly innocent?: readonly string[];
  readonly next?: RegExp;
  readonly neverNext?: RegExp;
}

/** A job called `job`, a plan that waits for one event, among jobs that wait for others. */
export function wait(
  { eventType, equals, multiplicity, taskId, noise, amount = [15, 15], ...rest }: Wait,
): Incident {
  const { before, goesWrong, after, ...judged } = rest;
  return {
    ...judged,
    async play(stage, culprit) {
      await stage.noise(amount[0], eventType, noise);
      await before?.(stage, culprit);
      await stage.plan("job", [{
        id: "it",
        eventType,
        correlation: { equals },
        ...(multiplicity === undefined ? {} : { multiplicity }),
        ...(taskId === undefined ? {} : { taskId }),
      }]);
      if (culprit) await goesWrong?.(stage);
      await stage.noise(amount[1], eventType, noise);
      await after?.(stage, culprit);
      return "/jobs/job/explain";
    },
  };
}

/** What a task does; `attempt` counts from 1. */
export type Act = (
  about: {
    readonly attempt: number;
    readonly jobId: string;
    readonly input: Readonly<Record<string, unknown>>;
    readonly signal: AbortSignal;
  },
) => unknown;

interface Script {
  readonly retry?: { maxAttempts: number; initialMs: number; factor: number; jitter: 0 };
  readonly timeoutMs?: number;
  /** The compensation, if the task has one. */
  readonly undo?: Readonly<Record<string, Act>>;
}

/** A definition whose tasks run one after the other. */
export function scripted(
  type: string,
  acts: Readonly<Record<string, Act>>,
  { retry, timeoutMs, undo = {} }: Script = {},
): AnyJobDefinition {
  return defineJob({
    type,
    version: 1,
    input: v.record(v.string(), v.unknown()),
    async run(ctx, input) {
      for (const [id, act] of Object.entries(acts)) {
        const undone = undo[id];
        await ctx.task(
          id,
          async (task) =>
            await act({
              attempt: task.attempt,
              jobId: ctx.jobId,
              input: input as Record<string, unknown>,
              signal: task.signal,
            }) as string,
          {
            ...(retry === undefined ? {} : { retry }),
            ...(timeoutMs === undefined ? {} : { timeoutMs }),
            ...(undone === undefined ? {} : {
              compensate: async (_: unknown, task: { attempt: number; signal: AbortSignal }) => {
                await undone({
                  attempt: task.attempt,
                  jobId: ctx.jobId,
                  input: input as Record<string, unknown>,
                  signal: task.signal,
                });
              },
            }),
          },
        );
      }
    },
  });
}

/** Runs until it is aborted. */
export function hang({ signal }: { readonly signal: AbortSignal }): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}
