/** `/ui/sign-in`: exchanges a token for a session cookie, and redirects back. */

import type { Context } from "hono";
import { counted } from "../core/counted.ts";
import type { Scope } from "../access/tokens.ts";
import { clientAddress } from "../http/requests/viewer.ts";
import type { HttpDeps } from "../http/routing/http_deps.ts";
import { problemFacts, STATUS } from "../http/responses/problem.ts";
import { reachedAs } from "../http/requests/request.ts";
import { emptyResponse } from "../http/responses/response.ts";
import { endedSessionCookie, requestSession, sessionCookie } from "../http/requests/credentials.ts";
import { readForm, safeReturnPath } from "./form.tsx";
import { page } from "./page.tsx";
import type { Route } from "../http/routing/route.ts";

export const SIGN_IN_ROUTES: readonly Route[] = [
  { method: "GET", path: "/ui/sign-in", scope: "open", handle: showSignIn },
  { method: "POST", path: "/ui/sign-in", scope: "open", handle: signIn },
  { method: "POST", path: "/ui/sign-out", scope: "open", handle: signOut },
];

function showSignIn(c: Context, deps: HttpDeps): Response {
  const next = safeReturnPath(c.req.query("next"));
  // Without tokens there is no sign-in.
  if (!deps.needsToken) return emptyResponse(STATUS.seeOther, { location: next });
  return signInPage(c, deps, next);
}

/** The reason of a refused sign-in, and its kind. */
interface SignInRefusal {
  readonly kind: "unauthorized" | "too-many-failures";
  readonly text: string;
}

function signInPage(c: Context, deps: HttpDeps, next: string, refusal?: SignInRefusal): Response {
  const status = refusal === undefined ? STATUS.ok : problemFacts(refusal.kind).status;
  return page(c, deps, {
    title: "Sign in",
    status,
    body: (
      <section class="narrow">
        <h1>Sign in</h1>
        <p class="lead">
          This server needs a token from <code>DAYBOOK_TOKEN</code> or from its token file.
        </p>
        {c.req.query("unsent") !== undefined && (
          <p class="note note-bad" role="alert">
            Nothing was done: you are not signed in, or your session has ended. Sign in, then do it
            again.
          </p>
        )}
        {refusal !== undefined && <p class="note note-bad" role="alert">{refusal.text}</p>}
        <form method="post" action="/ui/sign-in" class="stack">
          <input type="hidden" name="next" value={next} />
          {/* Password managers store passwords by a name. */}
          <input type="text" name="username" value="daybook" autocomplete="username" hidden />
          <label for="token">Token</label>
          <input
            id="token"
            name="token"
            type="password"
            autocomplete="current-password"
            required
            autofocus
          />
          <button type="submit" class="primary">Sign in</button>
        </form>
        <p class="hint">
          Your browser stores the name of a session, not the token. The session ends when you sign
          out, after 12 hours without use, when the token is revoked, or when the server restarts.
        </p>
      </section>
    ),
  });
}

async function signIn(c: Context, deps: HttpDeps): Promise<Response> {
  const form = await readForm(c.req.raw, deps.openBodies);
  const next = safeReturnPath(form.get("next"));
  const token = form.get("token")?.trim() ?? "";
  const checked = deps.tokens?.check(token, clientAddress(c));
  if (checked?.holder === undefined && (checked?.waitSeconds ?? 0) > 0) {
    return slowedDown(c, deps, next, checked?.waitSeconds ?? 0);
  }
  const text = scopesRefusal(checked?.holder?.scopes);
  if (text !== undefined) return signInPage(c, deps, next, { kind: "unauthorized", text });
  const { host, secure } = reachedAs(c.req.raw);
  const cookie = sessionCookie(host, deps.sessions.open(token), secure);
  return emptyResponse(STATUS.seeOther, { location: next, "set-cookie": cookie });
}

/** A client that guesses tokens must not learn whether this one was valid. */
function slowedDown(c: Context, deps: HttpDeps, next: string, waitSeconds: number): Response {
  const text = "Cannot sign in now: too many wrong tokens came from your address; try again " +
    `in ${counted(waitSeconds, "second")}.`;
  const response = signInPage(c, deps, next, { kind: "too-many-failures", text });
  response.headers.set("retry-after", String(waitSeconds));
  return response;
}

/** A viewer who may not see any page gets no session. */
function scopesRefusal(scopes: readonly Scope[] | undefined): string | undefined {
  if (scopes === undefined) return "Cannot sign in: this is not a valid token of this server.";
  if (scopes.includes("read")) return undefined;
  return `Cannot sign in: pages need the scope read, and this token has ${scopes.join(", ")}.`;
}

function signOut(c: Context, deps: HttpDeps): Response {
  const { host, secure } = reachedAs(c.req.raw);
  const name = requestSession(c.req.raw.headers, host);
  if (name !== undefined) deps.sessions.close(name);
  return emptyResponse(STATUS.seeOther, {
    location: "/ui/sign-in",
    "set-cookie": endedSessionCookie(host, secure),
  });
}
