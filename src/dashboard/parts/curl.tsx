/** Curl calls: each screen has one for its data, and one for each action. */

import type { Context } from "hono";
import { curlCall, curlFollow, curlOfFile, curlRead } from "../../explain/open/requests_to_send.ts";
import { UserText } from "./text.tsx";
import type { Action } from "../../explain/statements/explanation.ts";
import type { JsonObject } from "../../core/json.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { reachedAs } from "../../http/requests/request.ts";

export interface Call {
  /** What the call does. */
  readonly label: string;
  readonly command: string;
}

export function Calls(
  { calls, isOpen }: { readonly calls: readonly Call[]; readonly isOpen: boolean },
) {
  return (
    <details id="calls" class="folded curl" open={isOpen} data-live>
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

/** A text to paste into a shell. */
export function CopyText({ text }: { readonly text: string }) {
  return (
    <div class="copy">
      <pre tabindex={0}><code data-copied dir="ltr">{text}</code></pre>
      <button type="button" data-copy hidden>Copy</button>
    </div>
  );
}

/**
 * A longer body is sent from a file: shells limit commands, and the page would contain it twice.
 */
const BODY_LENGTH_MAX = 8_000;

export type Commands = ReturnType<typeof curlCommands>;

/** Curl calls with the base URL that this browser uses. */
export function curlCommands(c: Context, { needsToken }: Pick<HttpDeps, "needsToken">) {
  const { origin } = reachedAs(c.req.raw);
  /** The call for an action, also for one that an explanation advises. */
  const of = (action: Action) => curlCall(action, origin, needsToken);
  return {
    of,
    get: (path: string) => curlRead(path, origin, needsToken),
    /** @param file The file for a body that is too long for a command. */
    post(path: string, body?: JsonObject, file = "body.json") {
      const action = { method: "POST", path } as const;
      if (body === undefined) return of(action);
      return JSON.stringify(body).length > BODY_LENGTH_MAX
        ? curlOfFile(action, file, origin, needsToken)
        : of({ ...action, body });
    },
    /** The call that follows a stream. */
    follow: (path: string) => curlFollow(path, origin, needsToken),
  };
}
