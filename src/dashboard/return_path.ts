/** Where a form leads back to: a page of the dashboard, whatever the request says. */

/** @param path As a request names it, which anybody may have written. */
export function safeReturnPath(path: string | null | undefined): string {
  if (path === null || path === undefined) return "/";
  const url = URL.parse(path, BASE);
  if (url === null || url.origin !== BASE) return "/";
  const isPage = url.pathname === "/" || url.pathname.startsWith("/ui/");
  return isPage ? url.pathname + url.search + url.hash : "/";
}

/** Stands for this server: a path that leads to another origin shows against it. */
const BASE = "http://daybook.invalid";
