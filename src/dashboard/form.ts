/** What a form of a page brings. */

import type { Bodies } from "../http/bodies/bodies.ts";
import { mediaTypeOf, readText, unsupportedMediaType } from "../http/bodies/body.ts";
import { invalidRequest } from "../http/problems/problem.ts";

const FORM = "application/x-www-form-urlencoded";

/** No page has so many; to take a form apart costs by their number. */
const FIELDS_MAX = 5_000;

/** @throws {Problem} when it is no form, has too many fields, or is beyond the limits of bodies. */
export async function readForm(request: Request, bodies: Bodies): Promise<URLSearchParams> {
  const mediaType = mediaTypeOf(request);
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

/** A field that was filled in; `undefined` when it is absent or blank. */
export function filledField(form: URLSearchParams, name: string): string | undefined {
  const text = form.get(name);
  return text === null || text.trim() === "" ? undefined : text;
}
