/**
 * Where the time of a server goes, by room of the project: a CPU profile that the server takes of
 * itself.
 */

import { type Profiler, Session } from "node:inspector";

const SAMPLE_US = 200;

interface RoomShare {
  /** A folder of `src`, such as `engine/run`, a package, or Deno itself. */
  readonly room: string;
  /** The share of the time in its JavaScript, from 0 to 1. */
  readonly own: number;
  /** The share in what it calls: V8's built-ins, hashes, SQLite, files and sockets. */
  readonly native: number;
}

export interface Shares {
  readonly rooms: readonly RoomShare[];
  readonly collector: number;
}

let session: Session | undefined;

export async function beginProfile(): Promise<void> {
  session = new Session();
  session.connect();
  await call(session, "Profiler.enable");
  await call(session, "Profiler.setSamplingInterval", { interval: SAMPLE_US });
  await call(session, "Profiler.start");
}

export async function endProfile(): Promise<Shares> {
  if (session === undefined) throw new Error("there is no profile");
  const { profile } = await call(session, "Profiler.stop") as { profile: Profiler.Profile };
  session.disconnect();
  session = undefined;
  return sharesOf(profile);
}

function call(session: Session, method: string, parameters: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) =>
    session.post(method, parameters, (error, result) => error ? reject(error) : resolve(result))
  );
}

const COLLECTOR = "(garbage collector)";
const NOT_WORK = ["(idle)", "(root)"];

function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Shares {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(
    nodes.flatMap(({ id, children }) => (children ?? []).map((child) => [child, id] as const)),
  );
  const roomOf = (id: number): string => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const room = roomIn(byId.get(at)?.callFrame.url ?? "");
      if (room !== undefined) return room;
    }
    return "Deno";
  };
  const rooms = new Map<string, { own: number; native: number }>();
  let [total, collector] = [0, 0];
  for (const [index, id] of samples.entries()) {
    const { functionName = "", url = "" } = byId.get(id)?.callFrame ?? {};
    const us = timeDeltas[index] ?? 0;
    if (NOT_WORK.includes(functionName)) continue;
    total += us;
    if (functionName === COLLECTOR) {
      collector += us;
      continue;
    }
    const name = roomOf(id);
    const room = rooms.get(name) ?? { own: 0, native: 0 };
    room[roomIn(url) === undefined ? "native" : "own"] += us;
    rooms.set(name, room);
  }
  const shares = [...rooms].map(([room, { own, native }]) => ({
    room,
    own: own / total,
    native: native / total,
  }));
  const size = ({ own, native }: RoomShare) => own + native;
  return {
    rooms: shares.sort((left, right) => size(right) - size(left)),
    collector: collector / total,
  };
}

function roomIn(url: string): string | undefined {
  const room = /\/src\/(.+)\/[^/]+$/.exec(url)?.[1];
  return room ?? /node_modules\/\.deno\/(@?[^@/]+)/.exec(url)?.[1];
}
