/** Long work beside which others have theirs. */

/**
 * Lets others have their turn, where it is due; to be awaited unless it gives nothing. Rejects
 * when the work is to end before it is done.
 */
export type Pause = () => Promise<void> | undefined;
