/** How far the next rows of a source go, at less than it costs to look at them. */

import type { LogId } from "../core/ids.ts";
import type { Database } from "./database.ts";
import type { ScanSource } from "./scan_source.ts";
import type { RowWindow } from "./window_walk.ts";

/** Gives the next of a range in the order of the walk, at most so many. */
export function windowsOf(
  database: Database,
  { wheres, words }: ScanSource,
  oldestFirst: boolean,
): (from: LogId, to: LogId, most: number) => RowWindow {
  const each = (columns: string) =>
    wheres.map(({ sql }) => `SELECT ${columns} FROM jobs WHERE ${sql} AND first >= ? AND first < ?`)
      .join(" UNION ALL ");
  const order = oldestFirst ? "ASC" : "DESC";
  const edgeSql = `${each("first")} ORDER BY first ${order} LIMIT 1 OFFSET ?`;
  const countSql = `SELECT sum(rows) AS rows FROM (${each("count(*) AS rows")})`;
  const bytesSql = `SELECT sum(bytes) AS bytes FROM (${each("sum(octet_length(text)) AS bytes")})`;
  const valuesOf = (from: LogId, to: LogId) =>
    wheres.flatMap(({ values }) => [...values, from, to]);

  return (from, to, most) => {
    const edge = database.get(edgeSql, ...valuesOf(from, to), most - 1)?.first as LogId | undefined;
    const end = edge === undefined ? (oldestFirst ? to : from) : oldestFirst ? edge + 1 : edge;
    const range = oldestFirst ? valuesOf(from, end) : valuesOf(end, to);
    return {
      isLast: edge === undefined,
      end,
      rows: edge === undefined ? database.get(countSql, ...range)?.rows as number : most,
      bytes: words === 0 ? 0 : (database.get(bytesSql, ...range)?.bytes ?? 0) as number,
    };
  };
}
