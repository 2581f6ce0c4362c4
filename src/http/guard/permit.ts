/** Whether an answer that goes on for long may still go on: its token may be gone by now. */

import { viewerOf } from "./viewer.ts";

export type Permit = () => boolean;

/** What `guard` found; everything is permitted where no token is asked for. */
export function permitOf(request: Request): Permit {
  return viewerOf(request).permit;
}
