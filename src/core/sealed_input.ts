/**
 * A sealed input, which only the job's key can open. The state of a job holds only the envelope. So
 * deleting the key removes the input from every copy of the journal, and changes no line and no
 * state.
 */

/** What happens to the whole input once its job has ended. */
export type InputRetention = "keep" | "deleteOnCompletion" | { readonly afterMs: number };

export interface SealedInput {
  readonly version: 1;
  /** For AES-256-GCM, in base64url. The additional data is `sealedBoundTo` the job. */
  readonly iv: string;
  /** The whole input as JSON: the ciphertext with its 16-byte tag at the end, in base64url. */
  readonly ciphertext: string;
  /** Dotted paths of the secrets; `*` stands for every element of an array. */
  readonly secrets: readonly string[];
  readonly retention: InputRetention;
}

/** What replaces a secret value wherever the input is shown. */
export const SECRET_MARK = "[secret]";

/** The text that an envelope is bound to, so that it cannot be opened in another job's line. */
export function sealedBoundTo(jobId: string): string {
  return `daybook input 1 ${jobId}`;
}
