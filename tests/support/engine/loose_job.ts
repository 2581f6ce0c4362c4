/** A definition that takes any input, for tests of what its code does. */

import * as v from "valibot";
import { type AnyJobDefinition, defineJob } from "../../../src/engine/definition.ts";
import type { JobContext } from "../../../src/engine/job_context.ts";

export function looseJob(
  type: string,
  run: (ctx: JobContext<string>) => Promise<unknown>,
  more: Partial<AnyJobDefinition> = {},
): AnyJobDefinition {
  return {
    ...defineJob({ type, version: 1, input: v.optional(v.looseObject({}), {}), run }),
    ...more,
  };
}
