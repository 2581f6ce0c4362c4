/** Forms of pages: what they bring, where they lead back to, and that each counts once. */

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

/** No page has this many; the cost of parsing a form grows with their number. */
const FIELDS_MAX = 5_000;

/** @throws {Problem} when it is no form, has too many fields, or is beyond the limits of bodies. */
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
 * Does what a form asks for and leads back to the page that it is on, which says what was done,
 * or why not.
 *
 * @param act Gives what the page tells.
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
 * The same where what was typed is worth keeping: a refused form is shown again, with all of it.
 *
 * @param again Shows the page with the form.
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

/** A field that was filled in; `undefined` when it is absent or blank. */
export function filledField(form: URLSearchParams, name: string): string | undefined {
  const text = form.get(name);
  return text === null || text.trim() === "" ? undefined : text;
}

/** @param path From the request: not to be trusted. */
export function safeReturnPath(path: string | null | undefined): string {
  if (path === null || path === undefined) return "/";
  const url = URL.parse(path, BASE);
  if (url === null || url.origin !== BASE) return "/";
  const isPage = url.pathname === "/" || url.pathname.startsWith("/ui/");
  return isPage ? url.pathname + url.search + url.hash : "/";
}

/** Stands for this server: a path that leads to another origin shows against it. */
const BASE = "http://daybook.invalid";

/**
 * The same content from the same form is the same event, and other content another one.
 *
 * @param once What the form was given when it was made.
 */
export function onceOnly(once: string, content: string): EventId {
  const digest = createHash("sha256").update(`${once}\n${content}`).digest("base64url");
  return `evt_form_${digest.slice(0, 24)}` as EventId;
}
