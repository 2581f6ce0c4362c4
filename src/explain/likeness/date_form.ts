/** One text for a date or an instant, however it is written. Ambiguous dates have none. */

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/i;
const DAY_FIRST = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/;
const YEAR_FIRST = /^(\d{4})[/.](\d{1,2})[/.](\d{1,2})$/;
const SLASHES = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/;
const DAY_MS = 86_400_000;

/**
 * `20261126` for a day, and for midnight UTC; milliseconds since 1970 for another instant;
 * `undefined` for what is not a date. A time without a zone counts as UTC.
 */
export function dateForm(text: string): string | undefined {
  const first = text.charCodeAt(0);
  if (text.length < 8 || text.length > 40 || first < 48 || first > 57) return undefined;
  const ms = isoMs(text) ?? writtenMs(text);
  if (ms === undefined || Number.isNaN(ms)) return undefined;
  return ms % DAY_MS === 0
    ? new Date(ms).toISOString().slice(0, 10).replaceAll("-", "")
    : String(ms);
}

function isoMs(text: string): number | undefined {
  const found = ISO.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", part = "0", zone] = found;
  const dayMs = utc(year, month, day);
  if (dayMs === undefined) return undefined;
  const ms = Number(`0.${part}`) * 1_000;
  const time = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000 + ms;
  return Math.round(dayMs + time - zoneMs(zone));
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === "Z") return 0;
  const digits = zone.replace(/\D/g, "");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (zone.startsWith("-") ? -1 : 1) * minutes * 60_000;
}

function writtenMs(text: string): number | undefined {
  const [, day, month, year] = DAY_FIRST.exec(text) ?? [];
  if (day !== undefined) return utc(year, month, day);
  const [, first, second, third] = YEAR_FIRST.exec(text) ?? [];
  if (first !== undefined) return utc(first, second, third);
  const [, left = "", right = "", last] = SLASHES.exec(text) ?? [];
  if (Number(left) > 12) return utc(last, right, left);
  return Number(right) > 12 ? utc(last, left, right) : undefined;
}

/** Milliseconds of midnight; `undefined` for a day that does not exist. */
function utc(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
): number | undefined {
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const date = new Date(ms);
  const isReal = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return isReal ? ms : undefined;
}
