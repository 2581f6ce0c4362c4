/** What is at a path, for requests that no route takes. */

import { slipBetween } from "../../explain/likeness/names.ts";
import type { Route } from "./route.ts";

type Parts = readonly string[];

export class RoutePaths {
  readonly #routes: readonly { readonly method: string; readonly parts: Parts }[];
  /** One more than any route has, at most: a client may send thousands. */
  readonly #partsMax: number;

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map(({ method, path }) => ({ method, parts: path.split("/") }));
    this.#partsMax = 1 + Math.max(0, ...this.#routes.map(({ parts }) => parts.length));
  }

  /** The methods that the path accepts, in the order of the routes; none if there is no route. */
  methodsAt(path: string): readonly string[] {
    const given = path.split("/", this.#partsMax);
    return this.#routes.filter(({ parts }) => fits(parts, given)).map(({ method }) => method);
  }

  /**
   * The route that was probably meant, if one letter of a name is wrong: `/jobs/7` for `/job/7`.
   */
  meantBy(path: string): string | undefined {
    const given = path.split("/", this.#partsMax);
    const meant = this.#routes.find(({ parts }) => fits(parts, given, isTypo))?.parts;
    return meant?.map((part, index) => isFilled(part, given[index]) ? given[index] : part)
      .join("/");
  }
}

function fits(
  expected: Parts,
  given: Parts,
  isLike: (expected: string, given: string) => boolean = () => false,
): boolean {
  return expected.length === given.length && expected.every((part, index) => {
    const name = given[index] ?? "";
    return part === name || isFilled(part, name) || isLike(part, name);
  });
}

function isFilled(part: string, name = ""): boolean {
  return part.startsWith(":") && name !== "";
}

/** Only for longer names: short ones are all within one letter of each other. */
function isTypo(expected: string, given: string): boolean {
  return expected.length > 2 && (slipBetween(expected, given) ?? Infinity) <= 1;
}
