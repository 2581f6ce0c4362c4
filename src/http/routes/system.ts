/**
 * Routes about the server itself: definitions, metrics, the API document, settings, health, and the
 * journal with its verification.
 */

import type { Context } from "hono";
import { silenceText } from "../../core/silence.ts";
import {
  definitionsAnswer,
  indexAnswer,
  journalAnswer,
  liveAnswer,
  readyAnswer,
  systemAnswer,
  verificationRun,
} from "../../documents/answers/system.ts";
import { currentState, json, type Route } from "../routing/route.ts";
import { Problem, STATUS } from "../responses/problem.ts";
import { jsonResponse, jsonTextResponse, NO_STORE_HEADERS } from "../responses/response.ts";
import { requestViewer, tokenHolders, type Viewer } from "../requests/viewer.ts";
import type { HttpDeps, Use } from "../routing/http_deps.ts";
import { anyObject, text } from "../../documents/answers/parts.ts";
import { draining, RETRY_AFTER_SECONDS } from "../../documents/engine_refusal.ts";
import type { StandingLimits } from "../../engine/engine_limits.ts";
import { type GaugedLimit, type LimitName, LIMITS } from "../../documents/refusal.ts";
import { readOptionalJson } from "../bodies/body.ts";
import { checked, strictObject } from "../../documents/fields.ts";

const METRICS_EXAMPLE = { jobs: 'daybook_jobs{condition="waiting"} 3\n' };

/** Facts about the process, in JSON; `null` if they are not known. */
function systemView(deps: HttpDeps, viewer: Viewer) {
  const { system, version, needsToken } = deps;
  const process = system?.process();
  const holders = tokenHolders(deps, viewer);
  return {
    version,
    versions: system?.versions ?? null,
    process: process === undefined
      ? null
      : { ...process, startedAt: new Date(process.startedAt).toISOString() },
    workers: system?.workers() ?? null,
    limits: limitsInUse(deps),
    journalFolder: system?.journal ?? null,
    settings: system?.settings.map(({ name, value, origin }) => ({
      flag: `--${name}`,
      value,
      origin,
    })) ?? null,
    tokens: {
      needed: needsToken,
      holders: holders?.map(({ name = null, scopes }) => ({ name, scopes })) ?? null,
    },
  };
}

const INDEX = {
  name: "Daybook",
  links: {
    overview: "/overview",
    jobs: "/jobs",
    events: "/events",
    stream: "/stream",
    definitions: "/definitions",
    journal: "/journal",
    system: "/system",
    metrics: "/metrics",
    livez: "/livez",
    readyz: "/readyz",
    openapi: "/openapi.json",
  },
};

/** `GET /` for programs; the dashboard declares it for browsers, which get the overview. */
export const INDEX_OPERATION = currentState("showIndex", "List the entry points", indexAnswer, {
  description: "For programs; browsers get the overview of the dashboard.",
});

/** The answer of `/` to programs; browsers get the overview. */
export function answerIndex(): Response {
  return jsonResponse(INDEX, STATUS.ok, { vary: "accept" });
}

export const HEALTH_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/livez",
    scope: "open",
    operation: currentState("livez", "Check that the process is alive", liveAnswer, {
      description:
        "Answers in any state of the journal; if it does not answer, restart the process.",
    }),
    handle: () => jsonResponse({ status: "live" }, STATUS.ok),
  },
  {
    method: "GET",
    path: "/readyz",
    scope: "open",
    operation: currentState("readyz", "Check whether writes are accepted", readyAnswer, {
      description:
        "503 while the journal is being read, after it failed, while its disk is full or has not " +
        "completed a write for five seconds, a required standby is missing or its database does " +
        "not answer, and during a stop. " +
        "A process that follows a shared journal answers 200, with the status following.",
      problems: ["not-ready", "draining"],
    }),
    handle(_, { engine, shared }) {
      if (engine.failed) throw notReady("the journal has failed");
      if (engine.draining) throw draining();
      if (engine.full) throw notReady("there is no room on the disk");
      if (engine.silence?.of === "disk") throw notReady(silenceText(engine.silence));
      if (shared === undefined) return jsonResponse({ status: "ready" }, STATUS.ok);
      // The probe is open to everyone, so it does not reveal where the database is.
      const { database, ...standing } = shared.standing();
      const peers = { shared: standing };
      if (!shared.leads()) {
        if (shared.leader() === undefined) throw notReady("no leader of the journal is known");
        return jsonResponse({ status: "following", ...peers }, STATUS.ok);
      }
      // Other processes ask whether this one still leads, whatever keeps it from recording.
      if (standing.databaseSilentSince !== null) {
        const silence = `the database has not answered since ${standing.databaseSilentSince}`;
        throw notReady(silence, peers);
      }
      if (database?.standbyDemanded === true && database.standbys === 0) {
        throw notReady("the database has no synchronous standby now", peers);
      }
      return jsonResponse({ status: "ready", ...peers }, STATUS.ok);
    },
  },
];

function notReady(reason: string, members: Problem["members"] = {}): Problem {
  const retryAfterSeconds = RETRY_AFTER_SECONDS;
  return new Problem("not-ready", `Cannot write: ${reason}`, { members, retryAfterSeconds });
}

export interface LimitInUse extends Use {
  readonly name: LimitName;
  readonly what: string;
  readonly unit: "bytes" | "count";
}

/** The limits of the engine, if known, then those of the HTTP layer. */
export function limitsInUse(
  { system, requests, openRequests, waiting, streams, bodies, lookBack }: HttpDeps,
): readonly LimitInUse[] {
  const engine = Object.entries(system?.limits() ?? {}).map(([name, use]) =>
    inUse(name as keyof StandingLimits, use)
  );
  const gauges = [requests, openRequests, waiting, streams, bodies.bytes, lookBack];
  const deps = gauges.map(({ limit, open, max }) => inUse(limit, { used: open, max }));
  return [...engine, ...deps];
}

function inUse(name: keyof StandingLimits | GaugedLimit, { used, max }: Use): LimitInUse {
  const { what } = LIMITS[name];
  const unit = what.startsWith("bytes") ? "bytes" : "count";
  return { name, what, unit, used, max };
}

const verifyBody = strictObject({});

function verificationAnswer({ verification }: HttpDeps) {
  return { verificationRun: verification?.run ?? null };
}

async function showJournal(deps: HttpDeps): Promise<Response> {
  const shared = deps.shared && { shared: deps.shared.standing() };
  // Read first: a run that ends meanwhile must not be shown as ended with the verdict before it.
  const run = verificationAnswer(deps);
  return jsonResponse({ ...await deps.engine.journalInfo(), ...shared, ...run }, STATUS.ok);
}

async function verify(c: Context, deps: HttpDeps): Promise<Response> {
  checked(verifyBody, await readOptionalJson(c.req.raw, deps.bodies));
  startVerification(deps);
  return jsonResponse(verificationAnswer(deps), STATUS.accepted, { location: "/journal" });
}

/** @throws {Problem} `cannot-verify`, or `not-found` if the journal is not in files. */
export function startVerification({ verification }: HttpDeps): void {
  if (verification === undefined) {
    throw new Problem("not-found", "Cannot verify: this journal is not in files");
  }
  const start = verification.start();
  if (!start.started) throw new Problem("cannot-verify", `Cannot verify: ${start.reason}`);
}

export const SYSTEM_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/definitions",
    scope: "read",
    operation: currentState(
      "listDefinitions",
      "List the types of jobs, with the schemas of their inputs",
      definitionsAnswer,
      {
        description:
          "For each loaded type and version: its input schema, what starts it, and its limits.",
      },
    ),
    handle: (_, { engine }) => jsonResponse({ definitions: engine.definitions() }, STATUS.ok),
  },
  {
    method: "GET",
    path: "/system",
    // Only tokens with the scope operate may see the holders of tokens.
    scope: "read",
    operation: currentState(
      "showSystem",
      "Show the settings in force, the process, and the limits with their use",
      systemAnswer,
      {
        description:
          "The holders of valid tokens are shown to tokens with the scope operate; tokens and " +
          "secrets are never shown.",
      },
    ),
    handle: (c, deps) => jsonResponse(systemView(deps, requestViewer(c)), STATUS.ok),
  },
  {
    method: "GET",
    path: "/journal",
    scope: "read",
    operation: currentState(
      "showJournal",
      "Show the journal's location and condition",
      journalAnswer,
      {
        description: "Its head and segments, the last recovery, snapshot and verification; for a " +
          "journal that several processes share, who leads it and why, and what its database " +
          "promises.",
      },
    ),
    handle: (_, deps) => showJournal(deps),
  },
  {
    method: "POST",
    path: "/journal/verify",
    // Each process verifies its own copy.
    by: "here",
    scope: "operate",
    operation: {
      id: "verifyJournal",
      tag: "system",
      summary: "Start a verification, as journal verify does",
      description: "The verification runs in the background; GET /journal shows its progress in " +
        "verificationRun, and its verdict in lastVerification. One runs at a time. " +
        "lastVerification.proved has the first and the last logId that were verified: the run read and " +
        "checked every line between them. It relied on no earlier verdict, sidecar, snapshot or " +
        "index, and compared all of these with the lines. It is " +
        "null if there was no line, and absent in verdicts of older versions.",
      body: { required: false, content: json(verifyBody) },
      answers: {
        [STATUS.accepted]: {
          description: "The verification has started.",
          content: json(verificationRun),
          headers: {
            "Location": { description: "The path that shows its progress.", schema: text },
          },
        },
      },
      problems: ["cannot-verify"],
    },
    handle: verify,
  },
  {
    method: "GET",
    path: "/openapi.json",
    scope: "read",
    operation: currentState("showOpenApi", "Show this document", anyObject, {
      description: "OpenAPI 3.1, generated from the routes of this server.",
    }),
    handle: async (_, deps) => jsonTextResponse((await deps.openApi()).json, STATUS.ok),
  },
  {
    method: "GET",
    path: "/metrics",
    scope: "read",
    operation: {
      id: "showMetrics",
      tag: "system",
      summary: "Show metrics for Prometheus",
      description:
        "Counters start at zero when the process starts; gauges are correct from the start.",
      answers: {
        [STATUS.ok]: {
          description: "The text format of Prometheus.",
          content: {
            "text/plain": { schema: { json: { type: "string" } }, examples: METRICS_EXAMPLE },
          },
        },
      },
    },
    async handle(_, { metrics, streams, requests, waiting }) {
      if (metrics === undefined) {
        throw new Problem("not-found", "Cannot show metrics: this process collects none");
      }
      const activity = { streams: streams.open, requests: requests.open, waiting: waiting.open };
      return new Response(await metrics.text(activity), {
        status: STATUS.ok,
        headers: { ...NO_STORE_HEADERS, "content-type": metrics.contentType },
      });
    },
  },
];
