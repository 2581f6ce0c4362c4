/** Whether an engine is working. The engine and its journal set it; its parts read it. */
export class EngineStatus {
  /** The journal accepts nothing more. */
  failed = false;
  /** It runs the jobs. Until then it follows another process that does. */
  leads = false;
  /** The engine is stopping, and begins nothing new. */
  draining = false;
}
