/** Calls of curl: that of the screen and one for each action on it, in one place at its end. */

import { UserText } from "./text.tsx";

export interface Call {
  /** What it does. */
  readonly label: string;
  readonly command: string;
}

interface CallsProps {
  readonly calls: readonly Call[];
  readonly isOpen: boolean;
}

export function Calls({ calls, isOpen }: CallsProps) {
  return (
    <details id="calls" class="curl" open={isOpen} data-live>
      <summary>curl</summary>
      <dl>
        {calls.map(({ label, command }) => (
          <>
            <dt>
              <UserText text={label} lengthMax={300} />
            </dt>
            <dd>
              <CopyText text={command} />
            </dd>
          </>
        ))}
      </dl>
    </details>
  );
}

/** Any text to be pasted into a shell. */
export function CopyText({ text }: { readonly text: string }) {
  return (
    <div class="copy">
      <pre tabindex={0}><code data-copied dir="ltr">{text}</code></pre>
      <button type="button" data-copy hidden>Copy</button>
    </div>
  );
}
