/**
 * Where the code of a job is called: in the thread of the engine, or in one of its own, which may
 * be lost. All that code asks for, it asks for through `ctx` in either.
 */

import type { JsonValue } from "../../core/json.ts";
import type { AnyJobDefinition } from "../definition.ts";
import type { RunContext } from "./run_context.ts";

export interface CodeRequest {
  readonly definition: AnyJobDefinition;
  readonly ctx: RunContext;
  /** What `run` is given. */
  readonly input: unknown;
  /** The same as it is on record: what crosses to where the definition is another object. */
  readonly recorded: JsonValue | undefined;
  readonly host: CodeHost;
}

/** Whose code it is. */
export interface CodeHost {
  /** `run`, or what it called outside of tasks, has printed something. */
  printed(text: string): void;
  /** `run` has come to rest after what it was given. */
  reacted(): void;
  /**
   * The place is gone, and with it the call of `run`, which never settles; attempts that it was
   * to make fail, or are withdrawn.
   */
  lost(): void;
}

export interface CodeCall {
  /** What `run` returns; rejects with what it throws. */
  readonly output: Promise<unknown>;
  /** Whether it may not have come to rest yet; always `false` where the event loop tells. */
  readonly isReacting: boolean;
  /** Nobody needs the call any more: what it holds is given to others. */
  letGo(): void;
}

export interface CodePlace {
  call(request: CodeRequest): CodeCall;
}

/** Calls it here. */
export const IN_PROCESS: CodePlace = {
  call: ({ definition, ctx, input }) => ({
    output: Promise.try(() => definition.run(ctx, input)),
    isReacting: false,
    letGo: () => {},
  }),
};

export const UNHEARD: CodeHost = { printed: () => {}, reacted: () => {}, lost: () => {} };
