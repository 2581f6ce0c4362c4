/** A definition that takes any input. */

import * as v from "valibot";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import type { JobContext } from "../../src/engine/job_context.ts";

export function job(
  type: string,
  run: (ctx: JobContext<string>) => Promise<unknown>,
  more: Partial<AnyJobDefinition> = {},
): AnyJobDefinition {
  return { ...defineJob({ type, version: 1, input: v.looseObject({}), run }), ...more };
}
