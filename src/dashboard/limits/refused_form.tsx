/** A refused form of the screen: which form, what was typed, and why it was refused. */

import type { Context } from "hono";
import type { HttpDeps } from "../../http/http_deps.ts";
import type { Problem } from "../../http/problems/problem.ts";
import { issuesAt } from "../parts/labelled_input.tsx";
import { formRefusal, RefusalNote } from "../refusal.tsx";

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
