/** What `/metrics` needs from whoever counts. */

/** What is open at the edge right now. */
export interface EdgeActivity {
  readonly streams: number;
  /** Requests that are being answered, but for those that wait for a job. */
  readonly requests: number;
  /** Requests that wait for a job. */
  readonly waiting: number;
}

export interface MetricsPort {
  /** Of the text, with its version. */
  readonly contentType: string;
  /** Everything that is counted, as of now. */
  text(deps: EdgeActivity): Promise<string>;
}
