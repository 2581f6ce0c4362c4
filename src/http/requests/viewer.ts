/**
 * The sender of a request: what it may do, as identified by the guard, and the address that it
 * comes from, as far as that can be known.
 */

import type { Context } from "hono";
import { type Access, type Holder, type Scope, SCOPES } from "../../access/tokens.ts";

export interface Viewer {
  readonly scopes: readonly Scope[];
  /** The name of the token's holder, if the file of tokens has one. */
  readonly name?: string;
  /** Whether the request came with a session, which can be ended. */
  readonly signedIn: boolean;
  /** Whether a long answer may continue: its token may have been revoked. */
  readonly permit: () => boolean;
}

/** A context with the viewer that the guard found; without one if no token is needed. */
type Guarded = Context<{ Variables: { viewer?: Viewer } }>;

/** Without tokens, everyone may do everything. */
const ANYBODY: Viewer = { scopes: SCOPES, signedIn: false, permit: () => true };

/** The viewer of an open route, without a token. */
export const NOBODY: Viewer = { scopes: [], signedIn: false, permit: () => true };

export function rememberViewer(c: Guarded, viewer: Viewer): void {
  c.set("viewer", viewer);
}

/** The viewer that `Guard` found. */
export function requestViewer(c: Guarded): Viewer {
  return c.var.viewer ?? ANYBODY;
}

export type Permit = () => boolean;

/** The permissions that `Guard` found; everything is permitted if no token is needed. */
export function requestPermit(c: Guarded): Permit {
  return requestViewer(c).permit;
}

/**
 * `undefined` if no token is needed, if the holders are unknown, or if the viewer may not see them.
 */
export function tokenHolders(
  { access }: { readonly access: Access | undefined },
  { scopes }: Viewer,
): readonly Holder[] | undefined {
  return scopes.includes("operate") ? access?.holders?.() : undefined;
}

/** The connection of a request, as `Deno.serve` describes it. */
export interface ConnectionInfo {
  /** Its `hostname` is the address of the client or proxy. */
  readonly remoteAddr?: unknown;
}

/**
 * The address of the client. Behind a proxy on this machine it is the last entry of
 * `X-Forwarded-For`, which the proxy added; from elsewhere the header can be forged. For IPv6 it is
 * the network, since its owner has as many addresses as they like. `undefined` if unknown: any
 * client behind the proxy, or on this machine.
 */
export function clientAddress({ env, req }: Context): string | undefined {
  const address = hostnameOf(env as ConnectionInfo | undefined);
  if (!isLoopback(address)) return networkOf(address);
  const forwardedFor = req.raw.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "";
  return forwardedFor === "" ? undefined : networkOf(forwardedFor.slice(0, ADDRESS_LENGTH_MAX));
}

const ADDRESS_LENGTH_MAX = 64;
/** The groups, of eight, that identify the network; the others identify an interface. */
const NETWORK_GROUPS = 4;
const MAPPED_IPV4 = /^::ffff:(?=[\d.]+$)/i;

function hostnameOf(info: ConnectionInfo | undefined): string {
  const end = info?.remoteAddr;
  if (typeof end !== "object" || end === null || !("hostname" in end)) return "";
  return typeof end.hostname === "string" ? end.hostname.replace(MAPPED_IPV4, "") : "";
}

function isLoopback(address: string): boolean {
  return address === "" || address === "::1" || address.startsWith("127.");
}

function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const groups = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1);
  if (groups === undefined) return address;
  const [before = "", after = ""] = groups.split("::");
  const [first, last] = [before, after].map((part) => part === "" ? [] : part.split(":"));
  const zeros = groups.includes("::") ? 8 - (first?.length ?? 0) - (last?.length ?? 0) : 0;
  const all = [...first ?? [], ...Array.from({ length: zeros }, () => "0"), ...last ?? []];
  return all.slice(0, NETWORK_GROUPS).join(":");
}
