/**
 * Where the code of a job is called: in the engine's thread, or in a thread of its own, which can
 * die. In both the code asks for every step through `ctx`.
 */

import type { JsonValue } from "../../core/json.ts";
import type { AnyJobDefinition } from "../definition.ts";
import type { RunContext } from "./run_context.ts";

export interface CodeRequest {
  readonly definition: AnyJobDefinition;
  readonly ctx: RunContext;
  readonly input: unknown;
  /** The input as recorded, for a place that has its own copy of the definition. */
  readonly recorded: JsonValue | undefined;
  readonly host: CodeHost;
}

/** The call that the code belongs to. */
export interface CodeHost {
  /** `run`, or code that it called outside tasks, printed something. */
  printed(text: string): void;
  /** `run` is done reacting to its last answer, or has died of it. */
  reacted(): void;
  /**
   * The thread has died of its open attempts: they fail or are withdrawn, and the call of `run`
   * never settles.
   */
  lost(): void;
}

export interface CodeCall {
  /** Resolves to the result of `run`, or rejects with its error. */
  readonly output: Promise<unknown>;
  /**
   * Whether `run` may still be reacting, or an attempt that was told to end has not, so that
   * nothing new may begin. Always `false` in the engine's own event loop.
   */
  readonly isReacting: boolean;
  /** Whether the thread has died, and with it all that `run` asked for. */
  readonly isLost: boolean;
  /** The call is no longer needed: frees its resources. */
  letGo(): void;
}

export interface CodePlace {
  call(request: CodeRequest): CodeCall;
}

/** Calls the code in the engine's thread. */
export const IN_PROCESS: CodePlace = {
  call: ({ definition, ctx, input }) => ({
    output: Promise.try(() => definition.run(ctx, input)),
    isReacting: false,
    isLost: false,
    letGo: () => {},
  }),
};

export const SILENT_HOST: CodeHost = { printed: () => {}, reacted: () => {}, lost: () => {} };
