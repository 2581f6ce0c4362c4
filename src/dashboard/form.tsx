/**
 * Handles the forms of pages: reads them, redirects back to the page or shows a refused form again,
 * and makes each take effect once.
 */

import type { Context } from "hono";
import { invalidRequest, issueText, Refusal, remainingIssues } from "../documents/refusal.ts";
import { emptyResponse } from "../http/responses/response.ts";
import type { Bodies } from "../http/bodies/bodies.ts";
import { parseMediaType, readText, unsupportedMediaType } from "../http/bodies/body.ts";
import type { HttpDeps } from "../http/routing/http_deps.ts";
import type { NoteTone } from "../http/responses/notes.ts";
import { type Problem, STATUS } from "../http/responses/problem.ts";
import { DURATION_RULE, parseDuration } from "../core/duration.ts";
import { parseTime } from "../documents/fields.ts";
import { refusalOfFailure } from "../documents/engine_refusal.ts";
import { Issues, issuesAt } from "./parts/forms.tsx";
import { UserText } from "./parts/text.tsx";
import type { PointedIssue } from "../core/json.ts";

const FORM = "application/x-www-form-urlencoded";

/** More than any page has; the cost of parsing a form grows with its fields. */
const FIELDS_MAX = 5_000;

/**
 * @throws {Problem} if the body is not a form, has too many fields, or exceeds the limits on
 * bodies.
 */
export async function readForm(request: Request, bodies: Bodies): Promise<URLSearchParams> {
  const mediaType = parseMediaType(request);
  if (mediaType !== FORM) throw unsupportedMediaType(mediaType, [FORM]);
  const text = await readText(request, bodies);
  if (hasTooManyFields(text)) {
    throw invalidRequest([{ pointer: "", detail: `has more than ${FIELDS_MAX} fields` }]);
  }
  return new URLSearchParams(text);
}

function hasTooManyFields(text: string): boolean {
  let fields = 1;
  for (let at = text.indexOf("&"); at !== -1 && fields <= FIELDS_MAX; fields++) {
    at = text.indexOf("&", at + 1);
  }
  return fields > FIELDS_MAX;
}

/** What came of a form. */
export interface Done {
  /** The page to show. Default: the one that the form names. */
  readonly path?: string;
  /** A note for that page. */
  readonly text?: string | undefined;
  readonly tone?: NoteTone;
}

interface Handling {
  /** Carries out the form; or returns a page of its own. */
  readonly act: (form: URLSearchParams) => Done | Response | Promise<Done | Response>;
  /** Shows the form again, with everything that was typed. Default: the reason is a note. */
  readonly again?: (form: URLSearchParams, problem: Problem) => Response | Promise<Response>;
  /** The page to show if the form names none. */
  readonly home?: string;
}

/** Carries out a form, and redirects to a page that shows what was done, or why not. */
export async function carryOut(
  c: Context,
  deps: HttpDeps,
  { act, again, home }: Handling,
): Promise<Response> {
  const form = await readForm(c.req.raw, deps.bodies);
  const redirect = ({ path = safeReturnPath(form.get("return") ?? home), text, tone }: Done) => {
    const location = text === undefined ? path : deps.notes.pathWith(path, text, tone);
    return emptyResponse(STATUS.seeOther, { location });
  };
  try {
    const done = await act(form);
    return done instanceof Response ? done : redirect(done);
  } catch (error) {
    if (again === undefined) {
      if (error instanceof Refusal) return redirect({ text: refusalText(error), tone: "bad" });
      throw error;
    }
    const problem = refusalIn(error);
    if (problem === undefined) throw error;
    return await again(form, problem);
  }
}

/** The message of a refusal, and the issues that it does not mention. */
export function refusalText({ message, members: { errors = [] } }: Problem): string {
  return `${[message, ...remainingIssues(message, errors).map(issueText)].join("; ")}.`;
}

/** The text of a field; `undefined` if it is absent or blank. */
export function filledField(form: URLSearchParams, name: string): string | undefined {
  const text = form.get(name);
  return text === null || text.trim() === "" ? undefined : text;
}

/** The parameters that a form sent in its query, without those of empty fields. */
export function filledParameters(params: URLSearchParams): URLSearchParams {
  const trimmed = [...params].map(([name, value]) => [name, value.trim()]);
  return new URLSearchParams(trimmed.filter(([, value]) => value !== ""));
}

/** What an invalid query is refused with. */
export function readOrRefusal<Query>(read: () => Query): Query | Problem {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/**
 * A length of time as people write it; `undefined` if the field is blank.
 *
 * @throws {Problem} at `pointer` for any other text.
 */
export function durationField(
  form: URLSearchParams,
  name: string,
  pointer: string,
): number | undefined {
  const text = filledField(form, name);
  const ms = text === undefined ? undefined : parseDuration(text.trim());
  if (Number.isNaN(ms)) throw invalidRequest([{ pointer, detail: `must be ${DURATION_RULE}` }]);
  return ms;
}

/** A `datetime-local` input has no zone, and perhaps no seconds; its times are UTC. */
export function timeTyped(text: string): string {
  const isTime = (time: string) => parseTime(time) !== undefined;
  return [text, `${text}Z`, `${text}:00Z`].find(isTime) ?? text;
}

/** @param path From the request, so untrusted. */
export function safeReturnPath(path: string | null | undefined): string {
  if (path === null || path === undefined) return "/";
  const url = URL.parse(path, BASE);
  if (url === null || url.origin !== BASE) return "/";
  const isPage = url.pathname === "/" || url.pathname.startsWith("/ui/");
  return isPage ? url.pathname + url.search + url.hash : "/";
}

/** Stands for this server: a path resolved against it shows whether it leads to another origin. */
const BASE = "http://daybook.invalid";

/** The message, and the issues of each part. */
export interface FormRefusal {
  readonly message: string;
  readonly issues: readonly PointedIssue[];
}

/** The problem for which a form is shown again; `undefined` for a bug. */
function refusalIn(error: unknown): Problem | undefined {
  if (error instanceof Refusal) return error;
  return error instanceof Error ? refusalOfFailure(error) : undefined;
}

export function formRefusal(
  { message, members }: Problem,
  redact: (text: string) => string = (text) => text,
): FormRefusal {
  const issues = (members.errors ?? []).map((issue) => ({
    pointer: "pointer" in issue ? issue.pointer : "",
    detail: redact(issue.detail),
  }));
  return { message: redact(message), issues };
}

interface RefusalNoteProps {
  readonly refusal: FormRefusal;
  /** Pointers of the inputs, which show their own issues. */
  readonly inputs: readonly string[];
}

/** Issues of the whole form, or of parts without an input. */
export function RefusalNote({ refusal: { message, issues }, inputs }: RefusalNoteProps) {
  const others = issues.filter((issue) => !inputs.some((one) => issuesAt([issue], one).length > 0));
  return (
    <div class="note note-bad" role="alert">
      <p>
        <UserText text={message} lengthMax={500} />
      </p>
      <Issues id="other-issues" issues={others} at="" />
    </div>
  );
}

export interface RefusedForm {
  /** The id of the form on its page. */
  readonly id: string;
  readonly form: URLSearchParams;
  readonly problem: Problem;
}

export type RedisplayForm = (c: Context, deps: HttpDeps, refused: RefusedForm) => Response;

/** The fields of a form, with the typed text and the errors if it was refused. */
export function refusedFields(id: string, refused: RefusedForm | undefined) {
  const own = refused?.id === id ? refused : undefined;
  const issues = own === undefined ? [] : formRefusal(own.problem).issues;
  return (name: string, at = `/${name}`) => ({
    id: `${id}-${name}`,
    name,
    at,
    text: own?.form.get(name) ?? undefined,
    issues: issuesAt(issues, at),
  });
}

interface RefusedNoteProps {
  readonly id: string;
  readonly refused: RefusedForm | undefined;
  /** Pointers of the form's inputs. */
  readonly inputs: readonly string[];
}

/** Renders nothing unless this form was refused. */
export function RefusedNote({ id, refused, inputs }: RefusedNoteProps) {
  if (refused?.id !== id) return null;
  return <RefusalNote refusal={formRefusal(refused.problem)} inputs={inputs} />;
}
