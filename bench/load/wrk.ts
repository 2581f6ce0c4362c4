/** HTTP load from `wrk`, which takes little of the two cores that it shares with the server. */

const SCRIPT = new URL("./wrk.lua", import.meta.url).pathname;

export interface Load {
  readonly url: string;
  /** `{n}` in it is replaced by a different number in each request. */
  readonly body: string;
  /** The number of different values of `{n}`. */
  readonly numbers?: number;
  /** The header `Prefer`. */
  readonly prefer?: string;
  readonly connections?: number;
}

export interface Answered {
  readonly answered: number;
  readonly elapsedMs: number;
}

/**
 * Posts for this many whole seconds.
 *
 * @throws {Error} if a request is not answered with 2xx.
 */
export function postFor(seconds: number, load: Load): Promise<Answered> {
  return run(load, seconds, 0);
}

/**
 * Posts until there are this many answers or this many whole seconds have passed, and returns the
 * number of answers. More requests may still be on their way.
 *
 * @throws {Error} if a request is not answered with 2xx.
 */
export async function postMany(answers: number, seconds: number, load: Load): Promise<number> {
  return (await run(load, seconds, answers)).answered;
}

async function run(load: Load, seconds: number, answers: number): Promise<Answered> {
  const { url, body, numbers = Number.MAX_SAFE_INTEGER, prefer = "", connections = 64 } = load;
  const { stdout } = await new Deno.Command("wrk", {
    args: [
      ...["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "60s", "-s", SCRIPT, url],
      ...["--", body, `${numbers}`, prefer, `${answers}`],
    ],
    stderr: "inherit",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const result = /^result (.*)$/m.exec(text)?.[1];
  if (result === undefined) throw new Error(`Cannot read what wrk said: ${text}`);
  const { answered, elapsedMs, failed } = JSON.parse(result);
  if (failed > 0) throw new Error(`${failed} of ${answered} requests to ${url} failed`);
  return { answered, elapsedMs };
}
