/** The call of curl that gives the same data, or does the same thing. */

export interface CopyCurlProps {
  readonly command: string;
  /** What it does, when a page has several. */
  readonly label?: string;
}

export function CopyCurl({ command, label = "curl" }: CopyCurlProps) {
  return (
    <details class="curl">
      <summary>{label}</summary>
      <CopyText text={command} />
    </details>
  );
}

/** Any text to be pasted into a shell. */
export function CopyText({ text }: { readonly text: string }) {
  return (
    <div class="copy">
      <pre tabindex={0}><code data-copied dir="ltr">{text}</code></pre>
      <button type="button" data-copy hidden>Copy</button>
    </div>
  );
}
