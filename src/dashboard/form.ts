/**
 * Handles the forms of pages: reads them, redirects back to the page, and makes each take effect
 * once.
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
import { refusalIn } from "./refusal.tsx";

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
