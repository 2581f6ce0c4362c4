/** A condition with a mark that shows it by shape and colour. */

import { type Condition, conditionText } from "../../core/condition.ts";

export function ConditionMark({ condition }: { readonly condition: Condition }) {
  return (
    <span class={`condition condition-${condition}`}>
      <svg class="mark" viewBox="0 0 10 10" aria-hidden="true">
        <Shape condition={condition} />
      </svg>
      {conditionText(condition)}
    </span>
  );
}

/**
 * Distinguishable without colours: for example, filled means ended and a ring means in progress.
 */
function Shape({ condition }: { readonly condition: Condition }) {
  switch (condition) {
    case "succeeded":
      return <path class="stroke" d="M1.5 5.5 4 8l4.5-6" />;
    case "failed":
      return <path class="stroke" d="M2 2l6 6M8 2 2 8" />;
    case "cancelled":
      return <path class="stroke" d="M1.5 5h7" />;
    case "executing":
      return <path class="fill" d="M2 1l7 4-7 4z" />;
    case "suspended":
      return <path class="fill" d="M2 1h2v8H2zM6 1h2v8H6z" />;
    case "parked":
      return <path class="stroke" d="M2 9V1.5h3.4a2.2 2.2 0 0 1 0 4.4H2" />;
    case "compensating":
      return <path class="fill" d="M8 1 1 5l7 4z" />;
    case "queued":
      return <path class="stroke" d="M1.5 2.5h7M1.5 5h7M1.5 7.5h7" />;
    case "backingOff":
      return <path class="stroke" d="M8.2 3.4A3.6 3.6 0 1 0 8.6 6M8.5 1v2.6H6" />;
    case "sleeping":
      return <path class="stroke" d="M6.2 1.3a3.9 3.9 0 1 0 2.6 5A3.2 3.2 0 0 1 6.2 1.3" />;
    case "waiting":
    case "scheduled":
      return <path class="stroke" d="M5 1.2a3.8 3.8 0 1 0 .01 0M5 3v2.2l1.6 1" />;
    case "created":
      return <circle class="stroke" cx="5" cy="5" r="3.5" />;
  }
}
