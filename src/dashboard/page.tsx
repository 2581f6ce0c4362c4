/** What all pages of the dashboard share: head, navigation, notes and response headers. */

import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { ID_PATTERN, type JobId, type LogId } from "../core/ids.ts";
import type { HttpDeps } from "../http/routing/http_deps.ts";
import type { Route } from "../http/routing/route.ts";
import { type Problem, problemFacts, problemHeaders, STATUS } from "../http/responses/problem.ts";
import { requestViewer, type Viewer } from "../http/requests/viewer.ts";
import { type AssetName, assetPath } from "./assets.ts";
import { type Call, Calls } from "./parts/curl.tsx";
import { JOBS_PATH, LIMITS_PATH } from "./parts/links.tsx";
import { useNow, Viewing } from "./parts/viewing.tsx";
import { NO_STORE_HEADERS } from "../http/responses/response.ts";
import { single, text } from "../documents/parameters.ts";
import type { Notes } from "../http/responses/notes.ts";
import { TimedText } from "./parts/timed_text.tsx";

/**
 * Scripts and styles come only from the fixed map of assets, so that injected text can do nothing.
 * A page cannot be framed, or send a form to another site.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

const PAGE_HEADERS = {
  ...NO_STORE_HEADERS,
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": CONTENT_SECURITY_POLICY,
  // Without a referrer a browser would not send the origin of a form, and the form would be
  // refused.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
} as const;

type ScreenName = keyof typeof SCREENS;

const SCREENS = {
  overview: { path: "/", title: "Overview" },
  jobs: { path: JOBS_PATH, title: "Jobs" },
  limits: { path: LIMITS_PATH, title: "Limits" },
  stream: { path: "/ui/stream", title: "Stream" },
  system: { path: "/ui/system", title: "System" },
  manual: { path: "/ui/manual", title: "Manual" },
} as const;

interface PageOptions {
  /** The title of the tab, which may contain text from users. */
  readonly title: string;
  /** The screen that the navigation marks. */
  readonly screen?: ScreenName;
  /** Scripts besides those of every page. */
  readonly scripts?: readonly AssetName[];
  readonly styles?: readonly AssetName[];
  /**
   * Whether the regions with `data-live` follow the journal, or one job; if absent, the page is
   * static.
   */
  readonly live?: "journal" | JobId | undefined;
  /** The curl call of the screen, and one for each of its actions. */
  readonly calls?: readonly Call[] | undefined;
  /** Whether the list of calls is open. */
  readonly showsCalls?: boolean;
  /** The refusal that the page shows, which sets the status. */
  readonly problem?: Problem | undefined;
  /** Default: that of `problem`, otherwise 200. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Child;
}

/** A context with the position at which its request began. */
type Begun = Context<{ Variables: { head?: LogId } }>;

/** Remembers how far the journal was before anything of the page was read. */
export function remembersHead({ handle, ...route }: Route): Route {
  return {
    ...route,
    handle(c: Begun, deps) {
      c.set("head", deps.engine.headLogId);
      return handle(c, deps);
    },
  };
}

export function page(c: Context, deps: HttpDeps, options: PageOptions): Response {
  const viewer = requestViewer(c);
  const html = (
    <Viewing.Provider
      value={{ now: deps.clock.now(), scopes: viewer.scopes, isJob: jobLookup(deps) }}
    >
      <Document
        deps={deps}
        viewer={viewer}
        options={options}
        head={(c as Begun).var.head ?? deps.engine.headLogId}
      />
    </Viewing.Provider>
  );
  const { problem, headers, status = problem && problemFacts(problem.kind).status } = options;
  return new Response(`<!doctype html>${withVisibleDirections(String(html))}`, {
    status: status ?? STATUS.ok,
    headers: { ...PAGE_HEADERS, ...problem && problemHeaders(problem), ...headers },
  });
}

/** Words that one page looks up, since each that is not in memory is a read of the index. */
const LOOKUPS_MAX = 64;

/** Tells the ids of jobs in sentences from other words. */
function jobLookup({ engine }: HttpDeps): (id: string) => boolean {
  const known = new Map<string, boolean>();
  return (id) => {
    const isKnown = known.get(id);
    if (isKnown !== undefined || known.size === LOOKUPS_MAX) return isKnown === true;
    const isJob = ID_PATTERN.test(id) && engine.history.positions(id as JobId).length > 0;
    known.set(id, isJob);
    return isJob;
  };
}

/**
 * Bidirectional control characters, which would reorder the text after them, even the page's own;
 * and form values, which must stay as typed and cannot affect text outside of their input.
 */
const SENT_OR_DIRECTION =
  /<textarea[^>]*>[^<]*<\/textarea>|\svalue="[^"]*"|[\u202a-\u202e\u2066-\u2069]/g;

/** Makes bidirectional control characters visible, as JSON escapes, in all texts at once. */
function withVisibleDirections(html: string): string {
  return html.replace(
    SENT_OR_DIRECTION,
    (text) => text.length > 1 ? text : `\\u${text.charCodeAt(0).toString(16)}`,
  );
}

interface DocumentProps {
  readonly deps: HttpDeps;
  readonly viewer: Viewer;
  readonly options: PageOptions;
  /** The page follows the journal from here: what came later may be missing in a part of it. */
  readonly head: LogId;
}

function Document({ deps, viewer, options, head }: DocumentProps) {
  return (
    <html lang="en">
      <Head options={options} />
      <body data-head={String(head)} data-now={String(useNow())} data-live-url={liveUrl(options)}>
        <a class="skip" href="#main">Skip to the content</a>
        <Header viewer={viewer} screen={options.screen} isLive={options.live !== undefined} />
        <main id="main" tabindex={-1}>
          {options.body}
          {options.calls !== undefined && (
            <Calls calls={options.calls} isOpen={options.showsCalls === true} />
          )}
        </main>
        <footer class="foot">
          <p>
            Daybook {deps.version}. <span id="zone">Times are UTC.</span>{" "}
            <a href="/ui/reference">Reference</a> <a href="/openapi.json">openapi.json</a>{" "}
            <a href="/metrics">metrics</a>
          </p>
        </footer>
      </body>
    </html>
  );
}

function Head({ options }: { readonly options: PageOptions }) {
  const styles: readonly AssetName[] = ["base.css", "parts.css", ...options.styles ?? []];
  const scripts: readonly AssetName[] = [
    "page.js",
    "live.js",
    ...options.live === undefined ? [] : ["ages.js"] as const,
    ...options.scripts ?? [],
  ];
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{`${options.title} · Daybook`}</title>
      <link rel="icon" href={assetPath("icon.svg")} type="image/svg+xml" />
      {styles.map((name) => <link rel="stylesheet" href={assetPath(name)} />)}
      <script src={assetPath("idiomorph.js")} defer></script>
      {scripts.map((name) => <script type="module" src={assetPath(name)}></script>)}
    </head>
  );
}

interface HeaderProps {
  readonly viewer: Viewer;
  readonly screen: ScreenName | undefined;
  readonly isLive: boolean;
}

function Header({ viewer, screen, isLive }: HeaderProps) {
  return (
    <header class="top">
      <a class="brand" href="/">Daybook</a>
      {viewer.scopes.length !== 0 && <Navigation screen={screen} />}
      <div class="top-end">
        {isLive && <LiveControl />}
        {isLive && <noscript class="soft">Without scripts: reload for updates</noscript>}
        {viewer.signedIn && <SignOut />}
      </div>
    </header>
  );
}

/** Only for viewers who may see pages. */
function Navigation({ screen }: Pick<HeaderProps, "screen">) {
  return (
    <nav aria-label="Screens">
      <ul class="bare">
        {Object.entries(SCREENS).map(([name, { path, title }]) => (
          <li>
            <a href={path} aria-current={name === screen ? "page" : undefined}>{title}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Hidden until `live.js` runs: without scripts nothing is live. */
function LiveControl() {
  return (
    <>
      <button type="button" id="live-control" class="live" aria-pressed="false" hidden>
        <span class="live-mark" aria-hidden="true"></span>
        <span id="live-text">live</span>
        <span id="live-verb" class="live-verb">Pause updates</span>
      </button>
      {/* Screen readers announce no change inside a button. */}
      <span id="live-news" class="unseen" role="status"></span>
    </>
  );
}

function SignOut() {
  return (
    <form method="post" action="/ui/sign-out">
      <button type="submit" class="quiet">Sign out</button>
    </form>
  );
}

function liveUrl({ live }: PageOptions): string | undefined {
  if (live === undefined) return undefined;
  return live === "journal" ? "/ui/live" : `/ui/live?jobId=${encodeURIComponent(live)}`;
}

/** The path without a note, for the next redirect to it. */
export function withoutNote(url: string): string {
  const { pathname, searchParams } = new URL(url);
  searchParams.delete("note");
  return searchParams.size === 0 ? pathname : `${pathname}?${searchParams}`;
}

/** The parameter of every page that an action redirects to. */
export const NOTE_PARAMETER = { note: single(text, "The name of a note.") };

export function NoteLine(
  { c, deps }: { readonly c: Context; readonly deps: { readonly notes: Notes } },
) {
  const note = deps.notes.of(c.req.query("note"));
  if (note === undefined) return null;
  return (
    <p class={`note note-${note.tone}`} role={note.tone === "bad" ? "alert" : "status"}>
      <TimedText text={note.text} />
    </p>
  );
}
