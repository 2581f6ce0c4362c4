/** Permissions of a process. */
export interface Permissions {
  /** Files and folders. */
  readonly read?: readonly string[];
  /** Files and folders. */
  readonly write?: readonly string[];
  /** Hosts, with or without a port. */
  readonly net?: readonly string[];
}

/** The reason when permissions are missing, with the flags that give them. */
export function lackText(missing: Permissions): string {
  const flags = Object.entries(missing).map(([name, values]) => `--allow-${name}=${values.join()}`);
  return `permission is missing, add ${flags.join(" ")}`;
}
