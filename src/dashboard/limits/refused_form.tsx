/** One of the forms of the screen that was refused: which, what was typed, and why. */

import type { Context } from "hono";
import type { HttpDeps } from "../../http/http_deps.ts";
import type { Problem } from "../../http/problems/problem.ts";
import { issuesAt } from "../parts/labelled_input.tsx";
import { formRefusal, RefusalNote } from "../refusal.tsx";

export interface RefusedForm {
  /** Of the form, on its page. */
  readonly id: string;
  readonly form: URLSearchParams;
  readonly problem: Problem;
}

export type RedisplayForm = (c: Context, deps: HttpDeps, refused: RefusedForm) => Response;

/** The fields of a form: with what was typed, and what is wrong with each, if it was refused. */
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
  /** Of the form. */
  readonly id: string;
  readonly refused: RefusedForm | undefined;
  /** Pointers of its inputs. */
  readonly inputs: readonly string[];
}

/** Nothing where another form was refused, or none. */
export function RefusedNote({ id, refused, inputs }: RefusedNoteProps) {
  if (refused?.id !== id) return null;
  return <RefusalNote refusal={formRefusal(refused.problem)} inputs={inputs} />;
}
