/**
 * The cookie that names a session: no script can read it (HttpOnly), and no other site can
 * make a browser send it (SameSite=Strict).
 */

/** Browsers do not tell ports apart, so that two servers on one machine need two names. */
function cookieName(host: string): string {
  return `daybook_session_${/:(\d+)$/.exec(host)?.[1] ?? "0"}`;
}

/** The name of the session that a request brings; `undefined` when it brings none. */
export function sessionOf(headers: Headers, host: string): string | undefined {
  const wanted = `${cookieName(host)}=`;
  const cookies = (headers.get("cookie") ?? "").split(";").map((cookie) => cookie.trim());
  return cookies.find((cookie) => cookie.startsWith(wanted))?.slice(wanted.length);
}

/** @param secure Whether the browser reached the server, or its proxy, over TLS. */
export function sessionCookie(host: string, session: string, secure: boolean): string {
  return `${cookieName(host)}=${session}${attributes(secure)}`;
}

/** Makes the browser forget its session. */
export function endedSessionCookie(host: string, secure: boolean): string {
  return `${cookieName(host)}=; Max-Age=0${attributes(secure)}`;
}

function attributes(secure: boolean): string {
  return `; Path=/; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
}
