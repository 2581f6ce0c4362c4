/** Routes about the server itself: definitions, metrics, the API document, settings, health. */

import {
  definitionsAnswer,
  indexAnswer,
  liveAnswer,
  readyAnswer,
  type ShownSetting,
  systemAnswer,
} from "../../documents/answers/system.ts";
import { limitsInUse } from "../answers/limits_in_use.ts";
import { currentState } from "../openapi/operation.ts";
import { Problem, STATUS } from "../problems/problem.ts";
import { jsonResponse, NO_STORE_HEADERS } from "../answers/response.ts";
import type { Route } from "../route.ts";
import { requestViewer, tokenHolders, type Viewer } from "../guard/viewer.ts";
import type { DatabaseInForce, Standing } from "../../core/standing.ts";
import type { HttpDeps, ProcessFigures } from "../http_deps.ts";
import { anyObject } from "../../documents/answers/parts.ts";
import { draining, RETRY_AFTER_SECONDS } from "../../documents/engine_refusal.ts";

/** `/definitions`: the types of jobs that can be created. */
export const DEFINITION_ROUTES: readonly Route[] = [{
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
}];

const METRICS_EXAMPLE = { jobs: 'daybook_jobs{condition="waiting"} 3\n' };

/** `/metrics`: for Prometheus, and other tools that read its format. */
export const METRICS_ROUTES: readonly Route[] = [{
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
    problems: [],
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
}];

/** `/openapi.json`: every route, for programs. */
export const OPEN_API_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/openapi.json",
  scope: "read",
  operation: currentState("showOpenApi", "Show this document", anyObject, {
    description: "OpenAPI 3.1, generated from the routes of this server.",
  }),
  handle: (_, deps) => jsonResponse(deps.openApi(), STATUS.ok),
}];

export const SYSTEM_ROUTES: readonly Route[] = [{
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
}];

/** Facts about the process, in JSON; `null` if they are not known. */
function systemView(deps: HttpDeps, viewer: Viewer) {
  const { system, version, needsToken } = deps;
  return {
    version,
    versions: system?.versions ?? null,
    process: system === undefined ? null : processView(system.process()),
    workers: system?.workers() ?? null,
    limits: limitsInUse(deps),
    journalFolder: system?.journal ?? null,
    settings: system?.settings.map(settingView) ?? null,
    tokens: {
      needed: needsToken,
      holders: tokenHolders(deps, viewer)?.map(({ name, scopes }) => ({
        name: name ?? null,
        scopes,
      })) ?? null,
    },
  };
}

function processView({ startedAt, ...figures }: ProcessFigures) {
  return { ...figures, startedAt: new Date(startedAt).toISOString() };
}

function settingView({ name, value, origin }: ShownSetting) {
  return { flag: `--${name}`, value, origin };
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
        "503 while the journal is being read, after it failed, while its disk is full, a required " +
        "standby is missing or its database does not answer, and during a stop. " +
        "A process that follows a shared journal answers 200, with the status following.",
      problems: ["not-ready", "draining"],
    }),
    handle(_, { engine, shared, standing }) {
      if (engine.failed) throw notReady("the journal has failed");
      if (engine.draining) throw draining();
      if (engine.full) throw notReady("there is no room on the disk");
      const part = standing?.();
      const peers = part === undefined ? {} : sharedIn(part);
      if (shared === undefined || shared.leads()) {
        // Other processes ask whether this one still leads, whatever keeps it from recording.
        if (part !== undefined && part.databaseSilentSince !== null) {
          const silence = `the database has not answered since ${part.databaseSilentSince}`;
          throw notReady(silence, peers);
        }
        if (lacksStandby(part?.database)) throw notReady(NO_STANDBY, peers);
        return jsonResponse({ status: "ready", ...peers }, STATUS.ok);
      }
      if (shared.leader() === undefined) throw notReady("no leader of the journal is known");
      return jsonResponse({ status: "following", ...peers }, STATUS.ok);
    },
  },
];

const NO_STANDBY = "the database has no synchronous standby now";

function lacksStandby(database: DatabaseInForce | null | undefined): boolean {
  return database?.standbyDemanded === true && database.standbys === 0;
}

function notReady(reason: string, members: Problem["members"] = {}): Problem {
  const headers = { "retry-after": String(RETRY_AFTER_SECONDS) };
  return new Problem("not-ready", `Cannot write: ${reason}`, members, headers);
}

/** The probe is open to everyone, so it does not reveal where the database is. */
function sharedIn({ database: _, ...shared }: Standing) {
  return { shared };
}
