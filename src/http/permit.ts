/** Whether an answer that goes on for long may still go on: its token may be gone by now. */

export type Permit = () => boolean;

const PERMITS = new WeakMap<Request, Permit>();

const ALWAYS: Permit = () => true;

export function rememberPermit(request: Request, permit: Permit): void {
  PERMITS.set(request, permit);
}

/** What `guard` found; everything is permitted where no token is asked for. */
export function permitOf(request: Request): Permit {
  return PERMITS.get(request) ?? ALWAYS;
}
