/** How many jobs of a type may be at work at a time, and how many are. */

import type { Context } from "hono";
import { counted } from "../../core/counted.ts";
import { limitsText } from "../../core/place_limits.ts";
import type { LimitedType } from "../../engine/requests.ts";
import { emptyResponse } from "../../http/answers/response.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { Problem, STATUS } from "../../http/problems/problem.ts";
import type { Route } from "../../http/route.ts";
import { restoreLimits } from "../../http/routes/limits.ts";
import { readForm, safeReturnPath } from "../form.ts";
import { Confirm } from "../parts/action_form.tsx";
import { definitionPath } from "../parts/links.tsx";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { Time } from "../parts/time.tsx";

const KEYS_SHOWN = 5;
const LENGTH_MAX = 200;

interface PlacesSectionProps {
  readonly limits: readonly LimitedType[];
  readonly mayRestore: boolean;
  readonly now: number;
}

/** Nothing where no type has limits. */
export function PlacesSection({ limits, ...props }: PlacesSectionProps) {
  if (limits.length === 0) return null;
  return (
    <section class="sheet" aria-labelledby="places-heading">
      <h2 id="places-heading">Jobs at work, by type</h2>
      <div id="places" data-live>
        <Table
          caption="Limits of types of jobs"
          headings={["Type", "At work", "Waiting", "Limits"]}
        >
          {limits.map((one) => <PlacesRow one={one} {...props} />)}
        </Table>
      </div>
    </section>
  );
}

type PlacesRowProps = Omit<PlacesSectionProps, "limits"> & { readonly one: LimitedType };

function PlacesRow({ one, mayRestore, now }: PlacesRowProps) {
  const { type, limits, held, waiting, change, keys } = one;
  return (
    <tr>
      <td>
        <a class="mono" href={definitionPath(type)}>
          <UserText text={type} lengthMax={LENGTH_MAX} />
        </a>
      </td>
      <td class={held >= (limits.maxRunning ?? Infinity) ? "number bad" : "number"}>{held}</td>
      <td class="number">{waiting}</td>
      <td>
        {limitsText(limits)}
        {keys.slice(0, KEYS_SHOWN).map(({ key, held, waiting }) => (
          <div class="soft">
            {key === null ? "without a key" : <UserText text={key} lengthMax={LENGTH_MAX} />}:{" "}
            {held} at work, {waiting} waiting
          </div>
        ))}
        <MoreKeys one={one} />
        {change === undefined ? null : (
          <div class="stack">
            <p>
              Changed <Time at={change.since} now={now} />
              {change.actor === undefined ? null : (
                <>
                  {" "}by <UserText text={change.actor} lengthMax={LENGTH_MAX} />
                </>
              )}: <UserText text={change.reason} lengthMax={LENGTH_MAX} />
            </p>
            {mayRestore
              ? (
                <Confirm
                  id={`restore-${type}`}
                  action={`/ui/limits/${encodeURIComponent(type)}/restore`}
                  label="Restore"
                  warning="The limits of the code are in force again."
                  returnTo="/ui/system"
                />
              )
              : null}
          </div>
        )}
      </td>
    </tr>
  );
}

function MoreKeys({ one: { keys, moreKeys } }: Pick<PlacesRowProps, "one">) {
  const more = Math.max(0, keys.length - KEYS_SHOWN) + moreKeys;
  return more === 0 ? null : <div class="soft">and {counted(more, "other key")}</div>;
}

export const LIMITS_ACTION_ROUTE: Route = {
  method: "POST",
  path: "/ui/limits/:type/restore",
  scope: "operate",
  handle: restore,
};

async function restore(c: Context, deps: HttpDeps): Promise<Response> {
  const form = await readForm(c.req.raw, deps.bodies);
  const back = safeReturnPath(form.get("return"));
  return emptyResponse(STATUS.seeOther, { location: await restoreAndTell(c, deps, back) });
}

/** Refusals are shown beside the button. */
async function restoreAndTell(c: Context, deps: HttpDeps, path: string): Promise<string> {
  try {
    await restoreLimits(c.req.param("type") ?? "", c, deps);
    return deps.notes.pathWith(path, "The limits of the code are in force again.");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return deps.notes.pathWith(path, `${error.message}.`, true);
  }
}
