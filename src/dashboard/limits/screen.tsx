/** `/ui/limits`: limits of job types with their use, pauses, and the forms that change them. */

import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { Needs, useMay } from "../parts/viewing.tsx";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { requestViewer } from "../../http/requests/viewer.ts";
import { readQuery } from "../../http/requests/request.ts";
import type { Route } from "../../http/routing/route.ts";
import { NOTE_PARAMETER, NoteLine, page } from "../page.tsx";
import { curlCommands } from "../parts/curl.tsx";
import { definitionPath, jobsPath, LIMITS_PATH } from "../parts/links.tsx";
import {
  ChangeForm,
  changeLimitsRoute,
  LimitType,
  RESTORE_LIMITS_ROUTE,
  RestoreForm,
} from "./change_form.tsx";
import { beginPauseRoute, END_PAUSE_ROUTE, PauseForm, PausesSection } from "./pauses.tsx";
import type { RefusedForm } from "../form.tsx";
import { durationText } from "../../core/duration.ts";
import { limitsText } from "../../core/place_limits.ts";
import type { TypeLimits } from "../../engine/requests.ts";
import { counted, countText } from "../../core/counted.ts";
import { EntryLink } from "../parts/entries.tsx";
import { Empty, Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { Time } from "../parts/amounts.tsx";

export const LIMITS_SCREEN_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: LIMITS_PATH,
    by: "leader",
    scope: "read",
    handle: (c, deps) => showLimits(c, deps),
  },
  changeLimitsRoute(showLimits),
  RESTORE_LIMITS_ROUTE,
  beginPauseRoute(showLimits),
  END_PAUSE_ROUTE,
];

function showLimits(c: Context, deps: HttpDeps, refused?: RefusedForm): Response {
  readQuery(c.req.raw, NOTE_PARAMETER);
  const { engine } = deps;
  const mayOperate = requestViewer(c).scopes.includes("operate");
  const [limits, pauses] = [engine.limits.all, engine.pauses.all()];
  const types = [...new Set(engine.definitions().map(({ type }) => type))];
  const commands = curlCommands(c, deps);
  const ending = mayOperate
    ? [
      ...pauses.map(({ pauseId }) => ({
        label: `End the pause ${pauseId}`,
        command: commands.of({ method: "DELETE", path: `/pauses/${pauseId}` }),
      })),
      ...limits.filter(({ change }) => change !== undefined).map(({ type }) => ({
        label: `Restore the limits of ${type}`,
        command: commands.of({ method: "DELETE", path: `/limits/${encodeURIComponent(type)}` }),
      })),
    ]
    : [];
  return page(c, deps, {
    title: "Limits",
    screen: "limits",
    styles: ["system.css"],
    // A live page would reset the refused form.
    live: refused === undefined ? "journal" : undefined,
    problem: refused?.problem,
    calls: [
      { label: "The limits of job types, with their use", command: commands.get("/limits") },
      { label: "The pauses, with what each holds", command: commands.get("/pauses") },
      ...ending,
    ],
    body: (
      <>
        <h1>Limits and pauses</h1>
        <NoteLine c={c} deps={deps} />
        <section class="stack-wide" aria-labelledby="pauses-heading">
          <h2 id="pauses-heading">Pauses</h2>
          <PausesSection
            pauses={pauses}
            returnTo={LIMITS_PATH}
            whenNone="Nothing is paused."
          />
          <Needs scope="operate" what="pausing jobs">
            <PauseForm types={types} refused={refused} />
          </Needs>
        </section>
        <section class="stack-wide" aria-labelledby="limits-heading">
          <h2 id="limits-heading">Limits of job types</h2>
          <LimitedTypes
            limits={limits}
            types={types}
            refused={refused}
          />
          <Needs scope="operate" what="changing limits">
            <div id="other-types" data-live>
              <LimitType
                types={types.filter((type) => !limits.some((one) => one.type === type))}
                refused={refused}
              />
            </div>
          </Needs>
        </section>
      </>
    ),
  });
}

/** The keys of a type that are shown, those with the most jobs. */
const KEYS_SHOWN = 20;
const LENGTH_MAX = 200;

interface LimitedTypesProps {
  readonly limits: readonly TypeLimits[];
  /** The loaded types; only their limits can be changed. */
  readonly types: readonly string[];
  readonly refused: RefusedForm | undefined;
}

function LimitedTypes({ limits, ...props }: LimitedTypesProps) {
  return (
    <div id="limited-types" class="column" data-live>
      {limits.length === 0
        ? (
          <Empty title="No type of job has limits">
            <p>
              A definition says how many of its jobs may run at a time:{" "}
              <code>{"limits: { maxRunning: 5 }"}</code>.{" "}
              <a href="/ui/manual/writing-jobs#limits-and-turns">How limits work</a>
            </p>
          </Empty>
        )
        : limits.map((one) => <Limited one={one} {...props} />)}
    </div>
  );
}

type LimitedProps = Omit<LimitedTypesProps, "limits"> & { readonly one: TypeLimits };

function Limited({ one, types, refused }: LimitedProps) {
  const { type } = one;
  const isLoaded = types.includes(type);
  return (
    <article class="sheet limited" id={`limits-${type}`}>
      <div class="row row-between">
        <h3 class="mono">
          <a href={definitionPath(type)}>
            <UserText text={type} lengthMax={LENGTH_MAX} />
          </a>
        </h3>
        <span>{limitsText(one.limits)}</span>
      </div>
      <Use one={one} />
      <Changed one={one} />
      {!isLoaded && <p class="hint">No definition of this type is loaded.</p>}
      {useMay("operate") && (
        <div class="row">
          {isLoaded && <ChangeForm one={one} refused={refused} />}
          {one.change !== undefined && <RestoreForm one={one} />}
        </div>
      )}
    </article>
  );
}

interface OneProps {
  readonly one: TypeLimits;
}

function Use({ one }: OneProps) {
  const { type, limits: { maxRunning, perKey }, held, waiting } = one;
  // For a type without keys, the only row would repeat the one for all jobs.
  const hasKeys = perKey !== undefined || one.keys.some(({ key }) => key !== null);
  const keys = hasKeys ? one.keys : [];
  const queued = jobsPath({ type, condition: "queued" });
  return (
    <div class="limit-use">
      <Table
        caption={`Limits of ${type}`}
        headings={["What", "In use", "At most", "Left", "Waiting"]}
      >
        {(maxRunning !== undefined || perKey === undefined) && (
          <UseRow
            used={held}
            max={maxRunning}
            waiting={waiting === 0 ? "0" : <a href={queued}>{countText(waiting)}</a>}
          >
            running
          </UseRow>
        )}
        {perKey !== undefined && keys.length === 0 && (
          <UseRow used={0} max={perKey} waiting="0">running, each key</UseRow>
        )}
        {keys.slice(0, KEYS_SHOWN).map(({ key, held, waiting }) => (
          <UseRow
            used={held}
            max={key === null ? undefined : perKey}
            waiting={countText(waiting)}
          >
            running, <Key of={key} />
          </UseRow>
        ))}
        <MoreKeys count={keys.length - KEYS_SHOWN} unlisted={one.moreKeys} />
        <RateRows one={one} />
      </Table>
    </div>
  );
}

function Key({ of }: { readonly of: string | null }) {
  return of === null ? <>without a key</> : (
    <>
      key <UserText text={of} lengthMax={LENGTH_MAX} />
    </>
  );
}

/** The rate of the type, or of each key if it counts keys separately. */
function RateRows({ one: { limits: { rate }, rates, moreRates } }: OneProps) {
  if (rate === undefined) return null;
  const within = `started within ${durationText(rate.perMs)}`;
  const rows = rates.length > 0 ? rates : [{ key: null, began: 0, waiting: 0 }];
  return (
    <>
      {rows.slice(0, KEYS_SHOWN).map(({ key, began, waiting, nextAt }) => (
        <UseRow used={began} max={rate.count} waiting={countText(waiting)}>
          {key === null ? within : (
            <>
              {within}, <Key of={key} />
            </>
          )}
          {nextAt !== undefined && (
            <div>
              next at <Time at={nextAt} ago />
            </div>
          )}
        </UseRow>
      ))}
      <MoreKeys count={rows.length - KEYS_SHOWN} unlisted={moreRates} />
    </>
  );
}

interface UseRowProps {
  readonly used: number;
  /** `undefined` for no limit. */
  readonly max: number | undefined;
  readonly waiting: Child;
  /** What is counted. */
  readonly children: Child;
}

function UseRow({ used, max = Infinity, waiting, children }: UseRowProps) {
  const left = Math.max(0, max - used);
  return (
    <tr>
      <th scope="row">{children}</th>
      <td class="number">{countText(used)}</td>
      <td class="number">{max === Infinity ? "no limit" : countText(max)}</td>
      <td class={left === 0 ? "number bad" : "number"}>
        {max === Infinity ? "–" : countText(left)}
      </td>
      <td class="number">{waiting}</td>
    </tr>
  );
}

interface MoreKeysProps {
  /** Known keys that are not shown; below 0 if all are shown. */
  readonly count: number;
  /** Keys that the engine did not list. */
  readonly unlisted: number;
}

function MoreKeys({ count, unlisted }: MoreKeysProps) {
  const more = Math.max(0, count) + unlisted;
  if (more === 0) return null;
  return (
    <tr>
      <td class="soft" colspan={5}>and {counted(more, "other key")}</td>
    </tr>
  );
}

/** Renders nothing if the limits are those of the code. */
function Changed({ one: { change, code } }: OneProps) {
  if (change === undefined) return null;
  const { by, since, actor, reason } = change;
  return (
    <p>
      Changed <Time at={since} ago />
      {actor !== undefined && (
        <>
          {" "}by <UserText text={actor} lengthMax={LENGTH_MAX} />
        </>
      )}: <UserText text={reason} />{" "}
      <EntryLink logId={by} title="job.LimitsChanged" />. The code says: {limitsText(code)}.
    </p>
  );
}
