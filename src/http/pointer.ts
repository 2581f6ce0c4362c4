/** JSON Pointers (RFC 6901). */

export function pointerTo(path: readonly (string | number)[]): string {
  return path.map((part) => `/${escapePart(String(part))}`).join("");
}

function escapePart(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}
