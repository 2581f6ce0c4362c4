/**
 * Handles the forms of pages: reads them, redirects back to the page or shows a refused form again,
 * and makes each take effect once.
 */

import { invalidRequest, issueText, Refusal, remainingIssues } from "../documents/refusal.ts";
import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { EventId } from "../core/ids.ts";
import { emptyResponse } from "../http/answers/response.ts";
import type { Bodies } from "../http/bodies/bodies.ts";
import { parseMediaType, readText, unsupportedMediaType } from "../http/bodies/body.ts";
import type { HttpDeps } from "../http/http_deps.ts";
import { type Problem, STATUS } from "../http/problems/problem.ts";
import type { PointedIssue } from "../documents/fields.ts";
import { refusalOfFailure } from "../documents/engine_refusal.ts";
import { Issues, issuesAt } from "./parts/labelled_input.tsx";
import { UserText } from "./parts/text.tsx";

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

/**
 * Carries out a form and redirects to the page that it is on, which shows what was done, or why
 * not.
 *
 * @param act Returns the text that the page shows.
 */
export async function actAndRedirect(
  c: Context,
  deps: HttpDeps,
  act: (form: URLSearchParams) => string | Promise<string>,
): Promise<Response> {
  const form = await readForm(c.req.raw, deps.bodies);
  const path = safeReturnPath(form.get("return"));
  const { text, isBad } = await doneOrRefused(() => act(form));
  return emptyResponse(STATUS.seeOther, { location: deps.notes.pathWith(path, text, isBad) });
}

/**
 * Like `actAndRedirect`, but shows a refused form again with everything that was typed.
 *
 * @param again Returns the page with the form.
 */
export async function actOrRedisplay(
  c: Context,
  deps: HttpDeps,
  act: (form: URLSearchParams) => Promise<string>,
  again: (form: URLSearchParams, problem: Problem) => Response,
): Promise<Response> {
  const form = await readForm(c.req.raw, deps.bodies);
  try {
    const location = deps.notes.pathWith(
      safeReturnPath(form.get("return")),
      await act(form),
      false,
    );
    return emptyResponse(STATUS.seeOther, { location });
  } catch (error) {
    const problem = refusalIn(error);
    if (problem === undefined) throw error;
    return again(form, problem);
  }
}

async function doneOrRefused(act: () => string | Promise<string>) {
  try {
    return { text: await act(), isBad: false };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message, members: { errors = [] } } = error;
    return {
      text: `${[message, ...remainingIssues(message, errors).map(issueText)].join("; ")}.`,
      isBad: true,
    };
  }
}

/** The text of a field; `undefined` if it is absent or blank. */
export function filledField(form: URLSearchParams, name: string): string | undefined {
  const text = form.get(name);
  return text === null || text.trim() === "" ? undefined : text;
}

/**
 * @param path From the request, so untrusted.
 */
export function safeReturnPath(path: string | null | undefined): string {
  if (path === null || path === undefined) return "/";
  const url = URL.parse(path, BASE);
  if (url === null || url.origin !== BASE) return "/";
  const isPage = url.pathname === "/" || url.pathname.startsWith("/ui/");
  return isPage ? url.pathname + url.search + url.hash : "/";
}

/** Stands for this server: a path resolved against it shows whether it leads to another origin. */
const BASE = "http://daybook.invalid";

/**
 * The same content from the same form is the same event; other content is another event.
 *
 * @param once The random value that the form was created with.
 */
export function onceOnly(once: string, content: string): EventId {
  const digest = createHash("sha256").update(`${once}\n${content}`).digest("base64url");
  return `evt_form_${digest.slice(0, 24)}` as EventId;
}

/** The message, and the issues of each part. */
export interface FormRefusal {
  readonly message: string;
  readonly issues: readonly PointedIssue[];
}

/** The problem for which a form is shown again; `undefined` for a bug. */
export function refusalIn(error: unknown): Problem | undefined {
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
  /** The id of the form. */
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
