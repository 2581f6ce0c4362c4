/** What any part of a page may need: when it is rendered, what its viewer may do, which ids are jobs'. */

import { type Child, createContext, useContext } from "hono/jsx";
import type { Scope } from "../../access/tokens.ts";

interface ViewingFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly scopes: readonly Scope[];
  readonly isJob: (id: string) => boolean;
}

/** Each page provides it; see `page`. */
export const Viewing = createContext<ViewingFacts>({
  now: 0,
  scopes: [],
  isJob: () => false,
});

export function useNow(): number {
  return useContext(Viewing).now;
}

/** Whether a word of a sentence is the id of a job. */
export function useIsJob(): ViewingFacts["isJob"] {
  return useContext(Viewing).isJob;
}

export function useMay(scope: Scope): boolean {
  return useContext(Viewing).scopes.includes(scope);
}

interface MissingScopeProps {
  readonly scope: Scope;
  /** What needs the scope. */
  readonly what: string;
}

/** Explains why a part is missing. */
export function MissingScope({ scope, what }: MissingScopeProps) {
  return (
    <p class="hint">
      Your token does not have the scope <code>{scope}</code>, which {what} needs.
    </p>
  );
}

/** A part for viewers with a scope; the others see why it is missing. */
export function Needs({ children, ...props }: MissingScopeProps & { readonly children: Child }) {
  return useMay(props.scope) ? <>{children}</> : <MissingScope {...props} />;
}
