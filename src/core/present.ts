/** Leaves out what is absent, for types that do not allow a member to be `undefined`. */

type Present<Members> = { [Name in keyof Members]?: Exclude<Members[Name], undefined> };

/** The same members, without those that are `undefined`. */
export function present<Members extends object>(members: Members): Present<Members> {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Present<Members>;
}
