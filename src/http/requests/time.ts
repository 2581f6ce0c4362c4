/** Times from outside: RFC 3339, the whole of it and nothing else. */

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

export const TIME_RULE = "an RFC 3339 time such as 2026-01-31T12:00:00Z";

/** Milliseconds since the epoch, or `undefined` when the text is not an RFC 3339 time. */
export function millisecondsOf(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day] = match;
  if (!isDayOfMonth(Number(year), Number(month), Number(day))) return undefined;
  const milliseconds = Date.parse(text.toUpperCase());
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

function isDayOfMonth(year: number, month: number, day: number): boolean {
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return month >= 1 && month <= 12 && day >= 1 && day <= lastDay;
}

/** The same instant in UTC; a text that is in UTC stays as its sender wrote it. */
export function inUtc(text: string): string {
  return text.endsWith("Z") ? text : new Date(text.toUpperCase()).toISOString();
}
