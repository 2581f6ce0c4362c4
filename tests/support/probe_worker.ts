/**
 * Asks `/livez` again and again from a thread of its own, as a supervisor does from a process of
 * its own: what else the test does is not in the time that an answer takes.
 */

const EVERY_MS = 25;

export interface Probe {
  /** How long each answer took, in milliseconds. */
  end(): Promise<readonly number[]>;
}

export function probing(url: string): Probe {
  const worker = new Worker(import.meta.url, { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
  worker.onmessage = ({ data }: MessageEvent<readonly number[]>) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.postMessage(url);
  return {
    end: async () => {
      worker.postMessage("end");
      return await promise.finally(() => worker.terminate());
    },
  };
}

async function ask(url: string, isOver: () => boolean): Promise<readonly number[]> {
  const took: number[] = [];
  while (!isOver()) {
    const began = performance.now();
    const response = await fetch(`${url}/livez`);
    await response.body?.cancel();
    took.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  return took;
}

/** Of a worker; elsewhere nothing takes a message without saying where it goes. */
interface WorkerScope {
  onmessage: (event: MessageEvent<string>) => void;
  postMessage(took: readonly number[]): void;
}

if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as WorkerScope;
  let isOver = false;
  scope.onmessage = async ({ data }) => {
    if (data === "end") isOver = true;
    else scope.postMessage(await ask(data, () => isOver));
  };
}
