/** An error as it was recorded: name and message in sight, the stack at hand. */

import type { ErrorFact } from "../../core/framework_events.ts";
import { UserText } from "../parts/text.tsx";

const MESSAGE_LENGTH_MAX = 600;
const NAME_LENGTH_MAX = 100;
const STACK_LENGTH_MAX = 4_000;

export function ErrorView({ error }: { readonly error: ErrorFact }) {
  const { name, message, stack } = error;
  return (
    <div class="error">
      <span class="error-name">
        <UserText text={name} lengthMax={NAME_LENGTH_MAX} />
      </span>
      {message === "" ? null : (
        <>
          : <UserText text={message} lengthMax={MESSAGE_LENGTH_MAX} />
        </>
      )}
      {stack === undefined ? null : (
        <details>
          <summary>Stack</summary>
          <pre tabindex={0} dir="ltr"><UserText text={stack} lengthMax={STACK_LENGTH_MAX} /></pre>
        </details>
      )}
    </div>
  );
}
