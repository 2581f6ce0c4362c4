/** Load over HTTP: `wrk` where it is installed, else a slower client of our own. */

export interface Load {
  readonly requestsPerSecond: number;
  readonly failed: number;
}

const CONNECTIONS = 64;

export async function hasWrk(): Promise<boolean> {
  try {
    await new Deno.Command("wrk", { args: ["-v"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch {
    return false;
  }
}

/** Posts one body from 64 connections for some seconds. */
export async function postLoad(url: string, body: string, seconds: number): Promise<Load> {
  return await hasWrk()
    ? await wrkLoad(url, body, seconds)
    : await ownLoad(url, body, seconds * 1_000);
}

async function wrkLoad(url: string, body: string, seconds: number): Promise<Load> {
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  await Deno.writeTextFile(
    script,
    `wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\nwrk.body = [[${body}]]\n`,
  );
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "-s", script, url];
  const { stdout } = await new Deno.Command("wrk", { args }).output();
  await Deno.remove(script);
  const text = new TextDecoder().decode(stdout);
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? NaN),
    failed: Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0),
  };
}

async function ownLoad(url: string, body: string, milliseconds: number): Promise<Load> {
  const end = performance.now() + milliseconds;
  let answered = 0;
  let failed = 0;
  const client = async () => {
    while (performance.now() < end) {
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body });
      await response.arrayBuffer();
      if (response.ok) answered++;
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  return { requestsPerSecond: answered / (milliseconds / 1_000), failed };
}
