/** What was thrown, which may be anything. */

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether this process lacks a permission: as `fetch` says it, and as modules of Node do. */
export function isPermissionMissing(error: unknown): error is Error {
  return error instanceof Error &&
    (error.name === "NotCapable" || ("code" in error && error.code === "EPERM"));
}
