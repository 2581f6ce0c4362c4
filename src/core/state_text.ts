/** States, and their changes, in a few words. */

/** The state, with the condition where that says more: `Running (waiting)`, but just `Done`. */
export function stateText(
  { state, condition }: { readonly state: string; readonly condition: string },
): string {
  const isSaid = condition === "succeeded" || condition === state.toLowerCase();
  return isSaid ? state : `${state} (${condition})`;
}

/** How an entry changed its job; `from` is `null` for the entry that created it. */
interface StateChange {
  readonly from: string | null;
  readonly to: string;
  readonly condition: string;
}

/** `Created → Running (queued)`, or `Running (waiting)` where only the condition changed. */
export function changeText({ from, to, condition }: StateChange): string {
  const now = stateText({ state: to, condition });
  return from === null || from === to ? now : `${from} → ${now}`;
}
