/** Single requests to a server, beside the load. */

export async function post(url: string, body: unknown, prefer?: string): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...(prefer === undefined ? {} : { prefer }) },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Cannot POST ${url}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** One value of `GET /metrics`; the sum if it has labels. */
export async function metric(url: string, name: string): Promise<number> {
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  const values = text.split("\n")
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .map((line) => Number(line.slice(line.lastIndexOf(" "))));
  if (values.length === 0) throw new Error(`Cannot find the metric ${name}`);
  return values.reduce((sum, value) => sum + value, 0);
}

/** How many batches the journal has synced since the server started. */
export function syncs(url: string): Promise<number> {
  return metric(url, "daybook_journal_sync_seconds_count");
}
