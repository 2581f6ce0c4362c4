/** JSON Pointers. Source: RFC 6901. */

/** The pointer to a value, by the names and indexes that lead to it; empty for the whole. */
export function pointerTo(path: readonly (string | number)[]): string {
  return path.map((part) => `/${escapePart(String(part))}`).join("");
}

function escapePart(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}
