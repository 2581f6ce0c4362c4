/** Calls of curl: each screen has one for what it shows, and one for each action. */

import { UserText } from "./text.tsx";
import type { Context } from "hono";
import type { Action } from "../../explain/explanation.ts";
import type { JsonObject } from "../../core/json.ts";
import { curlCall, curlFollow, curlOfFile, curlRead } from "../../explain/curl.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { reachedAs } from "../../http/requests/headers.ts";

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

/** A longer call is for a file: no shell takes it, and no page has to hold it twice. */
const BODY_LENGTH_MAX = 8_000;

export interface Commands {
  /** @param accept The form to ask for, where there are several. */
  get(path: string, accept?: string): string;
  /** @param file Where the body is to be put, when it is too long for a command. */
  post(path: string, body?: JsonObject, file?: string): string;
  /** Of what an explanation advises. */
  of(action: Action): string;
  /** Of a stream. */
  follow(path: string): string;
}

/** Calls of curl for the server as this browser reaches it. */
export function curlCommands(c: Context, { needsToken }: HttpDeps): Commands {
  const { origin } = reachedAs(c.req.raw);
  return {
    get: (path, accept) => curlRead(path, origin, needsToken, accept),
    post: (path, body, file = "body.json") => {
      const action = { method: "POST", path } as const;
      if (body === undefined) return curlCall(action, origin, needsToken);
      return JSON.stringify(body).length > BODY_LENGTH_MAX
        ? curlOfFile(action, file, origin, needsToken)
        : curlCall({ ...action, body }, origin, needsToken);
    },
    of: (action) => curlCall(action, origin, needsToken),
    follow: (path) => curlFollow(path, origin, needsToken),
  };
}
