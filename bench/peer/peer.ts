/** The interface of every compared system, including Daybook. */

export interface PeerSystem {
  readonly name: string;
  /** What a job of three steps is in this system. */
  readonly steps: string;
  /** When its work is synced to disk. */
  readonly durability: string;
  /** Whether it is a library that stores its jobs in PostgreSQL. */
  readonly inPostgres?: boolean;
  /** Returns the reason as text if it cannot be installed. */
  install(): Promise<Installation | string>;
}

export interface Installation<P extends Peer = Peer> extends AsyncDisposable {
  /** Starts a new, empty instance. */
  start(): Promise<P>;
}

export interface Peer extends AsyncDisposable {
  /** Its processes; their children count too. */
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

  /**
   * Jobs a second that are stored but not started, with 64 in flight; NaN if it starts all jobs.
   */
  submissions(seconds: number): Promise<number>;
}

export interface Throughput {
  readonly jobsPerSecond: number;
  readonly cpuUsPerJob: number;
}
