/** What every system that is compared can do, Daybook among them. */

export interface PeerSystem {
  readonly name: string;
  /** What a job of three steps is there. */
  readonly steps: string;
  /** When what it did is synced to disk. */
  readonly durability: string;
  /** Or, in words, why it cannot be had. */
  install(): Promise<Installation | string>;
}

export interface Installation<P extends Peer = Peer> extends AsyncDisposable {
  /** A new one, which holds nothing yet. */
  start(): Promise<P>;
}

export interface Peer extends AsyncDisposable {
  /** Its processes; their children belong to it as well. */
  readonly pids: readonly number[];

  /** Jobs that it has done so far. */
  readonly jobs: number;

  /**
   * Three-step jobs with 64 in flight.
   *
   * @param cpuUs Processor time of these processes so far.
   */
  load(seconds: number, cpuUs: (pids: readonly number[]) => number): Promise<Throughput>;

  /** Milliseconds of a three-step job, one in flight, p50. */
  latency(seconds: number): Promise<number>;

  /** Jobs a second that are stored and not begun, with 64 in flight; NaN if it begins them all. */
  submissions(seconds: number): Promise<number>;
}

export interface Throughput {
  readonly jobsPerSecond: number;
  readonly cpuUsPerJob: number;
}
