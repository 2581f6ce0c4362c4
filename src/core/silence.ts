/** The store of the entries does not answer: nothing can be recorded until it does. */
export interface Silence {
  /** The database of a shared journal, or the disk. */
  readonly of: "database" | "disk";
  /** RFC 3339. */
  readonly since: string;
}

export function silenceText({ of, since }: Silence): string {
  return of === "database"
    ? `the database of the journal has not answered since ${since}`
    : `the disk has not completed a write since ${since}`;
}
