/** What a form of a page brings. */

import type { Bodies } from "../bodies.ts";
import { mediaTypeOf, readText, unsupportedMediaType } from "../body.ts";

const FORM = "application/x-www-form-urlencoded";

/** @throws {Problem} when it is no form, or beyond the limits of bodies. */
export async function readForm(request: Request, bodies: Bodies): Promise<URLSearchParams> {
  const mediaType = mediaTypeOf(request);
  if (mediaType !== FORM) throw unsupportedMediaType(mediaType, [FORM]);
  return new URLSearchParams(await readText(request, bodies));
}

/** A field that was filled in; `undefined` when it is absent or blank. */
export function filledField(form: URLSearchParams, name: string): string | undefined {
  const text = form.get(name);
  return text === null || text.trim() === "" ? undefined : text;
}
