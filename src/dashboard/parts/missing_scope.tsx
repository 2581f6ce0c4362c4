/** Why a button is not there. */

import type { Scope } from "../../http/guard/access.ts";

export interface MissingScopeProps {
  readonly scope: Scope;
  /** What takes it. */
  readonly what: string;
}

export function MissingScope({ scope, what }: MissingScopeProps) {
  return (
    <p class="hint">
      Your token does not have the scope <code>{scope}</code>, which {what} takes.
    </p>
  );
}
